//! The question about one action in SMT-LIB 2.6, for other solvers (`docs/engine.md`).
//!
//! The text is rendered directly from the documents, after `docs/semantics.md`. It shares only the parser and the
//! unconstrained context with the decision, so that an error in one is not an error in the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::settled_key::is_settled_key;
use crate::access::{KeyFact, KnownContext};
use crate::catalog::{Catalog, Multiplicity, ShapeId, ValueType};
use crate::iam::condition::ConditionValue;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::operator::{OperatorFamily, ValueComparison};
use crate::iam::value::TypedValue;
use crate::iam::{
    Condition, ContextKey, Effect, ElementKind, MissingKeyRule, Partition, PolicyDocument, Quantifier, Statement,
    Template, TemplatePart,
};

/// A part of a policy that is not rendered in SMT-LIB.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnsupportedConstruct {
    /// The catalog does not know the action.
    #[error("the action {0} is not in the catalog")]
    Action(String),
    /// A policy variable.
    #[error("policy variables are not supported")]
    Variable,
    /// An operator that does not fit the type of the key, a set, an address or an ARN.
    #[error("the condition {0} is not supported")]
    Condition(String),
}

/// The SMT-LIB sort of a key's value.
#[derive(Copy, Clone, Eq, PartialEq)]
enum SmtSort {
    String,
    Real,
    Int,
    Bool,
}

/// The question whether `a` allows a request of `action` that `b` does not allow. It is satisfiable if such a request
/// exists.
///
/// # Errors
/// If a document contains an unsupported construct.
pub fn render_smt_query(
    a: &PolicyDocument,
    b: &PolicyDocument,
    action: &str,
    catalog: &Catalog,
) -> Result<String, UnsupportedConstruct> {
    let id = catalog.find_action(action).ok_or_else(|| UnsupportedConstruct::Action(action.to_owned()))?;
    let mut writer = SmtWriter { catalog, shape: catalog.shape(id), keys: BTreeMap::new() };
    let lower = catalog.full_name(id).to_ascii_lowercase();
    let (allowed, declared) = (writer.render_document(a, &lower)?, writer.render_document(b, &lower)?);
    let mut out = String::from("(set-logic ALL)\n(declare-const resource String)\n");
    let _ = writeln!(out, "(assert {})", writer.render_domain());
    out.push_str(&writer.render_declarations()?);
    let _ = writeln!(out, "(assert {allowed})\n(assert (not {declared}))\n(check-sat)");
    Ok(out)
}

struct SmtWriter<'c> {
    catalog: &'c Catalog,
    shape: ShapeId,
    /// The keys of the conditions, each with the name and the sort of its constant.
    keys: BTreeMap<ContextKey, (String, SmtSort)>,
}

