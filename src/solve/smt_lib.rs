//! The question of one action as SMT-LIB 2.6, for other solvers to answer (`docs/engine.md`).
//!
//! Written straight from the documents and `docs/semantics.md`; nothing is shared with the decision itself
//! but the parser and what is known of everyone, so that an error here is not an error there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::access::{Known, KnownContext};
use crate::catalog::{Catalog, Multiplicity, ShapeId, ValueType};
use crate::iam::condition::{Comparison, ConditionValue, Family};
use crate::iam::document::{ActionElement, ResourceElement};
use crate::iam::value::Typed;
use crate::iam::{
    Condition, ContextKey, Effect, Listing, Part, Partition, PolicyDocument, Quantifier, Statement, Template,
    WhenMissing,
};

/// What cannot be told in SMT-LIB, or is not told yet.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unsupported {
    /// The catalog does not know the action.
    #[error("the action {0} is not in the catalog")]
    Action(String),
    /// A policy variable.
    #[error("policy variables are not written")]
    Variable,
    /// An operator that the key's type does not go with, a set, an address or an ARN.
    #[error("the condition {0} is not written")]
    Condition(String),
}

/// How a key's value is told.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Sort {
    String,
    Real,
    Int,
    Bool,
}

/// Whether a request of `action` exists that `a` allows and `b` does not: satisfiable if so.
///
/// # Errors
/// Where the documents hold what is not written; see [`Unsupported`].
pub fn smt_lib(a: &PolicyDocument, b: &PolicyDocument, action: &str, catalog: &Catalog) -> Result<String, Unsupported> {
    let id = catalog.find_action(action).ok_or_else(|| Unsupported::Action(action.to_owned()))?;
    let mut writer = Writer { catalog, shape: catalog.shape(id), keys: BTreeMap::new() };
    let lower = catalog.full_name(id).to_ascii_lowercase();
    let (allowed, declared) = (writer.allows(a, &lower)?, writer.allows(b, &lower)?);
    let mut out = String::from("(set-logic ALL)\n(declare-const resource String)\n");
    let _ = writeln!(out, "(assert {})", writer.domain());
    out.push_str(&writer.declarations()?);
    let _ = writeln!(out, "(assert {allowed})\n(assert (not {declared}))\n(check-sat)");
    Ok(out)
}

struct Writer<'c> {
    catalog: &'c Catalog,
    shape: ShapeId,
    /// The keys that were named, each with its constant's name and sort.
    keys: BTreeMap<ContextKey, (String, Sort)>,
}

