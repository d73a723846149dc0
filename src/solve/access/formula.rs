//! Access formulas: a union of branches, each a conjunction of layers of statements.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::iam::{Ambiguity, Effect, Interpretation, PolicyDocument, Statement, Template};

/// A statement of a policy document, as part of a layer.
#[derive(Clone, Debug)]
pub struct StatementUse {
    /// The document.
    pub document: Arc<PolicyDocument>,
    /// The position of the statement in the document, from 0.
    pub statement_index: usize,
    /// For a resource policy, the requests that it governs. None for other policies.
    pub resource_scope: Option<Arc<ResourceScope>>,
    /// For a resource control policy, the resources to which it applies. It applies only to some services. None for other
    /// policies.
    pub controlled_resources: Option<ControlledResources>,
    /// In which interpretations the statement applies.
    pub validity: StatementValidity,
    /// The policy of the statement. Grants carry it.
    pub policy_index: PolicyIndex,
}

/// In which interpretations a statement applies to the principal.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub enum StatementValidity {
    /// In all.
    Always,
    /// In all but the alternative interpretation of an ambiguity.
    ExceptUnder(Ambiguity),
    /// Only in the alternative interpretation of an ambiguity.
    OnlyUnder(Ambiguity),
}

impl StatementValidity {
    /// Whether the statement applies in an interpretation.
    pub(crate) fn holds_under(self, interpretation: Interpretation) -> bool {
        match self {
            StatementValidity::Always => true,
            StatementValidity::ExceptUnder(ambiguity) => !interpretation.is_alternative(ambiguity),
            StatementValidity::OnlyUnder(ambiguity) => interpretation.is_alternative(ambiguity),
        }
    }

    /// The ambiguity on which it depends.
    pub(crate) fn ambiguity(self) -> Option<Ambiguity> {
        match self {
            StatementValidity::Always => None,
            StatementValidity::ExceptUnder(ambiguity) | StatementValidity::OnlyUnder(ambiguity) => Some(ambiguity),
        }
    }
}

/// The policy of a statement, in the caller's list of policies. Formulas have many of them, so it is small.
#[derive(Copy, Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PolicyIndex {
    /// The policy at this position.
    Listed(u32),
    /// No policy of the caller, such as the access of a root user.
    Unlisted,
}

impl PolicyIndex {
    /// The policy at a position.
    pub fn from_position(position: usize) -> PolicyIndex {
        PolicyIndex::Listed(u32::try_from(position).expect("fewer than 2^32 policies"))
    }

    /// The position of the policy. `None` if the caller does not list it.
    pub fn position(self) -> Option<usize> {
        match self {
            PolicyIndex::Listed(position) => Some(position as usize),
            PolicyIndex::Unlisted => None,
        }
    }

    /// The policy in the caller's list. `None` if the caller does not list it.
    pub fn find<T>(self, policies: &[T]) -> Option<&T> {
        policies.get(self.position()?)
    }
}

/// The policy of a statement, and the index of the statement in it.
pub type StatementId = (PolicyIndex, usize);

impl StatementUse {
    /// All statements of a document that the caller does not list as a policy.
    pub fn from_document(document: &Arc<PolicyDocument>) -> impl Iterator<Item = StatementUse> {
        (0..document.statements.len()).map(|index| StatementUse {
            document: Arc::clone(document),
            statement_index: index,
            resource_scope: None,
            controlled_resources: None,
            validity: StatementValidity::Always,
            policy_index: PolicyIndex::Unlisted,
        })
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        // INVARIANT: only this folder creates uses, one for each statement of a document.
        self.document.statements.get(self.statement_index).expect("the index of a statement of the document")
    }
}

/// A conjunction of layers: one disjunct of an access formula.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// In each list, some statement must match. The first list contains the granting statements.
    pub allow_layers: Vec<Vec<StatementUse>>,
    /// No statement of this list may match.
    pub deny_statements: Vec<StatementUse>,
    /// The requests that another branch decides.
    pub scope_exclusions: Vec<ResourceScope>,
}

