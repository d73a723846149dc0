//! Users and roles that do not exist and that principals of the snapshot may create. The policies of an account treat all
//! ARNs that the same patterns match in the same way: one ARN is enough.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::arn_index::name_in_arn;
use super::node::PrincipalNode;
use crate::access::KnownContext;
use crate::baseline::Glob;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::template::{Template, escape_wildcards};
use crate::iam::{
    Arn, AwsPrincipal, Effect, ElementKind, PolicyDocument, PrincipalElement, PrincipalEntry, Statement,
    StatementPlaces,
};
use crate::snapshot::{Account, AttachmentKind, IamEntityKind, PolicyAttachment, Principal, Snapshot};
use crate::solve::budget::ESCALATION_STEPS;
use crate::solve::{Access, ActionWorld, AnswerDetail, Branch, Question, Solver, StatementUse, WitnessPolicy};
use crate::source::{Place, Span};

/// The largest number of users, and of roles, of one account.
const MAX_OF_KIND: usize = 16;
/// The largest number of existing names that are avoided one after the other.
const MAX_NAMES: usize = 4;

/// The actions that create a role and change it, with the one that creates it first.
const ROLE_ACTIONS: [&str; 7] = [
    "iam:CreateRole",
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
];
/// Those that matter if they are denied: the trust policy of a new role allows them.
const ROLE_USES: [&str; 2] = ["sts:AssumeRole", "sts:TagSession"];
const USER_ACTIONS: [&str; 8] = [
    "iam:CreateUser",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:TagUser",
];

/// The users and roles that may be created in a snapshot.
#[derive(Default)]
pub(crate) struct CreatablePrincipals<'a> {
    pub(crate) principals: Vec<(&'a Account, Principal)>,
    /// The accounts in which some are left out.
    pub(crate) incomplete: BTreeSet<String>,
}

/// ARNs that the same patterns match.
struct ArnClass {
    within: Vec<String>,
    outside: Vec<String>,
    /// One of them.
    arn: String,
}

/// A kind of principal, with the patterns over its ARN that policies of an account have.
struct KindPatterns<'p> {
    kind: IamEntityKind,
    account: &'p Account,
    known: &'p KnownContext,
    /// Those of statements that allow to create it.
    create: BTreeSet<String>,
    others: BTreeSet<String>,
}

impl<'a> CreatablePrincipals<'a> {
    pub(crate) fn collect_from(
        solver: &Solver<'_>,
        snapshot: &'a Snapshot,
        nodes: &[PrincipalNode<'_>],
    ) -> CreatablePrincipals<'a> {
        let mut found = CreatablePrincipals::default();
        for account in &snapshot.accounts {
            let of_account: Vec<&PrincipalNode<'_>> =
                nodes.iter().filter(|node| node.account.id == account.id).collect();
            let Some(first) = of_account.first() else { continue };
            for kind in [IamEntityKind::Role, IamEntityKind::User] {
                let patterns = KindPatterns::collect_from(kind, (account, &first.known), &of_account);
                let (arns, is_complete) = patterns.choose_arns(solver);
                found.principals.extend(arns.iter().map(|arn| (account, build_principal(kind, arn))));
                if !is_complete {
                    found.incomplete.insert(account.id.as_str().to_owned());
                }
            }
        }
        found
    }
}

impl<'p> KindPatterns<'p> {
    fn collect_from(
        kind: IamEntityKind,
        (account, known): (&'p Account, &'p KnownContext),
        nodes: &[&PrincipalNode<'_>],
    ) -> KindPatterns<'p> {
        let (actions, uses) = match kind {
            IamEntityKind::User => (&USER_ACTIONS[..], &[][..]),
            _ => (&ROLE_ACTIONS[..], &ROLE_USES[..]),
        };
        let mut patterns = KindPatterns { kind, account, known, create: BTreeSet::new(), others: BTreeSet::new() };
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        // Who has everything gains nothing.
        for node in nodes.iter().filter(|node| !is_unlimited(node)) {
            for policy in node.own_policies() {
                if seen.insert(Arc::as_ptr(&policy.document) as usize) {
                    policy.document.statements.iter().for_each(|statement| patterns.add(statement, actions, uses));
                }
            }
        }
        patterns
    }

