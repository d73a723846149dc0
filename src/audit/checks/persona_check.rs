//! The ceiling of a persona: it applies to the requests that match the condition of the persona.

use std::sync::Arc;

use crate::audit::subject::check::{Check, CheckKind};
use crate::audit::subject::resolved_ceiling::ResolvedCeiling;
use crate::audit::subject::synthetic::build_ceiling;
use crate::baseline::Persona;
use crate::iam::Statement;
use crate::iam::element::{ActionElement, ResourceElement};

/// The check of a persona, which has this index in the baseline.
pub(crate) fn build_persona_check(index: usize, persona: &Persona, expected: Arc<ResolvedCeiling>) -> Check {
    Check {
        kind: CheckKind::Persona(index),
        name: format!("persona \"{}\"", persona.name.value),
        scope: build_ceiling("requests of the persona", vec![allow_persona_requests(persona)]),
        expected,
    }
}

/// A statement that allows every request of a persona.
pub(crate) fn allow_persona_requests(persona: &Persona) -> Statement {
    let allow_all = Statement::allow(ActionElement::any(), ResourceElement::any());
    allow_all.under(persona.when.conditions.iter().cloned())
}