impl SmtWriter<'_> {
    fn render_document(&mut self, document: &PolicyDocument, action: &str) -> Result<String, UnsupportedConstruct> {
        let mut sides = [Vec::new(), Vec::new()];
        for statement in document.statements.iter().filter(|s| lists_action(&s.action, action)) {
            let [allows, denies] = &mut sides;
            let side = if statement.effect == Effect::Allow { allows } else { denies };
            side.push(self.render_statement(statement)?);
        }
        let [allows, denies] = sides;
        Ok(format!("(and {} (not {}))", apply_operator("or", &allows, "false"), apply_operator("or", &denies, "false")))
    }

    fn render_statement(&mut self, statement: &Statement) -> Result<String, UnsupportedConstruct> {
        let mut all = Vec::new();
        if let Some(resource) = &statement.resource {
            all.push(render_resource(resource)?);
        }
        for condition in &statement.conditions {
            all.push(self.render_condition(condition)?);
        }
        Ok(apply_operator("and", &all, "true"))
    }

    fn render_condition(&mut self, condition: &Condition) -> Result<String, UnsupportedConstruct> {
        let unsupported = || UnsupportedConstruct::Condition(condition.operator_name());
        if condition.quantifier != Quantifier::Plain {
            return Err(unsupported());
        }
        let (name, sort) = self.declare_key(condition).ok_or_else(unsupported)?;
        let present = format!("{name}.present");
        if condition.operator.family() == OperatorFamily::Null {
            let tests: Vec<String> = condition
                .values
                .iter()
                .filter_map(|v| match v {
                    ConditionValue::Typed(TypedValue::Bool(missing)) => {
                        Some(if *missing { format!("(not {present})") } else { present.clone() })
                    }
                    _ => None,
                })
                .collect();
            return Ok(apply_operator("or", &tests, "false"));
        }
        let mut tests = Vec::new();
        for value in &condition.values {
            tests.push(self.render_comparison(condition, value, &name, sort)?.ok_or_else(unsupported)?);
        }
        let listed = apply_operator("or", &tests, "false");
        let negated = condition.operator.is_negated();
        let holds = if negated { format!("(not {listed})") } else { listed };
        let missing_holds = negated || condition.when_missing == MissingKeyRule::Satisfied;
        Ok(if missing_holds { format!("(or (not {present}) {holds})") } else { format!("(and {present} {holds})") })
    }

    /// The comparison of the key with one value. None if their types differ.
    fn render_comparison(
        &self,
        condition: &Condition,
        value: &ConditionValue,
        name: &str,
        sort: SmtSort,
    ) -> Result<Option<String>, UnsupportedConstruct> {
        let operator = condition.operator;
        Ok(match (operator.family(), sort, value) {
            (OperatorFamily::String, SmtSort::String, ConditionValue::Text(template)) => {
                Some(format!("(str.in_re {name} {})", render_regex(template, operator.ignores_case())?))
            }
            (OperatorFamily::Bool, SmtSort::Bool, ConditionValue::Typed(TypedValue::Bool(truth))) => {
                Some(format!("(= {name} {truth})"))
            }
            (OperatorFamily::Numeric, SmtSort::Real, ConditionValue::Typed(TypedValue::Number(number))) => Some(
                format!("({} {name} {})", comparison_symbol(operator.comparison()), render_real(&number.to_string())),
            ),
            (OperatorFamily::Date, SmtSort::Int, ConditionValue::Typed(TypedValue::Instant(instant))) => {
                let bound = if instant.0 < 0 { format!("(- {})", -instant.0) } else { instant.0.to_string() };
                Some(format!("({} {name} {bound})", comparison_symbol(operator.comparison())))
            }
            _ => None,
        })
    }

    /// The constant of a condition's key. None if the type of the key is not supported.
    fn declare_key(&mut self, condition: &Condition) -> Option<(String, SmtSort)> {
        let key = &condition.key;
        if is_settled_key(self.catalog, self.shape, key) {
            return None;
        }
        let sort = match self.catalog.key_definition(key.lower()) {
            None => SmtSort::String,
            Some(facts) if facts.multiplicity == Multiplicity::Multi => return None,
            Some(facts) => match facts.value_type {
                ValueType::Bool => SmtSort::Bool,
                ValueType::Numeric => SmtSort::Real,
                ValueType::Date => SmtSort::Int,
                ValueType::IpAddress => return None,
                ValueType::String | ValueType::Arn | ValueType::Binary => SmtSort::String,
            },
        };
        let number = self.keys.len();
        Some(self.keys.entry(key.clone()).or_insert_with(|| (format!("key{number}"), sort)).clone())
    }

    fn render_declarations(&self) -> Result<String, UnsupportedConstruct> {
        let known = KnownContext::unconstrained();
        let mut out = String::new();
        for (key, (name, sort)) in &self.keys {
            let sort_name = match sort {
                SmtSort::String => "String",
                SmtSort::Real => "Real",
                SmtSort::Int => "Int",
                SmtSort::Bool => "Bool",
            };
            let _ = writeln!(
                out,
                "; {}\n(declare-const {name}.present Bool)\n(declare-const {name} {sort_name})",
                key.lower().escape_debug()
            );
            let service_key = !key.lower().starts_with("aws:");
            match known.fact(key) {
                _ if service_key && !self.catalog.has_key(self.shape, key.lower()) => {
                    let _ = writeln!(out, "(assert (not {name}.present))");
                }
                KeyFact::Free | KeyFact::NoneLike(_) => {}
                KeyFact::Present => {
                    let _ = writeln!(out, "(assert {name}.present)");
                }
                KeyFact::Missing => {
                    let _ = writeln!(out, "(assert (not {name}.present))");
                }
                KeyFact::Value(value) if *sort == SmtSort::Bool => {
                    let _ = writeln!(out, "(assert (and {name}.present (= {name} {value})))");
                }
                KeyFact::Value(value) if *sort == SmtSort::String => {
                    let _ = writeln!(out, "(assert (and {name}.present (= {name} {})))", quote_string(&value));
                }
                _ => return Err(UnsupportedConstruct::Condition(key.as_written().to_owned())),
            }
        }
        Ok(out)
    }

    /// The constraint on the resources that the action takes.
    fn render_domain(&self) -> String {
        let types = self.catalog.resource_types(self.shape);
        if types.is_empty() {
            return "(= resource \"*\")".to_owned();
        }
        let mut forms = Vec::new();
        for resource_type in types {
            for format in self.catalog.arn_formats(*resource_type) {
                let mut parts = Vec::new();
                for (index, segment) in format.splitn(6, ':').enumerate() {
                    if index > 0 {
                        parts.push(render_literal(":"));
                    }
                    let managed = index == 4
                        && self.catalog.resource_type_name(*resource_type) == "policy"
                        && format.contains(":iam:");
                    let segment_regex = self.render_segment(*resource_type, index, segment);
                    parts.push(if managed {
                        format!("(re.union {segment_regex} {})", render_literal("aws"))
                    } else {
                        segment_regex
                    });
                }
                forms.push(apply_operator("re.++", &parts, "re.none"));
            }
        }
        forms.sort();
        forms.dedup();
        format!("(str.in_re resource {})", apply_operator("re.union", &forms, "re.none"))
    }

    fn render_segment(&self, resource_type: crate::catalog::ResourceTypeId, index: usize, segment: &str) -> String {
        let mut parts = Vec::new();
        let mut rest = segment;
        while !rest.is_empty() {
            if let Some((variable, after)) = rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
                parts.push(match index {
                    1 => apply_operator(
                        "re.union",
                        &Partition::ALL.iter().map(|p| render_literal(p.as_str())).collect::<Vec<_>>(),
                        "re.none",
                    ),
                    3 => r#"(re.+ (re.union (re.range "a" "z") (re.range "0" "9") (str.to_re "-")))"#.to_owned(),
                    4 => r#"((_ re.^ 12) (re.range "0" "9"))"#.to_owned(),
                    0..=4 => render_some_except(":"),
                    _ => render_some_except(self.catalog.excluded_characters(resource_type, variable)),
                });
                rest = after;
                continue;
            }
            if let Some(after) = rest.strip_prefix('*') {
                parts.push(match index {
                    // The format `*`: a request without a resource.
                    0 => render_literal("*"),
                    1..5 => format!("(re.opt {})", render_some_except(":")),
                    _ => "re.all".to_owned(),
                });
                rest = after;
                continue;
            }
            let end = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '$' | '*')).map_or(rest.len(), |(i, _)| i);
            let (text, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            parts.push(render_literal(text));
            rest = after;
        }
        apply_operator("re.++", &parts, "(str.to_re \"\")")
    }
}

