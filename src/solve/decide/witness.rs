//! A concrete request from a cube, with values that are easy to read. The caller replays it with the evaluator
//! (`Question::replay`; `audit/analysis/replay_decisions.rs`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::branch_clauses::find_repeated_segment;
use super::cube_search::PartialAssignment;
use super::request_shape::RequestShape;
use super::round::DecisionRound;
use crate::access::{Context, ContextValue, KeyFact, Request, RequestFacts};
use crate::iam::{Arn, ContextKey, Partition};
use crate::solve::answer::UndecidedReason;
use crate::solve::budget::LimitExceeded;
use crate::solve::compile::arn_segment::ArnSegment;
use crate::solve::strings::alphabet::Alphabet;
use crate::solve::values::field_state::{FieldState, ValueConstraint};
use crate::solve::values::field_value::{Emptiness, FieldValue};
use crate::solve::values::literal::{Field, Literal};

/// The account ID of AWS's documentation.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// The largest number of accounts of the organization that are tried in the ARN of a witness.
const MAX_MEMBER_ACCOUNTS: usize = 8;

impl DecisionRound<'_, '_> {
    /// A request of a cube.
    ///
    /// # Errors
    /// The reason why a field has no known value.
    pub(super) fn build_witness(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
    ) -> Result<Request, UndecidedReason> {
        // The account of the resource settles further keys, so that other accounts are tried if the first one fails.
        let members = self.known.directory().organization_accounts().take(MAX_MEMBER_ACCOUNTS);
        let accounts = [Some(self.witness_account()), None].into_iter().chain(members.map(|id| Some(id.as_str())));
        let mut first_error = None;
        for account in accounts {
            match self.build_witness_in(request_shape, assignment, account) {
                Ok(request) => return Ok(request),
                Err(reason) if self.known.is_complete() => return Err(reason),
                Err(reason) => drop(first_error.get_or_insert(reason)),
            }
        }
        Err(first_error.unwrap_or(UndecidedReason::Budget))
    }

    /// A request of a cube on a resource of an account, if one will do. `account`: `None` for the account of the cube.
    fn build_witness_in(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
        account: Option<&str>,
    ) -> Result<Request, UndecidedReason> {
        let action = self.choose_action(request_shape, assignment)?;
        let resource = self.choose_resource(request_shape, assignment, account)?;
        let mut context = Context::default();
        for (field, state) in assignment {
            let Field::Key(key) = field else { continue };
            if !state.may_be_missing {
                let sample = self.sample_context_value(state)?;
                let preferred = self.find_preferred_value(key).filter(|value| self.can_have_value(state, value));
                set_key(&mut context, key, preferred.map_or(sample, ContextValue::Single));
            }
        }
        let mut request = Request { action, resource, context };
        self.fill_in_keys(request_shape, &mut request)?;
        self.check_request_facts(request_shape, assignment, &request)?;
        Ok(request)
    }

    /// Checks that AWS can send the request with these values of the keys that the statements name.
    fn check_request_facts(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
        request: &Request,
    ) -> Result<(), UndecidedReason> {
        if self.known.is_complete() {
            return Ok(());
        }
        for (field, state) in assignment {
            let Field::Key(key) = field else { continue };
            let value = request.context.get(key).map(ContextValue::values);
            if value.is_some_and(|values| !self.accepts_values(state, key, values)) {
                return Err(UndecidedReason::Condition(key.as_written().to_owned()));
            }
        }
        let facts = self.request_facts(&request.action, &request.resource);
        match facts.find_impossible_key(request, &request_shape.keys) {
            Some(key) => Err(UndecidedReason::Condition(key.as_written().to_owned())),
            None => Ok(()),
        }
    }

    /// Whether the constraints on a key accept values that the request settles.
    fn accepts_values(&self, state: &FieldState, key: &ContextKey, values: &[String]) -> bool {
        // Values of other types come from the constraints themselves.
        if !matches!(state.constraint, ValueConstraint::Text(_) | ValueConstraint::Sets(_)) || values.is_empty() {
            return state.may_be_present;
        }
        let mut settled = state.clone();
        let Ok(literals) = self.solver.build_exact_value(key, values) else { return false };
        literals.iter().for_each(|literal| settled.add(literal));
        settled.check_present_emptiness(&self.solver.interner, self.budget) != Emptiness::Empty
    }

    fn request_facts<'f>(&'f self, action: &'f str, resource: &str) -> RequestFacts<'f> {
        let directory = self.known.directory();
        RequestFacts::new(self.solver.catalog, directory, action, resource, self.question.partition)
    }

    fn choose_action(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
    ) -> Result<String, UndecidedReason> {
        if let Some(action) = request_shape.action {
            return Ok(action.name(self.solver.catalog));
        }
        // INVARIANT: a shape without an action has the constraints on the name of a future action.
        let name = request_shape.future_name.ok_or(UndecidedReason::Budget)?;
        let initial = || name.to_field_state(&self.solver.interner);
        let state = assignment.get(&Field::Action).cloned().unwrap_or_else(initial);
        let found = self.choose_readable_name(&state, self.sample_string(&state)?);
        Ok(match name.service {
            Some(service) => format!("{service}:{}", capitalize(&found)),
            None => found,
        })
    }

