//! Numbers and plurals in text for people.

/// A count with its noun: `1 action`, `4,000 actions`. The plural of the noun ends in `s`.
pub fn format_count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", format_number(n), if n == 1 { "" } else { "s" })
}

/// A number with its digits grouped: `4,000`.
pub fn format_number(n: usize) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The destructive share of `all` actions, to append to their count: `, 57 of them destructive`. Empty if `n` is 0.
pub(crate) fn format_destructive_share(n: usize, all: usize) -> String {
    match n {
        0 => String::new(),
        1 if all == 1 => ", a destructive one".to_owned(),
        _ if n == all => ", all of them destructive".to_owned(),
        _ => format!(", {} of them destructive", format_number(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(format_number).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(format_destructive_share(1234, 5000), ", 1,234 of them destructive");
        assert_eq!(format_destructive_share(1, 1), ", a destructive one");
        assert_eq!(format_destructive_share(2, 2), ", all of them destructive");
        assert_eq!(format_destructive_share(0, 1), "");
        assert_eq!(
            (format_count(1, "action"), format_count(2, "action")),
            ("1 action".to_owned(), "2 actions".to_owned())
        );
    }
}
