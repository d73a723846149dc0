//! Values of a tag: one for each way in which the patterns of policies treat values.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashSet;

use crate::iam::{Template, TemplatePart};

/// The largest number of characters of a value.
// AWS: Tags for AWS Identity and Access Management resources, naming rules
const MAX_LENGTH: usize = 256;
/// The largest number of steps of a search for one value.
const MAX_STEPS: usize = 4096;

/// A pattern over the values of a tag.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct ValuePattern {
    /// `*` is any run of characters, `?` is one. No value has these characters.
    pub(crate) glob: String,
    pub(crate) ignores_case: bool,
}

/// A value was not found within the limit of the search.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct ValueLimitExceeded;

/// Values that the same patterns match.
struct ValueClass<'p> {
    within: Vec<&'p ValuePattern>,
    outside: Vec<&'p ValuePattern>,
    /// One of them.
    value: String,
}

impl ValuePattern {
    /// A pattern that only one value matches.
    pub(crate) fn literal(value: &str) -> ValuePattern {
        ValuePattern { glob: value.to_owned(), ignores_case: false }
    }

    /// The pattern of a template. None if it has a variable, or matches nothing that is a value of a tag.
    pub(crate) fn from_template(template: &Template, ignores_case: bool) -> Option<ValuePattern> {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => (!text.contains(['*', '?'])).then(|| text.to_string()),
            TemplatePart::AnyString => Some("*".to_owned()),
            TemplatePart::AnyChar => Some("?".to_owned()),
            TemplatePart::Variable { .. } => None,
        };
        let glob = template.parts().iter().map(part).collect::<Option<String>>()?;
        Some(ValuePattern { glob, ignores_case })
    }

    /// The only value that it matches. None if it matches several.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        let is_literal = !self.ignores_case && !self.glob.contains(['*', '?']);
        is_literal.then_some(self.glob.as_str())
    }

    /// A text that it matches.
    pub(crate) fn to_example(&self) -> String {
        let shortest = self.glob.replace('*', "").replace('?', "x");
        if shortest.is_empty() { "x".to_owned() } else { shortest }
    }

    pub(crate) fn matches(&self, value: &str) -> bool {
        let walk = PatternWalk::new(self);
        let positions = value.chars().fold(walk.start(), |positions, c| walk.step(&positions, c));
        walk.accepts(&positions)
    }
}

/// Whether IAM accepts a text as the value of a tag.
// AWS: Tags for AWS Identity and Access Management resources: letters, digits, spaces and `_.:/=+-@`
pub(crate) fn is_valid_value(value: &str) -> bool {
    value.chars().count() <= MAX_LENGTH && value.chars().all(is_value_character)
}