    fn choose_resource(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
        account: Option<&str>,
    ) -> Result<String, UndecidedReason> {
        if let Some((_, resource)) = self.question.single_request {
            return Ok(resource.to_owned());
        }
        let initial;
        let state = match (assignment.get(&Field::Resource), request_shape.resource_globs.first()) {
            (Some(state), _) => state,
            (None, None) => return Ok("*".to_owned()),
            (None, Some(globs)) => {
                let mut state = FieldState::always_present();
                state.add(&Literal::matching(Field::Resource, Arc::clone(globs)));
                initial = state;
                &initial
            }
        };
        Ok(self.choose_readable_resource(state, self.sample_string(state)?, account))
    }

    /// A string that satisfies the constraints on a field.
    fn sample_string(&self, state: &FieldState) -> Result<String, UndecidedReason> {
        match state.check_present_emptiness(&self.solver.interner, self.budget) {
            Emptiness::NonEmpty(FieldValue::Text(text)) => Ok(self.solver.interner.alphabet.decode(&text)),
            _ => Err(UndecidedReason::Budget),
        }
    }

    /// A value that satisfies the constraints on a key.
    fn sample_context_value(&self, state: &FieldState) -> Result<ContextValue, UndecidedReason> {
        let interner = &self.solver.interner;
        let emptiness = state.check_present_emptiness(interner, self.budget);
        to_context_value(&interner.alphabet, emptiness).ok_or(UndecidedReason::Budget)
    }

    /// Sets the keys that statements name and that every such request contains, and the values of variables.
    fn fill_in_keys(&self, request_shape: &RequestShape<'_>, request: &mut Request) -> Result<(), UndecidedReason> {
        for (key, value) in self.assigned {
            request.context.0.entry(key.clone()).or_insert_with(|| ContextValue::Single(value.clone()));
        }
        let arn = Arn::parse(&request.resource);
        for key in self.question.context_keys() {
            let arn = arn.as_ref().filter(|_| find_repeated_segment(key, request_shape).is_some());
            if let Some(value) = ArnSegment::of_key(key).zip(arn).map(|(segment, arn)| segment.value_in(arn)) {
                request.context.0.insert(key.clone(), ContextValue::Single(value.to_owned()));
            }
        }
        if !self.known.is_complete() {
            let (action, resource) = (request.action.clone(), request.resource.clone());
            let facts = self.request_facts(&action, &resource);
            let keys: Vec<&ContextKey> = self.question.context_keys().into_iter().collect();
            // A key whose value is fixed by the known context keeps it.
            let is_open = |key: &&ContextKey| {
                !matches!(self.known.fact(key), KeyFact::Value(_) | KeyFact::Set(_) | KeyFact::Missing)
            };
            facts.complete(request, keys.into_iter().filter(is_open));
            if request_shape.facts.is_region_key(self.solver.catalog, &ContextKey::new("ec2:Region")) {
                copy_region(&mut request.context, &self.question.context_keys());
            }
        }
        for key in self.question.context_keys() {
            if request.context.get(key).is_none()
                && let Some(value) = self.known_value(key)?
            {
                set_key(&mut request.context, key, value);
            }
        }
        Ok(())
    }

    /// The value of a key in the known context. None if the key may be missing.
    fn known_value(&self, key: &ContextKey) -> Result<Option<ContextValue>, UndecidedReason> {
        match self.known.fact(key) {
            KeyFact::Value(value) => Ok(Some(ContextValue::Single(value))),
            KeyFact::Set(values) => Ok(Some(ContextValue::Set(values))),
            KeyFact::Missing | KeyFact::NoneLike(_) | KeyFact::Free => Ok(None),
            KeyFact::Present | KeyFact::StartsWith(_) | KeyFact::NotBefore(_) => {
                let state = self.solver.compute_key_state(key, self.known);
                let state = state.map_err(|LimitExceeded| UndecidedReason::LimitExceeded)?;
                self.sample_context_value(&state).map(Some)
            }
        }
    }

    /// A name that shows that the action is a future action, if the name satisfies the constraints.
    fn choose_readable_name(&self, field: &FieldState, name: String) -> String {
        let readable_name = match name.split_once(':') {
            Some((service, name)) => {
                format!("{}:{}", service.replacen("example", "newservice", 1), name.replacen("example", "NewAction", 1))
            }
            None => name.replacen("example", "NewAction", 1),
        };
        if self.can_have_value(field, &readable_name) { readable_name } else { name }
    }

    /// The account ID that the witness contains if any account ID will do.
    fn witness_account(&self) -> &str {
        self.question.witness_account.unwrap_or(EXAMPLE_ACCOUNT)
    }

