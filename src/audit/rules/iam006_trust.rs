//! IAM006: a principal that is not declared can assume the role.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::RuleContext;
use super::judgement::describe_exception;
use super::rule::{Rule, RuleInfo, RuleInput};
use super::trusted_parties::{RatedTrust, group_by_party, to_party};
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::actions::summary::summarize_actions;
use crate::audit::explain::excess_report::to_witness;
use crate::audit::extent::trust_statements::write_trust_document;
use crate::audit::model::declared_class::DeclaredClass;
use crate::audit::model::excess::{ActionCounts, Excess};
use crate::audit::model::extent::{Extent, ExtentOffer, ExtentRefusal};
use crate::audit::model::finding::{Finding, FindingBuilder};
use crate::audit::model::finding_key::KeyPart;
use crate::audit::model::granting_statement::{GrantingStatement, PolicySource};
use crate::audit::model::reason::Reason;
use crate::audit::model::remediation::{Remediation, TrustChange};
use crate::audit::model::rule_id::RuleId;
use crate::audit::model::severity::Severity;
use crate::audit::model::title::Title;
use crate::audit::model::trusted_party::TrustedParty;
use crate::audit::options::ExtentMode;
use crate::audit::subject::accepted_extents::AcceptedFinding;
use crate::baseline::Entry;
use crate::iam::{DocumentKind, Effect, PolicyDocument, Statement};
use crate::snapshot::PolicyAttachment;
use crate::solve::{Cube, FieldRange};
use crate::source::SourceFile;
use crate::trust::{SESSION_ACTIONS, SharedIdp, TrustAnalysis, TrustGrant, TrustScope, UndeclaredTrust};

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Trust,
    explanation: "
**What it does.** Compares the trust policy of a role, with its conditions, with `assumable_by`, and reports a request to
assume the role that the manifest does not declare. If nothing is declared, or an `[[ignore]]` excludes the role, only
external principals are checked: anyone in any AWS account, any customer of an identity provider that many customers share,
such as any repository of GitHub, any guest of an application (Amazon Cognito), and principals of an account that is neither in
the snapshot nor in its organization.

Trust in anyone is critical, or high if a condition requires a value that not everybody has, such as an external ID, an
address, a network or an id. Trust in guests of an identity pool, who need only its id, is high, or medium if a condition requires
such a value. Trust in another account or organization is high, or medium if a condition requires such a
value. Trust in an organization is medium if the snapshot has no organization: it can be that of the account. Trust in another identity provider, or in a service that acts for another account, is high. Trust in a principal of
an account of the snapshot or of its organization, or in a service for the role's own account, is medium. The name of a shared provider is not enough
to declare it: `when` must restrict whose tokens are accepted. A statement that admits nobody, such as one that requires
a claim of another provider, is not a finding; a note reports it.

The rule examines the trust policy only. Whether a principal of a trusted account may call `sts:AssumeRole` depends on its
own policies ([reach.md](reach.md)). If an Allow names an account, a Deny for some principals of that account is not
considered.

**Why is this bad?** A principal that can assume the role has all of its permissions. A wildcard, or a pattern such as `repo:corp*`
for which anyone can register a matching name, gives them to external principals.

**Example.** The trust policy of `role/deploy` names the OIDC provider of GitHub Actions and requires that `sub` matches
`repo:corp*`. Anyone who creates the organization `corp-tools` can assume the role.

**How to fix it.** Name the principals, or require a value that an external principal does not have:
`aws:PrincipalOrgID`, or a `sub` with the full name of the organization, in both formats that GitHub has. If the trust is intended, declare it:
`assumable_by = [{ principal = \"…:oidc-provider/token.actions.githubusercontent.com\", when = { StringLike = {
\"token.actions.githubusercontent.com:sub\" = \"repo:corp/app:*\" } } }]`.

**How to accept it.** Run `iamdrift baseline accept` with the key of the finding. The exception accepts the statements
that trust the party, with their conditions: a condition that is dropped is reported at once, and so is a permission to set
session tags or a source identity (`sts:TagSession`, `sts:SetSourceIdentity`) that is added.
",
};

/// IAM006.
pub(super) struct TrustRule;

impl Rule for TrustRule {
    fn find(&self, input: RuleInput<'_>) -> Vec<Finding> {
        let RuleInput::Principal(context) = input else { return Vec::new() };
        find_undeclared_trust(context)
    }
}

