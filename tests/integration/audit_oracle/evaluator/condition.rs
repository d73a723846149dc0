//! One condition of a statement. AWS: *IAM JSON policy elements: Condition operators* and *Condition operators: multiple
//! context keys or values*.

use super::pattern::{Part, Pattern, Syntax, matches_parts, split_arn_parts};
use super::scalar::{is_in_range, parse_base64, parse_instant, parse_number};
use super::{Context, Reading, Value};

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Quantifier {
    None,
    ForAll,
    ForAny,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Family {
    Text { ignores_case: bool },
    Arn,
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Address,
    Null,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Order::Equal => left == right,
            Order::Less => left < right,
            Order::LessOrEqual => left <= right,
            Order::Greater => left > right,
            Order::GreaterOrEqual => left >= right,
        }
    }
}

/// One operator with one key and its values.
#[derive(Clone, Debug)]
pub struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
    quantifier: Quantifier,
    family: Family,
    negated: bool,
    if_exists: bool,
    /// The values, for operators on text and ARNs.
    patterns: Vec<Pattern>,
}

impl Condition {
    pub fn parse(operator: &str, key: &str, values: Vec<String>, variables: bool) -> Condition {
        let (quantifier, name) = match operator.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::ForAll, name),
            Some(("ForAnyValue", name)) => (Quantifier::ForAny, name),
            _ => (Quantifier::None, operator),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let negated = name.contains("Not");
        let family = parse_family(&name.replace("Not", ""));
        let wildcards = name.ends_with("Like") || family == Family::Arn;
        let to_pattern = |value: &String| Pattern::parse(value, Syntax { wildcards, variables });
        let is_text = matches!(family, Family::Text { .. } | Family::Arn);
        let patterns = if is_text { values.iter().map(to_pattern).collect() } else { Vec::new() };
        let (operator, key) = (operator.to_owned(), key.to_lowercase());
        Condition { operator, key, values, quantifier, family, negated, if_exists, patterns }
    }

    /// Whether the condition holds in a context.
    pub fn holds(&self, context: &Context, reading: Reading) -> bool {
        // AWS: *Amazon S3: Allows IAM users access to their S3 home directory*: `StringLike` with an empty string.
        let is_text = matches!(self.family, Family::Text { .. });
        let is_compared = self.quantifier == Quantifier::None && is_text && self.values.iter().any(String::is_empty);
        let is_present = |value: &&Value| {
            !reading.empty_is_missing
                || (is_compared && matches!(value, Value::One(_)))
                || value.list().iter().any(|v| !v.is_empty())
        };
        let value = context.get(&self.key).filter(is_present);
        if self.family == Family::Null {
            return self.values.iter().any(|wanted| wanted.eq_ignore_ascii_case("true") == value.is_none());
        }
        let Some(value) = value else {
            return match self.quantifier {
                Quantifier::ForAll => true,
                Quantifier::ForAny => self.if_exists && reading.any_if_exists_holds,
                Quantifier::None => self.if_exists || self.negated,
            };
        };
        let mut each = value.list().iter().map(|value| self.holds_for(value, context, reading));
        match self.quantifier {
            Quantifier::ForAll => each.all(|holds| holds),
            Quantifier::ForAny => each.any(|holds| holds),
            Quantifier::None if self.negated => each.all(|holds| holds),
            Quantifier::None => each.any(|holds| holds),
        }
    }

    fn holds_for(&self, value: &str, context: &Context, reading: Reading) -> bool {
        match self.matches_some(value, context) {
            None => self.negated && !reading.invalid_value_fails,
            Some(matches) => matches != self.negated,
        }
    }

    /// Whether one of the condition's values matches. `None` if the request's value is invalid for the operator.
    fn matches_some(&self, value: &str, context: &Context) -> Option<bool> {
        let any = |test: &dyn Fn(&str) -> bool| Some(self.values.iter().any(|wanted| test(wanted)));
        match self.family {
            Family::Text { ignores_case } => {
                let fits = |pattern: &Pattern| match pattern.resolve(context) {
                    Some(parts) if ignores_case => matches_parts(&to_lower(&parts), &value.to_lowercase()),
                    Some(parts) => matches_parts(&parts, value),
                    None => false,
                };
                Some(self.patterns.iter().any(fits))
            }
            Family::Arn => {
                if value.split(':').count() < 6 || !value.starts_with("arn:") {
                    return None;
                }
                let fits = |pattern: &Pattern| match pattern.resolve(context) {
                    Some(parts) => matches_arn(&parts, value),
                    None => false,
                };
                Some(self.patterns.iter().any(fits))
            }
            Family::Number(order) => {
                let number = parse_number(value)?;
                any(&|wanted| order.holds(&number, &parse_number(wanted).unwrap()))
            }
            Family::Date(order) => {
                let instant = parse_instant(value)?;
                any(&|wanted| order.holds(&instant, &parse_instant(wanted).unwrap()))
            }
            Family::Bool => {
                let value = value.to_lowercase();
                if value != "true" && value != "false" {
                    return None;
                }
                any(&|wanted| wanted.to_lowercase() == value)
            }
            Family::Binary => {
                let bytes = parse_base64(value)?;
                any(&|wanted| parse_base64(wanted).unwrap() == bytes)
            }
            Family::Address => {
                is_in_range(value, "0.0.0.0/0")?;
                any(&|wanted| is_in_range(value, wanted).unwrap())
            }
            Family::Null => unreachable!("handled before"),
        }
    }
}

