//! IAM006: the role can be assumed by someone who is not declared.

use std::collections::BTreeSet;

use super::judged::Judged;
use super::{About, Rule, RuleId};
use crate::audit::action_patterns::{ActionSet, summarise};
use crate::audit::count::count;
use crate::audit::cube_text;
use crate::audit::excess::shown;
use crate::audit::finding::{Excess, Finding, GrantedBy, Origin};
use crate::audit::fingerprint::fingerprint;
use crate::audit::severity::Severity;
use crate::trust::{Issuer, Opening, Scope, Way};

static ABOUT: About = About {
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
const NAMED: usize = 2;

/// IAM006.
pub(super) struct Trust;

impl Rule for Trust {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn of_principal(&self, judged: &Judged<'_>) -> Option<Finding> {
        let subject = judged.subject;
        let trust = subject.principal.trust.as_ref()?;
        let mut openings: Vec<(Severity, &Opening)> =
            judged.trust.found.iter().map(|opening| (severity(judged, opening), opening)).collect();
        openings.sort_by(|(a, one), (b, two)| b.cmp(a).then_with(|| one.statement.cmp(&two.statement)));
        let worst = openings.first()?.0;
        let mut names: Vec<String> = Vec::new();
        for (_, opening) in &openings {
            let name = who(opening);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let others = names.len().saturating_sub(NAMED);
        let more = if others > 0 { format!(" and {}", count(others, "other")) } else { String::new() };
        let listed: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
        let stranger = openings.iter().any(|(_, opening)| is_open_to_strangers(&opening.scope));
        let undeclared = if stranger { "" } else { ", undeclared" };
        let title = format!("can be assumed by {}{more}{undeclared}", listed.join(" and by "));
        let excess = openings.iter().filter_map(|(severity, opening)| {
            let statement = trust.document.statements.get(opening.statement)?;
            let place = match trust.place == trust.document.place() {
                true => trust.document.statement_place(statement),
                false => trust.place.clone(),
            };
            let granted_by = GrantedBy {
                policy: "trust policy".to_owned(),
                arn: None,
                origin: Origin::Trust,
                statement: opening.statement,
                sid: statement.sid.as_deref().map(str::to_owned),
                place,
            };
            let mut actions = ActionSet::default();
            let catalog = judged.asker.solver.catalog;
            catalog.find_action(opening.way.action()).into_iter().for_each(|action| actions.add(action));
            let summary = summarise(&judged.asker.ranks, &actions);
            Some(Excess {
                granted_by,
                severity: *severity,
                actions: summary.patterns,
                action_count: summary.count,
                destructive_count: summary.destructive,
                levels: summary.levels,
                resources: vec![subject.principal.arn.as_str().to_owned()],
                conditions: cube_text::conditions(&opening.cubes),
                cubes: opening.cubes.clone(),
                more: opening.more,
                witness: shown(&opening.witness),
                expected: None,
            })
        });
        let arn = subject.principal.arn.as_str();
        let causes = openings.iter().map(|(_, opening)| format!("{} {}", opening.way.text(), who(opening)));
        Some(Finding {
            rule: RuleId::Trust,
            severity: worst,
            fingerprint: fingerprint(RuleId::Trust, arn, worst, causes),
            principal: Some(subject.brief.clone()),
            title,
            action_count: 1,
            destructive_count: 0,
            excess: excess.collect(),
            reasons: reasons(judged, &openings),
            path: Vec::new(),
            place: Some(subject.principal.place.clone()),
            advice: advice(judged, &openings),
            first_seen: None,
            accepted: None,
        })
    }
}

fn is_open_to_strangers(scope: &Scope) -> bool {
    matches!(scope, Scope::World | Scope::Tenants(_))
}

fn severity(judged: &Judged<'_>, opening: &Opening) -> Severity {
    let known = |account: &str| judged.asker.is_own_account(account);
    let own = match &opening.scope {
        Scope::World | Scope::Tenants(_) if opening.is_held_by_few() => Severity::High,
        Scope::World | Scope::Tenants(_) => Severity::Critical,
        Scope::Organization(id) if judged.asker.is_own_organization(id) => Severity::Medium,
        Scope::Account(account) if known(account.as_str()) => Severity::Medium,
        Scope::Principal(arn) if known(arn.account()) => Severity::Medium,
        Scope::Service => Severity::Medium,
        Scope::ServiceAbroad | Scope::Organization(_) | Scope::Account(_) | Scope::Principal(_) | Scope::Provider => {
            Severity::High
        }
    };
    if judged.subject.is_agent() { own.raised() } else { own }
}

/// Who comes in.
fn who(opening: &Opening) -> String {
    match &opening.scope {
        Scope::World => match opening.way {
            Way::AnyToken => "anyone with a token of any OIDC provider".to_owned(),
            Way::AnyAssertion => "anyone with an assertion of any SAML provider".to_owned(),
            _ => "anyone in any AWS account".to_owned(),
        },
        Scope::Tenants(issuer) => format!("any {} of {}", issuer.tenant, issuer.name),
        Scope::Organization(id) => format!("any principal of the organization {id}"),
        Scope::Account(account) => format!("principals of account {account}"),
        Scope::Principal(arn) => arn.as_str().to_owned(),
        Scope::Provider => format!("whom {} vouches for", opening.way.text()),
        Scope::Service => format!("the service {}", opening.way.text()),
        Scope::ServiceAbroad => format!("the service {} for another account", opening.way.text()),
    }
}

fn reasons(judged: &Judged<'_>, openings: &[(Severity, &Opening)]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut add = |line: String| {
        if !reasons.contains(&line) {
            reasons.push(line);
        }
    };
    match judged.subject.entry {
        Some(entry) => match &entry.assumable_by {
            Some(assumers) if assumers.of.is_empty() => {
                add(format!("\"{}\" declares that nobody may assume it", entry.name.value));
            }
            Some(assumers) => {
                let listed: Vec<&str> = assumers.of.iter().map(|one| one.who.as_str()).collect();
                add(format!("`assumable_by` of \"{}\" lists {}", entry.name.value, listed.join(", ")));
            }
            None => add(format!("\"{}\" has no `assumable_by`: only strangers are looked at", entry.name.value)),
        },
        None => add("no entry of the baseline speaks of it: only strangers are looked at".to_owned()),
    }
    for (_, opening) in openings {
        match (&opening.scope, &opening.way) {
            (Scope::World, _) if opening.is_held_by_few() => {
                add("whoever knows, or is, what the condition asks for comes in, from any account".to_owned());
            }
            (Scope::World, Way::AnyToken | Way::AnyAssertion) => {
                add("a wildcard names every identity provider, also those that anyone can use".to_owned());
            }
            (Scope::World, _) => add("no condition ties those who come in to an account or an organization".to_owned()),
            (Scope::Tenants(issuer), Way::Oidc { .. }) => add(format!(
                "{} vouches for all its customers under one address, and no condition names one {} in full",
                issuer.name,
                owner(issuer)
            )),
            (Scope::Account(account), _)
                if !judged.asker.is_own_account(account.as_str()) && !asks_external_id(opening) =>
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
fn owner(issuer: &Issuer) -> &str {
    if issuer.tenant == "repository" { "owner" } else { &issuer.tenant }
}

fn asks_external_id(opening: &Opening) -> bool {
    let asks = |key: &str, missing: bool| key.eq_ignore_ascii_case("sts:ExternalId") && !missing;
    opening.cubes.iter().all(|cube| cube.context.iter().any(|(key, range)| asks(key, range.may_be_missing)))
}

fn advice(judged: &Judged<'_>, openings: &[(Severity, &Opening)]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut declare: BTreeSet<&str> = BTreeSet::new();
    for (_, opening) in openings {
        let statement = format!("statement {} of the trust policy", opening.statement + 1);
        let line = match (&opening.scope, &opening.way) {
            (Scope::World, Way::AnyToken | Way::AnyAssertion) => {
                format!("name the identity provider in {statement}, with a condition on whom it vouches for")
            }
            (Scope::World, _) => {
                format!("name the principals in {statement}, or add a condition on aws:PrincipalOrgID to it")
            }
            (Scope::Tenants(issuer), Way::Oidc { host, .. }) => match issuer.subjects.first() {
                Some(form) => {
                    let example = form.replacen("{}", &owner(issuer).to_uppercase(), 1);
                    format!("add a condition on {host}:sub to {statement} that names one in full: {example}…")
                }
                None => {
                    let claims: Vec<String> = issuer.claims.iter().map(|claim| format!("{host}:{claim}")).collect();
                    format!("add a condition on {} to {statement}, without a wildcard", claims.join(" or "))
                }
            },
            _ => {
                declare.insert(opening.way.text());
                format!("take {} out of {statement}", opening.way.text())
            }
        };
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    if judged.subject.entry.is_some() && !declare.is_empty() {
        let listed: Vec<String> = declare.into_iter().map(|who| serde_json::Value::from(who).to_string()).collect();
        lines.push(format!("or declare it: add {} to `assumable_by`", listed.join(", ")));
    }
    lines
}
