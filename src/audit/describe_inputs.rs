//! What an audit was made from: enough to repeat it with the same inputs.

use jiff::Timestamp;

use super::model::audit::{AccountInfo, BaselineInfo, CatalogInfo, OrganizationInfo, SnapshotInfo, TimeSource};
use super::options::AuditOptions;
use crate::base::content_id::compute_content_id;
use crate::baseline::Baseline;
use crate::catalog::Catalog;
use crate::snapshot::Snapshot;

/// The service catalog.
pub(super) fn describe_catalog(catalog: &Catalog) -> CatalogInfo {
    CatalogInfo {
        version: catalog.version().to_owned(),
        updated_at: catalog.updated_at().to_owned(),
        content_id: catalog.content_id(),
    }
}

/// The baseline.
pub(super) fn describe_baseline(baseline: &Baseline) -> BaselineInfo {
    BaselineInfo { path: baseline.source().name().to_owned(), content_id: baseline.content_id().to_owned() }
}

/// The snapshot, of an audit that is made `now`.
pub(super) fn describe_snapshot(snapshot: &Snapshot, now: Timestamp) -> SnapshotInfo {
    let mut partitions: Vec<String> = snapshot.accounts.iter().map(|a| a.partition.as_str().to_owned()).collect();
    partitions.sort();
    partitions.dedup();
    let identity = &snapshot.identity;
    let (taken_at, taken_at_source) = match (&snapshot.taken_at, &identity.modified_at) {
        (Some(taken_at), _) => (taken_at.clone(), TimeSource::Snapshot),
        (None, Some(modified_at)) => (modified_at.clone(), TimeSource::Files),
        (None, None) => (format!("{now:.0}"), TimeSource::Audit),
    };
    let to_info = |id: &str, name: Option<&str>| AccountInfo { id: id.to_owned(), name: name.map(str::to_owned) };
    SnapshotInfo {
        origin: snapshot.origin.display().to_string(),
        content_id: identity.content_id.clone(),
        taken_at,
        taken_at_source,
        accounts: snapshot.accounts.iter().map(|a| to_info(a.id.as_str(), snapshot.account_name(&a.id))).collect(),
        partitions,
        organization: snapshot.organization.as_ref().map(|organization| OrganizationInfo {
            id: organization.id.clone(),
            content_id: identity.organization_content_id.clone().unwrap_or_default(),
        }),
    }
}

/// An ID of an audit: of its program, its inputs, its options and its time.
pub(super) fn compute_run_id(
    snapshot: &SnapshotInfo,
    baseline: &BaselineInfo,
    catalog: &CatalogInfo,
    options: &AuditOptions,
) -> String {
    let organization = snapshot.organization.as_ref().map_or("", |organization| organization.content_id.as_str());
    let (options, now) = (options.to_identity(), format!("{:.9}", options.now));
    compute_content_id([
        env!("CARGO_PKG_VERSION"),
        snapshot.content_id.as_str(),
        organization,
        baseline.content_id.as_str(),
        catalog.content_id.as_str(),
        options.as_str(),
        now.as_str(),
    ])
}
