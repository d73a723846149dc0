//! Aliases of a key that satisfy a condition, and that the principal can give the key or remove from it.

use super::bypass::GuardBypass;
use super::finder::BypassFinder;
use super::guard_condition::{can_be_met_by_removal, requires_missing_key};
use super::resource_tag::{PrincipalAccess, find_first_action};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::audit::analysis::analyzer::Requester;
use crate::audit::model::guard_bypass_method::GuardBypassMethod;
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::build_ceiling;
use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{Condition, ConditionOperator, Quantifier, Statement};

/// The services whose keys have aliases.
// AWS: Use aliases to control access to KMS keys; Actions, resources, and condition keys for AWS Payment Cryptography
const SERVICES: [&str; 2] = ["kms", "payment-cryptography"];

/// How the name of an alias begins.
const ALIAS: &str = "alias/";

/// How a request changes the aliases of a key.
#[derive(Clone, Copy)]
enum AliasChange {
    Set,
    Remove,
}

impl BypassFinder<'_> {
    /// The principal can change the aliases of a key so that the condition matches, and then perform a guarded action on it.
    pub(crate) fn find_key_alias(&mut self, condition: &Condition) -> Option<GuardBypass> {
        let (prefix, name) = condition.key.lower().split_once(':')?;
        let service = SERVICES.into_iter().find(|service| *service == prefix)?;
        let is_met_by_removal = can_be_met_by_removal(condition) || condition.quantifier == Quantifier::ForAllValues;
        match name {
            // A caller can name the key by its ID. The request then lacks the key.
            "requestalias" if is_met_by_removal => {
                let key = condition.key.as_written().to_owned();
                return Some(GuardBypass::without_request(GuardBypassMethod::ChosenByCaller { key }));
            }
            "requestalias" | "resourcealiases" => {}
            _ => return None,
        }
        let (change, names): (AliasChange, &[&str]) = match is_met_by_removal {
            true => (AliasChange::Remove, &["DeleteAlias", "UpdateAlias"]),
            false => (AliasChange::Set, &["CreateAlias", "UpdateAlias"]),
        };
        let aliases = list_alias_patterns(condition);
        let principal = self.compute_access();
        names.iter().find_map(|name| {
            let action = format!("{service}:{name}");
            let proof = self.find_alias_requests(&principal, service, &action, &aliases)?;
            let key = condition.key.as_written().to_owned();
            let action = find_first_action(&proof)?;
            let method = match change {
                AliasChange::Set => GuardBypassMethod::SetsTag { key, action },
                AliasChange::Remove => GuardBypassMethod::RemovesTag { key, action },
            };
            Some(GuardBypass { method, proof, policies: principal.policies.clone() })
        })
    }

    /// The requests of an action on an alias and on a key, both of which it takes. `None` if one is missing, or if no guarded
    /// action is allowed on the key.
    // AWS: Controlling access to aliases (AWS KMS Developer Guide)
    fn find_alias_requests(
        &mut self,
        principal: &PrincipalAccess,
        service: &str,
        action: &str,
        aliases: &[String],
    ) -> Option<ExcessByStatement> {
        let actions = [action.to_owned()];
        if aliases.is_empty() || !self.has_grant_for(&principal.access, &actions) {
            return None;
        }
        let alias_arns = aliases.iter().map(|alias| format!("arn:*:{service}:*:*:{alias}"));
        // The requests on the alias lack the key, so that a negated condition matches all of them.
        let none = build_ceiling(&self.check.name, Vec::new());
        let on_alias = self.find_requests(principal, &actions, ResourceElement::listing(alias_arns), &none);
        if on_alias.is_empty() {
            return None;
        }
        let keys = ResourceElement::listing([format!("arn:*:{service}:*:*:key/*")]);
        let already_guarded = self.restrict_guard_to_actions(&actions);
        let mut on_key = self.find_requests(principal, &actions, keys.clone(), &already_guarded);
        let requests = Statement::allow(ActionElement::any(), keys);
        self.retain_with_guarded_request(principal, &requests, &mut on_key);
        if on_key.is_empty() {
            return None;
        }
        on_alias.into_iter().for_each(|(id, statement_excess)| {
            on_key.entry(id).or_insert(statement_excess);
        });
        Some(on_key)
    }

    /// The requests of some actions on resources that the principal may send, without some that satisfy the guard already.
    fn find_requests(
        &mut self,
        principal: &PrincipalAccess,
        actions: &[String],
        resources: ResourceElement,
        already_guarded: &ResolvedCeiling,
    ) -> ExcessByStatement {
        let requests = Statement::allow(ActionElement::listing(actions), resources);
        let requests = build_ceiling("requests that change aliases", vec![requests]);
        let requester = Requester::from_subject(self.subject);
        let answer = self.query_unguarded(requester, &principal.access, &requests, already_guarded);
        answer.collect_into(&mut self.undecided)
    }
}

/// Patterns over the aliases that a condition names. Any alias if it names none.
fn list_alias_patterns(condition: &Condition) -> Vec<String> {
    if requires_missing_key(condition)
        || condition.operator == ConditionOperator::Null
        || condition.quantifier == Quantifier::ForAllValues
    {
        return vec![format!("{ALIAS}*")];
    }
    let to_pattern = |value: &ConditionValue| {
        let ConditionValue::Text(template) = value else { return None };
        let text = template.as_written();
        // AWS: CreateAlias (AWS KMS API Reference): a name begins with alias/, and is made of letters, digits, /, _ and -. It
        // does not begin with alias/aws/.
        if text.starts_with("alias/aws/") || (!condition.operator.has_wildcards() && text.contains(['*', '?'])) {
            return None;
        }
        let is_any_case = condition.operator == ConditionOperator::StringEqualsIgnoreCase;
        match text.split_at_checked(ALIAS.len()) {
            Some((start, name)) if is_any_case && start.eq_ignore_ascii_case(ALIAS) => {
                Some(format!("{ALIAS}{}", name.replace(|c: char| c.is_ascii_alphabetic(), "?")))
            }
            Some((ALIAS, _)) => Some(text.to_owned()),
            _ if text.starts_with('*') => Some(format!("{ALIAS}{text}")),
            _ => text.starts_with("${").then(|| text.to_owned()),
        }
    };
    condition.values.iter().filter_map(to_pattern).collect()
}
