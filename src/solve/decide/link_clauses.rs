//! Constraints between the fields of a request: keys that depend on each other, and keys about the owner of the resource
//! (`docs/semantics.md` §3a).
//!
//! Each clause holds for every request that can be made. Clauses are added only for keys that statements name.
//!
//! INVARIANT: a clause about a resource or an account is needed only if some pattern names it in full. Otherwise there is
//! another resource or account that the same patterns match, about which nothing is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::branch_clauses::find_repeated_segment;
use super::cube_search::Clause;
use super::request_shape::RequestShape;
use super::round::DecisionRound;
use crate::access::{
    CALLED_VIA, CALLED_VIA_ENDS, KEY_LINKS, KeyFact, KeyLink, REQUEST_TAG, TAG_KEYS, USER_KEY_LINK, organization_facts,
};
use crate::catalog::{FixedResources, TagKeys};
use crate::iam::{AccountId, ContextKey};
use crate::solve::budget::LimitExceeded;
use crate::solve::compile::arn_segment::intern_arn_glob;
use crate::solve::compile::key_domain::set_literal;
use crate::solve::compile::key_topics::KeyTopics;
use crate::solve::compile::prepared::CompiledBranch;
use crate::solve::strings::interned_glob::{GlobRef, InternedGlob};
use crate::solve::strings::interner::LetterCase;
use crate::solve::strings::token::{GlobToken, SymbolClass};
use crate::solve::values::literal::{Field, Literal, LiteralValues, SetTest, SetValues};

/// The largest number of pattern lists of one key that are linked with those of another key.
const MAX_LINKED_LISTS: usize = 16;

impl DecisionRound<'_, '_> {
    /// The constraints between the fields of the requests of a shape.
    pub(super) fn build_link_clauses(
        &self,
        request_shape: &RequestShape<'_>,
        effective: &[CompiledBranch],
        declared: &[CompiledBranch],
    ) -> Result<Vec<Clause>, LimitExceeded> {
        let mut clauses = Vec::new();
        self.add_fixed_resources(request_shape, &mut clauses)?;
        if self.known.is_complete() {
            return Ok(clauses);
        }
        let topics = self.collect_topics(effective, declared);
        let linked = KeyTopics::LINKED | KeyTopics::TAGS | KeyTopics::OWNER | KeyTopics::ORGANIZATION;
        let is_lacking = |key: &ContextKey| request_shape.facts.lacks_key(self.solver.catalog, key);
        if self.assigned.keys().any(is_lacking) || self.assumes_missing_segment(request_shape) {
            // A variable has a value and no request of this shape has its key, or the reverse.
            clauses.push(Vec::new());
        }
        if !topics.intersects(linked) {
            return Ok(clauses);
        }
        let literals = self.collect_literals(effective, declared);
        if topics.intersects(KeyTopics::LINKED) {
            self.add_key_links(&literals, &mut clauses)?;
        }
        if topics.intersects(KeyTopics::TAGS) && request_shape.facts.traits().tags != TagKeys::NamesOnly {
            self.add_tag_links(&literals, request_shape.facts.traits().tags, &mut clauses)?;
        }
        let owner = KeyTopics::OWNER | KeyTopics::ORGANIZATION;
        if topics.intersects(owner) && !request_shape.facts.traits().lacks_resource_account {
            OwnerLinks::new(self, request_shape, &literals).add_clauses(&mut clauses)?;
        }
        Ok(clauses)
    }

    /// Whether this round assumes that a key is missing whose value the ARN contains.
    fn assumes_missing_segment(&self, request_shape: &RequestShape<'_>) -> bool {
        let mut keys = ["aws:ResourceAccount", "aws:RequestedRegion"].map(ContextKey::new).into_iter();
        keys.any(|key| {
            self.known.fact(&key) == KeyFact::Missing
                && self.question.known.fact(&key) != KeyFact::Missing
                && find_repeated_segment(&key, request_shape).is_some()
        })
    }

