//! Colors: severities, rule ids, and a dimmed style for places.

use owo_colors::Style;

use crate::audit::Severity;

pub(super) const PLAIN: Style = Style::new();
pub(super) const NAME: Style = Style::new().bold();
pub(super) const RULE: Style = Style::new().cyan();
pub(super) const PLACE: Style = Style::new().dimmed();
pub(super) const WARNING: Style = Style::new().yellow().bold();

pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().red().bold(),
        Severity::High => Style::new().red(),
        Severity::Medium => Style::new().yellow(),
        Severity::Low => Style::new().blue(),
        Severity::Info => PLAIN,
    }
}

/// The severity in a heading: `CRITICAL`.
pub(super) fn severity_label(severity: Severity) -> String {
    severity.as_str().to_uppercase()
}