/// One or more characters, except these.
fn render_some_except(excluded: &str) -> String {
    if excluded.is_empty() {
        return "(re.+ re.allchar)".to_owned();
    }
    let bad: Vec<String> = excluded.chars().map(|c| render_literal(c.encode_utf8(&mut [0; 4]))).collect();
    format!("(re.+ (re.diff re.allchar {}))", apply_operator("re.union", &bad, "re.none"))
}

fn comparison_symbol(comparison: ValueComparison) -> &'static str {
    match comparison {
        ValueComparison::Equals => "=",
        ValueComparison::Less => "<",
        ValueComparison::LessOrEqual => "<=",
        ValueComparison::Greater => ">",
        ValueComparison::GreaterOrEqual => ">=",
    }
}

fn render_real(number: &str) -> String {
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
    let point = if digits.contains('.') { "" } else { ".0" };
    if negative { format!("(- {digits}{point})") } else { format!("{digits}{point}") }
}

/// An operator applied to terms. `none` is the term for an empty list.
fn apply_operator(operator: &str, terms: &[String], none: &str) -> String {
    match terms {
        [] => none.to_owned(),
        [single] => single.clone(),
        several => format!("({operator} {})", several.join(" ")),
    }
}

fn quote_string(text: &str) -> String {
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

fn render_literal(text: &str) -> String {
    format!("(str.to_re {})", quote_string(text))
}

fn render_resource(element: &ResourceElement) -> Result<String, UnsupportedConstruct> {
    let mut tests = Vec::new();
    for template in &element.patterns {
        tests.push(format!("(str.in_re resource {})", render_regex(template, false)?));
    }
    let listed = apply_operator("or", &tests, "false");
    Ok(if element.kind == ElementKind::List { listed } else { format!("(not {listed})") })
}

/// A string with wildcards as a regular expression.
fn render_regex(template: &Template, ignore_case: bool) -> Result<String, UnsupportedConstruct> {
    let mut parts = Vec::new();
    for part in template.parts() {
        match part {
            TemplatePart::Literal(text) if ignore_case => {
                for c in text.chars() {
                    if !c.is_ascii() {
                        return Err(UnsupportedConstruct::Condition(
                            "of a letter outside ASCII in either case".to_owned(),
                        ));
                    }
                    let cases = [c.to_ascii_lowercase(), c.to_ascii_uppercase()];
                    parts.push(apply_operator(
                        "re.union",
                        &cases.map(|c| render_literal(c.encode_utf8(&mut [0; 4]))),
                        "re.none",
                    ));
                }
            }
            TemplatePart::Literal(text) => parts.push(render_literal(text)),
            TemplatePart::AnyString => parts.push("re.all".to_owned()),
            TemplatePart::AnyChar => parts.push("re.allchar".to_owned()),
            TemplatePart::Variable { .. } => return Err(UnsupportedConstruct::Variable),
        }
    }
    Ok(apply_operator("re.++", &parts, "(str.to_re \"\")"))
}

/// Whether an element lists an action, in lower case. Independent of the solver and of `iam`, on purpose.
pub(crate) fn lists_action(element: &ActionElement, action: &str) -> bool {
    let (service, name) = action.split_once(':').unwrap_or((action, ""));
    let listed =
        element.patterns.iter().any(|p| wildcard_matches(p.service(), service) && wildcard_matches(p.name(), name));
    listed == (element.kind == ElementKind::List)
}

fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            let tails = text.char_indices().map(|(i, _)| i).chain([text.len()]);
            tails.filter_map(|i| text.get(i..)).any(|tail| wildcard_matches(rest, tail))
        }
        Some(c) => {
            let mut found = text.chars();
            found.next().is_some_and(|f| c == '?' || c == f) && wildcard_matches(letters.as_str(), found.as_str())
        }
    }
}
