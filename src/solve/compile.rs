//! Statements compiled: actions to bitsets, conditions and resources to literals.
//!
//! A document compiles once per run, whatever number of principals attach it, unless it holds policy
//! variables: then once for each binding of them.

use std::sync::{Arc, Mutex, OnceLock};

use fixedbitset::FixedBitSet;
use rustc_hash::FxHashMap;

use super::domain::Domains;
use super::glob::{Class, GlobRef, Interner, Tok};
use super::interval::{Intervals, Point};
use super::literal::{Field, Kind, Literal, SetTest, SetValues, Values};
use super::symbols::Symbol;
use super::wild::WildActions;
use super::{TooBig, symbols};
use crate::catalog::{ActionId, Catalog, Multiplicity, ShapeId};
use crate::iam::condition::{Comparison, ConditionValue, Family};
use crate::iam::document::{ActionElement, ResourceElement};
use crate::iam::value::{Instant, Typed};
use crate::iam::{
    Choice, Condition, ContextKey, Listing, Operator, Part, Partition, PolicyDocument, Quantifier, Readings, Statement,
    Template, WhenMissing,
};

/// What a run shares: the catalog, the patterns, the compiled documents.
#[derive(Debug)]
pub struct Solver<'c> {
    /// What AWS defines.
    pub catalog: &'c Catalog,
    /// The patterns of the run.
    pub interner: Interner,
    compiled: Mutex<CompiledStatements>,
    actions: Mutex<ActionSets>,
    pub(super) ranks: OnceLock<Vec<u32>>,
    pub(super) domains: Mutex<KnownDomains>,
}

/// The statements of a run, each with the document that keeps its key's address its own.
type CompiledStatements = FxHashMap<CompiledKey, (Arc<PolicyDocument>, Arc<CompiledStatement>)>;

/// The action sets of statements, by the document's address, which the entry keeps alive, and the position.
type ActionSets = FxHashMap<(usize, usize), (Arc<PolicyDocument>, Arc<ActionSet>)>;

/// The domains of each shape in a partition, or in all.
type KnownDomains = FxHashMap<(ShapeId, Option<Partition>), Arc<Domains>>;

/// A statement under one reading and one binding of its variables: the document's address, which the
/// entry keeps alive, and the position.
#[derive(Eq, PartialEq, Hash, Debug)]
struct CompiledKey {
    document: usize,
    index: usize,
    readings: Readings,
    bindings: Vec<Binding>,
}

/// The actions of a statement.
#[derive(Debug)]
pub struct ActionSet {
    /// The catalog's actions, by [`ActionId`].
    pub known: FixedBitSet,
    /// The element itself, for actions that the catalog does not know.
    pub element: ActionElement,
    /// Names in it that the catalog does not know: in lower case, and as written.
    pub(super) unknown: Vec<(String, String)>,
    /// Its patterns with wildcards, for actions that do not exist yet.
    pub(super) wild: WildActions,
}

/// One statement, compiled.
#[derive(Debug)]
pub struct CompiledStatement {
    /// The actions that it speaks of.
    pub actions: Arc<ActionSet>,
    /// All must hold.
    pub literals: Vec<Literal>,
    /// Whether it can match no request whatever.
    pub dead: bool,
}

/// What stands in the place of a policy variable.
#[derive(Clone, Debug, Eq, PartialEq, Hash)]
pub enum Binding {
    /// This text.
    Text(String),
    /// The key is missing: the default stands, if there is one.
    Missing,
    /// It can have no value (a multi-valued key): nothing stands.
    Unresolvable,
    /// A text that is not known.
    Unknown(Symbol),
}

/// How variables and keys are read while compiling.
pub struct Terms<'a> {
    /// How the choices of the specification are read.
    pub readings: Readings,
    /// What each variable stands for.
    pub binding: &'a dyn Fn(&ContextKey) -> Binding,
    /// Whether a key holds one value or several, where the catalog is not to be asked.
    pub multiplicity: &'a dyn Fn(&ContextKey) -> Option<Multiplicity>,
}

