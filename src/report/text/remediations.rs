//! Suggested edits, one sentence each, some with a text to copy.

use serde_json::Value;

use super::counts::{format_count, format_number};
use super::names::{describe_granting_statement, describe_statement, shorten_arn};
use super::policy_json::render_json;
use crate::audit::{DenyScope, PersonaBlock, PolicyRemoval, PolicySource, Remediation, StatementEdit, TrustChange};
use crate::base::toml_text::quote_toml;
use crate::snapshot::{MissingDocument, MissingReason};

/// A suggested edit as a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RenderedRemediation {
    /// The sentence.
    pub sentence: String,
    /// The text to copy. None for most edits.
    pub snippet: Option<String>,
}

impl RenderedRemediation {
    fn from_sentence(sentence: impl Into<String>) -> RenderedRemediation {
        RenderedRemediation { sentence: sentence.into(), snippet: None }
    }

    fn with_snippet(sentence: &str, snippet: String) -> RenderedRemediation {
        RenderedRemediation { sentence: sentence.to_owned(), snippet: Some(snippet) }
    }

    /// The sentence of an alternative to what comes before it.
    pub(in crate::report) fn into_alternative(self) -> RenderedRemediation {
        RenderedRemediation { sentence: format!("or {}", self.sentence), ..self }
    }

    /// The sentence, and below it the text to copy.
    ///
    /// ```
    /// use iamdrift::audit::Remediation;
    /// use iamdrift::report::text::render_remediation;
    ///
    /// println!("{}", render_remediation(&Remediation::DeletePrincipal).to_text());
    /// ```
    pub fn to_text(&self) -> String {
        match &self.snippet {
            None => self.sentence.clone(),
            Some(snippet) => format!("{}:\n{snippet}", self.sentence),
        }
    }
}

/// A suggested edit: `detach OperatorPower: no declared access depends on it`. An alternative has no "or" before it.
///
/// ```
/// use iamdrift::audit::Remediation;
/// use iamdrift::baseline::PrincipalClass;
/// use iamdrift::report::text::render_remediation;
///
/// let remediation = render_remediation(&Remediation::DeclarePrincipal {
///     name: "lantern".to_owned(),
///     arn: "arn:aws:iam::111122223333:role/agents/lantern".to_owned(),
///     class: PrincipalClass::Agent,
/// });
/// // The text to copy into the manifest.
/// assert!(remediation.snippet.is_some_and(|snippet| snippet.contains("[[principal]]")));
/// ```
pub fn render_remediation(remediation: &Remediation) -> RenderedRemediation {
    match remediation {
        Remediation::Deny { scope, policies } => {
            let what = match scope {
                DenyScope::Persona => "deny these requests",
                DenyScope::UnlessGuard => "deny it unless the guard is met",
                DenyScope::Agents => "deny it for agents",
            };
            RenderedRemediation::with_snippet(
                &format!("{what}, in {}", describe_own_policies(policies)),
                render_documents(policies),
            )
        }
        Remediation::ReplacePolicy { removal, is_aws_owned, documents } => {
            let owner = if *is_aws_owned { ", which AWS manages" } else { "" };
            let removal = render_removal(removal);
            match documents.len() {
                0 => {
                    RenderedRemediation::from_sentence(format!("{removal}{owner}: none of its permissions is declared"))
                }
                count => RenderedRemediation::with_snippet(
                    &format!("{removal}{owner}, and attach {} with its declared part", own_policies(count)),
                    render_documents(documents),
                ),
            }
        }
        Remediation::DenyStep { principal, action, policy } => RenderedRemediation::with_snippet(
            &format!("break the path: deny {action} in a policy of {}", shorten_arn(principal)),
            render_json(policy),
        ),
        Remediation::AddCondition { edit, .. }
        | Remediation::RestrictResources { edit, .. }
        | Remediation::RemoveActions { edit, .. }
        | Remediation::ListActions { edit, .. } => render_statement_edit(render_sentence(remediation), edit),
        Remediation::DeclarePersona { entry, block: Some(block) } => RenderedRemediation::with_snippet(
            "declare what agents can do: all that the entry allows, or less",
            render_persona(entry, block),
        ),
        Remediation::DeclarePrincipal { name, arn, class } => RenderedRemediation::with_snippet(
            "declare it",
            format!(
                "[[principal]]\nname  = {}\nmatch = {}\nkind  = \"{}\"  # operator | agent | workload | break-glass\nallow = []",
                quote_toml(name),
                quote_toml(arn),
                class.as_str()
            ),
        ),
        Remediation::IgnorePrincipal { arn } => RenderedRemediation::with_snippet(
            "ignore it",
            format!("[[ignore]]\nmatch  = {}\nreason = \"…\"", quote_toml(arn)),
        ),
        other => RenderedRemediation::from_sentence(render_sentence(other)),
    }
}

