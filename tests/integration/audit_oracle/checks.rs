//! Compares the audit of a case with the oracle: sampled requests in one direction, witnesses in the other.

use iamdrift::audit::{Audit, Finding, Reason, RuleId, Title, Witness};

use super::audit_run::list_findings;
use super::evaluator::decision::{Owner, is_role_assumption};
use super::evaluator::principal_element::Caller;
use super::evaluator::world::{Principal, PrincipalKind, World};
use super::evaluator::{Context, Reading, Request, Value};
use super::facts;
use super::generator::conditions::Areas;
use super::generator::random::Dice;
use super::manifest::{Entry, Manifest, covers_action};
use super::sampler::{Pool, Sampler};
use super::tally::Tally;
use super::trust_checks::{find_undeclared_request, is_declared_with_role};

/// A difference between the tool and the oracle.
#[derive(Clone, Debug)]
pub struct Difference {
    /// What was checked: shrinking keeps it.
    pub check: String,
    /// The ARN of the principal.
    pub principal: String,
    /// The request that the tool missed. `None` if a witness is refuted.
    pub probe: Option<Probe>,
    /// The explanation.
    pub text: String,
}

impl Difference {
    /// One line.
    pub fn summarize(&self, seed: u64) -> String {
        format!("seed {seed}, {}, check of {}: {}", self.principal, self.check, self.text)
    }
}

/// A sampled request.
#[derive(Clone, Debug)]
pub struct Probe {
    pub session: String,
    pub request: Request,
    pub owner: Owner,
    pub reading: Reading,
}

impl Probe {
    fn render(&self) -> String {
        let Request { action, resource, context } = &self.request;
        let context: Vec<String> =
            context.iter().map(|(key, value)| format!("{key}={}", value.list().join(","))).collect();
        let (owner, session) = (self.owner.as_deref().unwrap_or("an unknown account"), &self.session);
        let reading = self.reading;
        format!("{action} on {resource} of {owner}, session {session}, {reading:?}, with {}", context.join(" "))
    }
}

/// The tool's audit and the oracle's view of the same files.
pub struct Comparison<'a> {
    pub audit: &'a Audit,
    pub world: &'a World,
    pub manifest: &'a Manifest,
    pub areas: Areas<'a>,
}

/// The names of the sessions that policies name, and one that none does.
const SESSIONS: [&str; 2] = ["ci", "zz"];

