//! Users, roles and managed policies that do not exist and that principals of the snapshot may create: one for each class of
//! ARNs that policies distinguish.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::arn_classes::NewArnPatterns;
use super::arn_index::name_in_arn;
use super::attachable_policies::list_attachable_documents;
use super::chosen_boundary::BOUNDARY_KEY;
use super::name_patterns::NamePatternIndex;
use super::node::PrincipalNode;
use crate::access::KnownContext;
use crate::iam::element::{ActionElement, ResourceElement};
use crate::iam::{
    Arn, AwsPrincipal, Condition, Effect, ElementKind, PolicyDocument, PrincipalElement, PrincipalEntry, Statement,
    StatementPlaces, Template,
};
use crate::snapshot::{Account, AttachmentKind, IamEntityKind, PolicyAttachment, Principal, Snapshot};
use crate::solve::Solver;
use crate::source::{Place, Span};

/// The condition keys of the policy to attach, and of the permissions boundary, in lower case.
const POLICY_KEYS: [&str; 2] = ["iam:policyarn", "iam:permissionsboundary"];
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
const USER_ACTIONS: [&str; 9] = [
    "iam:CreateUser",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:TagUser",
    "iam:UpdateUser",
];

/// The actions that create a principal.
pub(crate) const CREATING_ACTIONS: [&str; 2] = ["iam:CreateRole", "iam:CreateUser"];
/// The actions by which a principal gets a policy of its account, or another version of one.
const OBTAINING_ACTIONS: [&str; 5] = [
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:SetDefaultPolicyVersion",
];

/// The users and roles that may be created in a snapshot.
#[derive(Default)]
pub(crate) struct CreatablePrincipals<'a> {
    pub(crate) principals: Vec<(&'a Account, Principal)>,
    /// Whether a condition names the managed policies that may be attached or set as a boundary.
    pub(crate) limits_policies: bool,
    /// The ARNs of managed policies that may be created.
    pub(crate) policies: BTreeSet<String>,
    /// The accounts in which some users and roles are left out.
    pub(crate) incomplete: BTreeSet<String>,
    /// The accounts in which some managed policies are left out.
    pub(crate) incomplete_policies: BTreeSet<String>,
}

impl<'a> CreatablePrincipals<'a> {
    pub(crate) fn collect_from(
        solver: &Solver<'_>,
        snapshot: &'a Snapshot,
        nodes: &[PrincipalNode<'_>],
        name_patterns: &NamePatternIndex,
    ) -> CreatablePrincipals<'a> {
        let mut found = CreatablePrincipals::default();
        let mut by_account: FxHashMap<&str, Vec<&PrincipalNode<'_>>> = FxHashMap::default();
        for node in nodes {
            by_account.entry(node.account.id.as_str()).or_default().push(node);
        }
        for account in &snapshot.accounts {
            let Some(of_account) = by_account.get(account.id.as_str()) else { continue };
            let Some(first) = of_account.first() else { continue };
            let mut statements = list_statements(of_account);
            statements.extend(list_obtainable_statements(account, &statements));
            for kind in [IamEntityKind::Role, IamEntityKind::User] {
                let mut patterns = NewArnPatterns::of_principals(kind, (account, &first.known), &statements);
                patterns.others.extend(name_patterns.iter().map(|(pattern, _)| pattern.glob.clone()));
                let (arns, is_complete) = patterns.choose_arns(solver);
                found.principals.extend(arns.iter().map(|arn| (account, build_principal(kind, arn))));
                if !is_complete {
                    found.incomplete.insert(account.id.as_str().to_owned());
                }
            }
            if let Some(patterns) = NewArnPatterns::of_policies((account, &first.known), &statements) {
                found.limits_policies = true;
                let (arns, is_complete) = patterns.choose_arns(solver);
                found.policies.extend(arns);
                if !is_complete {
                    found.incomplete_policies.insert(account.id.as_str().to_owned());
                }
            }
        }
        found
    }
}