/// Some remediations in order. A sentence begins with "or" if it is an alternative to the one before it.
pub(in crate::report) fn render_in_order<'r>(
    remediations: impl IntoIterator<Item = &'r Remediation>,
) -> Vec<RenderedRemediation> {
    let mut rendered: Vec<RenderedRemediation> = Vec::new();
    for remediation in remediations {
        let is_alternative = remediation.is_alternative() && !rendered.is_empty();
        let text = render_remediation(remediation);
        rendered.push(if is_alternative { text.into_alternative() } else { text });
    }
    rendered
}

/// The sentence of a remediation, without the text to copy.
// Length: one arm per remediation.
fn render_sentence(remediation: &Remediation) -> String {
    match remediation {
        Remediation::RemovePolicy(removal) => {
            format!("{}: no declared access depends on it", render_removal(removal))
        }
        Remediation::AddCondition { operator, key, document, edit } => format!(
            "add the condition {operator} on {key} to {}, as in {document}",
            describe_granting_statement(&edit.statement)
        ),
        Remediation::RestrictResources { document, edit } => {
            format!("restrict the resources of {} to those of {document}", describe_granting_statement(&edit.statement))
        }
        Remediation::RemoveActions { patterns, omitted, edit } => {
            let more = if *omitted > 0 { format!(" and {} more", format_number(*omitted)) } else { String::new() };
            format!("remove {}{more} from {}", patterns.join(", "), describe_granting_statement(&edit.statement))
        }
        Remediation::ListActions { patterns, edit } => {
            let statement = describe_granting_statement(&edit.statement);
            format!("in {statement} list the actions instead of {}", patterns.join(", "))
        }
        Remediation::WritePolicy { removal } => {
            format!(
                "{}, which AWS manages, and attach a policy of your own with its declared part",
                render_removal(removal)
            )
        }
        Remediation::RestrictByHand(statement) => match statement.origin {
            PolicySource::ResourcePolicy => {
                let statement = describe_granting_statement(statement);
                format!("restrict {statement}, which belongs to the resource, or deny it in a policy of the principal")
            }
            _ => format!("restrict {} to what is declared", describe_granting_statement(statement)),
        },
        Remediation::DeleteOldVersion { policy, quota } => {
            format!("delete an old version of {policy}: AWS keeps {quota} versions of a policy")
        }
        Remediation::ChangePermissionSet { permission_set } => format!(
            "change the permission set {permission_set} or who is assigned to it: IAM Identity Center owns the role"
        ),
        Remediation::UseGuardDocument { file, .. } => {
            format!("deny it unless the guard is met: attach {file} to the principal, or as an SCP")
        }
        Remediation::RemoveOrGrant(statement) => {
            format!("remove it from {}, or grant it", describe_granting_statement(statement))
        }
        Remediation::DenyUnlessGuard { guard } => format!("deny it unless the condition of guard \"{guard}\" is met"),
        Remediation::RemoveBypass => {
            "remove this permission from the principal, and from callers that assume it".to_owned()
        }
        Remediation::SetValueElsewhere => {
            "let somebody else set the value: an identity provider, or the role of a broker".to_owned()
        }
        Remediation::SeparatePolicies { operator } => format!(
            "give the agent its own policies with the permissions that it needs, fewer than {} has",
            shorten_arn(operator)
        ),
        Remediation::SeparateRoles => "create one role for humans and one for agents".to_owned(),
        Remediation::BreakPathAtStatement { action, resource, policy, statement, .. } => {
            let resource = resource.as_ref().map_or_else(String::new, |resource| format!(" on {resource}"));
            let statement = describe_statement(*statement, None);
            format!("break the path: remove {action}{resource} from {statement} of {policy}")
        }
        Remediation::BreakPathAtTrust { role, assumer } => {
            format!("break the path: remove {} from the trust policy of {}", shorten_arn(assumer), shorten_arn(role))
        }
        Remediation::DeclarePersona { entry, .. } => format!(
            "declare what agents can do in a [[persona]] of entry \"{entry}\", after its principals have no access beyond \
             the entry: see docs/guards.md"
        ),
        Remediation::DeclareAssumer { role, assumer } => {
            format!("declare it: add {assumer} to `assumable_by` of the entry of {}", shorten_arn(role))
        }
        Remediation::RestrictTrust { statement, change } => render_trust_change(*statement, change),
        Remediation::DeclareAssumers(principals) => {
            let quoted: Vec<String> = principals.iter().map(|principal| quote_toml(principal)).collect();
            format!("declare it: add {} to `assumable_by`", quoted.join(", "))
        }
        Remediation::DeletePrincipal => "delete it, if nobody needs it".to_owned(),
        Remediation::SetBoundary { declared } => format!("set {declared} as its permissions boundary"),
        Remediation::DenyInBoundary { count } => format!(
            "deny {} in the policy of the boundary: see IAM008 in docs/rules.md",
            if *count == 1 { "this action".to_owned() } else { format!("these {}", format_count(*count, "action")) }
        ),
        Remediation::UseGuard => "add it to `guards` of the entries that it is meant for, or remove it".to_owned(),
        Remediation::NarrowSelectors => "narrow the selectors, or add `overrides` to one entry".to_owned(),
        Remediation::RemoveStaleItem => "remove it, or correct what it should match".to_owned(),
        Remediation::RenewException => "fix what it covered and remove it, or have it approved again".to_owned(),
        Remediation::ProvideDocument(missing) => render_collection(missing),
        Remediation::AvoidVariable(key) => format!("write the statement without ${{{key}}}"),
        Remediation::AvoidAmbiguity(name) => render_ambiguity_advice(name),
        // INVARIANT: `render_remediation` renders these, with their snippets.
        Remediation::Deny { .. }
        | Remediation::ReplacePolicy { .. }
        | Remediation::DenyStep { .. }
        | Remediation::DeclarePrincipal { .. }
        | Remediation::IgnorePrincipal { .. } => unreachable!("rendered with a snippet"),
    }
}