impl Comparison<'_> {
    /// Compares every principal.
    pub fn check(&self, dice: &mut Dice, samples: usize) -> (Tally, Vec<Difference>) {
        let pool = Pool::collect(self.world, self.manifest);
        let mut tally = Tally { accounts: 1, ..Tally::default() };
        let mut differences = Vec::new();
        for principal in &self.world.principals {
            tally.principals += 1;
            tally.undecided += usize::from(self.is_undecided(principal));
            tally.as_declared +=
                usize::from(list_findings(self.audit, RuleId::Broader, &principal.arn).next().is_none());
            differences.extend(self.check_witnesses(principal, &mut tally));
            differences.extend(self.check_missing_document(principal));
            if !self.is_undecided(principal) {
                differences.extend(self.check_trust(principal, &pool, dice));
                let sampler = Sampler::new(self.world, &pool, &Caller { principal, session: SESSIONS[0] }, self.areas);
                let subject = Subject { principal, entry: self.manifest.find_entry(&principal.arn) };
                for _ in 0..samples {
                    differences.extend(self.check_sample(&subject, &sampler, dice, &mut tally));
                    if differences.len() > 3 {
                        return (tally, differences);
                    }
                }
            }
        }
        (tally, differences)
    }

    /// A principal whose verdict needs a document that the snapshot lacks, and that the tool decides.
    pub fn check_missing_document(&self, principal: &Principal) -> Option<Difference> {
        let is_ignored = self.manifest.ignores(&principal.arn);
        let is_missed = principal.lacks_document && !is_ignored && !self.is_undecided(principal);
        is_missed.then(|| Difference {
            check: "missing document".to_owned(),
            principal: principal.arn.clone(),
            probe: None,
            text: "a document that decides the access is missing, and the verdict is decided".to_owned(),
        })
    }

    /// A caller that the tool misses.
    fn check_trust(&self, role: &Principal, pool: &Pool<'_>, dice: &mut Dice) -> Option<Difference> {
        let is_checked = role.kind == PrincipalKind::Role
            && (self.areas)("trust")
            && list_findings(self.audit, RuleId::Trust, &role.arn).next().is_none();
        let entry = self.manifest.find_entry(&role.arn);
        let found =
            is_checked.then(|| find_undeclared_request(self.world, pool, (role, entry.as_ref()), dice, self.areas));
        let text = found.flatten()?;
        Some(Difference { check: "trust".to_owned(), principal: role.arn.clone(), probe: None, text })
    }

    /// Whether a role still has a caller that the tool misses.
    pub fn misses_caller(&self, role: &Principal) -> bool {
        let pool = Pool::collect(self.world, self.manifest);
        (0..8).any(|seed| !self.is_undecided(role) && self.check_trust(role, &pool, &mut Dice::new(seed)).is_some())
    }

    fn is_undecided(&self, principal: &Principal) -> bool {
        !self.audit.unread.is_empty() || list_findings(self.audit, RuleId::Undecided, &principal.arn).next().is_some()
    }

    fn check_sample(
        &self,
        subject: &Subject<'_>,
        sampler: &Sampler<'_>,
        dice: &mut Dice,
        tally: &mut Tally,
    ) -> Option<Difference> {
        let (session, principal) = (*dice.pick(&SESSIONS), subject.principal);
        let caller = Caller { principal, session };
        let (request, owner) = sampler.draw(dice, &caller);
        tally.requests += 1;
        let readings = Reading::list_all();
        let readings = if dice.percent(10) { &readings[..] } else { &readings[..1] };
        for reading in readings {
            let probe = Probe {
                session: session.to_owned(),
                request: request.clone(),
                owner: owner.clone(),
                reading: *reading,
            };
            let (is_allowed, outcome) = self.check_probe(subject, &probe);
            tally.allowed += usize::from(is_allowed);
            match outcome {
                Outcome::Nothing => {}
                Outcome::Confirmed => tally.confirmed += 1,
                Outcome::Missed(check, text) => {
                    return Some(Difference { check, principal: principal.arn.clone(), probe: Some(probe), text });
                }
            }
        }
        None
    }

    /// Whether a request is allowed, and whether the tool reports what it exceeds.
    fn check_probe(&self, subject: &Subject<'_>, probe: &Probe) -> (bool, Outcome) {
        let caller = Caller { principal: subject.principal, session: &probe.session };
        let Probe { request, owner, reading, .. } = probe;
        if !self.world.is_access(&caller, request, owner, *reading) {
            return (false, Outcome::Nothing);
        }
        let mut outcome = Outcome::Nothing;
        for (check, is_reported) in self.list_expected(subject, &caller, request, *reading) {
            if !is_reported {
                let text = format!("{check}: {}", probe.render());
                return (true, Outcome::Missed(check, text));
            }
            outcome = Outcome::Confirmed;
        }
        (true, outcome)
    }

    /// The findings that an allowed request requires, and whether the tool has them.
    fn list_expected(
        &self,
        subject: &Subject<'_>,
        caller: &Caller<'_>,
        request: &Request,
        reading: Reading,
    ) -> Vec<(String, bool)> {
        let arn = subject.principal.arn.as_str();
        let reports = |rule: RuleId, is_title: &dyn Fn(&Title) -> bool| {
            let findings = list_findings(self.audit, rule, arn).filter(|finding| finding.accepted.is_none());
            let mut findings = findings.filter(|finding| is_title(&finding.title));
            // Beside proven excess, what unread documents may add is not listed.
            let may_be_unlisted = reading.needs_unread_grants();
            findings.any(|finding| may_be_unlisted || lists_action(finding, &request.action))
        };
        let Some(entry) = &subject.entry else {
            let is_ignored = list_findings(self.audit, RuleId::Undeclared, arn).next().is_none();
            return vec![("undeclared".to_owned(), is_ignored || reports(RuleId::Undeclared, &|_| true))];
        };
        let mut expected = Vec::new();
        let is_declared_with_role = is_declared_with_role(self.world, self.manifest, caller, request);
        let exceeds = entry.allows(request, reading) == Some(false) && !entry.accepts(request, reading);
        if exceeds && !is_declared_with_role {
            let is_title = |title: &Title| matches!(title, Title::BeyondCeiling(_));
            expected.push(("ceiling".to_owned(), reports(RuleId::Broader, &is_title)));
        }
        for (guard, actions) in &entry.guards {
            if covers_action(actions, &request.action) && !guard.is_met(request, reading) {
                let is_title =
                    |title: &Title| matches!(title, Title::GuardNotEnforced { guard: name, .. } if *name == guard.name);
                expected.push((guard.name.clone(), reports(RuleId::Unguarded, &is_title)));
            }
        }
        for (persona, ceiling) in &entry.personas {
            if persona.is_met(request, reading) && ceiling.allows(request, reading) == Some(false) {
                let is_title = |title: &Title| matches!(title, Title::BeyondPersona { persona: name, .. } if *name == persona.name);
                expected.push((persona.name.clone(), reports(RuleId::Broader, &is_title)));
            }
        }
        expected
    }

    /// Whether the tool still misses what a probe exceeds.
    pub fn misses(&self, arn: &str, check: &str, probe: &Probe) -> bool {
        let Some(principal) = self.world.find_principal(arn) else { return false };
        let caller = Caller { principal, session: &probe.session };
        let is_possible = facts::list_contradictions(self.world, &caller, &probe.request, &probe.owner).is_empty()
            && self.world.list_owners(&caller, &probe.request.resource).contains(&probe.owner);
        let subject = Subject { principal, entry: self.manifest.find_entry(arn) };
        let (_, outcome) = self.check_probe(&subject, probe);
        is_possible && !self.is_undecided(principal) && matches!(outcome, Outcome::Missed(missed, _) if missed == check)
    }

    /// The witnesses of a principal's findings that the oracle refutes.
    pub fn check_witnesses(&self, principal: &Principal, tally: &mut Tally) -> Vec<Difference> {
        let entry = self.manifest.find_entry(&principal.arn);
        let mut differences = Vec::new();
        for rule in [RuleId::Broader, RuleId::Unguarded, RuleId::Undeclared] {
            for finding in list_findings(self.audit, rule, &principal.arn) {
                // Its request is made by a caller that assumes the role.
                if matches!(finding.title, Title::GuardIneffective { .. }) {
                    continue;
                }
                // The witness shows the whole excess if the finding is accepted, or if that is undecided.
                let is_undecided = |reason: &Reason| matches!(reason, Reason::AcceptanceUndecided { .. });
                let entry = match finding.accepted.is_some() || finding.reasons.iter().any(is_undecided) {
                    true => entry.clone().map(Entry::without_exception),
                    false => entry.clone(),
                };
                for excess in &finding.excess {
                    tally.witnesses += 1;
                    let refuted = self.refute(principal, &excess.witness, entry.as_ref(), &finding.title);
                    differences.extend(refuted.map(|reason| Difference {
                        check: format!("witness of {}", rule.as_str()),
                        principal: principal.arn.clone(),
                        probe: None,
                        text: format!("{reason}: {:?} of {:?}", excess.witness, finding.title),
                    }));
                }
            }
        }
        differences
    }

    /// Why a witness proves nothing. `None` if it does.
    fn refute(&self, principal: &Principal, witness: &Witness, entry: Option<&Entry>, title: &Title) -> Option<String> {
        if witness.resource.contains("${") && !(self.areas)("variable-as-account") {
            return None;
        }
        let mut reason = String::new();
        let mut sessions: Vec<String> = SESSIONS.map(str::to_owned).to_vec();
        if let Some(id) =
            witness.context.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:userid")).map(|(_, v)| v.concat())
            && let (PrincipalKind::Role, Some((_, session))) = (principal.kind, id.split_once(':'))
        {
            sessions.insert(0, session.to_owned());
            if (self.areas)("userid-of-session") {
                sessions.truncate(1);
            }
        }
        for session in &sessions {
            let caller = Caller { principal, session };
            for is_through_endpoint in [false, true] {
                let mut request = read_witness(witness);
                if principal.kind == PrincipalKind::Role {
                    request.context.remove("aws:userid");
                }
                facts::complete(self.world, &caller, &mut request, is_through_endpoint);
                match self.find_flaw(&caller, &request, entry, title) {
                    Some(flaw) if reason.is_empty() => reason = flaw,
                    Some(_) => {}
                    None => return None,
                }
            }
        }
        Some(reason)
    }

    /// Why a complete request does not prove a finding.
    fn find_flaw(
        &self,
        caller: &Caller<'_>,
        request: &Request,
        entry: Option<&Entry>,
        title: &Title,
    ) -> Option<String> {
        let account = request.context.get("aws:resourceaccount").map(|account| account.list().concat());
        let owners = match (self.world.list_owners(caller, &request.resource), account) {
            (owners, Some(_)) if request.resource == "*" && !(self.areas)("owner-without-resource") => owners,
            // The context says who owns a resource whose ARN does not.
            (owners, Some(account)) if owners.len() > 1 => vec![Some(account)],
            (owners, _) => owners,
        };
        let find_contradiction = |owner: &Owner| {
            let contradictions = facts::list_contradictions(self.world, caller, request, owner);
            contradictions.into_iter().find(|(area, _)| (self.areas)(area))
        };
        // The organization of the resource can exclude an owner.
        let possible: Vec<&Owner> = owners.iter().filter(|owner| find_contradiction(owner).is_none()).collect();
        if possible.is_empty() {
            let (area, text) = find_contradiction(&owners[0]).unwrap();
            return Some(format!("impossible ({area}): {text}"));
        }
        // The consent of a role that only patterns match is assumed.
        let role = Some(&request.resource).filter(|_| is_role_assumption(request)).filter(|role| {
            !caller.principal.names_resource(role) && !entry.is_some_and(|entry| entry.names_resource(role))
        });
        let consenting = role.map(|role| self.world.without_trust(role));
        let worlds: Vec<&World> = [Some(self.world), consenting.as_ref()].into_iter().flatten().collect();
        for owner in possible {
            let has_empty_value = request.context.values().any(|value| value.list().iter().all(String::is_empty));
            for reading in Reading::list_all() {
                if reading.empty_is_missing && has_empty_value && !(self.areas)("empty-set") {
                    continue;
                }
                if reading.unresolved_excludes_all && !(self.areas)("mixed-excess") {
                    continue;
                }
                if !worlds.iter().any(|world| world.is_access(caller, request, owner, reading)) {
                    return Some(format!("not allowed if the owner is {owner:?} ({reading:?})"));
                }
                let is_declared_with_role = matches!(title, Title::BeyondCeiling(_))
                    && is_declared_with_role(self.world, self.manifest, caller, request);
                if is_declared_with_role || entry.is_some_and(|entry| is_declared(entry, request, title, reading)) {
                    return Some(format!("declared ({reading:?})"));
                }
            }
        }
        None
    }
}

