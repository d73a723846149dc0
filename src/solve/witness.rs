//! A concrete request out of a cube, told as a person would rather read it.

use super::compile::Solver;
use super::cubes::State;
use super::decide::{Asked, Round};
use super::domain::Carries;
use super::field::{FieldState, Left, Present, Value};
use super::literal::Field;
use super::question::agreeing;
use crate::access::{Context, ContextValue, Known, Request};
use crate::iam::{Arn, ContextKey, Partition};

impl Round<'_, '_> {
    /// A request of the cube; none where a field has no value that can be told.
    pub(super) fn witness(&self, asked: &Asked<'_>, state: &State) -> Option<Request> {
        let interner = &self.solver.interner;
        let text = |field: &FieldState| match field.left_present(interner, self.budget) {
            Left::Value(Value::Text(text)) => Some(interner.symbols.decode(&text)),
            _ => None,
        };
        let action = match asked.action {
            Some(letter) => letter.name(self.solver.catalog),
            None => {
                let name = asked.new_name?;
                let free = || name.state(interner);
                let field = state.get(&Field::Action).cloned().unwrap_or_else(free);
                let found = self.new_name(&field, text(&field)?);
                match name.service {
                    Some(service) => format!("{service}:{}", capitalised(&found)),
                    None => found,
                }
            }
        };
        let resource = match (self.question.only, state.get(&Field::Resource)) {
            (Some((_, resource)), _) => resource.to_owned(),
            (None, Some(field)) => self.readable(field, text(field)?),
            (None, None) => match asked.domain.first() {
                None => "*".to_owned(),
                Some(globs) => {
                    let mut field = FieldState::present();
                    field.add(&super::literal::Literal::text(Field::Resource, globs.clone(), false, true));
                    self.readable(&field, text(&field)?)
                }
            },
        };
        let mut context = Context::default();
        for (field, known) in state {
            let Field::Key(key) = field else { continue };
            if !known.missing {
                let found = value(self.solver, known.left_present(interner, self.budget))?;
                let told = self.telling_value(key).filter(|told| self.fits(known, told));
                put(&mut context, key, told.map_or(found, ContextValue::One));
            }
        }
        self.fill_in(asked.carries, &resource, &mut context);
        Some(Request { action, resource, context })
    }

    /// The keys that some statement names and that every such request has, and the values of variables.
    fn fill_in(&self, carries: Carries, resource: &str, context: &mut Context) {
        for (key, value) in self.assigned {
            context.0.entry(key.clone()).or_insert_with(|| ContextValue::One(value.clone()));
        }
        let arn = Arn::parse(resource);
        for key in self.question.mentioned() {
            let told = match agreeing(key).filter(|s| carries.tells(*s)) {
                Some(3) => arn.as_ref().map(|a| a.region().to_owned()),
                Some(_) => arn.as_ref().map(|a| a.account().to_owned()),
                None => None,
            };
            if let Some(told) = told {
                context.0.insert(key.clone(), ContextValue::One(told));
                continue;
            }
            if context.get(key).is_some() {
                continue;
            }
            // Where no statement in question speaks of the key, the ARN of the witness tells it all the same.
            let by_arn = arn.as_ref().filter(|_| self.question.only.is_none()).and_then(|a| match agreeing(key)? {
                3 => Some(a.region()),
                _ => Some(a.account()),
            });
            if let Some(told) = by_arn.filter(|told| !told.is_empty()) {
                context.0.insert(key.clone(), ContextValue::One(told.to_owned()));
                continue;
            }
            let value = match self.known.of(key) {
                Known::Value(value) => Some(ContextValue::One(value)),
                Known::Set(values) => Some(ContextValue::Set(values)),
                Known::Missing | Known::Free => None,
                Known::Present | Known::StartsWith(_) => self
                    .solver
                    .known_state(key, self.known, None)
                    .ok()
                    .and_then(|state| value(self.solver, state.left_present(&self.solver.interner, self.budget))),
            };
            if let Some(value) = value {
                put(context, key, value);
            }
        }
    }

