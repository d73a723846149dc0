//! Words of names: `AmazonBedrockAgentRole_1` is amazon, bedrock, agent, role, 1.

/// Words that stand one after the other in a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of a text, in lower case: runs of letters and runs of digits; a capital begins a word.
    pub fn of(text: &str) -> Words {
        let mut words: Vec<String> = Vec::new();
        let mut chars = text.chars().peekable();
        let mut before: Option<char> = None;
        while let Some(c) = chars.next() {
            if c.is_alphanumeric() {
                let fresh = match before {
                    Some(b) if b.is_alphanumeric() => {
                        let ends_acronym = b.is_uppercase()
                            && c.is_uppercase()
                            && chars.peek().is_some_and(|next| next.is_lowercase());
                        b.is_numeric() != c.is_numeric() || (b.is_lowercase() && c.is_uppercase()) || ends_acronym
                    }
                    _ => true,
                };
                match words.last_mut() {
                    Some(word) if !fresh => word.extend(c.to_lowercase()),
                    _ => words.push(c.to_lowercase().collect()),
                }
            }
            before = Some(c);
        }
        Words(words)
    }

    /// Whether there is no word.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these stand one after the other among others.
    pub fn stand_in(&self, others: &Words) -> bool {
        !self.0.is_empty() && others.0.windows(self.0.len()).any(|window| window == self.0)
    }
}

impl std::fmt::Display for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, words) in [
            ("AmazonBedrockAgentRole_1", "amazon bedrock agent role 1"),
            ("AWSReservedSSO_KiroAgent", "aws reserved sso kiro agent"),
            ("/agents/kiro-cost-explorer", "agents kiro cost explorer"),
            ("claudeCode2prod", "claude code 2 prod"),
            ("ÜberAgent", "über agent"),
            ("--", ""),
        ] {
            assert_eq!(Words::of(name).to_string(), words);
        }
    }

    #[test]
    fn whole_words_in_their_order_are_found() {
        let stand = |words: &str, name: &str| Words::of(words).stand_in(&Words::of(name));
        assert!(stand("claude code", "my-claude-code-role") && stand("claude-code", "ClaudeCode"));
        assert!(stand("kiro", "Kiro"));
        assert!(!stand("devin", "devinfra") && !stand("code claude", "claude-code") && !stand("", "x"));
    }
}
