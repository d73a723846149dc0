//! `--dry-run`: what would be called, and as whom. It asks nobody, so what only AWS knows is told as such.

use std::fmt::Write;

use iamdrift::collect::{CALLS, Call, Options, READS_RESOURCE_POLICIES, Reach, Stage};

/// The calls, account by account.
pub fn plan(options: &Options) -> String {
    let mut plan = Plan { text: String::from("Nothing is called now. Without --dry-run:\n"), options };
    plan.start();
    if options.organization == Reach::Organization {
        plan.section("the organization, as the caller");
        plan.calls(|call| call.stage == Stage::Organization);
    }
    match (options.accounts.as_slice(), options.organization) {
        ([], Reach::Accounts) => plan.account("the caller's own account, as the caller", Whose::Own),
        ([], Reach::Organization) => plan.account(
            &format!(
                "each active account of the organization, which is known once the organization has been read, as {}; \
                 the caller's own as the caller",
                plan.role()
            ),
            Whose::Member,
        ),
        (accounts, _) => {
            for id in accounts {
                let title = format!("account {id}, as {}; as the caller if it is the caller's own", plan.role());
                plan.account(&title, Whose::Member);
            }
        }
    }
    plan.end();
    plan.text
}

/// Whether a role is assumed first.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Whose {
    Own,
    Member,
}

struct Plan<'a> {
    text: String,
    options: &'a Options,
}

impl Plan<'_> {
    fn start(&mut self) {
        let whose = match &self.options.profile {
            Some(profile) => format!("the credentials of profile {profile}"),
            None => "the credentials of the environment".to_owned(),
        };
        match &self.options.role_arn {
            Some(role) => {
                self.section(&format!("first, with {whose}: become {role}{}", self.external_id()));
                self.calls(|call| call.stage == Stage::Start);
            }
            None => {
                self.section(&format!("first, with {whose}"));
                self.calls(|call| call.stage == Stage::Start && call.operation != "AssumeRole");
            }
        }
    }

    fn account(&mut self, title: &str, whose: Whose) {
        self.section(title);
        self.calls(|call| match call.stage {
            Stage::Start => whose == Whose::Member && call.operation == "AssumeRole",
            Stage::Organization => false,
            Stage::Account => true,
            Stage::Resources => READS_RESOURCE_POLICIES,
        });
    }

    fn role(&self) -> String {
        match &self.options.member_role {
            Some(role) => format!("role {role}{}", self.external_id()),
            None => "a role that `--member-role` has yet to name".to_owned(),
        }
    }

    fn external_id(&self) -> &'static str {
        if self.options.external_id.is_some() { " (telling the external id)" } else { "" }
    }

    fn section(&mut self, title: &str) {
        self.line(&format!("\n{title}"));
    }

    fn calls(&mut self, which: impl Fn(&Call) -> bool) {
        for call in CALLS.iter().filter(|call| which(call)) {
            self.line(&format!("  {:<58}  {}", call.action, call.often));
        }
    }

    fn end(&mut self) {
        let rate = match self.options.requests_per_second {
            rate if rate > 0.0 => format!("at most {rate} requests a second"),
            _ => "with no bound on requests a second".to_owned(),
        };
        let accounts = self.options.concurrency;
        self.line(&format!("\n{rate}, {accounts} accounts at a time; nothing is changed anywhere"));
        if !READS_RESOURCE_POLICIES {
            self.line("policies of resources are left out: this build was made without `aws-resources`");
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a string takes every text");
    }
}
