//! Resource policies of REST APIs: their short resource names (`execute-api:/*`).

use std::sync::Arc;

use crate::iam::{AccountId, Arn, PolicyDocument, Template};

/// The start of a short resource name.
const SHORT_NAME: &str = "execute-api:/";

/// The ARN with which API Gateway completes the short names of a resource policy: that of the API in `execute-api`. `None`
/// if the resource is not an API.
pub(super) fn find_api(resource: &Arn, owner: &AccountId) -> Option<Arn> {
    let (account, id) = match resource.service() {
        "execute-api" => (resource.account(), resource.resource().split('/').next()?),
        "apigateway" => (owner.as_str(), resource.resource().strip_prefix("/restapis/")?.split('/').next()?),
        _ => return None,
    };
    Arn::parse(&format!("arn:{}:execute-api:{}:{account}:{id}", resource.partition(), resource.region()))
}

/// A document with full ARNs for short names. API Gateway replaces the names when it saves the policy.
// AWS: API Gateway resource policy examples
pub(super) fn expand_short_names(document: &Arc<PolicyDocument>, api: &Arn) -> Arc<PolicyDocument> {
    let is_short = |pattern: &Template| pattern.as_written().starts_with(SHORT_NAME);
    let mut patterns = document.statements.iter().flat_map(|s| &s.resource).flat_map(|element| &element.patterns);
    if !patterns.any(is_short) {
        return Arc::clone(document);
    }
    let variables = document.version.resource_variables();
    let mut expanded = PolicyDocument::clone(document);
    for pattern in expanded.statements.iter_mut().flat_map(|s| &mut s.resource).flat_map(|e| &mut e.patterns) {
        if let Some(path) = pattern.as_written().strip_prefix(SHORT_NAME) {
            *pattern = Template::from_resource(&format!("{api}/{path}"), variables);
        }
    }
    Arc::new(expanded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn apis_by_their_arns() {
        let owner = AccountId::parse("111122223333").unwrap();
        for (resource, expected) in [
            ("arn:aws:execute-api:us-east-1:111122223333:abc", Some("arn:aws:execute-api:us-east-1:111122223333:abc")),
            (
                "arn:aws:execute-api:us-east-1:111122223333:abc/*",
                Some("arn:aws:execute-api:us-east-1:111122223333:abc"),
            ),
            ("arn:aws:apigateway:us-east-1::/restapis/abc", Some("arn:aws:execute-api:us-east-1:111122223333:abc")),
            ("arn:aws:apigateway:us-east-1::/domainnames/abc", None),
            ("arn:aws:s3:::abc", None),
        ] {
            let api = find_api(&Arn::parse(resource).unwrap(), &owner);
            assert_eq!(api.as_ref().map(Arn::as_str), expected, "{resource}");
        }
    }
}