impl<'c> Solver<'c> {
    /// A solver over a catalog.
    pub fn new(catalog: &'c Catalog) -> Solver<'c> {
        Solver {
            catalog,
            interner: Interner::default(),
            compiled: Mutex::default(),
            actions: Mutex::default(),
            ranks: OnceLock::new(),
            domains: Mutex::default(),
        }
    }

    /// The same, with the rank of each action, by [`ActionId`]: of the actions that a statement grants
    /// beyond, the witness is of the highest.
    pub fn with_ranks(catalog: &'c Catalog, ranks: Vec<u32>) -> Solver<'c> {
        Solver { ranks: ranks.into(), ..Solver::new(catalog) }
    }

    /// Compiles a statement of a document, once for each binding of the variables that it holds.
    pub(super) fn compile(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        terms: &Terms<'_>,
    ) -> Result<Option<Arc<CompiledStatement>>, TooBig> {
        let Some(statement) = document.statements.get(index) else { return Ok(None) };
        let key = CompiledKey {
            document: Arc::as_ptr(document) as usize,
            index,
            readings: terms.readings,
            bindings: variables_of(statement).map(|key| (terms.binding)(key)).collect(),
        };
        let lock = || self.compiled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, compiled)) = lock().get(&key) {
            return Ok(Some(Arc::clone(compiled)));
        }
        let actions = self.action_set(document, index, statement)?;
        let compiled = Arc::new(self.compile_statement(statement, actions, terms)?);
        lock().insert(key, (Arc::clone(document), Arc::clone(&compiled)));
        Ok(Some(compiled))
    }