    /// The name of a new action, telling that it is one where that is still a witness.
    fn new_name(&self, field: &FieldState, found: String) -> String {
        let telling = match found.split_once(':') {
            Some((service, name)) => {
                format!("{}:{}", service.replacen("example", "newservice", 1), name.replacen("example", "NewAction", 1))
            }
            None => found.replacen("example", "NewAction", 1),
        };
        if self.fits(field, &telling) { telling } else { found }
    }

    /// The account whose number is shown.
    fn account(&self) -> &str {
        self.question.account.unwrap_or("111122223333")
    }

    /// A value that a person would give a key, where any will do.
    fn telling_value(&self, key: &ContextKey) -> Option<String> {
        let value = match key.lower() {
            "aws:principalaccount" | "aws:resourceaccount" | "aws:sourceaccount" => self.account(),
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
    fn fits(&self, field: &FieldState, candidate: &str) -> bool {
        let text = match &field.values {
            Present::Anything => return true,
            Present::Text(text) => text,
            _ => return false,
        };
        let symbols = self.solver.interner.symbols.encode(candidate);
        text.within.iter().all(|list| list.iter().any(|g| g.matches(&symbols)))
            && !text.outside.iter().any(|g| g.matches(&symbols))
    }

    /// The resource with the principal's own account and a real region, where that is still a witness.
    fn readable(&self, field: &FieldState, found: String) -> String {
        let Some(arn) = Arn::parse(&found) else { return found };
        let region = home_region(arn.partition()).unwrap_or(arn.region());
        let account = self.account();
        let telling = |region: &str, account: &str, name: &str| {
            let account = if arn.account().is_empty() { "" } else { account };
            let region = if arn.region().is_empty() { "" } else { region };
            format!("arn:{}:{}:{region}:{account}:{name}", arn.partition(), arn.service())
        };
        let names = [&apart(arn.resource()), arn.resource()];
        let candidates = names.into_iter().flat_map(|name| {
            let places = [(region, account), (arn.region(), account), (region, arn.account())];
            places.map(|(region, account)| telling(region, account, name))
        });
        candidates.into_iter().find(|candidate| self.fits(field, candidate)).unwrap_or(found)
    }
}

/// A name with what a pattern's star stands for set apart from what the pattern says: `stack/billing-example`.
fn apart(name: &str) -> String {
    let mut parts = name.split("example");
    let mut told = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        if told.ends_with(|last: char| last.is_ascii_alphanumeric()) {
            told.push('-');
        }
        told.push_str("example");
        told.push_str(part);
    }
    told
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
fn put(context: &mut Context, key: &ContextKey, value: ContextValue) {
    if let ("aws:currenttime" | "aws:epochtime", ContextValue::One(text)) = (key.lower(), &value)
        && let Some(instant) = crate::iam::value::instant(text)
    {
        let seconds = rust_decimal::Decimal::from_i128_with_scale(instant.0, 9).normalize();
        context.set("aws:EpochTime", seconds.to_string());
        context.set("aws:CurrentTime", instant.to_string());
        return;
    }
    context.0.insert(key.clone(), value);
}

fn value(solver: &Solver<'_>, left: Left) -> Option<ContextValue> {
    let symbols = &solver.interner.symbols;
    match left {
        Left::Value(Value::Text(text)) => Some(ContextValue::One(symbols.decode(&text))),
        Left::Value(Value::Point(point)) => Some(ContextValue::One(point.to_text())),
        Left::Value(Value::Set(values)) => Some(ContextValue::Set(values.iter().map(|v| symbols.decode(v)).collect())),
        Left::Value(Value::Missing) | Left::Nothing | Left::Unknown => None,
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_star_stands_for_is_set_apart() {
        assert_eq!(apart("stack/billingexample/example"), "stack/billing-example/example");
        assert_eq!(apart("table/billing-example"), "table/billing-example");
        assert_eq!(apart("exampleexample"), "example-example");
        assert_eq!(apart("role/admin"), "role/admin");
    }
}
