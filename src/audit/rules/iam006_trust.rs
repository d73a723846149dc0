//! IAM006: the role can be assumed by someone who is not declared.

use std::collections::BTreeSet;

use super::context::RuleContext;
use super::{Rule, RuleId, RuleInfo};
use crate::audit::actions::named_action_set::NamedActionSet;
use crate::audit::actions::summary::summarize_actions;
use crate::audit::explain::condition_text;
use crate::audit::explain::excess_report::to_witness;
use crate::audit::model::finding::{Excess, Finding, GrantingStatement, PolicySource};
use crate::audit::model::fingerprint::compute_fingerprint;
use crate::audit::model::severity::Severity;
use crate::base::plural::format_count;
use crate::trust::{SharedIdp, TrustGrant, TrustScope, UndeclaredTrust};

static INFO: RuleInfo = RuleInfo {
    id: RuleId::Trust,
    title: "trust: can be assumed by someone who is not declared",
    on_by_default: true,
    explanation: "
**What it does.** Holds the trust policy of a role against `assumable_by`, with its conditions: a request comes in
that the manifest does not list. Whoever declares nothing still hears of roles that are open to strangers: to anyone
in any AWS account, or to any customer of an identity provider that many share, such as any repository of GitHub.
Those are critical (high, if an external id, an address, a network or an id is asked for that not everybody has);
another account, organization or identity provider, or a service that acts for another account, is high; a principal
of an account of the snapshot or its organization, or a service, is medium. The name of a shared provider alone does
not declare it: `when` must say whose tokens are meant. It looks at the trust policy; whether a principal of the
account that it names may ask is a matter of that principal's own policies ([reach.md](reach.md)). A Deny for some of
those whom an Allow names by their account is not looked at.

**Why is this bad?** Who can assume the role has all that it may do. A wildcard, or a pattern such as `repo:corp*`
that anyone can register a name for, hands it to people whom nobody knows.

**Example.** The trust policy of `role/deploy` names the OIDC provider of GitHub Actions and asks that `sub` be like
`repo:corp*`. Whoever creates the organization `corp-tools` assumes it.

**How to fix it.** Name the principals, or ask for what a stranger cannot bring: `aws:PrincipalOrgID`, a `sub` with
the whole name of the organization. Where it is meant, declare it:
`assumable_by = [{ principal = \"…:oidc-provider/token.actions.githubusercontent.com\", when = { StringLike = {
\"token.actions.githubusercontent.com:sub\" = \"repo:corp/app:*\" } } }]`.

**How to accept it.** Add an `[[exception]]` with the finding's fingerprint, a reason, two people and a date.
",
};

/// How many of those who are let in a title names.
const MAX_NAMED: usize = 2;

/// IAM006.
pub(super) struct TrustRule;