/// Requests to a service for the resources that some patterns match.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceScope {
    /// The prefix of the service. None for any service.
    pub service: Option<String>,
    /// The resources.
    pub resources: Arc<[Template]>,
}

/// The resources to which a resource control policy applies. A star in the first five segments of a pattern matches no
/// colon. Patterns are compared by their address: all principals of a snapshot share them.
#[derive(Clone, Debug)]
pub enum ControlledResources {
    /// Every resource.
    Every,
    /// The resources that a pattern matches.
    Matching(Arc<[Box<str>]>),
    /// The resources of unknown owner: those that no pattern matches, and whose ARN has no account.
    OfUnknownOwner(Arc<[Box<str>]>),
}

impl ControlledResources {
    /// Whether the owner is unknown, and the addresses of the patterns.
    fn identity(&self) -> (bool, Option<*const Box<str>>) {
        match self {
            ControlledResources::Every => (false, None),
            ControlledResources::Matching(patterns) => (false, Some(patterns.as_ptr())),
            ControlledResources::OfUnknownOwner(patterns) => (true, Some(patterns.as_ptr())),
        }
    }
}

impl PartialEq for ControlledResources {
    fn eq(&self, other: &ControlledResources) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for ControlledResources {}

impl Hash for ControlledResources {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl Branch {
    /// The branch of some policies: an Allow statement matches and no Deny statement does.
    pub fn from_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Branch {
        let mut branch = Branch { allow_layers: vec![Vec::new()], ..Branch::default() };
        for (document, policy_index) in documents {
            branch.add_allows(0, document, policy_index);
            branch.add_denies(document, policy_index);
        }
        branch
    }

    /// Removes the policies of the statements: the caller does not list them.
    pub fn unlist_policies(&mut self) {
        let lists = self.allow_layers.iter_mut().chain([&mut self.deny_statements]);
        lists.flatten().for_each(|statement_use| statement_use.policy_index = PolicyIndex::Unlisted);
    }

    /// The statements of all lists.
    pub fn uses(&self) -> impl Iterator<Item = &StatementUse> {
        self.allow_layers.iter().flatten().chain(&self.deny_statements)
    }

    /// Adds the Allow statements of a document to a layer.
    pub fn add_allows(&mut self, layer_index: usize, document: &Arc<PolicyDocument>, policy_index: usize) {
        while self.allow_layers.len() <= layer_index {
            self.allow_layers.push(Vec::new());
        }
        if let Some(layer) = self.allow_layers.get_mut(layer_index) {
            layer.extend(select_by_effect(document, Effect::Allow, policy_index));
        }
    }

    /// Adds the Deny statements of a document.
    pub fn add_denies(&mut self, document: &Arc<PolicyDocument>, policy_index: usize) {
        self.deny_statements.extend(select_by_effect(document, Effect::Deny, policy_index));
    }
}

/// The statements of a document with one effect.
fn select_by_effect(
    document: &Arc<PolicyDocument>,
    effect: Effect,
    policy_index: usize,
) -> impl Iterator<Item = StatementUse> {
    document.statements.iter().filter(move |s| s.effect == effect).map(move |s| StatementUse {
        document: Arc::clone(document),
        statement_index: s.index,
        resource_scope: None,
        controlled_resources: None,
        validity: StatementValidity::Always,
        policy_index: PolicyIndex::from_position(policy_index),
    })
}

/// An access formula: the requests that any branch allows.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The branches.
    pub branches: Vec<Branch>,
}

impl Access {
    /// The statements of all branches.
    pub fn uses(&self) -> impl Iterator<Item = &StatementUse> {
        self.branches.iter().flat_map(Branch::uses)
    }

    /// The access that some policies allow together.
    pub fn from_policies<'a>(documents: impl IntoIterator<Item = (&'a Arc<PolicyDocument>, usize)>) -> Access {
        Access { branches: vec![Branch::from_policies(documents)] }
    }
}
