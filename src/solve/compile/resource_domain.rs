//! On which resources an action can be asked: the ARN formats of its resource types, or `*`.

use std::sync::Arc;

use super::solver::Solver;
use crate::catalog::{Catalog, ResourceTypeId, ShapeId};
use crate::iam::Partition;
use crate::solve::LimitExceeded;
use crate::solve::strings::interned_glob::{GlobInterner, GlobRef, GlobToken, SymbolClass};

/// Resources that agree in what their ARNs tell.
#[derive(Clone, Debug)]
pub struct ResourceDomain {
    /// One of these matches.
    pub globs: Arc<[GlobRef]>,
    /// What the ARNs tell.
    pub arn_segments: ArnSegmentsKnown,
}

impl ResourceDomain {
    /// What a resource of the domain meets.
    pub(crate) fn glob_lists(&self) -> Vec<Arc<[GlobRef]>> {
        if self.globs.is_empty() { Vec::new() } else { vec![Arc::clone(&self.globs)] }
    }
}

/// Which of region and account an ARN tells: the keys `aws:RequestedRegion` and `aws:ResourceAccount`
/// then agree with it.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct ArnSegmentsKnown {
    /// The region.
    pub region: bool,
    /// The account.
    pub account: bool,
}

/// The domains of an action's shape.
#[derive(Debug)]
pub struct ShapeDomains {
    /// One for each way in which the ARNs tell region and account.
    pub by_segments: Vec<ResourceDomain>,
    /// All as one, where nothing speaks of region and account.
    pub combined: ResourceDomain,
}

/// In which ways the ARNs of an action's resources tell region and account: a bit for each.
#[derive(Copy, Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct ArnSegmentVariants(u8);

impl Solver<'_> {
    /// How an action's ARNs tell region and account; none where more than that tells them apart.
    pub(crate) fn arn_segment_variants(&self, shape: ShapeId) -> Option<ArnSegmentVariants> {
        let table = self.arn_segment_variants.get_or_init(|| {
            self.catalog.shapes().map(|shape| compute_arn_segment_variants(self.catalog, shape)).collect()
        });
        table.get(shape.0 as usize).copied().flatten()
    }

    /// The domains of an action's shape, made once.
    pub(crate) fn shape_domains(
        &self,
        shape: ShapeId,
        partition: Option<Partition>,
    ) -> Result<Arc<ShapeDomains>, LimitExceeded> {
        self.domain_cache
            .get_or_try_compute((shape, partition), || self.build_shape_domains(shape, partition).map(Arc::new))
    }

    fn build_shape_domains(&self, shape: ShapeId, partition: Option<Partition>) -> Result<ShapeDomains, LimitExceeded> {
        let by_segments = build_domains(self.catalog, &self.interner, shape, partition)?;
        let combined = match by_segments.as_slice() {
            [one] => one.clone(),
            several => {
                let globs: Vec<GlobRef> = several.iter().flat_map(|d| d.globs.iter().cloned()).collect();
                ResourceDomain { globs: globs.into(), arn_segments: ArnSegmentsKnown::default() }
            }
        };
        Ok(ShapeDomains { by_segments, combined })
    }
}

fn compute_arn_segment_variants(catalog: &Catalog, shape: ShapeId) -> Option<ArnSegmentVariants> {
    let types = catalog.resource_types(shape);
    if types.is_empty() {
        return Some(ArnSegmentVariants(1 << 4));
    }
    let mut variants = 0;
    for resource_type in types {
        for format in catalog.arn_formats(*resource_type) {
            let mut segments = format.split(':').skip(3);
            let mut next = || segments.next().unwrap_or("");
            let (region, account) = (next(), next());
            let is_variable = |segment: &str| segment.starts_with("${") && segment.ends_with('}');
            if !(region.is_empty() || is_variable(region)) || !(account.is_empty() || is_variable(account)) {
                return None;
            }
            // Some of these stand in the account "aws".
            if catalog.resource_type_name(*resource_type) == "policy" && format.contains(":iam:") {
                return None;
            }
            variants |= 1 << (2 * u8::from(is_variable(region)) + u8::from(is_variable(account)));
        }
    }
    Some(ArnSegmentVariants(variants))
}

