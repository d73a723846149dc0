//! `--dry-run`: what would be called, and as whom. It asks nobody, so what only AWS knows is told as such.

use std::fmt::Write;

use iamdrift::collect::{ApiCall, CALLS, CollectOptions, CollectScope, CollectionStage, READS_RESOURCE_POLICIES};

/// The calls, account by account.
pub fn render_plan(options: &CollectOptions) -> String {
    let mut plan = DryRunPlan { text: String::from("Nothing is called now. Without --dry-run:\n"), options };
    plan.write_start();
    if options.scope == CollectScope::Organization {
        plan.write_section("the organization, as the caller");
        plan.write_calls(|call| call.stage == CollectionStage::Organization);
    }
    match (options.accounts.as_slice(), options.scope) {
        ([], CollectScope::Accounts) => plan.write_account("the caller's own account, as the caller", CallerRole::Own),
        ([], CollectScope::Organization) => plan.write_account(
            &format!(
                "each active account of the organization, which is known once the organization has been read, as {}; \
                 the caller's own as the caller",
                plan.describe_role()
            ),
            CallerRole::Member,
        ),
        (accounts, _) => {
            for id in accounts {
                let title =
                    format!("account {id}, as {}; as the caller if it is the caller's own", plan.describe_role());
                plan.write_account(&title, CallerRole::Member);
            }
        }
    }
    plan.write_end();
    plan.text
}

/// Whether a role is assumed first.
#[derive(Copy, Clone, Eq, PartialEq)]
enum CallerRole {
    Own,
    Member,
}

struct DryRunPlan<'a> {
    text: String,
    options: &'a CollectOptions,
}

impl DryRunPlan<'_> {
    fn write_start(&mut self) {
        let credentials = match &self.options.profile {
            Some(profile) => format!("the credentials of profile {profile}"),
            None => "the credentials of the environment".to_owned(),
        };
        match &self.options.role_arn {
            Some(role) => {
                self.write_section(&format!("first, with {credentials}: become {role}{}", self.describe_external_id()));
                self.write_calls(|call| call.stage == CollectionStage::Start);
            }
            None => {
                self.write_section(&format!("first, with {credentials}"));
                self.write_calls(|call| call.stage == CollectionStage::Start && call.operation != "AssumeRole");
            }
        }
    }

    fn write_account(&mut self, title: &str, caller_role: CallerRole) {
        self.write_section(title);
        self.write_calls(|call| match call.stage {
            CollectionStage::Start => caller_role == CallerRole::Member && call.operation == "AssumeRole",
            CollectionStage::Organization => false,
            CollectionStage::Account => true,
            CollectionStage::Resources => READS_RESOURCE_POLICIES,
        });
    }

    fn describe_role(&self) -> String {
        match &self.options.member_role {
            Some(role) => format!("role {role}{}", self.describe_external_id()),
            None => "a role that `--member-role` has yet to name".to_owned(),
        }
    }

    fn describe_external_id(&self) -> &'static str {
        if self.options.external_id.is_some() { " (telling the external id)" } else { "" }
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
            rate if rate > 0.0 => format!("at most {rate} requests a second"),
            _ => "with no bound on requests a second".to_owned(),
        };
        let accounts = self.options.concurrency;
        self.write_line(&format!("\n{rate}, {accounts} accounts at a time; nothing is changed anywhere"));
        if !READS_RESOURCE_POLICIES {
            self.write_line("policies of resources are left out: this build was made without `aws-resources`");
        }
    }

    fn write_line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a string takes every text");
    }
}
