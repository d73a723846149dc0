//! Arguments that take one of a list of names.

/// The value with this name, in any case.
///
/// # Errors
/// An unknown name. The message lists all names.
pub fn parse_named_value<T: Clone>(text: &str, values: &[(&'static str, T)]) -> Result<T, String> {
    match values.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some((_, value)) => Ok(value.clone()),
        None => {
            let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
            Err(format!("expected one of {}", names.join(", ")))
        }
    }
}
