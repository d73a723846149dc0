//! Amazon Resource Names.

use std::fmt;

/// An ARN of six segments: `arn:partition:service:region:account:resource`.
///
/// Only the shape is checked; the segments keep their original text.
///
/// AWS: *Identify AWS resources with Amazon Resource Names (ARNs)*.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct Arn {
    text: Box<str>,
    /// Offsets of the five colons.
    colons: [usize; 5],
}

impl Arn {
    /// Parses an ARN. `None` if the text has fewer than six segments or does not start with `arn:`.
    pub fn parse(text: &str) -> Option<Arn> {
        let mut found = text.match_indices(':').map(|(i, _)| i);
        let mut colons = [0; 5];
        for slot in &mut colons {
            *slot = found.next()?;
        }
        text.starts_with("arn:").then(|| Arn { text: text.into(), colons })
    }

    /// Whether it is the ARN of a role.
    pub(crate) fn is_role(&self) -> bool {
        self.service() == "iam" && self.resource().starts_with("role/")
    }

    /// Whether it is the ARN of a KMS key. An alias is none.
    pub(crate) fn is_kms_key(&self) -> bool {
        self.service() == "kms" && self.resource().starts_with("key/")
    }

    fn segment(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|i| self.colons.get(i)).map_or(0, |c| c + 1);
        let end = self.colons.get(index).copied().unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or("")
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.segment(1)
    }

    /// The namespace of the service, for example `iam`.
    pub fn service(&self) -> &str {
        self.segment(2)
    }

    /// The Region. Empty for global resources.
    pub fn region(&self) -> &str {
        self.segment(3)
    }

    /// The account number. Empty if the ARN contains none.
    pub fn account(&self) -> &str {
        self.segment(4)
    }

    /// The part after the fifth colon.
    pub fn resource(&self) -> &str {
        self.segment(5)
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A twelve-digit AWS account number.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct AccountId(Box<str>);

impl AccountId {
    /// Parses an account number. `None` unless the text is twelve digits.
    ///
    /// ```
    /// use iamdrift::snapshot::AccountId;
    ///
    /// assert!(AccountId::parse("111122223333").is_some());
    /// assert!(AccountId::parse("1111-2222-3333").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<AccountId> {
        (text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())).then(|| AccountId(text.into()))
    }

    /// The twelve digits.
    #[doc(hidden)]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A group of Regions with its own accounts. A principal can only act in its own partition.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Partition(&'static str);

impl Partition {
    /// All partitions that AWS documents.
    pub const ALL: [Partition; 8] = [
        Partition("aws"),
        Partition("aws-cn"),
        Partition("aws-us-gov"),
        Partition("aws-iso"),
        Partition("aws-iso-b"),
        Partition("aws-iso-e"),
        Partition("aws-iso-f"),
        Partition("aws-eusc"),
    ];

    /// The partition with this name.
    pub fn parse(text: &str) -> Option<Partition> {
        Partition::ALL.into_iter().find(|p| p.0 == text)
    }

    /// The name in an ARN.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn segments() {
        let arn = Arn::parse("arn:aws-cn:lambda:cn-north-1:111122223333:function:f:1").unwrap();
        assert_eq!(
            (arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource()),
            ("aws-cn", "lambda", "cn-north-1", "111122223333", "function:f:1")
        );
        assert!(Arn::parse("arn:aws:s3").is_none());
        assert!(AccountId::parse("11112222333").is_none());
    }
}
