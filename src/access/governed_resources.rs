//! Which resources the policy of a resource governs (`docs/semantics.md` §4).
//!
//! The types of resources are listed in `resource_policy_types.toml`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::iam::template::VariableScope;
use crate::iam::{Arn, Effect, ElementKind, PolicyDocument, Template};

/// The resources that a resource policy governs, as patterns.
#[derive(Clone, Debug, Default)]
pub struct GovernedResources {
    /// No other policy decides about these: what it does not allow across accounts is denied.
    pub alone: Vec<Template>,
    /// Policies that the snapshot may lack decide about these, too.
    pub shared: Vec<Template>,
    /// It is unknown whether it governs these. Its Allow statements count, and its Deny statements do not.
    pub granted: Vec<Template>,
}

impl GovernedResources {
    /// Resources about which no other policy decides.
    pub fn alone(patterns: Vec<Template>) -> GovernedResources {
        GovernedResources { alone: patterns, ..GovernedResources::default() }
    }

    /// The resources that the policy of a resource governs. `has_policy`: whether the snapshot has the policy of a resource.
    pub(super) fn of_policy(
        arn: &Arn,
        document: &PolicyDocument,
        has_policy: impl Fn(&str) -> bool,
    ) -> GovernedResources {
        let prefix = format!("arn:{}:{}:{}:{}:", arn.partition(), arn.service(), arn.region(), arn.account());
        let own = Template::from_literal(arn.as_str());
        let formats = TYPES.iter().filter(|resource_type| resource_type.service == arn.service());
        let found = formats
            .filter_map(|resource_type| Some((resource_type, match_format(&resource_type.resource, arn.resource())?)));
        let Some((resource_type, names)) = found.into_iter().next() else {
            let inside = ["/*", ":*"].map(|suffix| to_pattern(&format!("{arn}{suffix}")));
            let granted = inside.into_iter().chain(list_named_patterns(document)).collect();
            return GovernedResources { granted, ..GovernedResources::alone(vec![own]) };
        };
        let to_arn = |format: &String| format!("{prefix}{}", fill_format(format, &names));
        let to_patterns = |formats: &[String]| formats.iter().map(|format| to_pattern(&to_arn(format))).collect();
        let mut own_and_inside = vec![own];
        own_and_inside.extend::<Vec<Template>>(to_patterns(&resource_type.governs));
        let mut governed = GovernedResources {
            alone: Vec::new(),
            shared: to_patterns(&resource_type.shares),
            granted: to_patterns(&resource_type.grants),
        };
        match resource_type.with.as_ref().is_none_or(|format| has_policy(&to_arn(format))) {
            true => governed.alone = own_and_inside,
            false => governed.shared.splice(0..0, own_and_inside).for_each(drop),
        }
        governed
    }

    /// The resources to which the statements with an effect apply.
    pub fn of_effect(&self, effect: Effect) -> impl Iterator<Item = &Template> {
        let granted = self.granted.iter().filter(move |_| effect == Effect::Allow);
        self.alone.iter().chain(&self.shared).chain(granted)
    }

    /// The resource with the policy.
    pub fn own_resource(&self) -> Option<&Template> {
        self.alone.first().or(self.shared.first())
    }
}

/// A type of resources that have policies.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourcePolicyType {
    service: String,
    resource: String,
    #[serde(default)]
    governs: Vec<String>,
    #[serde(default)]
    shares: Vec<String>,
    #[serde(default)]
    grants: Vec<String>,
    with: Option<String>,
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the file"))]
    source: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourcePolicyTypeFile {
    /// The day on which the list was compared with the pages.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers of the file"))]
    verified: String,
    r#type: Vec<ResourcePolicyType>,
}

