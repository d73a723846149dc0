//! On which resources an action can be asked: the ARN formats of its resource types, or `*`.

use std::sync::Arc;

use super::TooBig;
use super::compile::Solver;
use super::glob::{Class, GlobRef, Interner, Tok};
use crate::catalog::{Catalog, ResourceTypeId, ShapeId};
use crate::iam::Partition;

/// Resources that agree in what their ARNs tell.
#[derive(Clone, Debug)]
pub struct Domain {
    /// One of these matches.
    pub globs: Arc<[GlobRef]>,
    /// What the ARNs tell.
    pub carries: Carries,
}

impl Domain {
    /// What a resource of the domain meets.
    pub(super) fn within(&self) -> Vec<Arc<[GlobRef]>> {
        if self.globs.is_empty() { Vec::new() } else { vec![Arc::clone(&self.globs)] }
    }
}

/// Which of region and account an ARN tells: the keys `aws:RequestedRegion` and `aws:ResourceAccount`
/// then agree with it.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct Carries {
    /// The region.
    pub region: bool,
    /// The account.
    pub account: bool,
}

/// The domains of an action's shape.
#[derive(Debug)]
pub struct Domains {
    /// One for each way in which the ARNs tell region and account.
    pub apart: Vec<Domain>,
    /// All as one, where nothing speaks of region and account.
    pub together: Domain,
}

/// In which ways the ARNs of an action's resources tell region and account: a bit for each.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Told(u8);

impl Solver<'_> {
    /// How an action's ARNs tell region and account; none where more than that tells them apart.
    pub(super) fn told_by_arns(&self, shape: ShapeId) -> Option<Told> {
        let table = self.told.get_or_init(|| self.catalog.shapes().map(|shape| told(self.catalog, shape)).collect());
        table.get(shape.0 as usize).copied().flatten()
    }

    /// The domains of an action's shape, made once.
    pub(super) fn domains(&self, shape: ShapeId, partition: Option<Partition>) -> Result<Arc<Domains>, TooBig> {
        let lock = || self.domains.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = lock().get(&(shape, partition)) {
            return Ok(Arc::clone(known));
        }
        let apart = domains(self.catalog, &self.interner, shape, partition)?;
        let together = match apart.as_slice() {
            [one] => one.clone(),
            several => {
                let globs: Vec<GlobRef> = several.iter().flat_map(|d| d.globs.iter().cloned()).collect();
                Domain { globs: globs.into(), carries: Carries::default() }
            }
        };
        let made = Arc::new(Domains { apart, together });
        lock().insert((shape, partition), Arc::clone(&made));
        Ok(made)
    }
}

fn told(catalog: &Catalog, shape: ShapeId) -> Option<Told> {
    let types = catalog.resource_types(shape);
    if types.is_empty() {
        return Some(Told(1 << 4));
    }
    let mut told = 0;
    for resource_type in types {
        for format in catalog.arn_formats(*resource_type) {
            let mut segments = format.split(':').skip(3);
            let mut next = || segments.next().unwrap_or("");
            let (region, account) = (next(), next());
            let is_told = |segment: &str| segment.starts_with("${") && segment.ends_with('}');
            if !(region.is_empty() || is_told(region)) || !(account.is_empty() || is_told(account)) {
                return None;
            }
            // Some of these stand in the account "aws".
            if catalog.resource_type_name(*resource_type) == "policy" && format.contains(":iam:") {
                return None;
            }
            told |= 1 << (2 * u8::from(is_told(region)) + u8::from(is_told(account)));
        }
    }
    Some(Told(told))
}

fn domains(
    catalog: &Catalog,
    interner: &Interner,
    shape: ShapeId,
    partition: Option<Partition>,
) -> Result<Vec<Domain>, TooBig> {
    let types = catalog.resource_types(shape);
    if types.is_empty() {
        return Ok(vec![Domain { globs: [interner.exact("*")?].into(), carries: Carries::default() }]);
    }
    let partitions: Vec<Partition> = match partition {
        Some(one) => vec![one],
        None => Partition::ALL.to_vec(),
    };
    let mut groups: Vec<(Carries, Vec<GlobRef>)> = Vec::new();
    // Partition first: the common one is tried first throughout.
    for partition in partitions {
        for resource_type in types {
            for format in catalog.arn_formats(*resource_type) {
                for (toks, carries) in format_tokens(catalog, interner, *resource_type, format, partition)? {
                    let glob = interner.glob(&toks);
                    match groups.iter_mut().find(|(c, _)| *c == carries) {
                        Some((_, globs)) if globs.contains(&glob) => {}
                        Some((_, globs)) => globs.push(glob),
                        None => groups.push((carries, vec![glob])),
                    }
                }
            }
        }
    }
    Ok(groups.into_iter().map(|(carries, globs)| Domain { globs: globs.into(), carries }).collect())
}

