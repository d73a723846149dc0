//! Whom the trust policies of all roles name: services, accounts, principals.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use rustc_hash::{FxHashMap, FxHashSet};

use super::being::Node;
use super::universe::Universe;
use crate::access::tells_principals_apart;
use crate::iam::principal::{AwsPrincipal, PrincipalElement, PrincipalEntry};
use crate::iam::{AccountId, Effect, Listing, PolicyDocument};
use crate::solve::Allowing;
use crate::trust::{Trust, Way};

/// The roles of a snapshot by whom they trust.
pub(super) struct Trusting {
    /// The roles of an account, by its number, that a service may assume, with the name that they give it.
    services: FxHashMap<(String, String), (FixedBitSet, String)>,
    /// The roles that name an account.
    accounts: FxHashMap<String, FixedBitSet>,
    /// The roles that name anyone.
    anyone: FixedBitSet,
    /// The roles that name each principal, or a session of it.
    by_name: Vec<Vec<usize>>,
    /// The roles whose trust policy lets in all whom it names, whatever the request.
    plain: FixedBitSet,
    /// The roles whose trust policy tells some principals of an account apart from others.
    individual: FixedBitSet,
    /// Of the others, the statements that ask who comes in: by the account that they name, or by no number where they
    /// name anyone.
    of_all: FxHashMap<String, Vec<Allowing>>,
    /// The statements of resource control policies that ask so: those of a role's account bind whoever comes.
    of_rcps: Vec<Allowing>,
}

/// What one trust policy says.
struct Said {
    accounts: Vec<AccountId>,
    anyone: bool,
    names: Vec<String>,
    unique_ids: Vec<String>,
    sessions: Vec<(String, String)>,
    plain: bool,
    individual: bool,
}

impl Trusting {
    pub(super) fn of(nodes: &[Node<'_>], principals: &Universe, trust: &Trust<'_>) -> Trusting {
        let mut by_id: FxHashMap<&str, usize> = FxHashMap::default();
        let mut by_role: FxHashMap<(&str, &str), usize> = FxHashMap::default();
        for (index, node) in nodes.iter().enumerate() {
            by_id.extend(node.principal.unique_id.as_deref().map(|id| (id, index)));
            if node.principal.trust.is_some() {
                by_role.insert((node.account.id.as_str(), node.principal.name.as_str()), index);
            }
        }
        let mut trusting = Trusting {
            services: FxHashMap::default(),
            accounts: FxHashMap::default(),
            anyone: principals.none(),
            by_name: vec![Vec::new(); nodes.len()],
            plain: principals.none(),
            individual: principals.none(),
            of_all: FxHashMap::default(),
            of_rcps: Vec::new(),
        };
        let rcps = nodes.iter().flat_map(|node| node.layers.rcps.iter().flatten()).flat_map(|level| &level.policies);
        let mut of_rcps: FxHashSet<usize> = FxHashSet::default();
        for policy in rcps.filter(|policy| of_rcps.insert(Arc::as_ptr(&policy.document) as usize)) {
            trusting.of_rcps.extend(asking(&policy.document));
        }
        let mut told: FxHashSet<(usize, String)> = FxHashSet::default();
        let mut said: FxHashMap<usize, Said> = FxHashMap::default();
        let mut services: FxHashMap<(usize, &str), Arc<BTreeMap<String, String>>> = FxHashMap::default();
        for (index, node) in nodes.iter().enumerate() {
            let Some(policy) = &node.principal.trust else { continue };
            let document = Arc::as_ptr(&policy.document) as usize;
            let says = said.entry(document).or_insert_with(|| Said::of(&policy.document));
            trusting.plain.set(index, says.plain);
            trusting.anyone.set(index, says.anyone);
            trusting.individual.set(index, says.individual);
            if !says.plain && !says.individual {
                let accounts = says.accounts.iter().map(|account| account.as_str().to_owned());
                for account in accounts.chain(says.anyone.then(String::new)) {
                    if told.insert((document, account.clone())) {
                        trusting.of_all.entry(account).or_default().extend(asking(&policy.document));
                    }
                }
            }
            for account in &says.accounts {
                let roles = trusting.accounts.entry(account.as_str().to_owned()).or_insert_with(|| principals.none());
                roles.insert(index);
            }
            let named = says.names.iter().filter_map(|arn| principals.find(arn));
            let by_ids = says.unique_ids.iter().filter_map(|id| by_id.get(id.as_str()).copied());
            let sessions = says.sessions.iter();
            let of_sessions = sessions.filter_map(|(a, role)| by_role.get(&(a.as_str(), role.as_str())).copied());
            for name in named.chain(by_ids).chain(of_sessions) {
                if let Some(roles) = trusting.by_name.get_mut(name)
                    && roles.last() != Some(&index)
                {
                    roles.push(index);
                }
            }
            let of_account = services.entry((document, node.account.id.as_str())).or_insert_with(|| {
                let lets_in = trust.services(node.account, node.principal).found.into_iter();
                Arc::new(
                    lets_in
                        .filter_map(|opening| match opening.way {
                            Way::Service(name) => Some((crate::kinds::plain_service(&name), name)),
                            _ => None,
                        })
                        .collect(),
                )
            });
            for (plain, written) in of_account.iter() {
                let key = (node.account.id.as_str().to_owned(), plain.clone());
                let (roles, _) = trusting.services.entry(key).or_insert_with(|| (principals.none(), written.clone()));
                roles.insert(index);
            }
        }
        trusting
    }

    /// The roles of an account that a service may assume, and what they call it.
    pub(super) fn service(&self, account: &str, service: &str) -> Option<(&FixedBitSet, &str)> {
        let (roles, written) = self.services.get(&(account.to_owned(), service.to_owned()))?;
        Some((roles, written))
    }

    /// The roles that name an account.
    pub(super) fn account(&self, account: &str) -> Option<&FixedBitSet> {
        self.accounts.get(account)
    }

    /// The roles that name anyone.
    pub(super) fn anyone(&self) -> &FixedBitSet {
        &self.anyone
    }

    /// The roles that name a principal, or a session of it.
    pub(super) fn naming(&self, principal: usize) -> &[usize] {
        self.by_name.get(principal).map_or(&[], Vec::as_slice)
    }

    /// The roles that tell some principals of an account apart from others.
    pub(super) fn individual(&self) -> &FixedBitSet {
        &self.individual
    }

    /// The statements that decide whether someone of an account comes into roles that tell nobody apart.
    pub(super) fn asked_of_all(&self, account: &str) -> impl Iterator<Item = &Allowing> {
        let of_trust = [account, ""].into_iter().filter_map(|account| self.of_all.get(account)).flatten();
        of_trust.chain(&self.of_rcps)
    }

    /// Whether a role lets in all whom it names, whatever the request.
    pub(super) fn is_plain(&self, role: usize) -> bool {
        self.plain.contains(role)
    }
}

impl Said {
    fn of(document: &PolicyDocument) -> Said {
        let mut said = Said {
            accounts: Vec::new(),
            anyone: false,
            names: Vec::new(),
            unique_ids: Vec::new(),
            sessions: Vec::new(),
            plain: true,
            individual: false,
        };
        for statement in &document.statements {
            let assumes = statement.action.patterns.iter().any(|pattern| {
                matches!(pattern.as_written().to_ascii_lowercase().as_str(), "sts:assumerole" | "sts:*" | "*")
            });
            let only = statement.action.listing == Listing::Only;
            said.plain &= statement.effect == Effect::Allow && statement.conditions.is_empty() && only && assumes;
            said.individual |= statement.principal.as_ref().is_some_and(tells_apart);
            let Some(element) = statement.principal.as_ref().filter(|_| statement.effect == Effect::Allow) else {
                continue;
            };
            if element.listing == Listing::AllBut {
                (said.anyone, said.plain) = (true, false);
                continue;
            }
            for entry in &element.entries {
                said.entry(entry);
            }
        }
        said
    }

