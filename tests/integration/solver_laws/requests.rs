//! Requests that could tell two small policies apart: what the policies mention, its neighbours, and
//! something fresh, for every action, resource and context key. The same pair gives the same requests.

use std::collections::{BTreeMap, BTreeSet};

use iamdrift::access::{Context, ContextValue, Request};
use iamdrift::catalog::{Catalog, Multiplicity, ValueType};
use iamdrift::iam::{ContextKey, Partition};

use super::policies::{ACTIONS, Policy, UNKNOWN_ACTION};

/// Numbers that look random and are not.
pub struct Dice(u64);

impl Dice {
    /// Dice for a pair of policies.
    pub fn of(policies: &[&Policy]) -> Dice {
        let text: String = policies.iter().map(|p| p.to_json()).collect();
        Dice(
            text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
                | 1,
        )
    }

    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.next() % of.len()]
    }
}

/// The requests for a pair: for each action so many resources, with so many contexts each.
pub fn requests(policies: &[&Policy], resources: usize, contexts: usize) -> Vec<Request> {
    let catalog = Catalog::embedded();
    let mut dice = Dice::of(policies);
    let keys = keys(policies);
    let candidates = resource_candidates(policies);
    let names_unknown = policies.iter().flat_map(|p| &p.0).flat_map(|r| &r.actions).any(|a| a == UNKNOWN_ACTION);
    let mut all = Vec::new();
    for action in ACTIONS.into_iter().chain(names_unknown.then_some(UNKNOWN_ACTION)) {
        let fitting: Vec<&String> =
            candidates.iter().filter(|r| in_domain(catalog, action, r) && is_resource(r)).collect();
        let mut chosen = BTreeSet::new();
        if fitting.len() <= resources {
            chosen.extend(fitting.iter().copied());
        } else {
            while chosen.len() < resources {
                chosen.insert(*dice.one(&fitting));
            }
        }
        for resource in chosen {
            for _ in 0..if keys.is_empty() { 1 } else { contexts } {
                let context = context(&keys, catalog, action, resource, &mut dice);
                all.push(Request { action: action.to_owned(), resource: resource.clone(), context });
            }
        }
    }
    all
}

/// Whether a request is one that the solver's world knows: the resource is of the action's types, and the
/// keys are those that such a request can have.
pub fn is_possible(request: &Request) -> Result<(), String> {
    let catalog = Catalog::embedded();
    if !in_domain(catalog, &request.action, &request.resource) {
        return Err(format!("{} is never asked on {}", request.action, request.resource));
    }
    for (key, value) in &request.context.0 {
        let (name, single) = (key.lower(), matches!(value, ContextValue::Single(_)));
        let Some(facts) = catalog.key_definition(name) else { continue };
        if (facts.multiplicity == Multiplicity::Single) != single {
            return Err(format!("{key} holds {value:?}"));
        }
        if !has_key(catalog, &request.action, name) {
            return Err(format!("{} has no {key}", request.action));
        }
        let well_formed = value.values().iter().all(|v| match facts.value_type {
            ValueType::Bool => matches!(v.as_str(), "true" | "false"),
            ValueType::Numeric => iamdrift::iam::value::parse_number(v).is_some(),
            ValueType::Date => iamdrift::iam::value::parse_instant(v).is_some(),
            ValueType::IpAddress => v.parse::<std::net::IpAddr>().is_ok(),
            _ => true,
        });
        if !well_formed {
            return Err(format!("{key} holds {value:?}"));
        }
        if let Some(told) = told(&request.resource, name)
            && value.values() != [told.to_owned()]
        {
            return Err(format!("{key} is {value:?} on {}", request.resource));
        }
    }
    Ok(())
}

fn has_key(catalog: &Catalog, action: &str, key: &str) -> bool {
    match catalog.find_action(action) {
        Some(id) if !key.starts_with("aws:") => catalog.has_key(catalog.shape(id), key),
        _ => true,
    }
}

/// The region or account that the ARN tells.
fn told<'r>(resource: &'r str, key: &str) -> Option<&'r str> {
    let segment = match key {
        "aws:requestedregion" => 3,
        "aws:resourceaccount" => 4,
        _ => return None,
    };
    resource.splitn(6, ':').nth(segment).filter(|s| !s.is_empty())
}

