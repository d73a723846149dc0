//! Whether an ARN has a format of a resource type.

use super::Catalog;
use super::ids::ResourceTypeId;

impl Catalog {
    /// Whether an ARN has one of the formats of a resource type. A variable is one or more characters; which characters,
    /// see [`Catalog::excluded_characters`]. The first five segments contain no colon. The format `*` is the text `*`.
    #[doc(hidden)]
    pub fn matches_arn_format(&self, resource_type: ResourceTypeId, arn: &str) -> bool {
        self.arn_formats(resource_type).iter().any(|format| self.has_format(resource_type, format, arn))
    }

    fn has_format(&self, resource_type: ResourceTypeId, format: &str, arn: &str) -> bool {
        if format == "*" {
            return arn == "*";
        }
        let mut formats = format.splitn(6, ':');
        let mut segments = arn.splitn(6, ':');
        (0..6).all(|index| match (formats.next(), segments.next()) {
            (Some(format), Some(segment)) if index < 5 => self.matches_segment(resource_type, format, segment, ":"),
            (Some(format), Some(segment)) => self.matches_segment(resource_type, format, segment, ""),
            _ => false,
        })
    }

    /// Whether a text matches a format of literals, variables and stars. No variable contains a character of `excluded`.
    fn matches_segment(&self, resource_type: ResourceTypeId, format: &str, text: &str, excluded: &str) -> bool {
        let (class, rest, least) = match format.strip_prefix("${").and_then(|rest| rest.split_once('}')) {
            Some((variable, rest)) if excluded.is_empty() => {
                (self.excluded_characters(resource_type, variable), rest, 1)
            }
            Some((_, rest)) => (excluded, rest, 1),
            None => match format.strip_prefix('*') {
                Some(rest) => (excluded, rest, 0),
                None => {
                    let end = format.char_indices().skip(1).find(|(_, c)| matches!(c, '$' | '*'));
                    let (literal, rest) =
                        format.split_at_checked(end.map_or(format.len(), |(i, _)| i)).unwrap_or((format, ""));
                    return match text.strip_prefix(literal) {
                        Some(text) if rest.is_empty() => text.is_empty(),
                        Some(text) => self.matches_segment(resource_type, rest, text, excluded),
                        None => false,
                    };
                }
            },
        };
        let run = text.find(|c| class.contains(c)).unwrap_or(text.len());
        let ends = text.char_indices().map(|(i, _)| i).chain([text.len()]).filter(|end| (least..=run).contains(end));
        ends.into_iter().any(|end| match text.get(end..) {
            Some(after) if rest.is_empty() => after.is_empty(),
            Some(after) => self.matches_segment(resource_type, rest, after, excluded),
            None => false,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn types_of(action: &str, arn: &str) -> Vec<String> {
        let catalog = Catalog::embedded();
        let types = catalog.resource_types(catalog.shape(catalog.find_action(action).unwrap()));
        let matching = types.iter().filter(|t| catalog.matches_arn_format(**t, arn));
        matching.map(|t| catalog.resource_type_name(*t).to_owned()).collect()
    }

    #[test]
    fn arns_have_the_formats_of_their_types() {
        assert_eq!(types_of("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"), ["image"]);
        assert_eq!(types_of("ec2:RunInstances", "arn:aws:ec2:us-east-1:111122223333:subnet/subnet-1"), ["subnet"]);
        assert_eq!(types_of("s3:ListBucket", "arn:aws:s3:::b"), ["bucket"]);
        assert_eq!(types_of("s3:GetObject", "arn:aws:s3:::b/a/b:c"), ["object"]);
        assert_eq!(types_of("s3:ListBucket", "arn:aws:s3:::b/a"), [] as [String; 0]);
        assert_eq!(types_of("iam:DeletePolicy", "arn:aws:iam::aws:policy/service-role/P"), ["policy"]);
        assert_eq!(types_of("ec2:RunInstances", "arn:aws:ec2:us-east-1:111122223333:instance/"), [] as [String; 0]);
    }
}