    fn action_set(
        &self,
        document: &Arc<PolicyDocument>,
        index: usize,
        statement: &Statement,
    ) -> Result<Arc<ActionSet>, TooBig> {
        let key = (Arc::as_ptr(document) as usize, index);
        let lock = || self.actions.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, known)) = lock().get(&key) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(ActionSet::new(&statement.action, self.catalog, &self.interner)?);
        lock().insert(key, (Arc::clone(document), Arc::clone(&made)));
        Ok(made)
    }

    fn compile_statement(
        &self,
        statement: &Statement,
        actions: Arc<ActionSet>,
        terms: &Terms<'_>,
    ) -> Result<CompiledStatement, TooBig> {
        let mut out = CompiledStatement { actions, literals: Vec::new(), dead: false };
        if let Some(resource) = &statement.resource {
            self.compile_resource(resource, terms, &mut out)?;
        }
        for condition in &statement.conditions {
            match self.compile_condition(condition, terms)? {
                Compiled::Literal(literal) => out.literals.push(literal),
                Compiled::Always => {}
                Compiled::Never => out.dead = true,
            }
        }
        Ok(out)
    }

    fn compile_resource(
        &self,
        element: &ResourceElement,
        terms: &Terms<'_>,
        out: &mut CompiledStatement,
    ) -> Result<(), TooBig> {
        let mut globs: Vec<GlobRef> = Vec::with_capacity(element.patterns.len());
        for pattern in &element.patterns {
            match self.tokens(pattern, false, terms)? {
                Some(mut toks) => {
                    if terms.readings.is_other(Choice::MidSegmentStar) {
                        keep_stars_in_segments(&mut toks);
                    }
                    globs.push(self.interner.glob(&toks));
                }
                None if element.listing == Listing::AllBut
                    && terms.readings.is_other(Choice::NotResourceUnresolved) =>
                {
                    out.dead = true;
                }
                None => {}
            }
        }
        let everything = globs.iter().any(|g| g.is_everything());
        match element.listing {
            Listing::Only if everything => {}
            Listing::AllBut if everything => out.dead = true,
            Listing::Only => {
                out.dead |= globs.is_empty();
                out.literals.push(Literal::text(Field::Resource, globs.into(), false, true));
            }
            Listing::AllBut if globs.is_empty() => {}
            Listing::AllBut => out.literals.push(Literal::text(Field::Resource, globs.into(), false, false)),
        }
        Ok(())
    }

    /// The steps of a template with its variables replaced; none where one is unresolved.
    pub(super) fn tokens(
        &self,
        template: &Template,
        ignore_case: bool,
        terms: &Terms<'_>,
    ) -> Result<Option<Vec<Tok>>, TooBig> {
        let mut toks = Vec::new();
        for part in template.parts() {
            match part {
                Part::Literal(text) => toks.extend(self.interner.literal(text, ignore_case)?),
                Part::AnyRun => toks.push(Tok::Run(Class::Any)),
                Part::AnyOne => toks.push(Tok::One(Class::Any)),
                Part::Variable { key, default } => match ((terms.binding)(key), default) {
                    (Binding::Text(text), _) => toks.extend(self.interner.literal(&text, ignore_case)?),
                    (Binding::Missing, Some(default)) => toks.extend(self.interner.literal(default, ignore_case)?),
                    (Binding::Missing, None) | (Binding::Unresolvable, _) => return Ok(None),
                    (Binding::Unknown(symbol), _) => toks.push(Tok::Sym(symbol)),
                },
            }
        }
        Ok(Some(toks))
    }

    fn compile_condition(&self, condition: &Condition, terms: &Terms<'_>) -> Result<Compiled, TooBig> {
        let (key, epoch) = match condition.key.lower() {
            // One clock, told in two ways.
            "aws:epochtime" | "aws:currenttime" => (ContextKey::new("aws:CurrentTime"), true),
            _ => (condition.key.clone(), false),
        };
        let field = Field::Key(key.clone());
        if condition.operator == Operator::Null {
            return Ok(self.compile_null(condition, field, terms));
        }
        let values = self.listed(condition, epoch, terms)?;
        let negated = condition.operator.is_negated();
        let if_exists = condition.when_missing == WhenMissing::Holds;
        let any_ignores_if_exists = !terms.readings.is_other(Choice::ForAnyValueIfExists);
        // What a missing key makes of the condition.
        let on_missing = match condition.quantifier {
            Quantifier::Plain => negated || if_exists,
            Quantifier::ForAllValues => true,
            Quantifier::ForAnyValue => if_exists && !any_ignores_if_exists,
        };
        let literal = if self.is_multi(&key, condition.quantifier, terms) {
            let Values::Text(globs) = values else {
                return Ok(Compiled::Literal(opaque(condition, field, on_missing)));
            };
            let test = match (condition.quantifier, negated) {
                (Quantifier::ForAllValues, _) => SetTest { empty: true, values: SetValues::Every(globs, !negated) },
                (Quantifier::ForAnyValue, _) => SetTest { empty: false, values: SetValues::Some(globs, !negated) },
                (Quantifier::Plain, false) => SetTest { empty: false, values: SetValues::Some(globs, true) },
                (Quantifier::Plain, true) => SetTest { empty: true, values: SetValues::Every(globs, false) },
            };
            let empty = if terms.readings.is_other(Choice::EmptySetNull) { on_missing } else { test.empty };
            let test = SetTest { empty, ..test };
            Literal { field, values: Values::Sets(test), missing: on_missing, unparsable: false, holds: true }
        } else {
            let unparsable = negated && terms.readings.is_other(Choice::UnparsableValue);
            // `missing` says whether the missing value is among those listed: a negated test holds outside.
            Literal { field, values, missing: on_missing != negated, unparsable, holds: !negated }
        };
        Ok(Compiled::Literal(literal))
    }

    fn compile_null(&self, condition: &Condition, field: Field, terms: &Terms<'_>) -> Compiled {
        let wanted = |wanted: bool| condition.values.contains(&ConditionValue::Typed(Typed::Bool(wanted)));
        let holds = match (wanted(true), wanted(false)) {
            (true, true) => return Compiled::Always,
            (false, false) => return Compiled::Never,
            (missing, _) => missing,
        };
        let Field::Key(key) = &field else { return Compiled::Never };
        let values = if self.is_multi(key, Quantifier::Plain, terms) {
            let empty = terms.readings.is_other(Choice::EmptySetNull);
            Values::Sets(SetTest { empty, values: SetValues::Never })
        } else {
            Values::Text([].into())
        };
        Compiled::Literal(Literal { field, values, missing: true, unparsable: false, holds })
    }

    /// Whether a key holds several values: by the catalog; for a key that it does not know, by its use.
    fn is_multi(&self, key: &ContextKey, quantifier: Quantifier, terms: &Terms<'_>) -> bool {
        (terms.multiplicity)(key)
            .or_else(|| self.catalog.key_facts(key.lower()).map(|facts| facts.multiplicity))
            .map_or(quantifier != Quantifier::Plain, |m| m == Multiplicity::Multi)
    }

    /// The values that a condition lists, negation aside.
    fn listed(&self, condition: &Condition, epoch: bool, terms: &Terms<'_>) -> Result<Values, TooBig> {
        let operator = condition.operator;
        match operator.family() {
            Family::String | Family::Arn => {
                let mut globs = Vec::with_capacity(condition.values.len());
                for value in &condition.values {
                    let ConditionValue::Text(template) = value else { continue };
                    let Some(toks) = self.tokens(template, operator.ignores_case(), terms)? else { continue };
                    if operator.family() == Family::String {
                        globs.push(self.interner.glob(&toks));
                    } else if template.is_everything() {
                        globs.push(self.interner.glob(&any_arn()));
                    } else if let Some(toks) = arn_segments(toks)? {
                        globs.push(self.interner.glob(&toks));
                    }
                }
                if operator.family() == Family::Arn
                    && operator.is_negated()
                    && terms.readings.is_other(Choice::UnparsableValue)
                {
                    globs.extend((0..5).map(|colons| self.interner.glob(&no_arn(colons))));
                }
                Ok(Values::Text(globs.into()))
            }
            Family::Bool => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(Typed::Bool(truth)) = value {
                        globs.push(
                            self.interner.glob(&self.interner.literal(if *truth { "true" } else { "false" }, true)?),
                        );
                    }
                }
                Ok(Values::Text(globs.into()))
            }
            Family::Binary => {
                let mut globs = Vec::new();
                for value in &condition.values {
                    if let ConditionValue::Typed(typed) = value {
                        globs.push(self.interner.exact(&typed.to_string())?);
                    }
                }
                Ok(Values::Text(globs.into()))
            }
            _ => {
                let mut kind = Kind::Number;
                let mut set = Intervals::none();
                for value in &condition.values {
                    let ConditionValue::Typed(typed) = value else { continue };
                    let point = match typed {
                        Typed::Number(n) if epoch => Point::Instant(Instant(
                            n.checked_mul(rust_decimal::Decimal::from(1_000_000_000))
                                .and_then(|n| i128::try_from(n.trunc()).ok())
                                .ok_or(TooBig)?,
                        )),
                        Typed::Number(n) => Point::Number(*n),
                        Typed::Instant(i) => Point::Instant(*i),
                        Typed::Network(net) => {
                            set = set.or(&Intervals::network(*net));
                            continue;
                        }
                        Typed::Bool(_) | Typed::Binary(_) => continue,
                    };
                    set = set.or(&match operator.comparison() {
                        Comparison::Equals => Intervals::one(point),
                        Comparison::Less => Intervals::below(point, false),
                        Comparison::LessOrEqual => Intervals::below(point, true),
                        Comparison::Greater => Intervals::above(point, false),
                        Comparison::GreaterOrEqual => Intervals::above(point, true),
                    });
                }
                match operator.family() {
                    Family::Date => kind = Kind::Instant,
                    Family::Numeric if epoch => kind = Kind::Instant,
                    Family::Ip => kind = Kind::Address,
                    _ => {}
                }
                Ok(Values::Ordered(kind, set))
            }
        }
    }
}

