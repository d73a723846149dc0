//! What a principal is allowed without escalation, for a comparison with the end of a path.
//!
//! A comparison has one request context, that of the end: its `aws:PrincipalArn`, and its tags, which the path may have
//! chosen. The principal's ceiling, its own policies, SCPs and resource policies are compared with its own values. A
//! statement that allows the end alone gives the principal nothing.

use std::borrow::Cow;
use std::sync::Arc;

use crate::access::{KeyFact, KnownContext, Request};
use crate::audit::actions::by_statement::ExcessByStatement;
use crate::iam::ContextKey;
use crate::solve::{Access, RenamedAccess, RenamedDocuments, SpecificKeys};

/// The principal whose values the conditions of a ceiling have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum CeilingValues {
    /// The principal for which it is declared: a ceiling that requires a tag declares nothing for a principal without it.
    OfPrincipal,
    /// The end of the path: the requests that satisfy a guard.
    OfEnd,
}

/// The access of a principal by its ceiling and by its own policies.
pub(super) struct OwnAccess<'s> {
    ceiling: &'s Access,
    own: Access,
    /// The keys that its own policies name, and those that its ceiling or its own policies name.
    own_keys: Arc<SpecificKeys>,
    all_keys: Arc<SpecificKeys>,
    /// The keys that its ceiling names. None if the ceiling has the values of the end.
    ceiling_keys: Option<Arc<SpecificKeys>>,
    documents: &'s RenamedDocuments,
    /// The keys that its ceiling or its own policies name, and their documents, for an end under another name.
    named_keys: Arc<SpecificKeys>,
    own_name_documents: &'s RenamedDocuments,
    /// Both, for an end with the same values.
    both: Access,
}

/// The same access, in the request context of the end of a path.
pub(super) struct AllowedAccess<'o> {
    pub(super) access: Cow<'o, Access>,
    /// None if the values of the end do not matter.
    renamed: Option<RenamedAccess>,
    /// Whether the ceiling has the values of the principal, too.
    has_own_ceiling: bool,
}

impl<'s> OwnAccess<'s> {
    pub(super) fn new(
        known_context: &KnownContext,
        (ceiling, values): (&'s Access, CeilingValues),
        own: Access,
        (documents, own_name_documents): (&'s RenamedDocuments, &'s RenamedDocuments),
    ) -> OwnAccess<'s> {
        let both = join(ceiling, &own);
        let own_keys = documents.list_specific_keys(&own, known_context);
        let all_keys = documents.list_specific_keys(&both, known_context);
        let ceiling_keys =
            (values == CeilingValues::OfPrincipal).then(|| documents.list_specific_keys(ceiling, known_context));
        let named_keys = own_name_documents.list_specific_keys(&both, known_context);
        OwnAccess { ceiling, own, own_keys, all_keys, ceiling_keys, documents, named_keys, own_name_documents, both }
    }

    /// The access for an end with the same values.
    pub(super) fn access(&self) -> &Access {
        &self.both
    }

    /// The access in the request context of an end.
    ///
    /// `is_other_name`: the end is the principal itself, under another name. What is declared, is declared for its own.
    pub(super) fn at_end(&self, end: &KnownContext, is_other_name: bool) -> AllowedAccess<'_> {
        let is_other = |(key, fact): (&ContextKey, &KeyFact)| *fact != end.fact(key);
        if is_other_name || self.ceiling_keys.iter().any(|keys| keys.iter().any(is_other)) {
            return self.rename(&self.both, end, is_other_name);
        }
        let rename = || RenamedAccess::new(&self.own, Arc::clone(&self.own_keys), end, self.documents);
        let renamed = (!self.own_keys.is_empty()).then(rename).filter(RenamedAccess::has_renamed_keys);
        let access = match &renamed {
            Some(renamed) => Cow::Owned(join(self.ceiling, &renamed.access)),
            None => Cow::Borrowed(&self.both),
        };
        AllowedAccess { access, renamed, has_own_ceiling: false }
    }

    /// The ceiling alone, with the values of the principal, in the request context of an end.
    pub(super) fn ceiling_at_end(&self, end: &KnownContext, is_other_name: bool) -> AllowedAccess<'_> {
        self.rename(self.ceiling, end, is_other_name)
    }

    fn rename(&self, access: &Access, end: &KnownContext, is_other_name: bool) -> AllowedAccess<'_> {
        let (keys, documents) = match is_other_name {
            true => (&self.named_keys, self.own_name_documents),
            false => (&self.all_keys, self.documents),
        };
        let renamed = RenamedAccess::new(access, Arc::clone(keys), end, documents);
        AllowedAccess { access: Cow::Owned(renamed.access.clone()), renamed: Some(renamed), has_own_ceiling: true }
    }
}

impl AllowedAccess<'_> {
    /// Whether the principal's own access is that of other tags than the end has.
    pub(super) fn is_renamed(&self) -> bool {
        self.renamed.is_some()
    }

    /// Whether the ceiling has the values of the principal, and not those of the end.
    pub(super) fn has_own_ceiling(&self) -> bool {
        self.has_own_ceiling
    }

    /// The known context of a question about the end.
    pub(super) fn extend_context<'k>(&'k self, end: &'k KnownContext) -> &'k KnownContext {
        self.renamed.as_ref().map_or(end, |renamed| &renamed.known)
    }

    /// A witness as a request of the end, and as a request of the principal itself.
    pub(super) fn split_request<'r>(&self, request: &'r Request) -> (Cow<'r, Request>, Cow<'r, Request>) {
        match &self.renamed {
            Some(renamed) => {
                (Cow::Owned(renamed.strip_renamed_keys(request)), Cow::Owned(renamed.restore_request(request)))
            }
            None => (Cow::Borrowed(request), Cow::Borrowed(request)),
        }
    }

    /// Removes the keys that exist in the question only.
    pub(super) fn strip_renamed_keys(&self, excess: &mut ExcessByStatement) {
        let Some(renamed) = &self.renamed else { return };
        for statement_excess in excess.values_mut() {
            for cube in &mut statement_excess.cubes {
                cube.context.retain(|(key, _)| !RenamedAccess::is_renamed_key(key));
            }
            let witness = statement_excess.witness.as_ref();
            statement_excess.witness = witness.map(|witness| renamed.strip_renamed_keys(witness));
        }
    }
}

fn join(first: &Access, second: &Access) -> Access {
    Access { branches: first.branches.iter().chain(&second.branches).cloned().collect() }
}