    fn add(&mut self, statement: &Statement, actions: &[&str], uses: &[&str]) {
        let lists = |names: &[&str]| names.iter().any(|action| statement.action.lists_action(action));
        let is_allow = statement.effect == Effect::Allow;
        let is_relevant = lists(actions) || (!is_allow && lists(uses));
        let Some(resource) = statement.resource.as_ref().filter(|_| is_relevant) else { return };
        let without_variables = resource.patterns.iter().filter(|pattern| pattern.variables().next().is_none());
        let written = without_variables.map(Template::as_written).map(str::to_owned);
        let creates = is_allow && actions.first().is_some_and(|create| statement.action.lists_action(create));
        match creates {
            true if resource.kind == ElementKind::List => self.create.extend(written),
            true => {
                self.create.insert("*".to_owned());
                self.others.extend(written);
            }
            false => self.others.extend(written),
        }
    }

    /// One ARN for each class of ARNs that may be created, and whether these are all.
    fn choose_arns(&self, solver: &Solver<'_>) -> (BTreeSet<String>, bool) {
        let any = || self.find_class(solver, Vec::new(), Vec::new());
        let Some(any) = (!self.create.is_empty()).then(any).flatten() else { return (BTreeSet::new(), true) };
        let mut classes = vec![any];
        let mut is_complete = true;
        for pattern in &self.create {
            classes = self.split(solver, classes, pattern);
        }
        classes.retain(|class| !class.within.is_empty());
        for pattern in self.others.difference(&self.create) {
            classes = self.split(solver, classes, pattern);
            is_complete &= classes.len() <= MAX_OF_KIND;
            classes.truncate(MAX_OF_KIND);
        }
        (classes.into_iter().map(|class| class.arn).collect(), is_complete)
    }

    /// The parts of the classes that a pattern matches, and those that it does not match. The former come first.
    fn split(&self, solver: &Solver<'_>, classes: Vec<ArnClass>, pattern: &str) -> Vec<ArnClass> {
        let glob = Glob::new(pattern);
        let mut inside = Vec::new();
        let mut outside = Vec::new();
        for class in classes {
            let added = |patterns: &[String]| patterns.iter().cloned().chain([pattern.to_owned()]).collect();
            let (within, without) = (added(&class.within), added(&class.outside));
            if glob.matches(&class.arn) {
                outside.extend(self.find_class(solver, class.within.clone(), without));
                inside.push(ArnClass { within, outside: class.outside, arn: class.arn });
            } else {
                inside.extend(self.find_class(solver, within, class.outside.clone()));
                outside.push(ArnClass { outside: without, ..class });
            }
        }
        inside.into_iter().chain(outside).collect()
    }

    /// The class of the ARNs that some patterns match and others do not match. None if each of its ARNs is in use.
    fn find_class(&self, solver: &Solver<'_>, within: Vec<String>, outside: Vec<String>) -> Option<ArnClass> {
        let prefix = format!("arn:{}:iam::{}:", self.account.partition.as_str(), self.account.id.as_str());
        let (prefix, create) = match self.kind {
            IamEntityKind::User => (format!("{prefix}user/"), "iam:CreateUser"),
            _ => (format!("{prefix}role/"), "iam:CreateRole"),
        };
        let action = || ActionElement::listing([create]);
        let to_uses = |statement| {
            let document = Arc::new(PolicyDocument::from_statements("new principals", vec![statement]));
            StatementUse::from_document(&document).collect::<Vec<StatementUse>>()
        };
        let allow = |pattern: &String| to_uses(Statement::allow(action(), ResourceElement::listing([pattern])));
        let allow_layers: Vec<Vec<StatementUse>> = [format!("{prefix}*")].iter().chain(&within).map(allow).collect();
        let reserved = ["aws-service-role", "aws-reserved"].map(|path| format!("{prefix}{path}/*"));
        let mut denied: Vec<String> = outside.iter().cloned().chain(reserved).collect();
        for _ in 0..MAX_NAMES {
            let deny_statements = to_uses(Statement::deny(action(), ResourceElement::listing(&denied)));
            let branch = Branch { allow_layers: allow_layers.clone(), deny_statements, ..Branch::default() };
            let arn = self.find_witness(solver, &Access { branches: vec![branch] })?;
            if !self.is_in_use(&arn) {
                return Some(ArnClass { within, outside, arn });
            }
            denied.push(escape_wildcards(&arn));
        }
        None
    }