/// The sentence of an edit, with the statements to write instead.
fn render_statement_edit(sentence: String, edit: &StatementEdit) -> RenderedRemediation {
    match edit.replacement.as_slice() {
        [] => RenderedRemediation::from_sentence(sentence),
        statements => RenderedRemediation::with_snippet(&sentence, render_documents(statements)),
    }
}

/// JSON texts, one after the other.
fn render_documents(documents: &[Value]) -> String {
    documents.iter().map(render_json).collect::<Vec<_>>().join("\n")
}

/// Where a denial can be.
fn describe_own_policies(policies: &[Value]) -> String {
    match policies.len() {
        1 => "a policy of the principal or in an SCP".to_owned(),
        count => format!("{count} policies of the principal or in SCPs, since one would be too large"),
    }
}

fn own_policies(count: usize) -> String {
    if count == 1 { "a policy of your own".to_owned() } else { format!("{count} policies of your own") }
}

fn render_removal(removal: &PolicyRemoval) -> String {
    match removal {
        PolicyRemoval::Detach { policy, .. } => format!("detach {policy}"),
        PolicyRemoval::DeleteInline { policy } => format!("delete the inline policy {policy}"),
        PolicyRemoval::LeaveGroup { user, group } => format!("remove {user} from the group {group}"),
        PolicyRemoval::ReplaceGroup { user, group, policy } => {
            format!("give {user} the policies of the group {group} without {policy}")
        }
    }
}