impl Writer<'_> {
    fn allows(&mut self, document: &PolicyDocument, action: &str) -> Result<String, Unsupported> {
        let mut sides = [Vec::new(), Vec::new()];
        for statement in document.statements.iter().filter(|s| speaks_of(&s.action, action)) {
            let [allows, denies] = &mut sides;
            let side = if statement.effect == Effect::Allow { allows } else { denies };
            side.push(self.statement(statement)?);
        }
        let [allows, denies] = sides;
        Ok(format!("(and {} (not {}))", any("or", &allows, "false"), any("or", &denies, "false")))
    }

    fn statement(&mut self, statement: &Statement) -> Result<String, Unsupported> {
        let mut all = Vec::new();
        if let Some(resource) = &statement.resource {
            all.push(resource_test(resource)?);
        }
        for condition in &statement.conditions {
            all.push(self.condition(condition)?);
        }
        Ok(any("and", &all, "true"))
    }

    fn condition(&mut self, condition: &Condition) -> Result<String, Unsupported> {
        let unsupported = || Unsupported::Condition(condition.operator_name());
        if condition.quantifier != Quantifier::Plain {
            return Err(unsupported());
        }
        let (name, sort) = self.key(condition).ok_or_else(unsupported)?;
        let present = format!("{name}.present");
        if condition.operator.family() == Family::Null {
            let tests: Vec<String> = condition
                .values
                .iter()
                .filter_map(|v| match v {
                    ConditionValue::Typed(Typed::Bool(missing)) => {
                        Some(if *missing { format!("(not {present})") } else { present.clone() })
                    }
                    _ => None,
                })
                .collect();
            return Ok(any("or", &tests, "false"));
        }
        let mut tests = Vec::new();
        for value in &condition.values {
            tests.push(self.comparison(condition, value, &name, sort)?.ok_or_else(unsupported)?);
        }
        let listed = any("or", &tests, "false");
        let negated = condition.operator.is_negated();
        let holds = if negated { format!("(not {listed})") } else { listed };
        let on_missing = negated || condition.when_missing == WhenMissing::Holds;
        Ok(if on_missing { format!("(or (not {present}) {holds})") } else { format!("(and {present} {holds})") })
    }

    /// One value of a condition against the key's; none where the two are of different kinds.
    fn comparison(
        &self,
        condition: &Condition,
        value: &ConditionValue,
        name: &str,
        sort: Sort,
    ) -> Result<Option<String>, Unsupported> {
        let operator = condition.operator;
        Ok(match (operator.family(), sort, value) {
            (Family::String, Sort::String, ConditionValue::Text(template)) => {
                Some(format!("(str.in_re {name} {})", pattern(template, operator.ignores_case())?))
            }
            (Family::Bool, Sort::Bool, ConditionValue::Typed(Typed::Bool(truth))) => {
                Some(format!("(= {name} {truth})"))
            }
            (Family::Numeric, Sort::Real, ConditionValue::Typed(Typed::Number(number))) => {
                Some(format!("({} {name} {})", sign(operator.comparison()), real(&number.to_string())))
            }
            (Family::Date, Sort::Int, ConditionValue::Typed(Typed::Instant(instant))) => {
                let bound = if instant.0 < 0 { format!("(- {})", -instant.0) } else { instant.0.to_string() };
                Some(format!("({} {name} {bound})", sign(operator.comparison())))
            }
            _ => None,
        })
    }

    /// The constant of a condition's key; none where its type is not told in SMT-LIB.
    fn key(&mut self, condition: &Condition) -> Option<(String, Sort)> {
        let key = &condition.key;
        if matches!(key.lower(), "aws:epochtime" | "aws:requestedregion" | "aws:resourceaccount") {
            return None;
        }
        let sort = match self.catalog.key_facts(key.lower()) {
            None => Sort::String,
            Some(facts) if facts.multiplicity == Multiplicity::Multi => return None,
            Some(facts) => match facts.value_type {
                ValueType::Bool => Sort::Bool,
                ValueType::Numeric => Sort::Real,
                ValueType::Date => Sort::Int,
                ValueType::IpAddress => return None,
                ValueType::String | ValueType::Arn | ValueType::Binary => Sort::String,
            },
        };
        let number = self.keys.len();
        Some(self.keys.entry(key.clone()).or_insert_with(|| (format!("key{number}"), sort)).clone())
    }

    fn declarations(&self) -> Result<String, Unsupported> {
        let known = KnownContext::nothing();
        let mut out = String::new();
        for (key, (name, sort)) in &self.keys {
            let sort_name = match sort {
                Sort::String => "String",
                Sort::Real => "Real",
                Sort::Int => "Int",
                Sort::Bool => "Bool",
            };
            let _ = writeln!(
                out,
                "; {}\n(declare-const {name}.present Bool)\n(declare-const {name} {sort_name})",
                key.lower().escape_debug()
            );
            let service_key = !key.lower().starts_with("aws:");
            match known.of(key) {
                _ if service_key && !self.catalog.has_key(self.shape, key.lower()) => {
                    let _ = writeln!(out, "(assert (not {name}.present))");
                }
                Known::Free => {}
                Known::Present => {
                    let _ = writeln!(out, "(assert {name}.present)");
                }
                Known::Missing => {
                    let _ = writeln!(out, "(assert (not {name}.present))");
                }
                Known::Value(value) if *sort == Sort::Bool => {
                    let _ = writeln!(out, "(assert (and {name}.present (= {name} {value})))");
                }
                Known::Value(value) if *sort == Sort::String => {
                    let _ = writeln!(out, "(assert (and {name}.present (= {name} {})))", quoted(&value));
                }
                _ => return Err(Unsupported::Condition(key.as_written().to_owned())),
            }
        }
        Ok(out)
    }

    /// The resources that the action can be asked on.
    fn domain(&self) -> String {
        let types = self.catalog.resource_types(self.shape);
        if types.is_empty() {
            return "(= resource \"*\")".to_owned();
        }
        let mut forms = Vec::new();
        for one in types {
            for format in self.catalog.arn_formats(*one) {
                let mut parts = Vec::new();
                for (index, segment) in format.splitn(6, ':').enumerate() {
                    if index > 0 {
                        parts.push(literal(":"));
                    }
                    let managed =
                        index == 4 && self.catalog.resource_type_name(*one) == "policy" && format.contains(":iam:");
                    let told = self.segment(*one, index, segment);
                    parts.push(if managed { format!("(re.union {told} {})", literal("aws")) } else { told });
                }
                forms.push(any("re.++", &parts, "re.none"));
            }
        }
        forms.sort();
        forms.dedup();
        format!("(str.in_re resource {})", any("re.union", &forms, "re.none"))
    }

    fn segment(&self, of: crate::catalog::ResourceTypeId, index: usize, segment: &str) -> String {
        let mut parts = Vec::new();
        let mut rest = segment;
        while !rest.is_empty() {
            if let Some((variable, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
                parts.push(match index {
                    1 => any(
                        "re.union",
                        &Partition::ALL.iter().map(|p| literal(p.as_str())).collect::<Vec<_>>(),
                        "re.none",
                    ),
                    3 => r#"(re.+ (re.union (re.range "a" "z") (re.range "0" "9") (str.to_re "-")))"#.to_owned(),
                    4 => r#"((_ re.^ 12) (re.range "0" "9"))"#.to_owned(),
                    0..=4 => some_but(":"),
                    _ => some_but(self.catalog.variable_excludes(of, variable)),
                });
                rest = after;
                continue;
            }
            if let Some(after) = rest.strip_prefix('*') {
                parts.push(if index < 5 { format!("(re.opt {})", some_but(":")) } else { "re.all".to_owned() });
                rest = after;
                continue;
            }
            let end = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '$' | '*')).map_or(rest.len(), |(i, _)| i);
            let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            parts.push(literal(text));
            rest = after;
        }
        any("re.++", &parts, "(str.to_re \"\")")
    }
}