impl Rule for TrustRule {
    fn info(&self) -> &'static RuleInfo {
        &INFO
    }

    fn find_for_principal(&self, context: &RuleContext<'_>) -> Option<Finding> {
        let subject = context.subject;
        let trust = subject.principal.trust_policy.as_ref()?;
        let mut undeclared_trusts: Vec<(Severity, &UndeclaredTrust)> = context
            .trust_analysis
            .undeclared
            .iter()
            .map(|undeclared_trust| (rate_severity(context, undeclared_trust), undeclared_trust))
            .collect();
        undeclared_trusts
            .sort_by(|(a, first), (b, second)| b.cmp(a).then_with(|| first.statement.cmp(&second.statement)));
        let worst = undeclared_trusts.first()?.0;
        let mut names: Vec<String> = Vec::new();
        for (_, undeclared_trust) in &undeclared_trusts {
            let name = describe_assumers(undeclared_trust);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let others = names.len().saturating_sub(MAX_NAMED);
        let others_text = if others > 0 { format!(" and {}", format_count(others, "other")) } else { String::new() };
        let listed: Vec<&str> = names.iter().take(MAX_NAMED).map(String::as_str).collect();
        let is_open = undeclared_trusts.iter().any(|(_, undeclared_trust)| is_open_to_anyone(&undeclared_trust.scope));
        let suffix = if is_open { "" } else { ", undeclared" };
        let title = format!("can be assumed by {}{others_text}{suffix}", listed.join(" and by "));
        let excess = undeclared_trusts.iter().filter_map(|(severity, undeclared_trust)| {
            let statement = trust.document.statements.get(undeclared_trust.statement)?;
            let place = match trust.place == trust.document.place() {
                true => trust.document.statement_place(statement),
                false => trust.place.clone(),
            };
            let granted_by = GrantingStatement {
                policy: "trust policy".to_owned(),
                arn: None,
                origin: PolicySource::Trust,
                statement: undeclared_trust.statement,
                sid: statement.sid.as_deref().map(str::to_owned),
                place,
            };
            let mut actions = NamedActionSet::default();
            let catalog = context.analyzer.solver.catalog;
            catalog
                .find_action(undeclared_trust.grant.assume_action())
                .into_iter()
                .for_each(|action| actions.add(action));
            let summary = summarize_actions(&context.analyzer.ranking, &actions);
            Some(Excess {
                granted_by,
                severity: *severity,
                actions: summary.patterns,
                action_count: summary.action_count,
                destructive_count: summary.destructive_count,
                levels: summary.levels,
                resources: vec![subject.principal.arn.as_str().to_owned()],
                conditions: condition_text::render_conditions(&undeclared_trust.cubes),
                cubes: undeclared_trust.cubes.clone(),
                more: undeclared_trust.has_more_cubes,
                witness: to_witness(&undeclared_trust.witness),
                expected: None,
            })
        });
        let arn = subject.principal.arn.as_str();
        let causes = undeclared_trusts.iter().map(|(_, undeclared_trust)| {
            format!("{} {}", undeclared_trust.grant.as_str(), describe_assumers(undeclared_trust))
        });
        Some(Finding {
            rule: RuleId::Trust,
            severity: worst,
            fingerprint: compute_fingerprint(RuleId::Trust, arn, worst, causes),
            principal: Some(subject.principal_ref.clone()),
            title,
            action_count: 1,
            destructive_count: 0,
            excess: excess.collect(),
            reasons: explain_reasons(context, &undeclared_trusts),
            path: Vec::new(),
            place: Some(subject.principal.place.clone()),
            advice: suggest_remediation(context, &undeclared_trusts),
            first_seen: None,
            accepted: None,
        })
    }
}

fn is_open_to_anyone(scope: &TrustScope) -> bool {
    matches!(scope, TrustScope::Anyone | TrustScope::AnyTenant(_))
}

fn rate_severity(context: &RuleContext<'_>, undeclared_trust: &UndeclaredTrust) -> Severity {
    let is_own_account = |account: &str| context.analyzer.is_own_account(account);
    let base_severity = match &undeclared_trust.scope {
        TrustScope::Anyone | TrustScope::AnyTenant(_) if undeclared_trust.requires_restricted_value() => Severity::High,
        TrustScope::Anyone | TrustScope::AnyTenant(_) => Severity::Critical,
        TrustScope::Organization(id) if context.analyzer.is_own_organization(id) => Severity::Medium,
        TrustScope::Account(account) if is_own_account(account.as_str()) => Severity::Medium,
        TrustScope::Principal(arn) if is_own_account(arn.account()) => Severity::Medium,
        TrustScope::Service => Severity::Medium,
        TrustScope::ServiceForOtherAccount
        | TrustScope::Organization(_)
        | TrustScope::Account(_)
        | TrustScope::Principal(_)
        | TrustScope::Provider => Severity::High,
    };
    if context.subject.is_agent() { base_severity.raise_one_step() } else { base_severity }
}

/// Who comes in.
fn describe_assumers(undeclared_trust: &UndeclaredTrust) -> String {
    match &undeclared_trust.scope {
        TrustScope::Anyone => match undeclared_trust.grant {
            TrustGrant::AnyOidcProvider => "anyone with a token of any OIDC provider".to_owned(),
            TrustGrant::AnySamlProvider => "anyone with an assertion of any SAML provider".to_owned(),
            _ => "anyone in any AWS account".to_owned(),
        },
        TrustScope::AnyTenant(idp) => format!("any {} of {}", idp.tenant, idp.name),
        TrustScope::Organization(id) => format!("any principal of the organization {id}"),
        TrustScope::Account(account) => format!("principals of account {account}"),
        TrustScope::Principal(arn) => arn.as_str().to_owned(),
        TrustScope::Provider => format!("whom {} vouches for", undeclared_trust.grant.as_str()),
        TrustScope::Service => format!("the service {}", undeclared_trust.grant.as_str()),
        TrustScope::ServiceForOtherAccount => {
            format!("the service {} for another account", undeclared_trust.grant.as_str())
        }
    }
}

