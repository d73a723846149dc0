//! The patterns with wildcards of a statement, by service, for actions that do not exist yet.

use rustc_hash::FxHashMap;

use super::TooBig;
use super::action_set::wildcard_matches;
use super::glob::{Class, GlobRef, Interner, Tok};
use crate::iam::document::ActionElement;
use crate::iam::{ActionPattern, Listing};

/// What a statement says of actions that do not exist yet. Patterns without wildcards name existing ones.
#[derive(Clone, Debug)]
pub struct WildActions {
    listing: Listing,
    /// Patterns over the names of one service's actions, with what was written.
    services: FxHashMap<Box<str>, Vec<(GlobRef, Box<str>)>>,
    /// Patterns whose service has wildcards: over the name alone, over `service:name`, and as written.
    any: Vec<AnyService>,
}

#[derive(Clone, Debug)]
struct AnyService {
    service: Box<str>,
    name: GlobRef,
    whole: GlobRef,
    written: Box<str>,
}

/// Patterns over names of actions, each with what was written.
pub type NamePatterns = Vec<(GlobRef, Box<str>)>;

/// What a statement says of the new actions of one service.
#[derive(Clone, Debug)]
pub enum Speaks {
    /// Nothing.
    Nothing,
    /// It speaks of all of them.
    Everything,
    /// It speaks of those whose name one of these matches (`true`), or none (`false`).
    Names(NamePatterns, bool),
}

impl WildActions {
    /// Reads the patterns of an element.
    pub fn new(element: &ActionElement, interner: &Interner) -> Result<WildActions, TooBig> {
        let mut out = WildActions { listing: element.listing, services: FxHashMap::default(), any: Vec::new() };
        for pattern in element.patterns.iter().filter(|p| !p.is_literal()) {
            let name = interner.glob(&wildcards(pattern.name(), interner)?);
            let written: Box<str> = pattern.as_written().into();
            if pattern.service_has_wildcards() {
                let whole = interner.glob(&whole(pattern, interner)?);
                out.any.push(AnyService { service: pattern.service().into(), name, whole, written });
            } else {
                out.services.entry(pattern.service().into()).or_default().push((name, written));
            }
        }
        Ok(out)
    }

    /// The services that it names.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(|s| &**s)
    }

    /// Whether it speaks of services that it does not name.
    pub fn speaks_of_any(&self) -> bool {
        self.listing == Listing::AllBut || !self.any.is_empty()
    }

    /// Whether a pattern with wildcards matches a name of a service, both in lower case.
    pub fn lists(&self, service: &str, name: &str) -> bool {
        let named = self.services.get(service).into_iter().flatten().any(|(glob, _)| glob.matches(name.as_bytes()));
        named || self.any.iter().any(|a| wildcard_matches(&a.service, service) && a.name.matches(name.as_bytes()))
    }

    /// What it says of the new actions of a service; of none: of those services that no statement names.
    pub fn of(&self, service: Option<&str>) -> Speaks {
        let mut names: Vec<(GlobRef, Box<str>)> = Vec::new();
        match service {
            Some(service) => {
                names.extend(self.services.get(service).into_iter().flatten().cloned());
                let any = self.any.iter().filter(|a| wildcard_matches(&a.service, service));
                names.extend(any.map(|a| (a.name.clone(), a.written.clone())));
            }
            None => names.extend(self.any.iter().map(|a| (a.whole.clone(), a.written.clone()))),
        }
        let everything = names.iter().any(|(g, _)| g.is_everything());
        match self.listing {
            Listing::Only if names.is_empty() => Speaks::Nothing,
            Listing::AllBut if everything => Speaks::Nothing,
            Listing::Only if everything => Speaks::Everything,
            Listing::AllBut if names.is_empty() => Speaks::Everything,
            listing => Speaks::Names(names, listing == Listing::Only),
        }
    }
}

fn wildcards(text: &str, interner: &Interner) -> Result<Vec<Tok>, TooBig> {
    let mut toks = Vec::new();
    for c in text.chars() {
        match c {
            '*' => toks.push(Tok::Run(Class::Any)),
            '?' => toks.push(Tok::One(Class::Any)),
            c => toks.extend(interner.literal(c.encode_utf8(&mut [0; 4]), true)?),
        }
    }
    Ok(toks)
}

/// The pattern over `service:name`; `*:*` is everything.
fn whole(pattern: &ActionPattern, interner: &Interner) -> Result<Vec<Tok>, TooBig> {
    if pattern.service() == "*" && pattern.name() == "*" {
        return Ok(vec![Tok::Run(Class::Any)]);
    }
    let mut toks = wildcards(pattern.service(), interner)?;
    toks.push(Tok::Sym(b':'));
    toks.extend(wildcards(pattern.name(), interner)?);
    Ok(toks)
}