/// One or more characters that are none of these.
fn some_but(excluded: &str) -> String {
    if excluded.is_empty() {
        return "(re.+ re.allchar)".to_owned();
    }
    let bad: Vec<String> = excluded.chars().map(|c| literal(c.encode_utf8(&mut [0; 4]))).collect();
    format!("(re.+ (re.diff re.allchar {}))", any("re.union", &bad, "re.none"))
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equals => "=",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

fn real(number: &str) -> String {
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
    let point = if digits.contains('.') { "" } else { ".0" };
    if negative { format!("(- {digits}{point})") } else { format!("{digits}{point}") }
}

/// An operator over some terms; `none` where there are none.
fn any(operator: &str, terms: &[String], none: &str) -> String {
    match terms {
        [] => none.to_owned(),
        [one] => one.clone(),
        several => format!("({operator} {})", several.join(" ")),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\"\""),
            '\\' => out.push_str("\\u{5c}"),
            ' '..='~' => out.push(c),
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

fn literal(text: &str) -> String {
    format!("(str.to_re {})", quoted(text))
}

fn resource_test(element: &ResourceElement) -> Result<String, Unsupported> {
    let mut tests = Vec::new();
    for one in &element.patterns {
        tests.push(format!("(str.in_re resource {})", pattern(one, false)?));
    }
    let listed = any("or", &tests, "false");
    Ok(if element.listing == Listing::Only { listed } else { format!("(not {listed})") })
}

/// A text with wildcards as a regular expression.
fn pattern(template: &Template, ignore_case: bool) -> Result<String, Unsupported> {
    let mut parts = Vec::new();
    for part in template.parts() {
        match part {
            Part::Literal(text) if ignore_case => {
                for c in text.chars() {
                    if !c.is_ascii() {
                        return Err(Unsupported::Condition("of a letter outside ASCII in either case".to_owned()));
                    }
                    let cases = [c.to_ascii_lowercase(), c.to_ascii_uppercase()];
                    parts.push(any("re.union", &cases.map(|c| literal(c.encode_utf8(&mut [0; 4]))), "re.none"));
                }
            }
            Part::Literal(text) => parts.push(literal(text)),
            Part::AnyRun => parts.push("re.all".to_owned()),
            Part::AnyOne => parts.push("re.allchar".to_owned()),
            Part::Variable { .. } => return Err(Unsupported::Variable),
        }
    }
    Ok(any("re.++", &parts, "(str.to_re \"\")"))
}

/// Whether an element speaks of an action, in lower case.
pub(super) fn speaks_of(element: &ActionElement, action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let listed = element.patterns.iter().any(|p| matches(p.service(), service) && matches(p.name(), name));
    listed == (element.listing == Listing::Only)
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            let tails = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            tails.filter_map(|i| text.get(i..)).any(|tail| matches(rest, tail))
        }
        Some(c) => {
            let mut found = text.chars();
            found.next().is_some_and(|f| c == '?' || c == f) && matches(letters.as_str(), found.as_str())
        }
    }
}