pub(super) fn is_value_character(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

/// One value of each class of values that some patterns distinguish, other than the `literals`, and whether these are all.
///
/// `admitted`: patterns of which each value matches one. None for any values.
pub(crate) fn choose_values(
    admitted: Option<&BTreeSet<ValuePattern>>,
    others: &BTreeSet<ValuePattern>,
    literals: &BTreeSet<String>,
    most: usize,
) -> Result<(BTreeSet<String>, bool), ValueLimitExceeded> {
    let literals: Vec<ValuePattern> = literals.iter().map(|literal| ValuePattern::literal(literal)).collect();
    let Some(any) = find_value(&[], &literals.iter().collect::<Vec<_>>())? else { return Ok((BTreeSet::new(), true)) };
    let mut classes = vec![ValueClass { within: Vec::new(), outside: Vec::new(), value: any }];
    let to_values = |classes: Vec<ValueClass<'_>>| classes.into_iter().take(most).map(|class| class.value).collect();
    for pattern in admitted.into_iter().flatten() {
        classes = split_classes(classes, pattern, &literals)?;
        // One of these is outside of all patterns.
        if classes.len() > most + 1 {
            return Ok((to_values(classes), false));
        }
    }
    if admitted.is_some() {
        classes.retain(|class| !class.within.is_empty());
    }
    for pattern in others.iter().filter(|pattern| !admitted.is_some_and(|admitted| admitted.contains(*pattern))) {
        classes = split_classes(classes, pattern, &literals)?;
        if classes.len() > most {
            return Ok((to_values(classes), false));
        }
    }
    Ok((to_values(classes), true))
}

/// The parts of the classes that a pattern matches, and those that it does not match. The former come first.
fn split_classes<'p>(
    classes: Vec<ValueClass<'p>>,
    pattern: &'p ValuePattern,
    literals: &'p [ValuePattern],
) -> Result<Vec<ValueClass<'p>>, ValueLimitExceeded> {
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for class in classes {
        let added = |patterns: &[&'p ValuePattern]| patterns.iter().copied().chain([pattern]).collect::<Vec<_>>();
        let (within, without) = (added(&class.within), added(&class.outside));
        let find = |within: &[&ValuePattern], outside: &[&'p ValuePattern]| {
            find_value(within, &outside.iter().copied().chain(literals).collect::<Vec<_>>())
        };
        if pattern.matches(&class.value) {
            if let Some(value) = find(&class.within, &without)? {
                outside.push(ValueClass { within: class.within, outside: without, value });
            }
            inside.push(ValueClass { within, ..class });
        } else {
            if let Some(value) = find(&within, &class.outside)? {
                inside.push(ValueClass { within, outside: class.outside.clone(), value });
            }
            outside.push(ValueClass { outside: without, ..class });
        }
    }
    Ok(inside.into_iter().chain(outside).collect())
}

/// A shortest value of at least one character that all of some patterns match and none of others. None if there is none.
fn find_value(within: &[&ValuePattern], outside: &[&ValuePattern]) -> Result<Option<String>, ValueLimitExceeded> {
    let wanted: Vec<PatternWalk> = within.iter().map(|pattern| PatternWalk::new(pattern)).collect();
    let unwanted: Vec<PatternWalk> = outside.iter().map(|pattern| PatternWalk::new(pattern)).collect();
    let alphabet = list_characters(within.iter().chain(outside).copied());
    let start: Vec<Vec<usize>> = wanted.iter().chain(&unwanted).map(PatternWalk::start).collect();
    let mut seen: FxHashSet<Vec<Vec<usize>>> = FxHashSet::default();
    let mut queue = VecDeque::from([(start, String::new())]);
    while let Some((positions, value)) = queue.pop_front() {
        for c in &alphabet {
            let walks = wanted.iter().chain(&unwanted).zip(&positions);
            let next: Vec<Vec<usize>> = walks.map(|(walk, positions)| walk.step(positions, *c)).collect();
            let of_wanted = next.iter().take(wanted.len());
            if of_wanted.clone().any(Vec::is_empty) || seen.contains(&next) {
                continue;
            }
            let text: String = value.chars().chain([*c]).collect();
            let is_wanted = wanted.iter().zip(of_wanted).all(|(walk, positions)| walk.accepts(positions));
            let mut of_unwanted = unwanted.iter().zip(next.iter().skip(wanted.len()));
            if is_wanted && !of_unwanted.any(|(walk, positions)| walk.accepts(positions)) {
                return Ok(Some(text));
            }
            if seen.len() > MAX_STEPS {
                return Err(ValueLimitExceeded);
            }
            seen.insert(next.clone());
            if text.chars().count() < MAX_LENGTH {
                queue.push_back((next, text));
            }
        }
    }
    Ok(None)
}

/// The characters of values that some patterns name, in both cases if a pattern ignores case, and one that none names.
fn list_characters<'p>(patterns: impl Iterator<Item = &'p ValuePattern> + Clone) -> Vec<char> {
    let ignores_case = patterns.clone().any(|pattern| pattern.ignores_case);
    let mut named: BTreeSet<char> = patterns.flat_map(|pattern| pattern.glob.chars()).collect();
    if ignores_case {
        let other_case = |c: &char| [c.to_ascii_lowercase(), c.to_ascii_uppercase()];
        named = named.iter().flat_map(other_case).collect();
    }
    let other = ('a'..='z').chain('0'..='9').chain('A'..='Z').find(|c| !named.contains(c));
    other.into_iter().chain(named.into_iter().filter(|c| is_value_character(*c))).collect()
}