static TYPES: LazyLock<Vec<ResourcePolicyType>> = LazyLock::new(|| read_file().r#type);

fn read_file() -> ResourcePolicyTypeFile {
    toml::from_str(include_str!("resource_policy_types.toml")).expect("the file is tested")
}

fn to_pattern(text: &str) -> Template {
    Template::from_resource(text, VariableScope::Nowhere)
}

/// The names in a text that has a format, with their placeholders. None if it has another format.
fn match_format<'f, 't>(mut format: &'f str, mut text: &'t str) -> Option<Vec<(&'f str, &'t str)>> {
    let mut names = Vec::new();
    while let Some((before, rest)) = format.split_once('{') {
        let (placeholder, after) = rest.split_once('}')?;
        text = text.strip_prefix(before)?;
        let next = after.split('{').next().unwrap_or_default();
        let end = match placeholder.ends_with('+') {
            true => text.len(),
            false => text.find(['/', ':']).unwrap_or(text.len()),
        };
        let (name, remaining) = text.split_at(end);
        if name.is_empty() || !remaining.starts_with(next) {
            return None;
        }
        names.push((placeholder, name));
        (format, text) = (after, remaining);
    }
    (format == text).then_some(names)
}

/// A format with names in place of its placeholders.
fn fill_format(format: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(format.to_owned(), |text, (placeholder, name)| text.replace(&format!("{{{placeholder}}}"), name))
}

/// The resources that the Allow statements of a policy name, with a wildcard in place of each variable.
fn list_named_patterns(document: &PolicyDocument) -> Vec<Template> {
    let allows = document.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let elements = allows.filter_map(|statement| statement.resource.as_ref());
    let named = elements.filter(|element| element.kind == ElementKind::List).flat_map(|element| &element.patterns);
    let named: BTreeSet<String> =
        named.filter(|pattern| !pattern.is_match_all()).map(|pattern| mask_variables(pattern.as_written())).collect();
    named.iter().map(|pattern| to_pattern(pattern)).collect()
}

/// A pattern with a wildcard in place of each variable.
fn mask_variables(pattern: &str) -> String {
    let mut parts = pattern.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{text}*{}", part.split_once('}').map_or("", |(_, rest)| rest)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::iam::DocumentKind;
    use crate::source::SourceFile;

    fn govern(arn: &str, resource: &str, known: &[&str]) -> GovernedResources {
        let text = format!(
            r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "{resource}"}}}}"#
        );
        let document = PolicyDocument::parse(&SourceFile::new("p", text), DocumentKind::Resource).unwrap();
        GovernedResources::of_policy(&Arn::parse(arn).unwrap(), &document, |arn| known.contains(&arn))
    }

    fn at(service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:us-east-1:111122223333:{resource}")
    }

    fn written(patterns: &[Template]) -> Vec<&str> {
        patterns.iter().map(Template::as_written).collect()
    }

    #[test]
    fn a_policy_governs_its_resource_and_some_resources_with_other_arns() {
        for (service, resource, others) in [
            ("sqs", "q", &[][..]),
            ("lambda", "function:f", &[]),
            ("lambda", "function:f:prod", &[]),
            ("dynamodb", "table/t", &["table/t/index/*"]),
            ("dynamodb", "table/t/stream/2026-01-01T00:00:00.000", &[]),
            ("kinesis", "stream/s", &[]),
            ("events", "event-bus/b", &["rule/b/*"]),
            ("events", "event-bus/default", &[]),
            ("schemas", "registry/r", &["schema/r/*"]),
            ("kafka", "cluster/c/1", &["topic/c/1/*", "group/c/1/*", "transactional-id/c/1/*"]),
            ("logs", "log-group:/aws/lambda/f", &["log-group:/aws/lambda/f:*"]),
            ("glue", "catalog", &["*"]),
        ] {
            let expected: Vec<String> = [resource].iter().chain(others).map(|resource| at(service, resource)).collect();
            assert_eq!(written(&govern(&at(service, resource), "*", &[]).alone), expected);
        }
        let bucket = govern("arn:aws:s3:::b", "*", &[]);
        assert_eq!(written(&bucket.alone), ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]);
        assert_eq!(written(&govern(&at("events", "event-bus/default"), "*", &[]).granted), [at("events", "rule/*")]);
    }

    #[test]
    fn a_policy_shares_resources_with_their_own_policies() {
        let domain = govern(&at("codeartifact", "domain/d"), "*", &[]);
        assert_eq!(written(&domain.alone), [at("codeartifact", "domain/d")]);
        let inside = ["repository/d/*", "package/d/*", "package-group/d/*"].map(|inside| at("codeartifact", inside));
        assert_eq!(written(&domain.shared), inside);
        // Without the policy of the domain, that of the repository is not all that decides.
        let own = ["repository/d/r", "package/d/r/*"].map(|inside| at("codeartifact", inside));
        let repository = |known: &[&str]| govern(&at("codeartifact", "repository/d/r"), "*", known);
        assert_eq!(written(&repository(&[]).shared), own);
        assert_eq!(written(&repository(&[&at("codeartifact", "domain/d")]).alone), own);
        let group = govern(&at("sagemaker", "model-package-group/g"), "*", &[]);
        assert_eq!(written(&group.shared), [at("sagemaker", "model-package/g/*")]);
    }

    #[test]
    fn a_policy_of_another_type_grants_what_it_names() {
        let named = at("xray", "report/${aws:username}/*");
        let governed = govern(&at("xray", "group/g"), &named, &[]);
        assert_eq!(written(&governed.alone), [at("xray", "group/g")]);
        let granted = ["group/g/*", "group/g:*", "report/*/*"].map(|resource| at("xray", resource));
        assert_eq!(written(&governed.granted), granted);
        assert_eq!(governed.of_effect(Effect::Deny).count(), 1);
        assert_eq!(written(&govern(&at("xray", "group/g"), "*", &[]).granted).len(), 2);
    }

    #[test]
    fn the_list_of_types() {
        assert_eq!(read_file().verified, "2026-11-29");
        let catalog = Catalog::embedded();
        for resource_type in TYPES.iter() {
            assert!(!resource_type.source.is_empty());
            assert!(catalog.find_service(&resource_type.service).is_some(), "{}", resource_type.service);
        }
    }
}