    /// A realistic value for a key, if any value will do.
    fn find_preferred_value(&self, key: &ContextKey) -> Option<String> {
        let value = match key.lower() {
            "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount" => self.witness_account(),
            "aws:principalorgid" | "aws:resourceorgid" | "aws:sourceorgid" => "o-exampleorg",
            // Whether a role session can have another value is open.
            "aws:multifactorauthpresent" => "false",
            "aws:requestedregion" => home_region(self.question.partition.map_or("aws", Partition::as_str))?,
            // The service of the AWS MCP Server, by its user guide.
            "aws:calledviaawsmcp" => "aws-mcp.amazonaws.com",
            "aws:sourcevpc" => "vpc-0123456789abcdef0",
            "aws:sourcevpce" => "vpce-0123456789abcdef0",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// Whether a present field can have a value.
    fn can_have_value(&self, field: &FieldState, candidate: &str) -> bool {
        let text = match &field.constraint {
            ValueConstraint::Unconstrained => return true,
            ValueConstraint::Text(text) => text,
            _ => return false,
        };
        let symbols = self.solver.interner.alphabet.encode(candidate);
        text.matches_any_of.iter().all(|list| list.iter().any(|g| g.matches(&symbols)))
            && !text.matches_none_of.iter().any(|g| g.matches(&symbols))
    }

    /// The ARN with the principal's account and a real region, if they satisfy the constraints.
    fn choose_readable_resource(&self, field: &FieldState, arn_text: String, account: Option<&str>) -> String {
        let Some(arn) = Arn::parse(&arn_text) else { return arn_text };
        let region = home_region(arn.partition()).unwrap_or(arn.region());
        let account = account.unwrap_or(arn.account());
        let format_arn = |region: &str, account: &str, name: &str| {
            let account = if arn.account().is_empty() { "" } else { account };
            let region = if arn.region().is_empty() { "" } else { region };
            format!("arn:{}:{}:{region}:{account}:{name}", arn.partition(), arn.service())
        };
        let names = [&separate_placeholders(arn.resource()), arn.resource()];
        let candidates = names.into_iter().flat_map(|name| {
            let places = [(region, account), (arn.region(), account), (region, arn.account())];
            places.map(|(region, account)| format_arn(region, account, name))
        });
        candidates.into_iter().find(|candidate| self.can_have_value(field, candidate)).unwrap_or(arn_text)
    }
}

/// Separates the placeholders for stars from the rest of the name: `stack/billing-example`.
fn separate_placeholders(name: &str) -> String {
    let mut parts = name.split("example");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if out.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            out.push('-');
        }
        out.push_str("example");
        out.push_str(part);
    }
    out
}

/// The main region of a partition.
fn home_region(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("us-east-1"),
        "aws-cn" => Some("cn-north-1"),
        "aws-us-gov" => Some("us-gov-west-1"),
        _ => None,
    }
}

/// Sets `ec2:Region` to the Region of the request, if statements name it and nothing else sets it.
fn copy_region(context: &mut Context, keys: &BTreeSet<&ContextKey>) {
    let [ec2, requested] = ["ec2:Region", "aws:RequestedRegion"].map(ContextKey::new);
    match (context.get(&requested).cloned(), context.get(&ec2).cloned()) {
        (Some(region), None) if keys.contains(&ec2) => drop(context.0.insert(ec2, region)),
        _ => {}
    }
}

/// Sets a key. The time is set in both of its keys.
fn set_key(context: &mut Context, key: &ContextKey, value: ContextValue) {
    if let ("aws:currenttime" | "aws:epochtime", ContextValue::Single(text)) = (key.lower(), &value)
        && let Some(instant) = crate::iam::value::parse_instant(text)
    {
        let seconds = rust_decimal::Decimal::from_i128_with_scale(instant.0, 9).normalize();
        context.set("aws:EpochTime", seconds.to_string());
        context.set("aws:CurrentTime", instant.to_string());
        return;
    }
    context.0.insert(key.clone(), value);
}

fn to_context_value(symbols: &Alphabet, emptiness: Emptiness) -> Option<ContextValue> {
    match emptiness {
        Emptiness::NonEmpty(FieldValue::Text(text)) => Some(ContextValue::Single(symbols.decode(&text))),
        Emptiness::NonEmpty(FieldValue::Ordered(point)) => Some(ContextValue::Single(point.to_text())),
        Emptiness::NonEmpty(FieldValue::Set(values)) => {
            Some(ContextValue::Set(values.iter().map(|v| symbols.decode(v)).collect()))
        }
        Emptiness::NonEmpty(FieldValue::Missing) | Emptiness::Empty | Emptiness::Unknown => None,
    }
}

fn capitalize(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_separated() {
        assert_eq!(separate_placeholders("stack/billingexample/example"), "stack/billing-example/example");
        assert_eq!(separate_placeholders("table/billing-example"), "table/billing-example");
        assert_eq!(separate_placeholders("exampleexample"), "example-example");
        assert_eq!(separate_placeholders("role/admin"), "role/admin");
    }
}
