//! `*` and `?` over ASCII names, such as the names of services and actions.

/// Whether a pattern matches a whole text.
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