enum Compiled {
    Literal(Literal),
    Always,
    Never,
}

/// A test that is not modelled: the same test is the same predicate, and nothing else is known of it.
fn opaque(condition: &Condition, field: Field, on_missing: bool) -> Literal {
    let hash = blake3::hash(
        format!("{:?} {:?} {:?}", condition.operator_name(), condition.key.lower(), condition.values).as_bytes(),
    );
    let id = hash.as_bytes().first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
    Literal { field, values: Values::Opaque(id), missing: on_missing, unparsable: false, holds: true }
}

/// The variables of a statement.
pub(super) fn variables_of(statement: &Statement) -> impl Iterator<Item = &ContextKey> {
    let resources = statement.resource.iter().flat_map(|r| r.patterns.iter());
    let values = statement.conditions.iter().flat_map(|c| c.values.iter()).filter_map(|v| match v {
        ConditionValue::Text(template) => Some(template),
        ConditionValue::Typed(_) => None,
    });
    resources.chain(values).flat_map(Template::variables)
}

fn is_colon(tok: &Tok) -> bool {
    *tok == Tok::Sym(b':')
}

/// The other reading of a star in mid-segment: it stays in its segment.
fn keep_stars_in_segments(toks: &mut [Tok]) {
    let ends: Vec<bool> = (0..toks.len()).map(|i| toks.get(i + 1).is_none_or(is_colon)).collect();
    for (tok, ends_segment) in toks.iter_mut().zip(ends) {
        if *tok == Tok::Run(Class::Any) && !ends_segment {
            *tok = Tok::Run(Class::NotColon);
        }
    }
}