/// The walk of a text through a pattern.
struct PatternWalk {
    glob: Vec<char>,
    ignores_case: bool,
}

impl PatternWalk {
    fn new(pattern: &ValuePattern) -> PatternWalk {
        PatternWalk { glob: pattern.glob.chars().collect(), ignores_case: pattern.ignores_case }
    }

    /// The positions in the pattern at which the rest of a text can begin.
    fn start(&self) -> Vec<usize> {
        self.skip_stars(vec![0])
    }

    /// The positions after a character, ascending.
    fn step(&self, positions: &[usize], c: char) -> Vec<usize> {
        let is_equal = |expected: char| expected == c || (self.ignores_case && expected.eq_ignore_ascii_case(&c));
        let after = |at: &usize| match self.glob.get(*at) {
            Some('*') => Some(*at),
            Some(expected) if *expected == '?' || is_equal(*expected) => Some(at + 1),
            _ => None,
        };
        self.skip_stars(positions.iter().filter_map(after).collect())
    }

    /// A `*` can match nothing.
    fn skip_stars(&self, positions: Vec<usize>) -> Vec<usize> {
        let mut all: BTreeSet<usize> = BTreeSet::new();
        for mut at in positions {
            while all.insert(at) && self.glob.get(at) == Some(&'*') {
                at += 1;
            }
        }
        all.into_iter().collect()
    }

    fn accepts(&self, positions: &[usize]) -> bool {
        positions.contains(&self.glob.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(globs: &[&str]) -> BTreeSet<ValuePattern> {
        globs.iter().map(|glob| ValuePattern { glob: (*glob).to_owned(), ignores_case: false }).collect()
    }

    fn find(within: &[&str], outside: &[&str]) -> Option<String> {
        let (within, outside) = (patterns(within), patterns(outside));
        find_value(&within.iter().collect::<Vec<_>>(), &outside.iter().collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_value_is_within_all_patterns_and_outside_of_others() {
        assert_eq!(find(&["ops-*"], &[]).as_deref(), Some("ops-"));
        assert_eq!(find(&["ops-*", "*-admin"], &[]).as_deref(), Some("ops-admin"));
        assert_eq!(find(&["ops-*", "*-admin"], &["ops-admin"]).as_deref(), Some("ops--admin"));
        assert_eq!(find(&["a*", "*b*", "*c"], &[]).as_deref(), Some("abc"));
        assert_eq!(find(&["a*", "b*"], &[]), None);
        assert_eq!(find(&["a?"], &["a?"]), None);
        assert_eq!(find(&["a#"], &[]), None, "no value of a tag");
        assert_eq!(find(&["*"], &["a*", "b*"]).as_deref(), Some("c"));
    }

    #[test]
    fn a_pattern_can_ignore_case() {
        let ignoring = ValuePattern { glob: "Ops".to_owned(), ignores_case: true };
        assert!(ignoring.matches("oPS") && !ignoring.matches("op"));
        let upper = patterns(&["?PS"]);
        let within: Vec<&ValuePattern> = upper.iter().chain([&ignoring]).collect();
        assert_eq!(find_value(&within, &[]), Ok(Some("OPS".to_owned())));
    }

    #[test]
    fn each_class_has_a_value() {
        let values = |admitted: Option<&[&str]>, others: &[&str]| {
            let admitted = admitted.map(patterns);
            let literals = BTreeSet::from(["a-".to_owned()]);
            choose_values(admitted.as_ref(), &patterns(others), &literals, 8).unwrap()
        };
        let (found, is_complete) = values(Some(&["a-*"]), &["*-b", "*-c"]);
        assert_eq!(found, BTreeSet::from(["a-b", "a-c", "a-d"].map(str::to_owned)));
        assert!(is_complete);
        assert_eq!(values(None, &["a-*"]).0.len(), 2);
        assert!(!values(None, &["*a*", "*b*", "*c*", "*d*"]).1);
    }
}
