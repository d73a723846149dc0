//! The resources that an action takes: the ARN formats of its resource types, or `*`.

use std::sync::Arc;

use super::arn_format::{has_aws_account, repeat_one_or_more, tokenize_arn_format};
use super::arn_segment::{ArnSegmentVariants, ArnSegmentsKnown};
use crate::catalog::{Catalog, ResourceTypeId, ShapeId};
use crate::iam::Partition;
use crate::solve::budget::LimitExceeded;
use crate::solve::strings::interned_glob::GlobRef;
use crate::solve::strings::interner::{GlobInterner, LetterCase};
use crate::solve::strings::token::{GlobToken, SymbolClass};

/// Resources whose ARNs contain the same facts.
#[derive(Clone, Debug)]
pub(crate) struct ResourceDomain {
    /// A resource matches one of these patterns. Empty for any resource.
    pub globs: Arc<[GlobRef]>,
    /// The facts that the ARNs contain.
    pub arn_segments: ArnSegmentsKnown,
    /// The resource types. Empty if any type of the action is possible.
    pub types: Arc<[ResourceTypeId]>,
}

impl ResourceDomain {
    /// The lists of patterns, in each of which a resource of the domain matches one.
    pub(crate) fn glob_lists(&self) -> Vec<Arc<[GlobRef]>> {
        if self.globs.is_empty() { Vec::new() } else { vec![Arc::clone(&self.globs)] }
    }

    /// Adds the resources of another domain with the same facts.
    pub(crate) fn extend(&mut self, other: &ResourceDomain) {
        let added = other.globs.iter().filter(|glob| !self.globs.contains(glob));
        self.globs = self.globs.iter().chain(added).cloned().collect();
        self.types = self.types.iter().chain(other.types.iter()).copied().collect();
    }
}

/// The domains of an action's shape.
#[derive(Debug)]
pub(crate) struct ShapeDomains {
    /// One domain for each combination of region and account in the ARNs.
    pub by_segments: Vec<ResourceDomain>,
    /// One domain of all resources, for questions without conditions on region and account.
    pub combined: ResourceDomain,
}

/// Which of region and account the ARNs of a shape's resources contain. None if the ARNs differ in more than that.
pub(super) fn compute_arn_segment_variants(catalog: &Catalog, shape: ShapeId) -> Option<ArnSegmentVariants> {
    let types = catalog.resource_types(shape);
    if types.is_empty() {
        return Some(ArnSegmentVariants(1 << 4));
    }
    let mut variants = 0;
    for resource_type in types {
        for format in catalog.arn_formats(*resource_type) {
            if &**format == "*" {
                variants |= 1 << 4;
                continue;
            }
            let mut segments = format.split(':').skip(3);
            // A format without these segments names neither a region nor an account.
            let mut next = || segments.next().unwrap_or("");
            let (region, account) = (next(), next());
            let is_variable = |segment: &str| segment.starts_with("${") && segment.ends_with('}');
            if !(region.is_empty() || is_variable(region)) || !(account.is_empty() || is_variable(account)) {
                return None;
            }
            // The account of an AWS managed policy is "aws".
            if has_aws_account(catalog, *resource_type, format) {
                return None;
            }
            variants |= 1 << (2 * u8::from(is_variable(region)) + u8::from(is_variable(account)));
        }
    }
    Some(ArnSegmentVariants(variants))
}

/// Builds the resource domains of a shape.
pub(super) fn build_shape_domains(
    catalog: &Catalog,
    interner: &GlobInterner,
    shape: ShapeId,
    partition: Option<Partition>,
) -> Result<ShapeDomains, LimitExceeded> {
    let types = catalog.resource_types(shape);
    let by_segments = build_domains(catalog, interner, types, partition)?;
    let combined = match by_segments.as_slice() {
        [single] => single.clone(),
        several => {
            let globs: Vec<GlobRef> = several.iter().flat_map(|d| d.globs.iter().cloned()).collect();
            ResourceDomain { globs: globs.into(), arn_segments: ArnSegmentsKnown::default(), types: types.into() }
        }
    };
    Ok(ShapeDomains { by_segments, combined })
}

