//! Counts, as findings and reports write them.

/// `1 action`, `4,000 actions`: the noun takes an `s`.
pub fn format_count(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", format_number(n), if n == 1 { "" } else { "s" })
}

/// `4000` as `4,000`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown: Vec<String> = [0, 999, 1000, 1_234_567].into_iter().map(format_number).collect();
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            (format_count(1, "action"), format_count(2, "action")),
            ("1 action".to_owned(), "2 actions".to_owned())
        );
    }
}