    fn entry(&mut self, entry: &PrincipalEntry) {
        match entry {
            PrincipalEntry::Anyone => self.anyone = true,
            PrincipalEntry::Aws(AwsPrincipal::Account(account)) => self.accounts.push(account.clone()),
            PrincipalEntry::Aws(AwsPrincipal::Root(root)) => self.accounts.extend(AccountId::parse(root.account())),
            PrincipalEntry::Aws(AwsPrincipal::Arn(arn)) => {
                match arn.resource().strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
                    // Which session is meant decides; the solver knows.
                    Some((role, _)) if arn.service() == "sts" => {
                        self.plain = false;
                        self.sessions.push((arn.account().to_owned(), role.to_owned()));
                    }
                    _ => self.names.push(arn.as_str().to_owned()),
                }
            }
            PrincipalEntry::Aws(AwsPrincipal::UniqueId(id)) => self.unique_ids.push(id.to_string()),
            // Services and federated users are no principals of a snapshot.
            PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => {}
        }
    }
}

/// Whether some principals of an account are named and others are not.
fn tells_apart(element: &PrincipalElement) -> bool {
    let whole = |entry: &PrincipalEntry| match entry {
        PrincipalEntry::Aws(AwsPrincipal::Account(_) | AwsPrincipal::Root(_)) | PrincipalEntry::Anyone => true,
        PrincipalEntry::Aws(AwsPrincipal::Arn(_) | AwsPrincipal::UniqueId(_)) => false,
        // Services and federated users are no principals of a snapshot.
        PrincipalEntry::Service(_) | PrincipalEntry::Federated(_) | PrincipalEntry::CanonicalUser(_) => true,
    };
    element.listing == Listing::AllBut || !element.entries.iter().all(whole)
}

/// The statements that ask who comes in.
fn asking(document: &Arc<PolicyDocument>) -> impl Iterator<Item = Allowing> {
    let asks_who =
        |one: &Allowing| one.statement().is_some_and(|statement| statement.keys().any(tells_principals_apart));
    Allowing::all_of(document).filter(asks_who)
}