/// The resource domains of one resource type.
pub(super) fn build_type_domains(
    catalog: &Catalog,
    interner: &GlobInterner,
    resource_type: ResourceTypeId,
    partition: Option<Partition>,
) -> Result<Vec<ResourceDomain>, LimitExceeded> {
    build_domains(catalog, interner, &[resource_type], partition)
}

fn build_domains(
    catalog: &Catalog,
    interner: &GlobInterner,
    types: &[ResourceTypeId],
    partition: Option<Partition>,
) -> Result<Vec<ResourceDomain>, LimitExceeded> {
    if types.is_empty() {
        return Ok(vec![ResourceDomain {
            globs: [interner.intern_exact("*")?].into(),
            arn_segments: ArnSegmentsKnown::default(),
            types: [].into(),
        }]);
    }
    let partitions: Vec<Partition> = match partition {
        Some(partition) => vec![partition],
        None => Partition::ALL.to_vec(),
    };
    let mut groups: Vec<(ArnSegmentsKnown, Vec<GlobRef>)> = Vec::new();
    // By partition, so that the most common partition is tried first.
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
    let to_domain = |(arn_segments, globs): (_, Vec<GlobRef>)| ResourceDomain {
        globs: globs.into(),
        arn_segments,
        types: types.into(),
    };
    Ok(groups.into_iter().map(to_domain).collect())
}

/// The resources of an action that the catalog does not know: `*` and every ARN, of one partition if it is known.
pub(crate) fn build_any_resource_domain(
    interner: &GlobInterner,
    partition: Option<Partition>,
) -> Result<ResourceDomain, LimitExceeded> {
    let Some(partition) = partition else {
        return Ok(ResourceDomain { globs: [].into(), arn_segments: ArnSegmentsKnown::default(), types: [].into() });
    };
    let any = || vec![GlobToken::AnyRun(SymbolClass::NotColon)];
    let globs = [interner.intern_exact("*")?, build_any_arn_glob(interner, Some(partition), any(), any())?];
    Ok(ResourceDomain { globs: globs.into(), arn_segments: ArnSegmentsKnown::default(), types: [].into() })
}

/// Like [`build_any_resource_domain`], but one domain for each combination of region and account in the ARNs.
pub(crate) fn build_any_resource_domains_by_segments(
    interner: &GlobInterner,
    partition: Option<Partition>,
) -> Result<Vec<ResourceDomain>, LimitExceeded> {
    let mut all = vec![ResourceDomain {
        globs: [interner.intern_exact("*")?].into(),
        arn_segments: ArnSegmentsKnown::default(),
        types: [].into(),
    }];
    for (region, account) in [(false, false), (true, false), (false, true), (true, true)] {
        let segment_tokens =
            |is_present| if is_present { repeat_one_or_more(SymbolClass::NotColon) } else { Vec::new() };
        let arn = build_any_arn_glob(interner, partition, segment_tokens(region), segment_tokens(account))?;
        all.push(ResourceDomain {
            globs: [arn].into(),
            arn_segments: ArnSegmentsKnown { region, account },
            types: [].into(),
        });
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
        Some(partition) => interner.tokenize_literal(partition.as_str(), LetterCase::Exact)?,
        None => repeat_one_or_more(SymbolClass::NotColon),
    };
    let mut toks = interner.tokenize_literal("arn", LetterCase::Exact)?;
    for segment in
        [partition, repeat_one_or_more(SymbolClass::NotColon), region, account, repeat_one_or_more(SymbolClass::Any)]
    {
        toks.push(GlobToken::Literal(b':'));
        toks.extend(segment);
    }
    Ok(interner.intern(&toks))
}