    fn find_witness(&self, solver: &Solver<'_>, access: &Access) -> Option<String> {
        let answer = solver.answer(&Question {
            effective: access,
            declared: &Access::default(),
            known: self.known,
            partition: Some(self.account.partition),
            world: ActionWorld::Existing,
            single_request: None,
            budget: ESCALATION_STEPS,
            detail: AnswerDetail::Difference { max_cubes: 1, witnesses: WitnessPolicy::Single },
            witness_account: Some(self.account.id.as_str()),
            replay: None,
        });
        answer.grants.into_iter().find_map(|grant| grant.witness).map(|request| request.resource)
    }

    /// Whether a user or role of the account has the name in an ARN.
    // AWS: IAM identifiers: names are unique in an account, whatever the case
    fn is_in_use(&self, arn: &str) -> bool {
        let name = name_in_arn(arn);
        let is_user = self.kind == IamEntityKind::User;
        let is_of_kind = |other: &&Principal| is_user == (other.entity_kind == IamEntityKind::User);
        self.account
            .principals
            .iter()
            .filter(is_of_kind)
            .any(|other| name_in_arn(other.arn.as_str()).eq_ignore_ascii_case(name))
    }
}

fn build_principal(kind: IamEntityKind, arn: &str) -> Principal {
    let name = name_in_arn(arn);
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path = resource.split_once('/').and_then(|(_, path)| path.strip_suffix(name)).unwrap_or_default();
    Principal {
        // INVARIANT: the solver builds ARNs of users and roles.
        arn: Arn::parse(arn).expect("an ARN of a user or role"),
        name: name.to_owned(),
        path: format!("/{path}"),
        unique_id: None,
        entity_kind: kind,
        tags: Vec::new(),
        group_names: Vec::new(),
        identity_policies: Vec::new(),
        boundary: None,
        trust_policy: (kind == IamEntityKind::Role).then(|| build_trust_policy(arn)),
        missing_documents: Vec::new(),
        instance_profile_count: (kind == IamEntityKind::Role).then_some(0),
        created_at: None,
        last_used_at: None,
        place: unwritten_place(),
    }
}

/// A trust policy that admits nobody: who creates the role chooses another one. It names a principal, so that the sessions of
/// the role have the keys of those that principals start.
fn build_trust_policy(role: &str) -> PolicyAttachment {
    let nobody = PrincipalEntry::Aws(AwsPrincipal::UniqueId("AROA00000000000000000".into()));
    let principal = PrincipalElement { kind: ElementKind::List, entries: vec![nobody], span: Span::default() };
    let assume = ActionElement::listing(["sts:AssumeRole"]);
    let allow = Statement::allow(assume, ResourceElement::any());
    let statement = Statement { principal: Some(principal), resource: None, ..allow };
    PolicyAttachment {
        name: "trust policy".to_owned(),
        kind: AttachmentKind::Trust { holder: role.to_owned() },
        document: Arc::new(PolicyDocument::from_statements("trust policy", vec![statement])),
        place: unwritten_place(),
        places: StatementPlaces::default(),
    }
}

fn unwritten_place() -> Place {
    Place { file: "new principal".to_owned(), line: 1, column: 1 }
}

/// Whether a principal is allowed everything by one statement, and no boundary limits it.
fn is_unlimited(node: &PrincipalNode<'_>) -> bool {
    let allows_all = |statement: &Statement| {
        statement.effect == Effect::Allow
            && statement.conditions.is_empty()
            && statement.action.kind == ElementKind::List
            && statement.action.patterns.iter().any(|pattern| pattern.as_written() == "*")
            && statement.resource.as_ref().is_some_and(|resource| {
                resource.kind == ElementKind::List && resource.patterns.iter().any(Template::is_match_all)
            })
    };
    let identity = node.layers.identity.iter().flat_map(|policy| &policy.document.statements);
    node.layers.boundary.is_none() && identity.into_iter().any(allows_all)
}
