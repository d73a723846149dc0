//! Which requests a principal can make: the facts about context keys. AWS: *AWS global condition context keys*.

use super::evaluator::decision::Owner;
use super::evaluator::principal_element::Caller;
use super::evaluator::scalar::{format_epoch, parse_instant};
use super::evaluator::world::{PrincipalKind, World};
use super::evaluator::{Context, Request, Value};
use super::generator::services::{Shape, find_action};

/// The moment of most requests: noon of the day of the audit.
pub const NOW: &str = "2026-11-29T12:00:00Z";
/// The start of the day of the audit, in UTC.
const START: &str = "2026-11-29T00:00:00Z";

/// A trust policy needs it for all session tags, those of an assertion or a token too. AWS: *Pass session tags in AWS STS*
const TAG_SESSION_ACTIONS: [&str; 1] = ["sts:TagSession"];
const SERVICE_CALL_KEYS: [&str; 6] = [
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
];
pub const VPC_KEYS: [&str; 3] = ["aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"];

fn one(text: &str) -> Value {
    Value::One(text.to_owned())
}

fn arn_segment(arn: &str, index: usize) -> &str {
    arn.splitn(6, ':').nth(index).unwrap_or("")
}

/// Whether every session has exactly the tags of the user or role.
pub fn has_fixed_tags(caller: &Caller<'_>) -> bool {
    caller.principal.kind == PrincipalKind::User || !caller.principal.trust_lists(&TAG_SESSION_ACTIONS)
}

/// The keys whose values follow from the principal.
pub fn list_principal_facts(world: &World, caller: &Caller<'_>) -> Context {
    let principal = caller.principal;
    let mut facts = Context::new();
    let mut set = |key: &str, value: Value| facts.insert(key.to_owned(), value);
    set("aws:principalarn", one(&principal.arn));
    set("aws:principalaccount", one(&principal.account));
    set("aws:principalisawsservice", one("false"));
    match principal.kind {
        PrincipalKind::User => {
            set("aws:principaltype", one("User"));
            set("aws:username", one(&principal.name));
            set("aws:userid", one(&principal.unique_id));
        }
        PrincipalKind::Role => {
            set("aws:principaltype", one("AssumedRole"));
            set("aws:userid", one(&format!("{}:{}", principal.unique_id, caller.session)));
        }
    }
    for (name, value) in &principal.tags {
        set(&format!("aws:principaltag/{}", name.to_lowercase()), one(value));
    }
    if let Some(organization) = world.organization.as_ref().filter(|org| org.is_member(&principal.account)) {
        set("aws:principalorgid", one(&organization.id));
        set("aws:principalorgpaths", Value::Many(vec![organization.format_path(&principal.account)]));
    }
    facts
}

/// The Region that a request calls. `None` if its resource does not settle that.
pub fn find_region(request: &Request) -> Option<&str> {
    match arn_segment(&request.resource, 3) {
        // AWS: *Grant a user permissions to pass a role to an AWS service*: a permission without a request of its own. The
        // service that gets the role checks it.
        "" if request.action.eq_ignore_ascii_case("iam:PassRole") => None,
        // AWS: *AWS global condition context keys*, `aws:RequestedRegion`: global services.
        "" if request.action.to_lowercase().starts_with("iam:") => Some("us-east-1"),
        // AWS: *Creating backup copies across AWS Regions* (AWS Backup Developer Guide)
        _ if request.action.to_lowercase().starts_with("backup:copy") => None,
        "" => None,
        region => Some(region),
    }
}