fn build_domains(
    catalog: &Catalog,
    interner: &GlobInterner,
    shape: ShapeId,
    partition: Option<Partition>,
) -> Result<Vec<ResourceDomain>, LimitExceeded> {
    let types = catalog.resource_types(shape);
    if types.is_empty() {
        return Ok(vec![ResourceDomain {
            globs: [interner.intern_exact("*")?].into(),
            arn_segments: ArnSegmentsKnown::default(),
        }]);
    }
    let partitions: Vec<Partition> = match partition {
        Some(partition) => vec![partition],
        None => Partition::ALL.to_vec(),
    };
    let mut groups: Vec<(ArnSegmentsKnown, Vec<GlobRef>)> = Vec::new();
    // Partition first: the common one is tried first throughout.
    for partition in partitions {
        for resource_type in types {
            for format in catalog.arn_formats(*resource_type) {
                for (toks, arn_segments) in tokenize_arn_format(catalog, interner, *resource_type, format, partition)? {
                    let glob = interner.intern(&toks);
                    match groups.iter_mut().find(|(c, _)| *c == arn_segments) {
                        Some((_, globs)) if globs.contains(&glob) => {}
                        Some((_, globs)) => globs.push(glob),
                        None => groups.push((arn_segments, vec![glob])),
                    }
                }
            }
        }
    }
    Ok(groups
        .into_iter()
        .map(|(arn_segments, globs)| ResourceDomain { globs: globs.into(), arn_segments: arn_segments })
        .collect())
}

