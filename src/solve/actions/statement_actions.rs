//! The actions of a statement: a bitset over the catalog, and what is needed for names that it does not know.

use fixedbitset::FixedBitSet;

use super::future_patterns::FuturePatterns;
use crate::catalog::{ActionId, Catalog};
use crate::iam::ElementKind;
use crate::iam::element::ActionElement;
use crate::solve::LimitExceeded;
use crate::solve::strings::interned_glob::GlobInterner;

/// The actions of a statement.
#[derive(Debug)]
pub struct StatementActions {
    /// The catalog's actions, by [`ActionId`].
    pub known: FixedBitSet,
    /// The element itself, for actions that the catalog does not know.
    pub element: ActionElement,
    /// Names in it that the catalog does not know: in lower case, and as written.
    pub(crate) unknown: Vec<(String, String)>,
    /// Its patterns with wildcards, for actions that do not exist yet.
    pub(crate) future_patterns: FuturePatterns,
}

impl StatementActions {
    pub(crate) fn new(
        element: &ActionElement,
        catalog: &Catalog,
        interner: &GlobInterner,
    ) -> Result<StatementActions, LimitExceeded> {
        let mut known = FixedBitSet::with_capacity(catalog.action_count());
        let mut unknown = Vec::new();
        for pattern in &element.patterns {
            if pattern.is_literal() {
                let lower = format!("{}:{}", pattern.service(), pattern.name());
                match catalog.find_action(&lower) {
                    Some(ActionId(id)) => known.insert(id as usize),
                    None => unknown.push((lower, pattern.as_written().to_owned())),
                }
                continue;
            }
            if pattern.service() == "*" && pattern.name() == "*" {
                known.insert_range(..);
                continue;
            }
            let services: Vec<_> = if pattern.service_has_wildcards() {
                catalog.services().filter(|s| wildcard_matches(pattern.service(), catalog.service_prefix(*s))).collect()
            } else {
                catalog.find_service(pattern.service()).into_iter().collect()
            };
            for service in services {
                for id in catalog.actions_of(service) {
                    if wildcard_matches(pattern.name(), catalog.action_lowercase_name(ActionId(id))) {
                        known.insert(id as usize);
                    }
                }
            }
        }
        if element.kind == ElementKind::NotList {
            known.toggle_range(..);
        }
        let wild = FuturePatterns::new(element, interner)?;
        Ok(StatementActions { known, element: element.clone(), unknown, future_patterns: wild })
    }

    /// Those of them that a service takes (any, if none is given), and of these those of services that
    /// support resource control policies, if only they are asked for.
    pub(crate) fn restrict_to_services(
        &self,
        catalog: &Catalog,
        service: Option<&str>,
        rcp_only: bool,
    ) -> StatementActions {
        let mut allowed = FixedBitSet::with_capacity(catalog.action_count());
        for id in catalog.services() {
            let is_selected = service.is_none_or(|s| catalog.service_prefix(id) == s);
            if is_selected && (!rcp_only || catalog.supports_rcp(id)) {
                let range = catalog.actions_of(id);
                allowed.insert_range(range.start as usize..range.end as usize);
            }
        }
        allowed.intersect_with(&self.known);
        StatementActions {
            known: allowed,
            element: self.element.clone(),
            unknown: self.unknown.clone(),
            future_patterns: self.future_patterns.clone(),
        }
    }

    /// Whether an action that the catalog does not know, in lower case, is among them.
    pub fn lists_unknown_action(&self, service: &str, name: &str) -> bool {
        let is_named = || self.unknown.iter().any(|(lower, _)| lower.split_once(':') == Some((service, name)));
        (self.future_patterns.matches_action(service, name) || is_named()) == (self.element.kind == ElementKind::List)
    }
}

/// `*` and `?` over ASCII names.
pub(crate) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(i), text.get(j)) {
            (Some(b'*'), _) => {
                if i + 1 == pattern.len() {
                    return true;
                }
                star = Some((i + 1, j));
                i += 1;
                continue;
            }
            (Some(p), Some(t)) if *p == b'?' || p == t => {
                i += 1;
                j += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match star {
            Some((after, from)) if from < text.len() => {
                star = Some((after, from + 1));
                i = after;
                j = from + 1;
            }
            _ => return false,
        }
    }
}