/// Whether it is `*` or an ARN.
fn is_resource(text: &str) -> bool {
    let segments: Vec<&str> = text.splitn(6, ':').collect();
    text == "*" || (segments.len() == 6 && [1, 2, 5].iter().all(|i| !segments[*i].is_empty()))
}

/// Whether an action can be asked on a resource.
pub fn in_domain(catalog: &Catalog, action: &str, resource: &str) -> bool {
    let Some(id) = catalog.find_action(action) else { return true };
    let types = catalog.resource_types(catalog.shape(id));
    if types.is_empty() {
        return resource == "*";
    }
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    types.iter().any(|one| {
        catalog.arn_formats(*one).iter().any(|format| {
            let formats: Vec<&str> = format.splitn(6, ':').collect();
            segments.len() == 6
                && formats.iter().zip(&segments).enumerate().all(|(index, (format, segment))| {
                    let excluded = |variable: &str| match index {
                        0..=4 => ":",
                        _ => catalog.excluded_characters(*one, variable),
                    };
                    let fits = stands_for(format, segment, &excluded);
                    let known = Partition::ALL.iter().any(|p| p.as_str() == *segment);
                    fits && match (index, format.contains("${")) {
                        (1, true) => known,
                        (3, true) => segment.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                        (4, true) => segment.len() == 12 && segment.bytes().all(|b| b.is_ascii_digit()),
                        _ => true,
                    }
                })
        })
    })
}

/// Whether a text is of a format: a variable stands for one or more characters.
fn stands_for(format: &str, text: &str, excluded: &dyn Fn(&str) -> &'static str) -> bool {
    if let Some((variable, rest)) = format.strip_prefix("${").and_then(|f| f.split_once('}')) {
        let bad = excluded(variable);
        let mut ends = text.char_indices().map(|(i, c)| (i + c.len_utf8(), c));
        let mut run = Vec::new();
        for (end, c) in ends.by_ref() {
            if bad.contains(c) {
                break;
            }
            run.push(end);
        }
        return run.into_iter().any(|end| stands_for(rest, &text[end..], excluded));
    }
    match (format.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => (0..=text.len())
            .filter(|i| text.is_char_boundary(*i))
            .any(|i| stands_for(&format[1..], &text[i..], excluded)),
        (Some(f), Some(t)) if f == t => stands_for(&format[f.len_utf8()..], &text[t.len_utf8()..], excluded),
        _ => false,
    }
}

/// Resources made of the patterns, with their wildcards filled in several ways, and of short names.
fn resource_candidates(policies: &[&Policy]) -> Vec<String> {
    let mut all: BTreeSet<String> = BTreeSet::new();
    for pattern in policies.iter().flat_map(|p| &p.0).flat_map(|r| &r.resources) {
        for user in ["a", "b", "z", "a*"] {
            let pattern = pattern
                .replace("${aws:username}", user)
                .replace("${aws:username, 'a'}", user)
                .replace("${aws:PrincipalTag/t}", user)
                .replace("${*}", "\u{1}");
            for star in ["", "a", "b", "z", "ab", "a/b", "aws:s3:::a/b"] {
                for one in ["a", "b", "z"] {
                    all.insert(pattern.replace('*', star).replace('?', one).replace('\u{1}', "*"));
                }
            }
        }
    }
    let names = ["a", "b", "z", "aa", "ab", "ba", "az", "zb", "aab", "abb", "zz"];
    for bucket in names {
        all.insert(format!("arn:aws:s3:::{bucket}"));
        all.insert(format!("arn:aws:sqs:us-east-1:111122223333:{bucket}"));
        all.extend(names.iter().chain(&["a/b", "a*", "*"]).map(|key| format!("arn:aws:s3:::{bucket}/{key}")));
    }
    all.extend(
        [
            "*",
            "arn:aws-cn:s3:::a",
            "arn:aws-cn:s3:::ab/a",
            "arn:aws:sqs:eu-west-1:444455556666:a",
            "arn:aws:sqs:us-west-2:111122223333:b",
        ]
        .map(str::to_owned),
    );
    all.into_iter().collect()
}

