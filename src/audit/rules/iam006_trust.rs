//! IAM006: a principal that is not declared can assume the role.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::RuleContext;
use super::judgement::describe_exception;
use super::rule::{Rule, RuleInfo, RuleInput};
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
use crate::baseline::Entry;
use crate::iam::{DocumentKind, PolicyDocument, Statement};
use crate::snapshot::PolicyAttachment;
use crate::solve::{Cube, FieldRange};
use crate::source::SourceFile;
use crate::trust::{SharedIdp, TrustAnalysis, TrustGrant, TrustScope, UndeclaredTrust};
use indexmap::IndexMap;

pub(super) static INFO: RuleInfo = RuleInfo {
    id: RuleId::Trust,
    explanation: "
**What it does.** Compares the trust policy of a role, with its conditions, with `assumable_by`, and reports a request to
assume the role that the manifest does not declare. If nothing is declared, or an `[[ignore]]` excludes the role, only
external principals are checked: anyone in any AWS account, any customer of an identity provider that many customers share,
such as any repository of GitHub, and principals of an account that is neither in the snapshot nor in its organization.

Trust in anyone is critical, or high if a condition requires a value that not everybody has, such as an external ID, an
address, a network or an id. Trust in another account or organization is high, or medium if a condition requires such a
value. Trust in another identity provider, or in a service that acts for another account, is high. Trust in a principal of
an account of the snapshot or of its organization, or in a service, is medium. The name of a shared provider is not enough
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
that trust the party, with their conditions: a condition that is dropped is reported at once.
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
    let findings = group_by_party(context, &context.trust_analysis.undeclared).into_iter();
    findings.map(|(key, trusts)| build_party_finding(context, trust, key, trusts)).collect()
}

/// Undeclared trust with its severity.
type RatedTrust<'t> = (Severity, &'t UndeclaredTrust);

/// The trust by the key of the trusted party, the worst first.
fn group_by_party<'t>(
    context: &RuleContext<'_>,
    undeclared: &'t [UndeclaredTrust],
) -> IndexMap<String, Vec<RatedTrust<'t>>> {
    let mut trusts: Vec<RatedTrust<'_>> =
        undeclared.iter().map(|trust| (rate_severity(context, trust), trust)).collect();
    trusts.sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.statement.cmp(&second.statement)));
    let mut by_party: IndexMap<String, Vec<RatedTrust<'t>>> = IndexMap::new();
    for (severity, trust) in trusts {
        let key = context.key(RuleId::Trust, KeyPart::Trusted(&to_party(trust)));
        by_party.entry(key).or_default().push((severity, trust));
    }
    by_party
}

