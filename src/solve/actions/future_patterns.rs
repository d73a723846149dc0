//! The patterns with wildcards of a statement, by service: which future actions does the statement list?

use rustc_hash::FxHashMap;

use crate::base::glob::matches_glob;
use crate::iam::element::ActionElement;
use crate::iam::{ActionPattern, ElementKind};
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::{GlobInterner, LetterCase};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// The patterns of a statement that match future actions. A pattern without wildcards names an existing action.
#[derive(Clone, Debug)]
pub(crate) struct FuturePatterns {
    listing: ElementKind,
    /// By service, the patterns over action names, each with its source text.
    services: FxHashMap<Box<str>, Vec<(GlobRef, Box<str>)>>,
    /// The patterns whose service has wildcards.
    any_service: Vec<WildcardServicePattern>,
}

#[derive(Clone, Debug)]
struct WildcardServicePattern {
    service: Box<str>,
    /// Over the name of the action.
    name: GlobRef,
    /// Over `service:name`.
    full_name: GlobRef,
    source_text: Box<str>,
}

/// Patterns over action names, each with its source text.
pub(crate) type NamePatterns = Vec<(GlobRef, Box<str>)>;

/// The future actions of one service that a statement lists.
#[derive(Clone, Debug)]
pub(crate) enum FutureMatch {
    /// None of them.
    NoActions,
    /// All of them.
    AllActions,
    /// Those whose name a pattern matches ([`ElementKind::List`]), or those whose name no pattern matches
    /// ([`ElementKind::NotList`]).
    ByName(NamePatterns, ElementKind),
}

impl FuturePatterns {
    /// The patterns of an element.
    pub fn new(element: &ActionElement, interner: &GlobInterner) -> Result<FuturePatterns, LimitExceeded> {
        let mut out = FuturePatterns { listing: element.kind, services: FxHashMap::default(), any_service: Vec::new() };
        for pattern in element.patterns.iter().filter(|p| !p.is_literal()) {
            let name = interner.intern(&tokenize_wildcards(pattern.name(), interner)?);
            let source_text: Box<str> = pattern.as_written().into();
            if pattern.service_has_wildcards() {
                let full_name = interner.intern(&tokenize_full_name(pattern, interner)?);
                out.any_service.push(WildcardServicePattern {
                    service: pattern.service().into(),
                    name,
                    full_name,
                    source_text,
                });
            } else {
                out.services.entry(pattern.service().into()).or_default().push((name, source_text));
            }
        }
        Ok(out)
    }

    /// The services that the statement names.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(|s| &**s)
    }

    /// Whether the statement may list actions of services that it does not name.
    pub fn may_list_any_service(&self) -> bool {
        self.listing == ElementKind::NotList || !self.any_service.is_empty()
    }

    /// Whether a pattern with wildcards matches a name of a service, both in lower case.
    pub fn matches_action(&self, service: &str, name: &str) -> bool {
        let is_named = self.services.get(service).into_iter().flatten().any(|(glob, _)| glob.matches(name.as_bytes()));
        is_named
            || self.any_service.iter().any(|a| matches_glob(&a.service, service) && a.name.matches(name.as_bytes()))
    }

    /// The future actions of a service that the statement lists. `None` means the services that no statement names.
    pub fn future_match(&self, service: Option<&str>) -> FutureMatch {
        let mut names: Vec<(GlobRef, Box<str>)> = Vec::new();
        match service {
            Some(service) => {
                names.extend(self.services.get(service).into_iter().flatten().cloned());
                let any = self.any_service.iter().filter(|a| matches_glob(&a.service, service));
                names.extend(any.map(|a| (a.name.clone(), a.source_text.clone())));
            }
            None => names.extend(self.any_service.iter().map(|a| (a.full_name.clone(), a.source_text.clone()))),
        }
        let everything = names.iter().any(|(g, _)| g.is_everything());
        match self.listing {
            ElementKind::List if names.is_empty() => FutureMatch::NoActions,
            ElementKind::NotList if everything => FutureMatch::NoActions,
            ElementKind::List if everything => FutureMatch::AllActions,
            ElementKind::NotList if names.is_empty() => FutureMatch::AllActions,
            listing => FutureMatch::ByName(names, listing),
        }
    }
}

fn tokenize_wildcards(text: &str, interner: &GlobInterner) -> Result<Vec<GlobToken>, LimitExceeded> {
    let mut toks = Vec::new();
    for c in text.chars() {
        match c {
            '*' => toks.push(GlobToken::AnyRun(SymbolClass::Any)),
            '?' => toks.push(GlobToken::AnyOne(SymbolClass::Any)),
            c => toks.extend(interner.tokenize_literal(c.encode_utf8(&mut [0; 4]), LetterCase::Ignore)?),
        }
    }
    Ok(toks)
}

/// The tokens over `service:name`. `*:*` becomes `*`.
fn tokenize_full_name(pattern: &ActionPattern, interner: &GlobInterner) -> Result<Vec<GlobToken>, LimitExceeded> {
    if pattern.service() == "*" && pattern.name() == "*" {
        return Ok(vec![GlobToken::AnyRun(SymbolClass::Any)]);
    }
    let mut toks = tokenize_wildcards(pattern.service(), interner)?;
    toks.push(GlobToken::Literal(b':'));
    toks.extend(tokenize_wildcards(pattern.name(), interner)?);
    Ok(toks)
}
