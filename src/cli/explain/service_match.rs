//! Which statements concern the service of an action.

use iamdrift::baseline::Glob;
use iamdrift::iam::{ElementKind, Statement};

/// Whether an action pattern of a statement can match the service of `action`.
pub fn may_list_service(statement: &Statement, action: &str) -> bool {
    let service = action.split_once(':').map_or(action, |(service, _)| service).to_ascii_lowercase();
    statement.action.patterns.iter().any(|pattern| Glob::new(pattern.service()).matches(&service))
        || statement.action.kind == ElementKind::NotList
}