/// The finding about one trusted party.
fn build_party_finding(
    context: &RuleContext<'_>,
    trust: &PolicyAttachment,
    key: String,
    trusts: Vec<RatedTrust<'_>>,
) -> Finding {
    // A party that is a part of an accepted one, such as a role of an account, is accepted, too.
    let accepted_parties = context.find_accepted_parts(&context.key(RuleId::Trust, KeyPart::Only));
    let documents: Vec<Arc<PolicyDocument>> = accepted_parties.iter().flat_map(|party| party.documents()).collect();
    let own = accepted_parties.iter().find(|party| party.exception.finding.value == key);
    let accepted = own.or_else(|| accepted_parties.first());
    let left = accepted.map(|_| find_unaccepted(context, &key, &documents));
    let expires = accepted.map(|accepted| accepted.exception.expires.value.to_string()).unwrap_or_default();
    let (reported, exception, reason): (Vec<RatedTrust<'_>>, _, _) = match &left {
        None => (trusts.clone(), None, None),
        Some(left) if !left.undeclared.is_empty() => {
            let rated = left.undeclared.iter().map(|trust| (rate_severity(context, trust), trust)).collect();
            (rated, None, own.map(|_| Reason::BeyondAccepted { expires }))
        }
        Some(left) if !left.undecided.is_empty() => {
            let reasons = left.undecided.iter().cloned().collect();
            (trusts.clone(), None, Some(Reason::AcceptanceUndecided { expires, reasons }))
        }
        Some(_) => {
            let exception = accepted.map(|accepted| describe_exception(context.baseline, accepted.exception));
            (trusts.clone(), exception, None)
        }
    };
    let is_offered = context.extents == ExtentMode::Offered && exception.is_none();
    let extent = is_offered.then(|| offer_trust(context, &key, trust, &trusts));
    build_finding(context, trust, &reported).key(key).reasons(reason).accepted(exception).extent(extent).build()
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

/// The trust of one party that some accepted trust policies do not admit.
fn find_unaccepted(context: &RuleContext<'_>, key: &str, accepted: &[Arc<PolicyDocument>]) -> TrustAnalysis {
    let mut left = context.analyzer.analyze_trust(context.subject, accepted);
    left.undeclared.retain(|trust| context.key(RuleId::Trust, KeyPart::Trusted(&to_party(trust))) == key);
    left
}

/// The extent of a finding: the statements that trust the party, and every Deny.
fn offer_trust(
    context: &RuleContext<'_>,
    key: &str,
    trust: &PolicyAttachment,
    trusts: &[RatedTrust<'_>],
) -> ExtentOffer {
    let indices: Vec<usize> = trusts.iter().map(|(_, undeclared_trust)| undeclared_trust.statement).collect();
    let grants: Vec<&TrustGrant> = trusts.iter().map(|(_, undeclared_trust)| &undeclared_trust.grant).collect();
    let Some(written) = write_trust_document(&trust.document, &indices, &grants) else {
        return ExtentOffer::Refused(ExtentRefusal::NotExpressible);
    };
    let source = SourceFile::new("extent", written.to_string());
    let Ok(parsed) = PolicyDocument::parse(&source, DocumentKind::Trust) else {
        return ExtentOffer::Refused(ExtentRefusal::NotExpressible);
    };
    let left = find_unaccepted(context, key, &[Arc::new(parsed)]);
    match (left.undeclared.is_empty(), left.undecided.is_empty()) {
        (false, _) => ExtentOffer::Refused(ExtentRefusal::NotExact),
        (true, false) => ExtentOffer::Refused(ExtentRefusal::Undecided(left.undecided.into_iter().collect())),
        (true, true) => ExtentOffer::Proven(Extent { documents: vec![written], ..Extent::default() }),
    }
}

fn to_party(undeclared_trust: &UndeclaredTrust) -> TrustedParty {
    TrustedParty { grant: undeclared_trust.grant.clone(), scope: undeclared_trust.scope.clone() }
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

fn rate_severity(context: &RuleContext<'_>, undeclared_trust: &UndeclaredTrust) -> Severity {
    let is_own_account = |account: &str| context.analyzer.is_own_account(account);
    let external_severity =
        if undeclared_trust.requires_restricted_value() { Severity::Medium } else { Severity::High };
    let base_severity = match &undeclared_trust.scope {
        TrustScope::Anyone | TrustScope::AnyTenant(_) if undeclared_trust.requires_restricted_value() => Severity::High,
        TrustScope::Anyone | TrustScope::AnyTenant(_) => Severity::Critical,
        // If the organization of the snapshot is not known, it can be this one.
        TrustScope::Organization(id)
            if context.analyzer.is_own_organization(id) || !context.analyzer.has_organization() =>
        {
            Severity::Medium
        }
        TrustScope::Account(account) if is_own_account(account.as_str()) => Severity::Medium,
        TrustScope::Principal(arn) if is_own_account(arn.account()) => Severity::Medium,
        TrustScope::Service => Severity::Medium,
        TrustScope::Organization(_) | TrustScope::Account(_) | TrustScope::Principal(_) => external_severity,
        TrustScope::ServiceForOtherAccount | TrustScope::Provider => Severity::High,
    };
    if context.subject.is_agent() { base_severity.raise_one_step() } else { base_severity }
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
        _ => TrustChange::Remove { principal: undeclared_trust.grant.as_str().to_owned() },
    }
}
