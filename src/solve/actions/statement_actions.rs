//! The actions of a statement: a bit set over the catalog, and the patterns for names that the catalog does not know.

use fixedbitset::FixedBitSet;

use super::future_patterns::FuturePatterns;
use crate::access::RCP_EXEMPT_ACTION;
use crate::base::glob::matches_glob;
use crate::catalog::{ActionId, Catalog};
use crate::iam::ElementKind;
use crate::iam::element::ActionElement;
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interner::GlobInterner;

/// The actions of a statement.
#[derive(Debug)]
pub(crate) struct StatementActions {
    /// The actions of the catalog, by [`ActionId`].
    pub known: FixedBitSet,
    /// The element, for actions that the catalog does not know.
    pub element: ActionElement,
    /// The names in the element that the catalog does not know: in lower case, and as written.
    pub(crate) unknown: Vec<(String, String)>,
    /// The patterns with wildcards, for future actions.
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
                catalog.services().filter(|s| matches_glob(pattern.service(), catalog.service_prefix(*s))).collect()
            } else {
                catalog.find_service(pattern.service()).into_iter().collect()
            };
            for service in services {
                for id in catalog.actions_of(service) {
                    if matches_glob(pattern.name(), catalog.action_lowercase_name(ActionId(id))) {
                        known.insert(id as usize);
                    }
                }
            }
        }
        if element.kind == ElementKind::NotList {
            known.toggle_range(..);
        }
        let future_patterns = FuturePatterns::new(element, interner)?;
        Ok(StatementActions { known, element: element.clone(), unknown, future_patterns })
    }

    /// The actions of one service (of any service if None). With `rcp_only`, only actions to which
    /// resource control policies apply.
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
        if rcp_only && let Some(exempt) = catalog.find_action(RCP_EXEMPT_ACTION) {
            allowed.set(exempt.0 as usize, false);
        }
        allowed.intersect_with(&self.known);
        StatementActions {
            known: allowed,
            element: self.element.clone(),
            unknown: self.unknown.clone(),
            future_patterns: self.future_patterns.clone(),
        }
    }

    /// Whether the statement lists an action that the catalog does not know. Both names are in lower case.
    pub fn lists_unknown_action(&self, service: &str, name: &str) -> bool {
        let is_named = || self.unknown.iter().any(|(lower, _)| lower.split_once(':') == Some((service, name)));
        (self.future_patterns.matches_action(service, name) || is_named()) == (self.element.kind == ElementKind::List)
    }
}