    /// The literals of the statements of some branches.
    fn collect_literals<'l>(&'l self, effective: &[CompiledBranch], declared: &[CompiledBranch]) -> Vec<&'l Literal> {
        let indices: BTreeSet<usize> =
            effective.iter().chain(declared).flat_map(CompiledBranch::statement_indices).collect();
        indices.into_iter().flat_map(|index| &self.prepared.statement(index).literals).collect()
    }

    /// AWS refuses to change some resources, whatever the policies say.
    fn add_fixed_resources(
        &self,
        request_shape: &RequestShape<'_>,
        clauses: &mut Vec<Clause>,
    ) -> Result<(), LimitExceeded> {
        let Some(fixed) = request_shape.facts.traits().fixed_resources else { return Ok(()) };
        let literal = match fixed {
            FixedResources::OtherAccounts => {
                let KeyFact::Value(account) = self.known.fact(&ContextKey::new("aws:PrincipalAccount")) else {
                    return Ok(());
                };
                Literal::matching(Field::Resource, [self.intern_glob(&format!("arn:*:*:*:{account}:*"))?].into())
            }
            FixedResources::AwsManagedPolicies | FixedResources::AwsRoles | FixedResources::AwsKeyAliases => {
                let globs = fixed.arn_patterns().iter().map(|pattern| self.intern_glob(pattern));
                Literal::not_matching(Field::Resource, globs.collect::<Result<Vec<_>, _>>()?.into())
            }
        };
        clauses.push(vec![vec![literal]]);
        Ok(())
    }

    fn intern_glob(&self, pattern: &str) -> Result<GlobRef, LimitExceeded> {
        intern_arn_glob(&self.solver.interner, pattern)
    }

    fn is_missing(&self, key: &ContextKey) -> Literal {
        self.solver.build_presence(key).negate()
    }

    fn add_key_links(&self, literals: &[&Literal], clauses: &mut Vec<Clause>) -> Result<(), LimitExceeded> {
        let named = named_keys(literals, self.assigned.keys());
        let is_named = |name: &str| named.iter().any(|key| key.lower() == name);
        // A key with a known value constrains the keys that statements name.
        let is_informative = |name: &str| {
            is_named(name) || !matches!(self.known.fact(&ContextKey::new(name)), KeyFact::Free | KeyFact::Present)
        };
        let is_user = self.known.fact(&ContextKey::new("aws:PrincipalType")) == KeyFact::Value("User".to_owned());
        for link in KEY_LINKS.into_iter().chain(is_user.then_some(USER_KEY_LINK)) {
            let [first, second] = link.keys();
            if !(is_named(first) || is_named(second)) || !is_informative(first) || !is_informative(second) {
                continue;
            }
            let (first, second) = (ContextKey::new(first), ContextKey::new(second));
            let consequence = match link {
                KeyLink::Requires(_, _, value) => {
                    let toks = self.solver.interner.tokenize_literal(value, LetterCase::Ignore)?;
                    Literal::matching(Field::Key(second), [self.solver.interner.intern(&toks)].into())
                }
                KeyLink::RequiresPresence(..) | KeyLink::RequiresIfMissing(..) => self.solver.build_presence(&second),
                KeyLink::Excludes(..) => self.is_missing(&second),
            };
            let otherwise = match link {
                KeyLink::RequiresIfMissing(..) => self.solver.build_presence(&first),
                _ => self.is_missing(&first),
            };
            clauses.push(vec![vec![otherwise], vec![consequence]]);
        }
        if is_named(CALLED_VIA) {
            for end in CALLED_VIA_ENDS.into_iter().filter(|end| is_named(end)) {
                add_end_links(&ContextKey::new(end), literals, clauses);
            }
        }
        Ok(())
    }

    /// Each tag of a request is in `aws:RequestTag/…` and, ignoring case, in `aws:TagKeys`. An action for which neither is
    /// listed may be one that names tags without values.
    fn add_tag_links(
        &self,
        literals: &[&Literal],
        tags: TagKeys,
        clauses: &mut Vec<Clause>,
    ) -> Result<(), LimitExceeded> {
        let named = named_keys(literals, self.assigned.keys());
        if !named.iter().any(|key| key.lower() == TAG_KEYS) {
            return Ok(());
        }
        let tag_keys = ContextKey::new("aws:TagKeys");
        for key in &named {
            let Some(name) = key.lower().strip_prefix(REQUEST_TAG) else { continue };
            let toks = self.solver.interner.tokenize_literal(name, LetterCase::Ignore)?;
            let globs = [self.solver.interner.intern(&toks)].into();
            let names_tag =
                set_literal(&tag_keys, SetTest { accepts_empty: false, values: SetValues::Some(globs, true) });
            let is_present = self.solver.build_presence(key);
            let otherwise = match tags {
                TagKeys::NamesAndValues => vec![is_present.negate(), names_tag.negate()],
                TagKeys::NamesOnly | TagKeys::Unlisted => vec![is_present.negate()],
            };
            clauses.push(vec![vec![is_present, names_tag], otherwise]);
        }
        Ok(())
    }
}