fn parse_family(name: &str) -> Family {
    let order = |name: &str| match name {
        "Equals" => Order::Equal,
        "LessThan" => Order::Less,
        "LessThanEquals" => Order::LessOrEqual,
        "GreaterThan" => Order::Greater,
        "GreaterThanEquals" => Order::GreaterOrEqual,
        _ => panic!("unknown order {name}"),
    };
    match name {
        "StringEquals" | "StringLike" => Family::Text { ignores_case: false },
        "StringEqualsIgnoreCase" => Family::Text { ignores_case: true },
        "ArnEquals" | "ArnLike" => Family::Arn,
        "Bool" => Family::Bool,
        "BinaryEquals" => Family::Binary,
        "IpAddress" => Family::Address,
        "NotIpAddress" => Family::Address,
        "Null" => Family::Null,
        _ => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
            (Some(rest), _) => Family::Number(order(rest)),
            (_, Some(rest)) => Family::Date(order(rest)),
            _ => panic!("unknown operator {name}"),
        },
    }
}

fn to_lower(parts: &[Part]) -> Vec<Part> {
    let lower = |part: &Part| match part {
        Part::Char(c) => c.to_lowercase().map(Part::Char).collect(),
        other => vec![other.clone()],
    };
    parts.iter().flat_map(lower).collect()
}

/// The six segments are compared one by one.
fn matches_arn(parts: &[Part], value: &str) -> bool {
    let globs = split_arn_parts(parts);
    let segments: Vec<&str> = value.splitn(6, ':').collect();
    globs.len() == segments.len() && globs.iter().zip(segments).all(|(glob, text)| matches_parts(glob, text))
}

#[test]
fn missing_keys_decide_as_aws_documents() {
    let holds = |operator: &str, context: &Context| {
        let value = if operator == "Null" { "true" } else { "a" };
        Condition::parse(operator, "aws:x", vec![value.to_owned()], true).holds(context, Reading::default())
    };
    let missing = Context::new();
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringEqualsIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("Null", true),
    ] {
        assert_eq!(holds(operator, &missing), expected, "{operator}");
    }
    let set = Context::from([("aws:x".to_owned(), Value::Many(vec!["a".to_owned(), "b".to_owned()]))]);
    assert!(!holds("ForAllValues:StringEquals", &set) && holds("ForAnyValue:StringEquals", &set));
    assert!(holds("ForAnyValue:StringNotEquals", &set) && !holds("ForAllValues:StringNotEquals", &set));
}