fn find_undeclared_trust(context: &RuleContext<'_>) -> Vec<Finding> {
    let Some(trust) = &context.subject.principal.trust_policy else { return Vec::new() };
    let all = group_by_party(context, &context.trust_analysis.undeclared);
    // A party that is a part of an accepted one, such as a role of an account, is accepted, too.
    let accepted_parties = context.find_accepted_parts(&context.key(RuleId::Trust, KeyPart::Only));
    let Some(first) = accepted_parties.first() else {
        return all.into_iter().map(|(key, trusts)| build_party_finding(context, trust, key, &trusts)).collect();
    };
    let documents: Vec<Arc<PolicyDocument>> = accepted_parties.iter().flat_map(|party| party.documents()).collect();
    let left = context.analyzer.analyze_trust(context.subject, &documents);
    let mut left_by_party = group_by_party(context, &left.undeclared);
    let mut findings = Vec::new();
    for (key, trusts) in all {
        let accepted = accepted_parties.iter().find(|party| party.exception.finding.value == key).unwrap_or(first);
        let unaccepted = left_by_party.shift_remove(&key).unwrap_or_default();
        findings.push(build_compared_finding(context, trust, key, &trusts, (accepted, &unaccepted, &left)));
    }
    // What an exception accepts of a party does not hide the parties that were reported with it.
    for (key, trusts) in left_by_party {
        findings.push(build_party_finding(context, trust, key, &trusts));
    }
    findings
}