/// The keys of some literals, and of variables with a value.
fn named_keys<'k>(
    literals: &[&'k Literal],
    assigned: impl Iterator<Item = &'k ContextKey>,
) -> BTreeSet<&'k ContextKey> {
    let keys = literals.iter().filter_map(|literal| match &literal.field {
        Field::Key(key) => Some(key),
        Field::Action | Field::Resource => None,
    });
    keys.chain(assigned).collect()
}

/// The first and the last service of a forwarded request are in `aws:CalledVia`. For each list of patterns: if the end
/// matches, some value matches; if it does not match, some value does not match.
fn add_end_links(end: &ContextKey, literals: &[&Literal], clauses: &mut Vec<Clause>) {
    let called_via = ContextKey::new("aws:CalledVia");
    let lists = literals.iter().filter_map(|literal| match (&literal.field, &literal.values) {
        (Field::Key(key), LiteralValues::Text(globs)) if key == end => Some(globs),
        (
            Field::Key(key),
            LiteralValues::Sets(SetTest { values: SetValues::Some(globs, _) | SetValues::Every(globs, _), .. }),
        ) if *key == called_via => Some(globs),
        _ => None,
    });
    let mut seen: Vec<&Arc<[GlobRef]>> = Vec::new();
    for globs in lists {
        if globs.is_empty() || seen.contains(&globs) || seen.len() >= MAX_LINKED_LISTS {
            continue;
        }
        seen.push(globs);
        let some = |listed: bool| {
            set_literal(
                &called_via,
                SetTest { accepts_empty: false, values: SetValues::Some(Arc::clone(globs), listed) },
            )
        };
        let end_matches = Literal::matching(Field::Key(end.clone()), Arc::clone(globs));
        let matches_or_missing = Literal { includes_missing: true, ..end_matches.clone() };
        clauses.push(vec![vec![end_matches.negate()], vec![some(true)]]);
        clauses.push(vec![vec![matches_or_missing], vec![some(false)]]);
    }
}

/// The constraints between a resource, its owner, and the owner's organization.
struct OwnerLinks<'r, 'a, 'q, 's> {
    round: &'r DecisionRound<'a, 'q>,
    request_shape: &'r RequestShape<'s>,
    /// The keys about the owner that statements name.
    keys: Vec<ContextKey>,
    /// The accounts that a pattern over ARNs names in full.
    accounts: BTreeSet<AccountId>,
    /// The start of the patterns over ARNs, up to the first wildcard.
    resource_prefixes: BTreeSet<String>,
    /// The accounts that a condition on the owner names.
    owner_accounts: BTreeSet<AccountId>,
}

impl<'r, 'a, 'q, 's> OwnerLinks<'r, 'a, 'q, 's> {
    fn new(
        round: &'r DecisionRound<'a, 'q>,
        request_shape: &'r RequestShape<'s>,
        literals: &[&Literal],
    ) -> OwnerLinks<'r, 'a, 'q, 's> {
        let named = named_keys(literals, round.assigned.keys());
        let is_owner_key = |key: &&&ContextKey| {
            matches!(key.lower(), "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths")
        };
        let mut links = OwnerLinks {
            round,
            request_shape,
            keys: named.iter().filter(is_owner_key).map(|key| (*key).clone()).collect(),
            accounts: round.question.witness_account.and_then(AccountId::parse).into_iter().collect(),
            resource_prefixes: BTreeSet::new(),
            owner_accounts: BTreeSet::new(),
        };
        let domain_globs = request_shape.resource_globs.iter().flat_map(|globs| globs.iter().map(|glob| &**glob));
        for glob in domain_globs.chain(literals.iter().flat_map(|literal| list_globs(literal, &Field::Resource))) {
            let prefix = links.literal_prefix(glob);
            links.accounts.extend(find_account(&glob.toks));
            links.resource_prefixes.insert(prefix);
        }
        let account_key = Field::Key(ContextKey::new("aws:ResourceAccount"));
        for glob in literals.iter().flat_map(|literal| list_globs(literal, &account_key)) {
            let account = AccountId::parse(&links.literal_prefix(glob)).filter(|_| glob.as_exact().is_some());
            links.accounts.extend(account.clone());
            links.owner_accounts.extend(account);
        }
        links
    }

    /// The text of a pattern up to its first wildcard.
    fn literal_prefix(&self, glob: &InternedGlob) -> String {
        let symbol = |tok: &GlobToken| if let GlobToken::Literal(symbol) = tok { Some(*symbol) } else { None };
        let symbols: Vec<_> = glob.toks.iter().map_while(symbol).collect();
        self.round.solver.interner.alphabet.decode(&symbols)
    }

