//! The short form of a ceiling: access levels of services.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::spanned::Spanned;
use crate::catalog::{AccessLevel, ActionId, Catalog};
use crate::iam::{DocumentKind, PolicyDocument};
use crate::source::{Diagnostic, Diagnostics, SourceFile, Span};

/// All levels with their names in the manifest.
pub(in crate::baseline) const LEVELS: [(&str, AccessLevel); 5] = [
    ("List", AccessLevel::List),
    ("Read", AccessLevel::Read),
    ("Write", AccessLevel::Write),
    ("Tagging", AccessLevel::Tagging),
    ("PermissionsManagement", AccessLevel::PermissionsManagement),
];

/// The level with this name. The spelling of AWS, `Permissions management`, is also accepted.
pub(in crate::baseline) fn parse_level(text: &str) -> Option<AccessLevel> {
    LEVELS.iter().find(|(name, level)| *name == text || level.as_str() == text).map(|(_, level)| *level)
}

/// The name of a level in the manifest.
fn manifest_level_name(level: AccessLevel) -> &'static str {
    match level {
        AccessLevel::PermissionsManagement => "PermissionsManagement",
        _ => level.as_str(),
    }
}

/// The services and actions that `levels` and `actions` refer to.
pub trait LevelCatalog {
    /// Whether a service has this prefix, for example `ce`.
    fn has_service(&self, prefix: &str) -> bool;
    /// The prefixes of all services, for suggestions.
    fn services(&self) -> Vec<String>;
    /// The names of a service's actions with a level, without the prefix. Empty for an unknown service.
    fn actions(&self, service: &str, level: AccessLevel) -> Vec<String>;
}

impl LevelCatalog for Catalog {
    fn has_service(&self, prefix: &str) -> bool {
        self.find_service(prefix).is_some()
    }

    fn services(&self) -> Vec<String> {
        Catalog::services(self).map(|service| self.service_prefix(service).to_owned()).collect()
    }

    fn actions(&self, service: &str, level: AccessLevel) -> Vec<String> {
        let ids = self.find_service(service).into_iter().flat_map(|id| self.actions_of(id));
        let matching = ids.map(ActionId).filter(|action| self.access_level(*action) == level);
        matching.map(|action| self.action_name(action).to_owned()).collect()
    }
}

/// `levels` and `resources` of an entry.
#[derive(Clone, Debug)]
pub struct Levels {
    /// The services with their levels.
    pub grants: Vec<LevelGrant>,
    /// `resources`: patterns as in a policy. Default: `*`.
    pub resources: Vec<String>,
    /// The position of `levels`.
    pub span: Span,
}

/// One service of `levels`.
#[derive(Clone, Debug)]
pub struct LevelGrant {
    /// The prefix of the service.
    pub service: Spanned<String>,
    /// The levels, in the order of the manifest.
    pub levels: Vec<Spanned<AccessLevel>>,
}

impl Levels {
    /// The services that the catalog lacks, and the levels without actions.
    pub(in crate::baseline) fn find_problems(
        &self,
        source: &Arc<SourceFile>,
        catalog: &dyn LevelCatalog,
    ) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for LevelGrant { service, levels } in &self.grants {
            if !catalog.has_service(&service.value) {
                let known = catalog.services();
                problems.push(
                    Diagnostic::error(
                        source,
                        service.span,
                        format!("no AWS service has the prefix `{}`", service.value),
                        "the prefix of a service, as in the names of its actions",
                    )
                    .with_suggestion(&service.value, known.iter().map(String::as_str)),
                );
                continue;
            }
            for level in levels {
                if catalog.actions(&service.value, level.value).is_empty() {
                    problems.push(Diagnostic::error(
                        source,
                        level.span,
                        format!("`{}` has no action of level {}", service.value, manifest_level_name(level.value)),
                        "a level that actions of the service have",
                    ));
                }
            }
        }
        problems
    }

    /// A policy document with one statement per service, which lists the actions by name.
    ///
    /// The position of the document is the position of `levels` in the manifest. Its text is generated.
    ///
    /// # Errors
    /// If the catalog lacks a service, or if a service has no action of a level.
    pub fn to_document(
        &self,
        source: &Arc<SourceFile>,
        catalog: &dyn LevelCatalog,
    ) -> Result<PolicyDocument, Diagnostics> {
        let problems = self.find_problems(source, catalog);
        if !problems.is_empty() {
            return Err(Diagnostics(problems));
        }
        let statements: Vec<_> = self.grants.iter().map(|grant| self.to_statement(grant, catalog)).collect();
        let text = json!({ "Version": "2012-10-17", "Statement": statements });
        let written = SourceFile::from_embedded(source, self.span, format!("{text:#}"));
        PolicyDocument::parse(&written, DocumentKind::Identity)
    }

    fn to_statement(&self, grant: &LevelGrant, catalog: &dyn LevelCatalog) -> serde_json::Value {
        let service = &grant.service.value;
        let levels: BTreeSet<AccessLevel> = grant.levels.iter().map(|level| level.value).collect();
        let names: BTreeSet<String> = levels.iter().flat_map(|level| catalog.actions(service, *level)).collect();
        let actions: Vec<String> = names.iter().map(|name| format!("{service}:{name}")).collect();
        let sid: Vec<&str> = levels.iter().map(|level| manifest_level_name(*level)).collect();
        json!({
            "Sid": format!("{}{}", service.replace('-', ""), sid.concat()),
            "Effect": "Allow",
            "Action": actions,
            "Resource": self.resources,
        })
    }
}