/// The steps of an ARN format; an account that may also be AWS's own gives two.
fn format_tokens(
    catalog: &Catalog,
    interner: &Interner,
    resource_type: ResourceTypeId,
    format: &str,
    partition: Partition,
) -> Result<Vec<(Vec<Tok>, Carries)>, TooBig> {
    let mut variants = vec![(Vec::new(), Carries::default())];
    for (index, segment) in format.splitn(6, ':').enumerate() {
        if index > 0 {
            variants.iter_mut().for_each(|(toks, _)| toks.push(Tok::Sym(b':')));
        }
        let mut rest = segment;
        while !rest.is_empty() {
            let (toks, after) = match rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
                Some((variable, after)) => {
                    let toks = match (index, variable) {
                        (1, _) => interner.literal(partition.as_str(), false)?,
                        (3, _) => {
                            variants.iter_mut().for_each(|(_, carries)| carries.region = true);
                            some_of(Class::Region)
                        }
                        (4, _) => {
                            variants.iter_mut().for_each(|(_, carries)| carries.account = true);
                            vec![Tok::One(Class::Digit); 12]
                        }
                        // Only what follows the fifth colon may hold more of them.
                        (0..=4, _) => some_of(Class::NotColon),
                        _ => some_of(match catalog.variable_excludes(resource_type, variable) {
                            "" => Class::Any,
                            ":" => Class::NotColon,
                            _ => Class::Plain,
                        }),
                    };
                    (toks, after)
                }
                None if rest.starts_with('*') => {
                    let class = if index < 5 { Class::NotColon } else { Class::Any };
                    (vec![Tok::Run(class)], rest.get(1..).unwrap_or(""))
                }
                None => {
                    let end = rest
                        .char_indices()
                        .skip(1)
                        .find(|(_, c)| matches!(c, '$' | '*'))
                        .map_or(rest.len(), |(i, _)| i);
                    (interner.literal(rest.get(..end).unwrap_or(""), false)?, rest.get(end..).unwrap_or(""))
                }
            };
            // AWS's own managed policies stand in the account "aws".
            let managed =
                index == 4 && catalog.resource_type_name(resource_type) == "policy" && format.contains(":iam:");
            let count = variants.len();
            if managed {
                let aws = interner.literal("aws", false)?;
                for i in 0..count {
                    if let Some((mut variant, carries)) = variants.get(i).cloned() {
                        variant.extend(aws.iter().copied());
                        variants.push((variant, carries));
                    }
                }
            }
            for (variant, _) in variants.iter_mut().take(count) {
                variant.extend(toks.iter().copied());
            }
            rest = after;
        }
    }
    Ok(variants)
}

/// The resources of an action of which nothing is known: `*`, and any ARN, of one partition if that is known.
pub(super) fn any_resource(interner: &Interner, partition: Option<Partition>) -> Result<Domain, TooBig> {
    let Some(partition) = partition else { return Ok(Domain { globs: [].into(), carries: Carries::default() }) };
    let any = || vec![Tok::Run(Class::NotColon)];
    let globs = [interner.exact("*")?, any_arn(interner, Some(partition), any(), any())?];
    Ok(Domain { globs: globs.into(), carries: Carries::default() })
}

/// The same, apart by what the ARNs tell.
pub(super) fn any_resource_apart(interner: &Interner, partition: Option<Partition>) -> Result<Vec<Domain>, TooBig> {
    let mut all = vec![Domain { globs: [interner.exact("*")?].into(), carries: Carries::default() }];
    for (region, account) in [(false, false), (true, false), (false, true), (true, true)] {
        let told = |told| if told { some_of(Class::NotColon) } else { Vec::new() };
        let arn = any_arn(interner, partition, told(region), told(account))?;
        all.push(Domain { globs: [arn].into(), carries: Carries { region, account } });
    }
    Ok(all)
}

fn any_arn(
    interner: &Interner,
    partition: Option<Partition>,
    region: Vec<Tok>,
    account: Vec<Tok>,
) -> Result<GlobRef, TooBig> {
    let partition = match partition {
        Some(partition) => interner.literal(partition.as_str(), false)?,
        None => some_of(Class::NotColon),
    };
    let mut toks = interner.literal("arn", false)?;
    for segment in [partition, some_of(Class::NotColon), region, account, some_of(Class::Any)] {
        toks.push(Tok::Sym(b':'));
        toks.extend(segment);
    }
    Ok(interner.glob(&toks))
}

fn some_of(class: Class) -> Vec<Tok> {
    vec![Tok::One(class), Tok::Run(class)]
}

/// A pattern over one segment of an ARN (3: the region, 4: the account) as a pattern over the ARN.
pub fn lift_to_arn(interner: &Interner, segment: usize, glob: &GlobRef) -> GlobRef {
    let mut toks = interner.literal("arn", false).unwrap_or_default();
    for index in 1..6 {
        toks.push(Tok::Sym(b':'));
        if index == segment {
            toks.extend(glob.toks.iter().map(|t| match t {
                Tok::Run(Class::Any) => Tok::Run(Class::NotColon),
                Tok::One(Class::Any) => Tok::One(Class::NotColon),
                tok => *tok,
            }));
        } else {
            toks.push(Tok::Run(if index == 5 { Class::Any } else { Class::NotColon }));
        }
    }
    interner.glob(&toks)
}