    fn add_clauses(&self, clauses: &mut Vec<Clause>) -> Result<(), LimitExceeded> {
        let directory = self.round.known.directory();
        let account_key = ContextKey::new("aws:ResourceAccount");
        let repeats_account = find_repeated_segment(&account_key, self.request_shape).is_some();
        if repeats_account {
            for account in &self.accounts {
                let glob = self.round.intern_glob(&format!("arn:*:*:*:{account}:*"))?;
                self.add_consequence(Literal::not_matching(Field::Resource, [glob].into()), account, false, clauses)?;
            }
            return Ok(());
        }
        let prefixes = self.resource_prefixes.iter();
        let known: BTreeSet<(&str, &AccountId)> =
            prefixes.filter_map(|prefix| directory.find_known_resource(prefix)).collect();
        for (arn, owner) in known {
            let globs = [self.round.intern_glob(arn)?, self.round.intern_glob(&format!("{arn}/*"))?];
            let condition = Literal::not_matching(Field::Resource, globs.into());
            self.add_consequence(condition, owner, true, clauses)?;
        }
        for account in &self.owner_accounts {
            let exact = self.round.solver.interner.intern_exact(account.as_str())?;
            let condition = Literal::not_matching(Field::Key(account_key.clone()), [exact].into());
            self.add_consequence(condition, account, false, clauses)?;
        }
        Ok(())
    }

    /// Adds that another literal holds, or an account owns the resource.
    fn add_consequence(
        &self,
        otherwise: Literal,
        account: &AccountId,
        settles_account: bool,
        clauses: &mut Vec<Clause>,
    ) -> Result<(), LimitExceeded> {
        let directory = self.round.known.directory();
        let organization = organization_facts(directory.membership(account.as_str()));
        for key in &self.keys {
            let fact = match (key.lower(), &organization) {
                ("aws:resourceaccount", _) if settles_account => KeyFact::Value(account.as_str().to_owned()),
                ("aws:resourceorgid", Some((id, _))) => id.clone(),
                ("aws:resourceorgpaths", Some((_, paths))) => paths.clone(),
                _ => continue,
            };
            let consequence = self.round.fact_literals(key, &fact)?;
            clauses.push(vec![vec![otherwise.clone()], consequence]);
        }
        Ok(())
    }
}

impl DecisionRound<'_, '_> {
    /// The literals that a key has a value, or does not have some values.
    fn fact_literals(&self, key: &ContextKey, fact: &KeyFact) -> Result<Vec<Literal>, LimitExceeded> {
        match fact {
            KeyFact::Value(value) => self.solver.build_exact_value(key, std::slice::from_ref(value)),
            KeyFact::Set(values) => self.solver.build_exact_value(key, values),
            KeyFact::NoneLike(glob) => Ok(vec![self.solver.build_exclusion(key, glob)?]),
            KeyFact::Missing => Ok(vec![self.is_missing(key)]),
            KeyFact::Present => Ok(vec![self.solver.build_presence(key)]),
            KeyFact::StartsWith(_) | KeyFact::NotBefore(_) | KeyFact::Free => Ok(Vec::new()),
        }
    }
}

/// The patterns of a literal on a field.
fn list_globs<'l>(literal: &'l Literal, field: &Field) -> impl Iterator<Item = &'l InternedGlob> {
    let globs: &[GlobRef] = match &literal.values {
        LiteralValues::Text(globs) if literal.field == *field => globs,
        _ => &[],
    };
    globs.iter().map(|glob| &**glob)
}

/// The account that a pattern over ARNs names in full. None if its first five segments contain a star that matches colons.
fn find_account(toks: &[GlobToken]) -> Option<AccountId> {
    let mut segments = toks.split(GlobToken::is_colon);
    let before: Vec<&[GlobToken]> = segments.by_ref().take(4).collect();
    let crosses = |tok: &GlobToken| matches!(tok, GlobToken::AnyRun(SymbolClass::Any)) || tok.is_variable();
    if before.len() < 4 || before.iter().any(|segment| segment.iter().any(crosses)) {
        // The account can be in another segment, which a `*` that matches colons precedes: `arn:aws:*:111122223333:*`.
        return toks.split(GlobToken::is_colon).find_map(parse_account);
    }
    segments.next().and_then(parse_account)
}

fn parse_account(segment: &[GlobToken]) -> Option<AccountId> {
    let digit = |tok: &GlobToken| match tok {
        GlobToken::Literal(symbol) => Some(char::from(*symbol)),
        _ => None,
    };
    let text: Option<String> = segment.iter().map(digit).collect();
    AccountId::parse(&text?)
}
