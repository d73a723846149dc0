//! `--dry-run`: lists the AWS calls and their credentials. It makes no calls, so facts that only AWS knows stay open.

use iamdrift::base::sanitize::sanitize;
use iamdrift::collect::{ApiCall, CALLS, CollectOptions, CollectScope, CollectionStage, READS_RESOURCE_POLICIES};

/// Renders the calls, account by account.
pub fn render_plan(options: &CollectOptions) -> String {
    let mut plan = DryRunPlan { text: String::from("No calls are made. Without --dry-run:\n"), options };
    plan.write_start();
    if options.scope == CollectScope::Organization {
        plan.write_section("the organization, as the caller");
        plan.write_calls(|call| call.stage == CollectionStage::Organization);
    }
    match (options.accounts.as_slice(), options.scope) {
        ([], CollectScope::Accounts) => plan.write_account("the caller's account, as the caller", CallerRole::Own),
        ([], CollectScope::Organization) => plan.write_account(
            &format!(
                "each active account of the organization, which the calls above list, as {}; the caller's account as the \
                 caller",
                plan.describe_role()
            ),
            CallerRole::Member,
        ),
        (accounts, _) => {
            for id in accounts {
                let title =
                    format!("account {id}, as {}; as the caller if it is the caller's account", plan.describe_role());
                plan.write_account(&title, CallerRole::Member);
            }
        }
    }
    plan.write_end();
    plan.text
}

/// The credentials for an account.
#[derive(Copy, Clone, Eq, PartialEq)]
enum CallerRole {
    /// Those of the caller.
    Own,
    /// Those of the member role.
    Member,
}

struct DryRunPlan<'a> {
    text: String,
    options: &'a CollectOptions,
}

impl DryRunPlan<'_> {
    fn write_start(&mut self) {
        let credentials = match &self.options.profile {
            Some(profile) => format!("the credentials of profile {}", sanitize(profile)),
            None => "the credentials of the environment".to_owned(),
        };
        match &self.options.role_arn {
            Some(role) => {
                self.write_section(&format!("first, with {credentials}: assume {role}{}", self.describe_external_id()));
                self.write_calls(|call| call.stage == CollectionStage::Start);
            }
            None => {
                self.write_section(&format!("first, with {credentials}"));
                self.write_calls(|call| call.stage == CollectionStage::Start && !call.is_assume_role());
            }
        }
    }

    fn write_account(&mut self, title: &str, caller_role: CallerRole) {
        self.write_section(title);
        let reads_service_roles = self.options.resources.reads_service_roles;
        self.write_calls(|call| match call.stage {
            CollectionStage::Start => caller_role == CallerRole::Member && call.is_assume_role(),
            CollectionStage::Organization => false,
            CollectionStage::Account => true,
            CollectionStage::Resources => READS_RESOURCE_POLICIES,
            CollectionStage::ServiceRoles => reads_service_roles,
        });
    }

    fn describe_role(&self) -> String {
        match &self.options.member_role {
            Some(role) => format!("role {role}{}", self.describe_external_id()),
            None => "the role of `--member-role`, which is required".to_owned(),
        }
    }

    fn describe_external_id(&self) -> &'static str {
        if self.options.external_id.is_some() { " (with the external ID)" } else { "" }
    }

    fn write_section(&mut self, title: &str) {
        self.write_line(&format!("\n{title}"));
    }

    fn write_calls(&mut self, is_listed: impl Fn(&ApiCall) -> bool) {
        for call in CALLS.iter().filter(|call| is_listed(call)) {
            self.write_line(&format!("  {:<58}  {}", call.action, call.frequency));
        }
    }

    fn write_end(&mut self) {
        let rate = match self.options.requests_per_second {
            rate if rate > 0.0 => format!("at most {rate} requests per second"),
            _ => "no limit on requests per second".to_owned(),
        };
        let accounts = self.options.concurrency;
        self.write_line(&format!("\n{rate}, {accounts} accounts in parallel; all calls are read-only"));
        if !READS_RESOURCE_POLICIES {
            self.write_line("resource policies are not read: this build lacks the feature `aws-resources`");
        }
    }

    fn write_line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}
