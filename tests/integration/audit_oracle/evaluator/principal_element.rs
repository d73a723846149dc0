//! The elements `Principal` and `NotPrincipal`. AWS: *AWS JSON policy elements: Principal* and *NotPrincipal*.

use super::policy::Statement;
use super::world::{Principal, PrincipalKind};

/// How a statement names a principal, the strongest first.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Naming {
    /// Anyone, the user, or the session: neither identity policies nor the boundary are needed in the same account.
    Direct,
    /// The role: the boundary is needed.
    Role,
    /// The account: its identity policies are needed.
    Account,
}

/// Who makes a request.
#[derive(Copy, Clone, Debug)]
pub struct Caller<'a> {
    pub principal: &'a Principal,
    /// The name of the session of a role.
    pub session: &'a str,
}

impl Caller<'_> {
    /// How a statement names the caller. `None` if it does not.
    pub fn find_naming(&self, statement: &Statement) -> Option<Naming> {
        self.find_naming_if(statement, Naming::Direct)
    }

    /// The same, if a statement for anyone names the caller in this way.
    pub fn find_naming_if(&self, statement: &Statement, anyone: Naming) -> Option<Naming> {
        let (negated, entries) = statement.principal.as_ref()?;
        let namings = entries.iter().filter_map(|(kind, name)| self.match_entry(kind, name, anyone));
        if !negated {
            return namings.min();
        }
        // `NotPrincipal` spares a principal only if its account is named too, and no principal with a boundary.
        let namings: Vec<Naming> = namings.collect();
        let is_anyone = entries.iter().any(|(_, name)| name == "*");
        let is_spared = is_anyone
            || (namings.contains(&Naming::Account) && namings.iter().any(|naming| *naming != Naming::Account));
        (!is_spared || self.principal.boundary.is_some()).then_some(Naming::Direct)
    }

    fn match_entry(&self, kind: &str, name: &str, anyone: Naming) -> Option<Naming> {
        let principal = self.principal;
        let account = &principal.account;
        if kind != "AWS" {
            return None;
        }
        if name == "*" {
            return Some(anyone);
        }
        if name == account || *name == format!("arn:{}:iam::{account}:root", principal.partition()) {
            return Some(Naming::Account);
        }
        let is_entity = name == principal.arn || name == principal.unique_id;
        match principal.kind {
            PrincipalKind::User => is_entity.then_some(Naming::Direct),
            PrincipalKind::Role if is_entity => Some(Naming::Role),
            PrincipalKind::Role => (name == principal.session_arn(self.session)).then_some(Naming::Direct),
        }
    }
}