impl<'p> NewArnPatterns<'p> {
    fn of_principals(
        kind: IamEntityKind,
        (account, known): (&'p Account, &'p KnownContext),
        statements: &[&Statement],
    ) -> NewArnPatterns<'p> {
        let (prefix, actions, uses) = match kind {
            IamEntityKind::User => ("user/", &USER_ACTIONS[..], &[][..]),
            _ => ("role/", &ROLE_ACTIONS[..], &ROLE_USES[..]),
        };
        let is_of_kind =
            |other: &&Principal| (kind == IamEntityKind::User) == (other.entity_kind == IamEntityKind::User);
        let of_kind = account.principals.iter().filter(is_of_kind);
        let mut patterns = NewArnPatterns {
            account,
            known,
            prefix,
            create_action: actions.first().copied().unwrap_or_default(),
            names_in_use: of_kind.map(|other| name_in_arn(other.arn.as_str()).to_lowercase()).collect(),
            create: BTreeSet::new(),
            others: BTreeSet::new(),
        };
        for statement in statements {
            patterns.add(statement, actions, uses);
        }
        patterns
    }

    /// Those of customer managed policies. None if no condition names policies: then it does not matter which one is
    /// attached.
    fn of_policies(
        (account, known): (&'p Account, &'p KnownContext),
        statements: &[&Statement],
    ) -> Option<NewArnPatterns<'p>> {
        if !names_policies(account, statements) {
            return None;
        }
        let mut patterns = NewArnPatterns {
            account,
            known,
            prefix: "policy/",
            create_action: "iam:CreatePolicy",
            names_in_use: account.policies.keys().map(|arn| name_in_arn(arn).to_lowercase()).collect(),
            create: BTreeSet::new(),
            others: BTreeSet::new(),
        };
        for statement in statements {
            patterns.add(statement, &["iam:CreatePolicy"], &[]);
            let about_policy = |condition: &&Condition| POLICY_KEYS.contains(&condition.key.lower());
            let texts = statement.conditions.iter().filter(about_policy).flat_map(Condition::texts);
            let without_variables = texts.filter(|text| text.variables().next().is_none());
            patterns.others.extend(without_variables.map(|text| text.as_written().to_owned()));
        }
        (!patterns.others.is_empty()).then_some(patterns)
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
}

/// Whether a condition in an account names managed policies: in these statements, and in the policies that principals can get.
fn names_policies(account: &Account, statements: &[&Statement]) -> bool {
    let obtainable = list_attachable_documents(account).flat_map(|document| &document.statements);
    let mut conditions = statements.iter().copied().chain(obtainable).flat_map(|statement| &statement.conditions);
    conditions.any(|condition| POLICY_KEYS.contains(&condition.key.lower()))
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

/// The statements of policies and groups that principals of an account can get by their own statements, if they give the permission
/// to create users or roles with a boundary. Without one, the search tries a new principal of who got the permission.
fn list_obtainable_statements<'a>(account: &'a Account, own: &[&Statement]) -> Vec<&'a Statement> {
    let allows_any = |statement: &Statement, actions: &[&str]| {
        statement.effect == Effect::Allow && actions.iter().any(|action| statement.action.lists_action(action))
    };
    let names_boundary =
        |statement: &Statement| statement.conditions.iter().any(|condition| condition.key.lower() == BOUNDARY_KEY);
    let creates_with_boundary =
        |statement: &&Statement| allows_any(statement, &CREATING_ACTIONS) && names_boundary(statement);
    if !own.iter().any(|statement| allows_any(statement, &OBTAINING_ACTIONS)) {
        return Vec::new();
    }
    let obtainable: Vec<&Statement> =
        list_attachable_documents(account).flat_map(|document| &document.statements).collect();
    if obtainable.iter().any(creates_with_boundary) { obtainable } else { Vec::new() }
}

fn unwritten_place() -> Place {
    Place { file: "new principal".to_owned(), line: 1, column: 1 }
}

/// The statements of principals that do not have everything: who has it gains nothing.
fn list_statements<'n>(nodes: &[&'n PrincipalNode<'_>]) -> Vec<&'n Statement> {
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let policies = nodes.iter().filter(|node| !is_unlimited(node)).flat_map(|node| node.own_policies());
    let different = policies.filter(|policy| seen.insert(Arc::as_ptr(&policy.document) as usize));
    different.flat_map(|policy| &policy.document.statements).collect()
}

/// Whether a principal is allowed everything by one statement, and no boundary limits it.
fn is_unlimited(node: &PrincipalNode<'_>) -> bool {
    let identity = node.layers.identity.iter().flat_map(|policy| &policy.document.statements);
    node.layers.boundary.is_none() && identity.into_iter().any(Statement::allows_everything)
}