/// A principal, and what the baseline declares about it.
struct Subject<'a> {
    principal: &'a Principal,
    entry: Option<Entry>,
}

enum Outcome {
    Nothing,
    Confirmed,
    Missed(String, String),
}

/// Whether a request is not what a finding says.
fn is_declared(entry: &Entry, request: &Request, title: &Title, reading: Reading) -> bool {
    match title {
        Title::BeyondCeiling(_) => entry.allows(request, reading) == Some(true) || entry.accepts(request, reading),
        Title::BeyondPersona { persona, .. } => {
            let (requirement, ceiling) = entry.personas.iter().find(|(p, _)| p.name == *persona).unwrap();
            !requirement.is_met(request, reading) || ceiling.allows(request, reading) == Some(true)
        }
        Title::GuardNotEnforced { guard, .. } => {
            let (requirement, actions) = entry.guards.iter().find(|(g, _)| g.name == *guard).unwrap();
            !covers_action(actions, &request.action) || requirement.is_met(request, reading)
        }
        // The request by which a principal satisfies a guard is not one of these.
        _ => false,
    }
}

fn lists_action(finding: &Finding, action: &str) -> bool {
    let mut patterns =
        finding.excess.iter().flat_map(|excess| excess.actions.iter()).map(|count| count.pattern.clone());
    patterns.any(|pattern| covers_action(&[pattern], action))
}

const SET_KEYS: [&str; 4] = ["aws:tagkeys", "aws:calledvia", "aws:principalorgpaths", "kms:encryptioncontextkeys"];

/// The request of a witness: what it does not list is missing.
pub fn read_witness(witness: &Witness) -> Request {
    let mut context = Context::new();
    for (key, values) in &witness.context {
        let key = key.to_lowercase();
        let value = match values.as_slice() {
            [one] if !SET_KEYS.contains(&key.as_str()) => Value::One(one.clone()),
            values => Value::Many(values.to_vec()),
        };
        context.insert(key, value);
    }
    Request { action: witness.action.clone(), resource: witness.resource.clone(), context }
}