/// The finding about a trusted party of which nothing is accepted.
fn build_party_finding(
    context: &RuleContext<'_>,
    trust: &PolicyAttachment,
    key: String,
    trusts: &[RatedTrust<'_>],
) -> Finding {
    let extent = offer_if_asked(context, &key, trust, trusts);
    build_finding(context, trust, trusts).key(key).extent(extent).build()
}

/// The finding about a trusted party, compared with an exception and with what all exceptions leave of the trust policy.
fn build_compared_finding(
    context: &RuleContext<'_>,
    trust: &PolicyAttachment,
    key: String,
    trusts: &[RatedTrust<'_>],
    (accepted, unaccepted, left): (&AcceptedFinding<'_>, &[RatedTrust<'_>], &TrustAnalysis),
) -> Finding {
    let expires = accepted.exception.expires.value.to_string();
    let is_own = accepted.exception.finding.value == key;
    let (reported, exception, reason) = match (unaccepted, left.undecided.is_empty()) {
        ([_, ..], _) => (unaccepted, None, is_own.then_some(Reason::BeyondAccepted { expires })),
        ([], false) => {
            let reasons = left.undecided.iter().cloned().collect();
            (trusts, None, Some(Reason::AcceptanceUndecided { expires, reasons }))
        }
        ([], true) => (trusts, Some(describe_exception(context.baseline, accepted.exception)), None),
    };
    let extent = if exception.is_none() { offer_if_asked(context, &key, trust, trusts) } else { None };
    build_finding(context, trust, reported).key(key).reasons(reason).accepted(exception).extent(extent).build()
}

/// The extent of a finding. `None` if the audit does not ask for extents.
fn offer_if_asked(
    context: &RuleContext<'_>,
    key: &str,
    trust: &PolicyAttachment,
    trusts: &[RatedTrust<'_>],
) -> Option<ExtentOffer> {
    (context.extents == ExtentMode::Offered).then(|| offer_trust(context, key, trust, trusts))
}

fn build_finding(context: &RuleContext<'_>, trust: &PolicyAttachment, trusts: &[RatedTrust<'_>]) -> FindingBuilder {
    let subject = context.subject;
    let worst = trusts.iter().map(|(severity, _)| *severity).max().unwrap_or(Severity::Low);
    let mut parties: Vec<TrustedParty> = Vec::new();
    for (_, undeclared_trust) in trusts {
        let party = to_party(undeclared_trust);
        if !parties.contains(&party) {
            parties.push(party);
        }
    }
    let excess =
        trusts.iter().map(|(severity, undeclared_trust)| build_excess(context, trust, *severity, undeclared_trust));
    let causes = parties.iter().map(TrustedParty::to_token).collect::<Vec<_>>();
    let principal = subject.principal_ref.clone();
    let title = Title::UndeclaredTrust { parties };
    FindingBuilder::for_principal(RuleId::Trust, worst, title, principal, subject.principal.place.clone())
        .excess(excess.collect(), ActionCounts { all: 1, destructive: 0 })
        .causes(causes)
        .reasons(explain_reasons(context, trusts))
        .remediations(suggest_remediations(context, trusts))
}

/// The extent of a finding: the statements that trust the party, and every Deny.
fn offer_trust(
    context: &RuleContext<'_>,
    key: &str,
    trust: &PolicyAttachment,
    trusts: &[RatedTrust<'_>],
) -> ExtentOffer {
    // What the callers may do with their sessions is a part of the trust.
    let about_sessions = |statement: &&Statement| {
        statement.effect == Effect::Allow && SESSION_ACTIONS.iter().any(|action| statement.action.lists_action(action))
    };
    let of_sessions = trust.document.statements.iter().filter(about_sessions).map(|statement| statement.index);
    let of_trusts = trusts.iter().map(|(_, undeclared_trust)| undeclared_trust.statement);
    let indices: Vec<usize> = of_trusts.chain(of_sessions).collect();
    let grants: Vec<&TrustGrant> = trusts.iter().map(|(_, undeclared_trust)| &undeclared_trust.grant).collect();
    let Some(written) = write_trust_document(&trust.document, &indices, &grants) else {
        return ExtentOffer::Refused(ExtentRefusal::NotExpressible);
    };
    let source = SourceFile::new("extent", written.to_string());
    let Ok(parsed) = PolicyDocument::parse(&source, DocumentKind::Trust) else {
        return ExtentOffer::Refused(ExtentRefusal::NotExpressible);
    };
    let left = context.analyzer.analyze_trust(context.subject, &[Arc::new(parsed)]);
    match (!group_by_party(context, &left.undeclared).contains_key(key), left.undecided.is_empty()) {
        (false, _) => ExtentOffer::Refused(ExtentRefusal::NotExact),
        (true, false) => ExtentOffer::Refused(ExtentRefusal::Undecided(left.undecided.into_iter().collect())),
        (true, true) => ExtentOffer::Proven(Extent { documents: vec![written], ..Extent::default() }),
    }
}

/// The requests that a trust policy admits, as an excess of the role.
fn build_excess(
    context: &RuleContext<'_>,
    trust: &PolicyAttachment,
    severity: Severity,
    undeclared_trust: &UndeclaredTrust,
) -> Excess {
    // INVARIANT: the analysis takes the index from this trust policy.
    let statement =
        trust.document.statements.get(undeclared_trust.statement).expect("the statement of a trust grant exists");
    let place = trust.statement_place(statement);
    let granted_by = GrantingStatement {
        policy: "trust policy".to_owned(),
        arn: None,
        origin: PolicySource::Trust,
        statement: undeclared_trust.statement,
        sid: statement.sid.as_deref().map(str::to_owned),
        place,
    };
    let mut actions = NamedActionSet::default();
    let action = context.analyzer.solver.catalog.find_action(undeclared_trust.grant.assume_action());
    action.into_iter().for_each(|action| actions.add(action));
    let summary = summarize_actions(&context.analyzer.ranking, &actions);
    let role_arn = context.subject.principal.arn.as_str();
    Excess {
        granted_by,
        severity,
        actions: summary.patterns,
        action_count: summary.action_count,
        destructive_count: summary.destructive_count,
        levels: summary.levels,
        cubes: undeclared_trust.cubes.iter().map(|cube| restrict_to_role(cube, role_arn)).collect(),
        more: undeclared_trust.has_more_cubes,
        witness: to_witness(&undeclared_trust.witness),
        expected: None,
    }
}

/// A cube of requests to assume the role. A trust policy has no resource element: its resource is the role.
fn restrict_to_role(cube: &Cube, role_arn: &str) -> Cube {
    let role =
        FieldRange { may_be_present: true, matches_any_of: vec![vec![role_arn.to_owned()]], ..FieldRange::default() };
    Cube { resource: Some(role), context: cube.context.clone() }
}

fn explain_reasons(context: &RuleContext<'_>, trusts: &[RatedTrust<'_>]) -> Vec<Reason> {
    let mut reasons = explain_declaration(context);
    for reason in trusts.iter().filter_map(|(_, undeclared_trust)| explain_trust(context, undeclared_trust)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// What the baseline declares about who can assume the role.
fn explain_declaration(context: &RuleContext<'_>) -> Vec<Reason> {
    let explain_entry = |entry: &Entry| {
        let name = entry.name.value.clone();
        match &entry.assumable_by {
            Some(assumers) if assumers.assumers.is_empty() => Reason::NoAssumerDeclared { entry: name },
            Some(assumers) => Reason::DeclaredAssumers {
                entry: name,
                patterns: assumers.assumers.iter().map(|assumer| assumer.pattern.as_str().to_owned()).collect(),
            },
            None => Reason::OnlyExternalChecked { entry: Some(name) },
        }
    };
    let is_ignored = context.subject.principal_ref.kind == DeclaredClass::Ignored;
    match context.subject.entry {
        Some(_) => context.subject.entries().map(explain_entry).collect(),
        None if is_ignored => vec![Reason::IgnoredInBaseline],
        None => vec![Reason::OnlyExternalChecked { entry: None }],
    }
}

/// Why a grant admits what it admits. None if the title says it.
fn explain_trust(context: &RuleContext<'_>, undeclared_trust: &UndeclaredTrust) -> Option<Reason> {
    match (&undeclared_trust.scope, &undeclared_trust.grant) {
        (TrustScope::Anyone, _) if undeclared_trust.requires_restricted_value() => {
            Some(Reason::AnyAccountThatSatisfies)
        }
        (TrustScope::Anyone, TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider) => {
            Some(Reason::AnyIdentityProvider)
        }
        (TrustScope::Anyone, _) => Some(Reason::NoAccountCondition),
        (TrustScope::AnyTenant(idp), TrustGrant::Oidc { .. }) => {
            Some(Reason::SharedProvider { provider: idp.name.clone(), customer: customer_noun(idp).to_owned() })
        }
        (TrustScope::Guests(idp), _) => {
            Some(Reason::AnyGuest { provider: idp.name.clone(), customer: idp.tenant.clone() })
        }
        (TrustScope::Account(account), _)
            if !context.analyzer.is_own_account(account.as_str()) && !requires_external_id(undeclared_trust) =>
        {
            Some(Reason::NoExternalId { account: account.as_str().to_owned() })
        }
        _ => None,
    }
}

/// What identifies a customer of a shared provider in a claim.
fn customer_noun(idp: &SharedIdp) -> &str {
    if idp.tenant == "repository" { "owner" } else { &idp.tenant }
}

fn requires_external_id(undeclared_trust: &UndeclaredTrust) -> bool {
    let is_required_external_id =
        |key: &str, may_be_missing: bool| key.eq_ignore_ascii_case("sts:ExternalId") && !may_be_missing;
    undeclared_trust
        .cubes
        .iter()
        .all(|cube| cube.context.iter().any(|(key, range)| is_required_external_id(key, range.may_be_missing)))
}

fn suggest_remediations(context: &RuleContext<'_>, trusts: &[RatedTrust<'_>]) -> Vec<Remediation> {
    let mut remediations: Vec<Remediation> = Vec::new();
    let mut to_declare: BTreeSet<&str> = BTreeSet::new();
    for (_, undeclared_trust) in trusts {
        let change = match choose_trust_change(undeclared_trust) {
            // AWS refuses a trust policy without statements.
            TrustChange::Remove { principal } if has_single_principal(context) => TrustChange::Deny { principal },
            change => change,
        };
        if let TrustChange::Remove { .. } | TrustChange::Deny { .. } = change {
            to_declare.insert(undeclared_trust.grant.as_str());
        }
        let remediation = Remediation::RestrictTrust { statement: undeclared_trust.statement, change };
        if !remediations.contains(&remediation) {
            remediations.push(remediation);
        }
    }
    if context.subject.entry.is_some() && !to_declare.is_empty() {
        remediations.push(Remediation::DeclareAssumers(to_declare.into_iter().map(str::to_owned).collect()));
    }
    remediations
}

/// Whether the trust policy names one principal.
fn has_single_principal(context: &RuleContext<'_>) -> bool {
    let Some(trust) = &context.subject.principal.trust_policy else { return false };
    let entries = |statement: &Statement| statement.principal.as_ref().map_or(0, |element| element.entries.len());
    matches!(trust.document.statements.as_slice(), [single] if entries(single) == 1)
}

fn choose_trust_change(undeclared_trust: &UndeclaredTrust) -> TrustChange {
    match (&undeclared_trust.scope, &undeclared_trust.grant) {
        (TrustScope::Anyone, TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider) => TrustChange::NameProvider,
        (TrustScope::Anyone, _) => TrustChange::NamePrincipals,
        (TrustScope::Service | TrustScope::ServiceForOtherAccount, grant) if grant.is_wildcard() => {
            TrustChange::NameServices
        }
        (TrustScope::AnyTenant(idp), TrustGrant::Oidc { host, .. }) => match idp.subjects.first() {
            // AWS rejects a trust policy without the claim that it requires.
            Some(subject_format) if idp.control.as_deref().is_none_or(|control| control == "sub") => {
                let from_format =
                    || format!("{}*", subject_format.replacen("{}", &customer_noun(idp).to_uppercase(), 1));
                let examples = if idp.examples.is_empty() { vec![from_format()] } else { idp.examples.clone() };
                TrustChange::RequireSubject { host: host.clone(), examples }
            }
            _ => {
                let to_key =
                    |claim: &String| if claim.contains(':') { claim.clone() } else { format!("{host}:{claim}") };
                TrustChange::RequireClaim {
                    keys: idp
                        .control
                        .iter()
                        .chain(idp.claims.iter().filter(|_| idp.control.is_none()))
                        .map(to_key)
                        .collect(),
                }
            }
        },
        (TrustScope::Guests(SharedIdp { host, guests: Some(mark), .. }), _) => {
            TrustChange::RequireClaim { keys: vec![format!("{host}:{}", mark.claim)] }
        }
        _ => TrustChange::Remove { principal: undeclared_trust.grant.as_str().to_owned() },
    }
}
