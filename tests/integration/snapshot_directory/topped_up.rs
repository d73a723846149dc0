//! A finished snapshot of which something is unread, and that is read again.

use iamdrift::snapshot::SnapshotError;
use iamdrift::snapshot::format::{AccountStatus, CollectionPart, OrganizationFile, SnapshotManifest};
use iamdrift::snapshot::store::{Compression, SnapshotWriter, StoreError};
use serde_json::json;

use super::{BOTH, files, finish, fresh, header, id, load, number, organization, page, refused, role, unread, written};

fn manifest(directory: &std::path::Path) -> SnapshotManifest {
    serde_json::from_str(&std::fs::read_to_string(directory.join("manifest.json")).unwrap()).unwrap()
}

/// An organization whose SCPs could be read.
fn whole_organization() -> OrganizationFile {
    let scps = json!([{
        "Id": "p-1", "Name": "all", "Type": "SERVICE_CONTROL_POLICY", "Targets": ["r-1"],
        "Content": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } },
    }]);
    organization(&[], scps)
}

fn write(writer: &SnapshotWriter, n: usize, roles: &[&str], part: Option<CollectionPart>) {
    let number = number(n);
    let mut account = writer.begin_account(&id(&number), None).unwrap();
    let roles: Vec<_> = roles.iter().map(|name| role(&number, name, "s3:GetObject")).collect();
    account.write_page(&page(json!({ "RoleDetailList": roles }))).unwrap();
    part.into_iter().for_each(|part| account.record_unread(unread(part, None, "AccessDenied", None)));
    account.finish().unwrap();
}

/// A finished snapshot: an account that was read, one of which a part was, one of which nothing was.
fn lacking(directory: &std::path::Path, compression: Compression) {
    let writer = SnapshotWriter::create(directory, header(), compression).unwrap();
    write(&writer, 0, &["a"], None);
    write(&writer, 1, &["a"], Some(CollectionPart::AuthorizationDetails));
    writer.record_unread_account(&id(&number(2)), Some("c"), "AccessDenied", Some("sts:AssumeRole")).unwrap();
    writer
        .write_organization(
            &organization(&[], json!([])),
            vec![unread(CollectionPart::ServiceControlPolicies, None, "no", None)],
        )
        .unwrap();
    finish(writer);
}

fn resume(directory: &std::path::Path, compression: Compression) -> Result<SnapshotWriter, StoreError> {
    let mut header = header();
    header.started_at = "2026-11-21T06:00:00Z".parse().unwrap();
    SnapshotWriter::resume(directory, header, compression)
}

#[test]
fn what_was_not_read_whole_is_read_again_and_nothing_else() {
    for compression in BOTH {
        let (_folder, directory) = fresh();
        lacking(&directory, Compression::None);
        let before = manifest(&directory);
        let writer = resume(&directory, compression).unwrap();
        let finished: Vec<bool> = (0..3).map(|n| writer.is_finished(&id(&number(n)))).collect();
        assert_eq!(finished, [true, false, false]);
        let error = refused(&directory);
        assert!(
            matches!(error, SnapshotError::Interrupted { .. }),
            "until it is finished again it is no snapshot: {error}"
        );
        write(&writer, 1, &["a", "b"], None);
        write(&writer, 2, &["a"], None);
        writer.write_organization(&whole_organization(), Vec::new()).unwrap();
        finish(writer);
        let after = manifest(&directory);
        assert!(after.accounts.iter().all(|account| account.status == AccountStatus::Read));
        assert_eq!(after.accounts[0], before.accounts[0]);
        assert_eq!(after.started_at, before.started_at, "what happened since the first run may not be in it");
        assert_eq!(load(&directory).principals().count(), 4);
        assert_eq!(
            files(&directory).len(),
            5,
            "three accounts, the organization, the manifest: {:?}",
            files(&directory)
        );
        assert!(matches!(resume(&directory, compression), Err(StoreError::Complete { .. })));
    }
}

#[test]
fn what_fails_again_loses_nothing_of_what_there_was() {
    let (_folder, directory) = fresh();
    lacking(&directory, Compression::None);
    let writer = resume(&directory, Compression::None).unwrap();
    for n in [1, 2] {
        writer.record_unread_account(&id(&number(n)), None, "timeout", None).unwrap();
    }
    finish(writer);
    let accounts = manifest(&directory).accounts;
    let statuses: Vec<AccountStatus> = accounts.iter().map(|account| account.status).collect();
    assert_eq!(statuses, [AccountStatus::Read, AccountStatus::Partly, AccountStatus::Unread]);
    assert_eq!(accounts[1].unread[0].error, "AccessDenied");
    assert_eq!(accounts[2].unread[0].error, "timeout");
    assert_eq!(load(&directory).principals().count(), 2);
}

/// It ends at any moment: after the journal, after an account; and goes on as any other run.
#[test]
fn a_run_that_breaks_off_again_is_continued() {
    let (_folder, directory) = fresh();
    lacking(&directory, Compression::Zstd);
    drop(resume(&directory, Compression::Zstd).unwrap());
    let writer = resume(&directory, Compression::Zstd).unwrap();
    write(&writer, 2, &["a"], None);
    let open = writer.begin_account(&id(&number(3)), None).unwrap();
    assert!(matches!(resume(&directory, Compression::Zstd), Err(StoreError::InUse { .. })));
    drop(open);
    drop(writer);
    finish(resume(&directory, Compression::Zstd).unwrap());
    // The account of which a part is there counted as finished once the run was broken off.
    let writer = resume(&directory, Compression::Zstd).unwrap();
    assert!(!writer.is_finished(&id(&number(1))));
    write(&writer, 1, &["a", "b"], None);
    writer.write_organization(&whole_organization(), Vec::new()).unwrap();
    finish(writer);
    assert_eq!(load(&directory).principals().count(), 4);
    assert!(load(&directory).collection_gaps.is_empty());
}

#[test]
fn a_journal_that_was_left_beside_the_manifest_does_no_harm() {
    let (_folder, directory) = fresh();
    lacking(&directory, Compression::None);
    std::fs::write(directory.join("journal.jsonl"), "half a li".repeat(4_000)).unwrap();
    assert_eq!(load(&directory).principals().count(), 2);
    finish(resume(&directory, Compression::None).unwrap());
    assert_eq!(load(&directory).principals().count(), 2);
    assert_eq!(load(&directory).collection_gaps.len(), 3);
}

#[test]
fn a_snapshot_that_cannot_be_continued_stays_as_it_is() {
    let (_folder, directory) = fresh();
    written(&directory, Compression::None);
    assert!(matches!(resume(&directory, Compression::None), Err(StoreError::Complete { .. })));
    let (_folder, directory) = fresh();
    lacking(&directory, Compression::None);
    let before = files(&directory);
    let mut other = header();
    other.caller.account = number(0);
    let foreign = SnapshotWriter::resume(&directory, other, Compression::None);
    assert!(matches!(foreign, Err(StoreError::OtherCollection { .. })));
    let path = directory.join("manifest.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("sts:AssumeRole", "sts:AssumeRolf")).unwrap();
    let Err(error) = resume(&directory, Compression::None) else { panic!("the manifest was changed") };
    assert!(matches!(error, StoreError::Manifest { .. }));
    let StoreError::Manifest { error, .. } = error else { panic!("{error}") };
    insta::assert_snapshot!("a_manifest_that_was_changed", super::text(&error, &directory));
    assert_eq!(files(&directory), before);
    std::fs::write(&path, text).unwrap();
    load(&directory);
}
