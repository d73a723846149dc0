//! The text format of the reviewed lists in `lists/`.

/// The lines of a list that are neither empty nor comments.
pub(super) fn content_lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