fn explain_reasons(context: &RuleContext<'_>, undeclared_trusts: &[(Severity, &UndeclaredTrust)]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut add = |line: String| {
        if !reasons.contains(&line) {
            reasons.push(line);
        }
    };
    match context.subject.entry {
        Some(entry) => match &entry.assumable_by {
            Some(assumers) if assumers.assumers.is_empty() => {
                add(format!("\"{}\" declares that nobody may assume it", entry.name.value));
            }
            Some(assumers) => {
                let listed: Vec<&str> = assumers.assumers.iter().map(|assumer| assumer.pattern.as_str()).collect();
                add(format!("`assumable_by` of \"{}\" lists {}", entry.name.value, listed.join(", ")));
            }
            None => add(format!("\"{}\" has no `assumable_by`: only strangers are looked at", entry.name.value)),
        },
        None => add("no entry of the baseline speaks of it: only strangers are looked at".to_owned()),
    }
    for (_, undeclared_trust) in undeclared_trusts {
        match (&undeclared_trust.scope, &undeclared_trust.grant) {
            (TrustScope::Anyone, _) if undeclared_trust.requires_restricted_value() => {
                add("whoever knows, or is, what the condition asks for comes in, from any account".to_owned());
            }
            (TrustScope::Anyone, TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider) => {
                add("a wildcard names every identity provider, also those that anyone can use".to_owned());
            }
            (TrustScope::Anyone, _) => {
                add("no condition ties those who come in to an account or an organization".to_owned())
            }
            (TrustScope::AnyTenant(idp), TrustGrant::Oidc { .. }) => add(format!(
                "{} vouches for all its customers under one address, and no condition names one {} in full",
                idp.name,
                tenant_owner_noun(idp)
            )),
            (TrustScope::Account(account), _)
                if !context.analyzer.is_own_account(account.as_str()) && !requires_external_id(undeclared_trust) =>
            {
                add(format!(
                    "no external id is asked for: whoever account {account} acts for may have it act on this role"
                ));
            }
            _ => {}
        }
    }
    reasons
}

/// What of a shared provider a claim has to name.
fn tenant_owner_noun(idp: &SharedIdp) -> &str {
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

fn suggest_remediation(context: &RuleContext<'_>, undeclared_trusts: &[(Severity, &UndeclaredTrust)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut to_declare: BTreeSet<&str> = BTreeSet::new();
    for (_, undeclared_trust) in undeclared_trusts {
        let statement = format!("statement {} of the trust policy", undeclared_trust.statement + 1);
        let line = match (&undeclared_trust.scope, &undeclared_trust.grant) {
            (TrustScope::Anyone, TrustGrant::AnyOidcProvider | TrustGrant::AnySamlProvider) => {
                format!("name the identity provider in {statement}, with a condition on whom it vouches for")
            }
            (TrustScope::Anyone, _) => {
                format!("name the principals in {statement}, or add a condition on aws:PrincipalOrgID to it")
            }
            (TrustScope::AnyTenant(idp), TrustGrant::Oidc { host, .. }) => match idp.subjects.first() {
                Some(subject_format) => {
                    let example = subject_format.replacen("{}", &tenant_owner_noun(idp).to_uppercase(), 1);
                    format!("add a condition on {host}:sub to {statement} that names one in full: {example}…")
                }
                None => {
                    let claims: Vec<String> = idp.claims.iter().map(|claim| format!("{host}:{claim}")).collect();
                    format!("add a condition on {} to {statement}, without a wildcard", claims.join(" or "))
                }
            },
            _ => {
                to_declare.insert(undeclared_trust.grant.as_str());
                format!("take {} out of {statement}", undeclared_trust.grant.as_str())
            }
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if context.subject.entry.is_some() && !to_declare.is_empty() {
        let listed: Vec<String> =
            to_declare.into_iter().map(|principal| serde_json::Value::from(principal).to_string()).collect();
        lines.push(format!("or declare it: add {} to `assumable_by`", listed.join(", ")));
    }
    lines
}