/// The steps of an ARN format; an account that may also be AWS's own gives two.
fn tokenize_arn_format(
    catalog: &Catalog,
    interner: &GlobInterner,
    resource_type: ResourceTypeId,
    format: &str,
    partition: Partition,
) -> Result<Vec<(Vec<GlobToken>, ArnSegmentsKnown)>, LimitExceeded> {
    let mut variants = vec![(Vec::new(), ArnSegmentsKnown::default())];
    for (index, segment) in format.splitn(6, ':').enumerate() {
        if index > 0 {
            variants.iter_mut().for_each(|(toks, _)| toks.push(GlobToken::Literal(b':')));
        }
        let mut rest = segment;
        while !rest.is_empty() {
            let (toks, after) = match rest.strip_prefix("${").and_then(|r| r.split_once('}')) {
                Some((variable, after)) => {
                    let toks = match (index, variable) {
                        (1, _) => interner.tokenize_literal(partition.as_str(), false)?,
                        (3, _) => {
                            variants.iter_mut().for_each(|(_, arn_segments)| arn_segments.region = true);
                            repeat_one_or_more(SymbolClass::Region)
                        }
                        (4, _) => {
                            variants.iter_mut().for_each(|(_, arn_segments)| arn_segments.account = true);
                            vec![GlobToken::AnyOne(SymbolClass::Digit); 12]
                        }
                        // Only what follows the fifth colon may hold more of them.
                        (0..=4, _) => repeat_one_or_more(SymbolClass::NotColon),
                        _ => repeat_one_or_more(match catalog.excluded_characters(resource_type, variable) {
                            "" => SymbolClass::Any,
                            ":" => SymbolClass::NotColon,
                            _ => SymbolClass::NotColonOrSlash,
                        }),
                    };
                    (toks, after)
                }
                None if rest.starts_with('*') => {
                    let class = if index < 5 { SymbolClass::NotColon } else { SymbolClass::Any };
                    (vec![GlobToken::AnyRun(class)], rest.get(1..).unwrap_or(""))
                }
                None => {
                    let end = rest
                        .char_indices()
                        .skip(1)
                        .find(|(_, c)| matches!(c, '$' | '*'))
                        .map_or(rest.len(), |(i, _)| i);
                    (interner.tokenize_literal(rest.get(..end).unwrap_or(""), false)?, rest.get(end..).unwrap_or(""))
                }
            };
            // AWS's own managed policies stand in the account "aws".
            let managed =
                index == 4 && catalog.resource_type_name(resource_type) == "policy" && format.contains(":iam:");
            let count = variants.len();
            if managed {
                let aws = interner.tokenize_literal("aws", false)?;
                for i in 0..count {
                    if let Some((mut variant, arn_segments)) = variants.get(i).cloned() {
                        variant.extend(aws.iter().copied());
                        variants.push((variant, arn_segments));
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
pub(crate) fn build_any_resource_domain(
    interner: &GlobInterner,
    partition: Option<Partition>,
) -> Result<ResourceDomain, LimitExceeded> {
    let Some(partition) = partition else {
        return Ok(ResourceDomain { globs: [].into(), arn_segments: ArnSegmentsKnown::default() });
    };
    let any = || vec![GlobToken::AnyRun(SymbolClass::NotColon)];
    let globs = [interner.intern_exact("*")?, build_any_arn_glob(interner, Some(partition), any(), any())?];
    Ok(ResourceDomain { globs: globs.into(), arn_segments: ArnSegmentsKnown::default() })
}

/// The same, apart by what the ARNs tell.
pub(crate) fn build_any_resource_domains_by_segments(
    interner: &GlobInterner,
    partition: Option<Partition>,
) -> Result<Vec<ResourceDomain>, LimitExceeded> {
    let mut all =
        vec![ResourceDomain { globs: [interner.intern_exact("*")?].into(), arn_segments: ArnSegmentsKnown::default() }];
    for (region, account) in [(false, false), (true, false), (false, true), (true, true)] {
        let segment_tokens = |told| if told { repeat_one_or_more(SymbolClass::NotColon) } else { Vec::new() };
        let arn = build_any_arn_glob(interner, partition, segment_tokens(region), segment_tokens(account))?;
        all.push(ResourceDomain { globs: [arn].into(), arn_segments: ArnSegmentsKnown { region, account } });
    }
    Ok(all)
}

fn build_any_arn_glob(
    interner: &GlobInterner,
    partition: Option<Partition>,
    region: Vec<GlobToken>,
    account: Vec<GlobToken>,
) -> Result<GlobRef, LimitExceeded> {
    let partition = match partition {
        Some(partition) => interner.tokenize_literal(partition.as_str(), false)?,
        None => repeat_one_or_more(SymbolClass::NotColon),
    };
    let mut toks = interner.tokenize_literal("arn", false)?;
    for segment in
        [partition, repeat_one_or_more(SymbolClass::NotColon), region, account, repeat_one_or_more(SymbolClass::Any)]
    {
        toks.push(GlobToken::Literal(b':'));
        toks.extend(segment);
    }
    Ok(interner.intern(&toks))
}

fn repeat_one_or_more(class: SymbolClass) -> Vec<GlobToken> {
    vec![GlobToken::AnyOne(class), GlobToken::AnyRun(class)]
}

/// A pattern over one segment of an ARN (3: the region, 4: the account) as a pattern over the ARN.
pub fn lift_to_arn(interner: &GlobInterner, segment: usize, glob: &GlobRef) -> GlobRef {
    let mut toks = interner.tokenize_literal("arn", false).unwrap_or_default();
    for index in 1..6 {
        toks.push(GlobToken::Literal(b':'));
        if index == segment {
            toks.extend(glob.toks.iter().map(|t| match t {
                GlobToken::AnyRun(SymbolClass::Any) => GlobToken::AnyRun(SymbolClass::NotColon),
                GlobToken::AnyOne(SymbolClass::Any) => GlobToken::AnyOne(SymbolClass::NotColon),
                tok => *tok,
            }));
        } else {
            toks.push(GlobToken::AnyRun(if index == 5 { SymbolClass::Any } else { SymbolClass::NotColon }));
        }
    }
    interner.intern(&toks)
}
