//! A concrete request out of a cube, told as a person would rather read it.

use super::cube_search::PartialAssignment;
use super::round::{DecisionRound, RequestShape};
use crate::access::{Context, ContextValue, KeyFact, Request};
use crate::iam::{Arn, ContextKey, Partition};
use crate::solve::compile::resource_domain::ArnSegmentsKnown;
use crate::solve::compile::solver::Solver;
use crate::solve::question::find_arn_segment;
use crate::solve::values::field_state::{Emptiness, FieldState, FieldValue, ValueConstraint};
use crate::solve::values::literal::Field;

impl DecisionRound<'_, '_> {
    /// A request of the cube; none where a field has no value that can be told.
    pub(crate) fn build_witness(
        &self,
        request_shape: &RequestShape<'_>,
        assignment: &PartialAssignment,
    ) -> Option<Request> {
        let interner = &self.solver.interner;
        let find_text = |field: &FieldState| match field.check_present_emptiness(interner, self.budget) {
            Emptiness::NonEmpty(FieldValue::Text(text)) => Some(interner.alphabet.decode(&text)),
            _ => None,
        };
        let action = match request_shape.action {
            Some(action) => action.name(self.solver.catalog),
            None => {
                let name = request_shape.future_name?;
                let free = || name.to_field_state(interner);
                let field = assignment.get(&Field::Action).cloned().unwrap_or_else(free);
                let found = self.to_readable_name(&field, find_text(&field)?);
                match name.service {
                    Some(service) => format!("{service}:{}", capitalize(&found)),
                    None => found,
                }
            }
        };
        let resource = match (self.question.single_request, assignment.get(&Field::Resource)) {
            (Some((_, resource)), _) => resource.to_owned(),
            (None, Some(field)) => self.to_readable_resource(field, find_text(field)?),
            (None, None) => match request_shape.resource_globs.first() {
                None => "*".to_owned(),
                Some(globs) => {
                    let mut field = FieldState::always_present();
                    field.add(&crate::solve::values::literal::Literal::from_globs(
                        Field::Resource,
                        globs.clone(),
                        false,
                        true,
                    ));
                    self.to_readable_resource(&field, find_text(&field)?)
                }
            },
        };
        let mut context = Context::default();
        for (field, field_state) in assignment {
            let Field::Key(key) = field else { continue };
            if !field_state.may_be_missing {
                let sample = to_context_value(self.solver, field_state.check_present_emptiness(interner, self.budget))?;
                let preferred = self.find_preferred_value(key).filter(|told| self.can_have_value(field_state, told));
                set_key(&mut context, key, preferred.map_or(sample, ContextValue::Single));
            }
        }
        self.fill_in_keys(request_shape.arn_segments, &resource, &mut context);
        Some(Request { action, resource, context })
    }

    /// The keys that some statement names and that every such request has, and the values of variables.
    fn fill_in_keys(&self, arn_segments: ArnSegmentsKnown, resource: &str, context: &mut Context) {
        for (key, value) in self.assigned {
            context.0.entry(key.clone()).or_insert_with(|| ContextValue::Single(value.clone()));
        }
        let arn = Arn::parse(resource);
        for key in self.question.context_keys() {
            let segment_value = match find_arn_segment(key).filter(|s| arn_segments.has_segment(*s)) {
                Some(3) => arn.as_ref().map(|a| a.region().to_owned()),
                Some(_) => arn.as_ref().map(|a| a.account().to_owned()),
                None => None,
            };
            if let Some(segment_value) = segment_value {
                context.0.insert(key.clone(), ContextValue::Single(segment_value));
                continue;
            }
            if context.get(key).is_some() {
                continue;
            }
            // Where no statement in question speaks of the key, the ARN of the witness tells it all the same.
            let arn_value = arn.as_ref().filter(|_| self.question.single_request.is_none()).and_then(|a| {
                match find_arn_segment(key)? {
                    3 => Some(a.region()),
                    _ => Some(a.account()),
                }
            });
            if let Some(segment_value) = arn_value.filter(|told| !told.is_empty()) {
                context.0.insert(key.clone(), ContextValue::Single(segment_value.to_owned()));
                continue;
            }
            let value = match self.known.fact(key) {
                KeyFact::Value(value) => Some(ContextValue::Single(value)),
                KeyFact::Set(values) => Some(ContextValue::Set(values)),
                KeyFact::Missing | KeyFact::Free => None,
                KeyFact::Present | KeyFact::StartsWith(_) => {
                    self.solver.compute_key_state(key, self.known, None).ok().and_then(|state| {
                        to_context_value(self.solver, state.check_present_emptiness(&self.solver.interner, self.budget))
                    })
                }
            };
            if let Some(value) = value {
                set_key(context, key, value);
            }
        }
    }

    /// The name of a new action, telling that it is one where that is still a witness.
    fn to_readable_name(&self, field: &FieldState, name: String) -> String {
        let readable_name = match name.split_once(':') {
            Some((service, name)) => {
                format!("{}:{}", service.replacen("example", "newservice", 1), name.replacen("example", "NewAction", 1))
            }
            None => name.replacen("example", "NewAction", 1),
        };
        if self.can_have_value(field, &readable_name) { readable_name } else { name }
    }

    /// The account whose number is shown.
    fn witness_account(&self) -> &str {
        self.question.witness_account.unwrap_or("111122223333")
    }

    /// A value that a person would give a key, where any will do.
    fn find_preferred_value(&self, key: &ContextKey) -> Option<String> {
        let value = match key.lower() {
            "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount" => self.witness_account(),
            "aws:principalorgid" | "aws:resourceorgid" | "aws:sourceorgid" => "o-exampleorg",
            "aws:requestedregion" => home_region(self.question.partition.map_or("aws", Partition::as_str))?,
            // The service of the AWS MCP Server, as AWS's guide names it.
            "aws:calledviaawsmcp" => "aws-mcp.amazonaws.com",
            "aws:sourcevpc" => "vpc-0123456789abcdef0",
            "aws:sourcevpce" => "vpce-0123456789abcdef0",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// Whether a field that is there can have this value.
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

    /// The resource with the principal's own account and a real region, where that is still a witness.
    fn to_readable_resource(&self, field: &FieldState, arn_text: String) -> String {
        let Some(arn) = Arn::parse(&arn_text) else { return arn_text };
        let region = home_region(arn.partition()).unwrap_or(arn.region());
        let account = self.witness_account();
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

/// A name with what a pattern's star stands for set apart from what the pattern says: `stack/billing-example`.
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

/// A partition's best known region.
fn home_region(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("us-east-1"),
        "aws-cn" => Some("cn-north-1"),
        "aws-us-gov" => Some("us-gov-west-1"),
        _ => None,
    }
}

/// Sets a key; the clock is told in both of its ways.
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

fn to_context_value(solver: &Solver<'_>, emptiness: Emptiness) -> Option<ContextValue> {
    let symbols = &solver.interner.alphabet;
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