fn render_trust_change(statement: usize, change: &TrustChange) -> String {
    let statement = format!("{} of the trust policy", describe_statement(statement, None));
    match change {
        TrustChange::NameProvider => {
            format!("name the identity provider in {statement}, and add a condition on its identities")
        }
        TrustChange::NamePrincipals => {
            format!("name the principals in {statement}, or add a condition on aws:PrincipalOrgID to it")
        }
        TrustChange::NameServices => format!("name the services in {statement} in place of `*`"),
        TrustChange::RequireSubject { host, examples } => {
            let values = examples.join(" or ");
            format!("add a condition on {host}:sub to {statement} that names one in full: {values}")
        }
        TrustChange::RequireClaim { keys } => {
            format!("add a condition on {} to {statement}, without a wildcard", keys.join(" or "))
        }
        TrustChange::Remove { principal } => format!("remove {principal} from {statement}"),
        TrustChange::Deny { principal } => format!("make {statement} a Deny: it trusts {principal} alone"),
    }
}

/// How a verdict no longer depends on an ambiguity.
fn render_ambiguity_advice(name: &str) -> String {
    match name {
        "bucket-acl" => {
            "set the object ownership of the bucket to BucketOwnerEnforced, or declare the access".to_owned()
        }
        "kms-grant" => "remove the permission for the key, or declare it".to_owned(),
        "canonical-user" => "name the account by its number in the resource policy".to_owned(),
        _ => format!("write the statement so that it does not depend on \"{name}\""),
    }
}

fn render_collection(missing: &MissingDocument) -> String {
    let name = &missing.name;
    match &missing.reason {
        // With `--filter`, AWS returns principals without the policies and groups that they refer to.
        MissingReason::NotCollected => "collect the account details again, without `--filter`".to_owned(),
        MissingReason::CollectionFailed { permission: None, .. } => format!("collect {name} again"),
        MissingReason::CollectionFailed { permission: Some(permission), .. } => {
            format!("collect {name} again, with the permission {permission}")
        }
        MissingReason::Invalid { .. } => format!("correct {name} ({})", missing.place),
    }
}

fn render_persona(entry: &str, block: &PersonaBlock) -> String {
    let quote_list = |texts: &[String]| {
        let quoted: Vec<String> = texts.iter().map(|text| quote_toml(text)).collect();
        format!("[{}]", quoted.join(", "))
    };
    let mut lines = vec![
        "[[persona]]".to_owned(),
        format!("name  = {}", quote_toml(&block.name)),
        format!("of    = {}", quote_toml(entry)),
        "when  = { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }".to_owned(),
        "kind  = \"agent\"".to_owned(),
    ];
    if !block.allow.is_empty() || block.levels.is_empty() {
        lines.push(format!("allow = {}", quote_list(&block.allow)));
    }
    if !block.levels.is_empty() {
        let levels = block.levels.iter();
        let levels: Vec<String> =
            levels.map(|(service, names)| format!("{} = {}", quote_toml(service), quote_list(names))).collect();
        lines.push(format!("levels = {{ {} }}", levels.join(", ")));
        lines.push(format!("resources = {}", quote_list(&block.resources)));
    }
    lines.join("\n")
}