/// The steps of an ARN pattern whose wildcards stay in their segment in the first five; none where it has
/// fewer than six segments.
fn arn_segments(mut toks: Vec<Tok>) -> Result<Option<Vec<Tok>>, TooBig> {
    let mut colons = 0;
    for tok in &mut toks {
        match tok {
            tok if is_colon(tok) => colons += 1,
            // A variable's unknown value may hold colons, and then the segments are others.
            Tok::Sym(s) if symbols::is_variable(*s) && colons < 5 => return Err(TooBig),
            Tok::Run(class) | Tok::One(class) if colons < 5 => *class = Class::NotColon,
            _ => {}
        }
    }
    Ok((colons >= 5).then_some(toks))
}

fn any_arn() -> Vec<Tok> {
    let mut toks = vec![Tok::Run(Class::NotColon)];
    for segment in 1..6 {
        toks.push(Tok::Sym(b':'));
        toks.push(Tok::Run(if segment == 5 { Class::Any } else { Class::NotColon }));
    }
    toks
}

/// Texts of so many colons, too few for an ARN.
fn no_arn(colons: usize) -> Vec<Tok> {
    let mut toks = vec![Tok::Run(Class::NotColon)];
    for _ in 0..colons {
        toks.push(Tok::Sym(b':'));
        toks.push(Tok::Run(Class::NotColon));
    }
    toks
}

impl ActionSet {
    fn new(element: &ActionElement, catalog: &Catalog, interner: &Interner) -> Result<ActionSet, TooBig> {
        let mut known = FixedBitSet::with_capacity(catalog.action_count());
        let mut unknown = Vec::new();
        for pattern in &element.patterns {
            if pattern.is_literal() {
                let lower = format!("{}:{}", pattern.service(), pattern.name());
                match catalog.find_action(&lower) {
                    Some(ActionId(id)) => known.insert(id as usize),
                    None => unknown.push((lower, pattern.as_written().to_owned())),
                }
                continue;
            }
            if pattern.service() == "*" && pattern.name() == "*" {
                known.insert_range(..);
                continue;
            }
            let literal_service = !pattern.service().contains(['*', '?']);
            let services: Vec<_> = if literal_service {
                catalog.find_service(pattern.service()).into_iter().collect()
            } else {
                catalog.services().filter(|s| wildcard_matches(pattern.service(), catalog.service_prefix(*s))).collect()
            };
            for service in services {
                for id in catalog.actions_of(service) {
                    if wildcard_matches(pattern.name(), catalog.action_lowercase_name(ActionId(id))) {
                        known.insert(id as usize);
                    }
                }
            }
        }
        if element.listing == Listing::AllBut {
            known.toggle_range(..);
        }
        let wild = WildActions::new(element, interner)?;
        Ok(ActionSet { known, element: element.clone(), unknown, wild })
    }

    /// Those of them that a service takes (any, if none is given), and of these those of services that
    /// support resource control policies, if only they are asked for.
    pub(super) fn limited(&self, catalog: &Catalog, service: Option<&str>, rcp_only: bool) -> ActionSet {
        let mut allowed = FixedBitSet::with_capacity(catalog.action_count());
        for id in catalog.services() {
            let wanted = service.is_none_or(|s| catalog.service_prefix(id) == s);
            if wanted && (!rcp_only || catalog.rcp_supported(id)) {
                let range = catalog.actions_of(id);
                allowed.insert_range(range.start as usize..range.end as usize);
            }
        }
        allowed.intersect_with(&self.known);
        ActionSet {
            known: allowed,
            element: self.element.clone(),
            unknown: self.unknown.clone(),
            wild: self.wild.clone(),
        }
    }

    /// Whether an action that the catalog does not know, in lower case, is among them.
    pub fn has_unknown(&self, service: &str, name: &str) -> bool {
        let written = || self.unknown.iter().any(|(lower, _)| lower.split_once(':') == Some((service, name)));
        (self.wild.lists(service, name) || written()) == (self.element.listing == Listing::Only)
    }
}

/// `*` and `?` over ASCII names.
pub(super) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match (pattern.get(i), text.get(j)) {
            (Some(b'*'), _) => {
                if i + 1 == pattern.len() {
                    return true;
                }
                star = Some((i + 1, j));
                i += 1;
                continue;
            }
            (Some(p), Some(t)) if *p == b'?' || p == t => {
                i += 1;
                j += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match star {
            Some((after, from)) if from < text.len() => {
                star = Some((after, from + 1));
                i = after;
                j = from + 1;
            }
            _ => return false,
        }
    }
}
