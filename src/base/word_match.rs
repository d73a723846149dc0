//! The words of a name: `AmazonBedrockAgentRole_1` consists of amazon, bedrock, agent, role, 1.

/// Consecutive words of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WordSequence(Vec<String>);

impl WordSequence {
    /// The words of a text, in lower case: runs of letters and runs of digits. A capital letter starts a word.
    pub fn parse(text: &str) -> WordSequence {
        let mut words: Vec<String> = Vec::new();
        let mut chars = text.chars().peekable();
        let mut previous: Option<char> = None;
        while let Some(c) = chars.next() {
            if c.is_alphanumeric() {
                let starts_word = match previous {
                    Some(b) if b.is_alphanumeric() => {
                        let ends_acronym = b.is_uppercase()
                            && c.is_uppercase()
                            && chars.peek().is_some_and(|next| next.is_lowercase());
                        b.is_numeric() != c.is_numeric() || (b.is_lowercase() && c.is_uppercase()) || ends_acronym
                    }
                    _ => true,
                };
                match words.last_mut() {
                    Some(word) if !starts_word => word.extend(c.to_lowercase()),
                    _ => words.push(c.to_lowercase().collect()),
                }
            }
            previous = Some(c);
        }
        WordSequence(words)
    }

    /// Whether the sequence has no words.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the words of another sequence contain these words consecutively. False if this sequence is empty.
    pub fn is_contained_in(&self, text: &WordSequence) -> bool {
        !self.0.is_empty() && text.0.windows(self.0.len()).any(|window| window == self.0)
    }
}

impl std::fmt::Display for WordSequence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_names_into_words() {
        for (name, words) in [
            ("AmazonBedrockAgentRole_1", "amazon bedrock agent role 1"),
            ("AWSReservedSSO_KiroAgent", "aws reserved sso kiro agent"),
            ("/agents/kiro-cost-explorer", "agents kiro cost explorer"),
            ("claudeCode2prod", "claude code 2 prod"),
            ("ÜberAgent", "über agent"),
            ("--", ""),
        ] {
            assert_eq!(WordSequence::parse(name).to_string(), words);
        }
    }

    #[test]
    fn finds_complete_words_in_order() {
        let is_contained =
            |words: &str, name: &str| WordSequence::parse(words).is_contained_in(&WordSequence::parse(name));
        assert!(is_contained("claude code", "my-claude-code-role") && is_contained("claude-code", "ClaudeCode"));
        assert!(is_contained("kiro", "Kiro"));
        assert!(
            !is_contained("devin", "devinfra") && !is_contained("code claude", "claude-code") && !is_contained("", "x")
        );
    }
}