/// Adds the keys that a request has and that a witness need not list. `is_through_endpoint`: through a VPC endpoint.
pub fn complete(world: &World, caller: &Caller<'_>, request: &mut Request, is_through_endpoint: bool) {
    let region = find_region(request).unwrap_or("eu-west-1").to_owned();
    let context = &mut request.context;
    let mut add = |key: &str, value: Value| {
        context.entry(key.to_owned()).or_insert(value);
    };
    for (key, value) in list_principal_facts(world, caller) {
        if has_fixed_tags(caller) || !key.starts_with("aws:principaltag/") {
            add(&key, value);
        }
    }
    add("aws:requestedregion", one(&region));
    add("aws:securetransport", one("true"));
    add("aws:useragent", one("aws-cli"));
    add("aws:currenttime", one(NOW));
    let instant = parse_instant(&request.context["aws:currenttime"].list().concat());
    let context = &mut request.context;
    let mut add = |key: &str, value: Value| {
        context.entry(key.to_owned()).or_insert(value);
    };
    add("aws:epochtime", one(&format_epoch(instant.unwrap())));
    if caller.principal.kind == PrincipalKind::Role {
        add("aws:tokenissuetime", one(NOW));
    }
    if find_action(&request.action).is_some_and(|action| action.service() == "ec2") {
        let region = request.context["aws:requestedregion"].clone();
        request.context.entry("ec2:region".to_owned()).or_insert(region);
    }
    let context = &mut request.context;
    let is_forwarded = context.contains_key("aws:calledvia");
    context.entry("aws:viaawsservice".to_owned()).or_insert(one(if is_forwarded { "true" } else { "false" }));
    let uses_endpoint = VPC_KEYS.iter().any(|key| context.contains_key(*key));
    if context.contains_key("aws:multifactorauthpresent") || context.contains_key("aws:multifactorauthage") {
        context.entry("aws:tokenissuetime".to_owned()).or_insert(one(NOW));
    }
    if context.contains_key("aws:multifactorauthage") {
        context.entry("aws:multifactorauthpresent".to_owned()).or_insert(one("true"));
    }
    if caller.principal.kind == PrincipalKind::User && context.contains_key("aws:tokenissuetime") {
        context.entry("aws:multifactorauthpresent".to_owned()).or_insert(one("false"));
    }
    if !uses_endpoint && !is_through_endpoint {
        context.entry("aws:sourceip".to_owned()).or_insert(one("198.51.100.77"));
    } else if is_through_endpoint && !context.contains_key("aws:sourceip") {
        for (key, value) in VPC_KEYS.into_iter().zip(["vpc-0", "vpce-0", "172.31.0.77"]) {
            context.entry(key.to_owned()).or_insert(one(value));
        }
    }
    complete_tags(context);
}

/// A tag of the request is in `aws:TagKeys`, and the reverse.
fn complete_tags(context: &mut Context) {
    let is_tag = |key: &&String| key.starts_with("aws:requesttag/");
    let names: Vec<String> =
        context.keys().filter(is_tag).map(|key| key["aws:requesttag/".len()..].to_owned()).collect();
    if !names.is_empty() {
        context.entry("aws:tagkeys".to_owned()).or_insert(Value::Many(names));
    }
}

/// What contradicts the facts in a complete request, with the area of each fact.
pub fn list_contradictions(
    world: &World,
    caller: &Caller<'_>,
    request: &Request,
    owner: &Owner,
) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    find_principal_contradictions(world, caller, request, &mut found);
    find_resource_contradictions(world, request, owner, &mut found);
    find_session_contradictions(caller, request, &mut found);
    find_linked_contradictions(request, &mut found);
    find_service_key_contradictions(request, &mut found);
    found
}