/// Values of the keys that the policies mention; none: missing.
fn keys(policies: &[&Policy]) -> BTreeMap<String, Vec<Option<ContextValue>>> {
    let mut mentioned: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in policies.iter().flat_map(|p| &p.0) {
        for entry in &rule.entries {
            mentioned.entry(entry.key.to_ascii_lowercase()).or_default().extend(entry.values.iter().cloned());
        }
        for text in rule.resources.iter().chain(rule.entries.iter().flat_map(|e| &e.values)) {
            for key in ["aws:username", "aws:principaltag/t"] {
                if text.to_ascii_lowercase().contains(&format!("${{{key}")) {
                    mentioned.entry(key.to_owned()).or_default();
                }
            }
        }
    }
    let clock = mentioned.remove("aws:epochtime");
    if let Some(values) = clock {
        mentioned.entry("aws:currenttime".to_owned()).or_default().extend(values);
    }
    mentioned
        .into_iter()
        .map(|(key, values)| {
            let mut options = values_of(&key, &values);
            let never_missing =
                ["aws:currenttime", "aws:securetransport", "aws:requestedregion"].contains(&key.as_str());
            if !never_missing {
                options.push(None);
            }
            (key, options)
        })
        .collect()
}

fn values_of(key: &str, mentioned: &BTreeSet<String>) -> Vec<Option<ContextValue>> {
    let one = |texts: BTreeSet<String>| texts.into_iter().map(|t| Some(ContextValue::Single(t))).collect();
    let fixed = |texts: &[&str]| one(texts.iter().map(|t| (*t).to_owned()).collect());
    match key {
        "aws:securetransport" | "aws:multifactorauthpresent" => fixed(&["true", "false"]),
        "s3:max-keys" => fixed(&["0", "1", "2", "4.99", "5", "5.01", "5.5", "6", "10", "11", "100"]),
        "aws:currenttime" | "aws:tokenissuetime" => fixed(&[
            "2020-01-01T00:00:00Z",
            "2025-12-31T23:59:59Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:01Z",
            "2026-01-01T00:00:02Z",
            "2026-03-01T00:00:00Z",
            "2026-05-31T23:59:59Z",
            "2026-06-01T00:00:00Z",
            "2026-06-01T00:00:01Z",
        ]),
        "aws:sourceip" => fixed(&[
            "10.0.0.1",
            "10.0.0.2",
            "10.1.0.0",
            "10.1.255.255",
            "10.2.0.0",
            "11.0.0.0",
            "9.9.9.9",
            "2001:db8::1",
            "2001:db9::",
            "::1",
        ]),
        "aws:tagkeys" => {
            let pool = ["a", "b", "ab", "z", ""];
            let mut sets = vec![Vec::new()];
            for (i, x) in pool.iter().enumerate() {
                sets.push(vec![(*x).to_owned()]);
                sets.extend(pool.iter().skip(i + 1).map(|y| vec![(*x).to_owned(), (*y).to_owned()]));
            }
            sets.into_iter().map(|s| Some(ContextValue::Set(s))).collect()
        }
        "aws:requestedregion" => fixed(&["us-east-1", "us-west-2", "eu-west-1", "xx-1"]),
        "aws:resourceaccount" => fixed(&["111122223333", "444455556666", "1", "x"]),
        _ => {
            let mut texts: BTreeSet<String> = ["a", "b", "z", "ab", "A", "", "a*", "5"].map(str::to_owned).into();
            for value in mentioned {
                for user in ["a", "b"] {
                    let value = value.replace("${aws:username}", user).replace("${aws:username, 'a'}", user);
                    for star in ["", "b", "z:z"] {
                        texts.insert(value.replace('*', star).replace('?', "z"));
                    }
                    texts.insert(value.to_uppercase());
                    texts.insert(value);
                }
            }
            one(texts)
        }
    }
}

fn context(
    keys: &BTreeMap<String, Vec<Option<ContextValue>>>,
    catalog: &Catalog,
    action: &str,
    resource: &str,
    dice: &mut Dice,
) -> Context {
    let mut context = Context::default();
    for (key, values) in keys {
        if !has_key(catalog, action, key) {
            continue;
        }
        if let Some(told) = told(resource, key) {
            context.set(key, told);
            continue;
        }
        let Some(value) = dice.one(values).clone() else { continue };
        if let (ContextValue::Single(text), "aws:currenttime") = (&value, key.as_str()) {
            let instant = iamdrift::iam::value::parse_instant(text).unwrap();
            context.set("aws:EpochTime", (instant.0 / 1_000_000_000).to_string());
        }
        context.0.insert(ContextKey::new(key), value);
    }
    context
}