type Found = Vec<(&'static str, String)>;

fn find_principal_contradictions(world: &World, caller: &Caller<'_>, request: &Request, found: &mut Found) {
    let facts = list_principal_facts(world, caller);
    let fixed_tags = has_fixed_tags(caller);
    for (key, value) in &facts {
        let is_free = !fixed_tags && key.starts_with("aws:principaltag/");
        if !is_free && request.context.get(key) != Some(value) {
            let area = if key.starts_with("aws:principaltag/") { "tags-of-roles" } else { "principal" };
            found.push((area, format!("{key} is {value:?}")));
        }
    }
    for key in request.context.keys() {
        let is_tag = key.starts_with("aws:principaltag/") && fixed_tags;
        if (is_tag || key == "aws:username") && !facts.contains_key(key) {
            let area = if is_tag { "tags-of-roles" } else { "principal" };
            found.push((area, format!("the principal has no {key}")));
        }
        if SERVICE_CALL_KEYS.contains(&key.as_str()) {
            found.push(("service-call", format!("only requests of services have {key}")));
        }
    }
}

fn find_resource_contradictions(world: &World, request: &Request, owner: &Owner, found: &mut Found) {
    let text = |key: &str| request.context.get(key).map(|value| value.list().concat());
    if let Some(region) = find_region(request)
        && text("aws:requestedregion").is_some_and(|requested| requested != region)
    {
        let area = if arn_segment(&request.resource, 3).is_empty() { "global-region" } else { "region" };
        found.push((area, format!("aws:RequestedRegion is {region}")));
    }
    let Some(owner) = owner else { return };
    if request.resource == "*" {
        return;
    }
    if text("aws:resourceaccount").is_some_and(|account| account != *owner) {
        found.push(("resource-account", format!("aws:ResourceAccount is {owner}")));
    }
    if let Some(organization) = world.organization.as_ref().filter(|org| org.is_member(owner))
        && text("aws:resourceorgid").is_some_and(|id| id != organization.id)
    {
        found.push(("resource-org", format!("aws:ResourceOrgID is {}", organization.id)));
    }
}

fn find_session_contradictions(caller: &Caller<'_>, request: &Request, found: &mut Found) {
    let text = |key: &str| request.context.get(key).map(|value| value.list().concat().to_lowercase());
    let is_user = caller.principal.kind == PrincipalKind::User;
    let mfa = text("aws:multifactorauthpresent");
    if text("aws:multifactorauthage").is_some() && mfa.as_deref() != Some("true") {
        found.push(("mfa-age", "aws:MultiFactorAuthAge without aws:MultiFactorAuthPresent".to_owned()));
    }
    if !is_user && mfa.as_deref() == Some("true") {
        found.push(("mfa-of-roles", "AWS's pages disagree about MFA in a role session".to_owned()));
    }
    if is_user && mfa.is_some() != text("aws:tokenissuetime").is_some() {
        found.push(("session", "temporary credentials of a user have both keys".to_owned()));
    }
    if is_user && text("aws:sourceidentity").is_some() {
        found.push(("session", "a user has no aws:SourceIdentity".to_owned()));
    }
    let instant = |key: &str| request.context.get(key).map(|value| parse_instant(&value.list().concat()));
    let start = parse_instant(START);
    for key in ["aws:currenttime", "aws:epochtime"] {
        if instant(key).is_some_and(|instant| instant < start) {
            found.push(("clock", format!("{key} is before the day of the audit")));
        }
    }
    if instant("aws:currenttime") != instant("aws:epochtime") {
        found.push(("clock", "the keys of the time differ".to_owned()));
    }
    let has_endpoint = VPC_KEYS.iter().any(|key| text(key).is_some());
    if has_endpoint == text("aws:sourceip").is_some() {
        found.push(("network", "a request has aws:SourceIp or VPC keys".to_owned()));
    }
}

fn find_linked_contradictions(request: &Request, found: &mut Found) {
    let text = |key: &str| request.context.get(key).map(|value| value.list().concat().to_lowercase());
    let calls = text("aws:calledvia");
    if calls.is_some() && text("aws:viaawsservice").as_deref() != Some("true") {
        let area = if calls.as_deref() == Some("") { "empty-set" } else { "via" };
        found.push((area, "aws:CalledVia without aws:ViaAWSService".to_owned()));
    }
    if text("ec2:region").is_some() && text("ec2:region") != text("aws:requestedregion") {
        found.push(("linked-keys", "ec2:Region is aws:RequestedRegion".to_owned()));
    }
    let tag_keys = request.context.get("aws:tagkeys").map(|keys| keys.list().to_vec()).unwrap_or_default();
    let is_listed = |name: &str| tag_keys.iter().any(|key| key.to_lowercase() == name);
    for key in request.context.keys().filter_map(|key| key.strip_prefix("aws:requesttag/")) {
        if !is_listed(key) {
            found.push(("linked-keys", format!("aws:TagKeys lacks {key}")));
        }
    }
}

fn find_service_key_contradictions(request: &Request, found: &mut Found) {
    let service = request.action.to_lowercase();
    let service = service.split(':').next().unwrap();
    for key in request.context.keys() {
        let prefix = key.split(':').next().unwrap();
        // Session keys of services are in every request.
        if prefix != "aws" && prefix != service && !matches!(prefix, "saml" | "lambda" | "glue" | "identitystore") {
            found.push(("service-keys", format!("{} has no {key}", request.action)));
        }
        let is_listed = |action: &super::generator::services::Action| action.keys.contains(&key.as_str());
        let generated = [
            "s3:prefix",
            "s3:max-keys",
            "s3:x-amz-acl",
            "kms:grantisforawsresource",
            "ec2:instancetype",
            "secretsmanager:recoverywindowindays",
            "sts:externalid",
            "sts:rolesessionname",
        ];
        if let Some(action) = find_action(&request.action)
            && generated.contains(&key.as_str())
            && prefix == service
            && !is_listed(action)
        {
            found.push(("service-keys", format!("{} has no {key}", action.name)));
        }
        let takes_nothing = find_action(&request.action).is_some_and(|action| action.shape == Shape::Nothing);
        if key.starts_with("aws:resourcetag/") && takes_nothing {
            found.push(("tag-without-resource", format!("{} has no resource", request.action)));
        }
    }
}
