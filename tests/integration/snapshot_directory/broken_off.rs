//! Runs that come to no end, and those that go on from there.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use iamdrift::snapshot::SnapshotError;
use iamdrift::snapshot::format::CollectionPart;
use iamdrift::snapshot::store::{Compression, SnapshotWriter, StoreError};
use serde_json::json;

use super::{BOTH, files, finish, fresh, header, id, load, number, organization, page, refused, role, unread, written};

const ACCOUNTS: usize = 60;
const PAGES: usize = 5;
const WHERE: &str = "IAMDRIFT_TEST_SNAPSHOT";

fn write_account(writer: &SnapshotWriter, n: usize) {
    let number = number(n);
    let mut account = writer.begin_account(&id(&number), None).unwrap();
    for p in 0..PAGES {
        let name = format!("r{p}");
        account.write_page(&page(json!({ "RoleDetailList": [role(&number, &name, "s3:GetObject")] }))).unwrap();
    }
    account.finish().unwrap();
}

/// The child of the test below: writes all accounts that are not finished, telling what it does, until it is killed.
fn write_until_killed(directory: &Path) {
    let mut log = std::fs::OpenOptions::new().append(true).create(true).open(directory.with_extension("log")).unwrap();
    let compression = if directory.to_string_lossy().contains("Zstd") { Compression::Zstd } else { Compression::None };
    let writer = match SnapshotWriter::create(directory, header(), compression) {
        Err(StoreError::Interrupted { .. }) => SnapshotWriter::resume(directory, header(), compression).unwrap(),
        // It was killed between its last write and its end.
        Err(StoreError::Finished { .. }) => return,
        other => other.unwrap(),
    };
    for n in 0..ACCOUNTS {
        if writer.is_finished(&id(&number(n))) {
            continue;
        }
        writeln!(log, "begin {n}").unwrap();
        write_account(&writer, n);
        writeln!(log, "finished {n}").unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
    finish(writer);
}

#[test]
fn an_account_is_never_lost_nor_read_twice() {
    // This test is its own child.
    if let Some(directory) = std::env::var_os(WHERE) {
        return write_until_killed(Path::new(&directory));
    }
    for compression in BOTH {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join(format!("{compression:?}"));
        let mut kills = 0;
        for round in 0..400_u64 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "snapshot_directory::broken_off::an_account_is_never_lost_nor_read_twice"])
                .env(WHERE, &directory)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // From before its first write to somewhere among its accounts; in the end it may finish.
            let patience = if round < 40 { 3 + round * 7 % 41 } else { 600_000 };
            let deadline = std::time::Instant::now() + Duration::from_millis(patience);
            let status = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break Some(status);
                }
                if std::time::Instant::now() > deadline {
                    break None;
                }
                std::thread::sleep(Duration::from_micros(300));
            };
            match status {
                Some(status) => {
                    assert!(status.success(), "the child failed in round {round}");
                    break;
                }
                None => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                    if directory.join("journal.jsonl").exists() && !directory.join("manifest.json").exists() {
                        assert!(matches!(refused(&directory), SnapshotError::Interrupted { .. }));
                    }
                }
            }
        }
        let snapshot = load(&directory);
        assert_eq!(snapshot.accounts.len(), ACCOUNTS);
        assert!(snapshot.accounts.iter().all(|account| account.principals.len() == PAGES));
        // Who is killed between the manifest and the end leaves the journal, which nothing reads beside a manifest.
        let left: Vec<String> = files(&directory).into_iter().filter(|name| name != "journal.jsonl").collect();
        assert_eq!(left.len(), ACCOUNTS + 1, "nothing else is left of what was broken off: {left:?}");
        let log = std::fs::read_to_string(directory.with_extension("log")).unwrap();
        let mut finished = BTreeSet::new();
        for line in log.lines() {
            match line.split_once(' ') {
                Some(("finished", n)) => assert!(finished.insert(n.to_owned()), "{n} was finished twice"),
                Some(("begin", n)) => assert!(!finished.contains(n), "{n} was read again"),
                _ => panic!("{line}"),
            }
        }
        assert!(kills > 3, "only {kills} runs were killed: this test tells nothing");
        eprintln!("{compression:?}: killed {kills} times");
    }
}

/// A journal cut anywhere, at the ends of its lines above all: what it tells counts, the rest is read again.
#[test]
fn a_journal_that_ends_anywhere_is_continued() {
    let (folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    (0..3).for_each(|n| write_account(&writer, n));
    drop(writer);
    let journal = std::fs::read(directory.join("journal.jsonl")).unwrap();
    let others: Vec<(String, Vec<u8>)> = files(&directory)
        .into_iter()
        .filter(|file| file != "journal.jsonl")
        .map(|file| (file.clone(), std::fs::read(directory.join(&file)).unwrap()))
        .collect();
    let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').collect();
    let near = |length: &usize| length.is_multiple_of(23) || ends.iter().any(|end| end.abs_diff(*length) < 3);
    for length in (0..=journal.len()).filter(near) {
        let copy = folder.path().join(format!("copy-{length}"));
        std::fs::create_dir_all(copy.join("accounts")).unwrap();
        for (file, bytes) in &others {
            std::fs::write(copy.join(file), bytes).unwrap();
        }
        std::fs::write(copy.join("journal.jsonl"), &journal[..length]).unwrap();
        let lines = journal[..length].iter().filter(|byte| **byte == b'\n').count();
        let writer = SnapshotWriter::resume(&copy, header(), Compression::Zstd).unwrap();
        let done: Vec<bool> = (0..3).map(|n| writer.is_finished(&id(&number(n)))).collect();
        assert_eq!(done, (0..3).map(|n| n + 2 <= lines).collect::<Vec<_>>(), "{length}");
        (0..3).filter(|n| !done[*n]).for_each(|n| write_account(&writer, n));
        finish(writer);
        assert_eq!(load(&copy).principals().count(), 3 * PAGES, "{length}");
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

#[test]
fn what_was_finished_and_is_damaged_is_read_again() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    (0..3).for_each(|n| write_account(&writer, n));
    drop(writer);
    std::fs::write(directory.join(format!("accounts/{}.json", number(1))), "{}").unwrap();
    std::fs::remove_file(directory.join(format!("accounts/{}.json", number(2)))).unwrap();
    let writer = SnapshotWriter::resume(&directory, header(), Compression::None).unwrap();
    assert_eq!(writer.damaged_accounts(), [id(&number(1)), id(&number(2))]);
    assert!(writer.is_finished(&id(&number(0))));
    write_account(&writer, 1);
    write_account(&writer, 2);
    finish(writer);
    assert_eq!(load(&directory).principals().count(), 3 * PAGES);
}

#[test]
fn a_directory_that_cannot_be_begun_or_continued_says_so() {
    let create = |directory: &Path| SnapshotWriter::create(directory, header(), Compression::None);
    let resume = |directory: &Path| SnapshotWriter::resume(directory, header(), Compression::None);
    let (_folder, directory) = fresh();
    assert!(matches!(resume(&directory), Err(StoreError::NothingToResume { .. })));
    std::fs::create_dir_all(&directory).unwrap();
    assert!(matches!(resume(&directory), Err(StoreError::NothingToResume { .. })));
    std::fs::write(directory.join("account.json"), "{}").unwrap();
    assert!(matches!(create(&directory), Err(StoreError::NotEmpty { .. })));
    assert!(matches!(resume(&directory), Err(StoreError::NothingToResume { .. })));
    std::fs::remove_file(directory.join("account.json")).unwrap();

    let running = create(&directory).unwrap();
    assert!(matches!(create(&directory), Err(StoreError::Interrupted { .. })));
    assert!(matches!(resume(&directory), Err(StoreError::InUse { .. })));
    drop(running);
    let mut other = header();
    other.caller.account = number(0);
    let Err(error) = SnapshotWriter::resume(&directory, other, Compression::None) else { panic!("it is foreign") };
    let StoreError::OtherCollection { existing, current, .. } = error else { panic!("{error}") };
    assert_eq!((existing.as_str(), current.as_str()), ("999988887777", "100000000000"));
    std::fs::OpenOptions::new()
        .append(true)
        .open(directory.join("journal.jsonl"))
        .and_then(|mut file| file.write_all(b"{}\n"))
        .unwrap();
    assert!(matches!(resume(&directory), Err(StoreError::Journal { line: 2, .. })));

    let (_folder, directory) = fresh();
    written(&directory, Compression::None);
    assert!(matches!(create(&directory), Err(StoreError::Finished { .. })));
    assert!(matches!(resume(&directory), Err(StoreError::Complete { .. })));
    assert_eq!(load(&directory).accounts.len(), 3, "and nothing was touched");
}

#[test]
fn an_account_stands_once() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    let account = id(&number(0));
    let open = writer.begin_account(&account, None).unwrap();
    assert!(matches!(writer.begin_account(&account, None), Err(StoreError::AlreadyWritten { .. })));
    assert!(matches!(writer.record_unread_account(&account, None, "x", None), Err(StoreError::AlreadyWritten { .. })));
    // One that is given up leaves nothing, and can be begun again.
    drop(open);
    assert_eq!(files(&directory), ["journal.jsonl"]);
    write_account(&writer, 0);
    assert!(matches!(writer.begin_account(&account, None), Err(StoreError::AlreadyWritten { .. })));
    // What could not be read at first may be read later in the run.
    writer.record_unread_account(&id(&number(1)), None, "timeout", None).unwrap();
    assert!(!writer.is_finished(&id(&number(1))));
    write_account(&writer, 1);
    let open = writer.begin_account(&id(&number(2)), None).unwrap();
    let error = writer.finish("2026-11-20T06:05:00Z".parse().unwrap()).map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::StillOpen { .. }), "{error}");
    assert!(!directory.join("manifest.json").exists());
    drop(open);
    let writer = SnapshotWriter::resume(&directory, header(), Compression::None).unwrap();
    finish(writer);
    let snapshot = load(&directory);
    assert_eq!(snapshot.accounts.len(), 2);
    assert!(snapshot.collection_gaps.is_empty());
}

#[test]
fn what_could_not_be_read_is_tried_again_and_what_was_partly_read_is_not() {
    let (_folder, directory) = fresh();
    let writer = SnapshotWriter::create(&directory, header(), Compression::None).unwrap();
    writer.record_unread_account(&id(&number(0)), Some("a"), "AccessDenied", Some("sts:AssumeRole")).unwrap();
    let mut partly = writer.begin_account(&id(&number(1)), None).unwrap();
    partly.record_unread(unread(CollectionPart::AccountAliases, None, "AccessDenied", None));
    partly.finish().unwrap();
    writer
        .write_organization(
            &organization(&[], json!([])),
            vec![unread(CollectionPart::ServiceControlPolicies, None, "no", None)],
        )
        .unwrap();
    drop(writer);
    let writer = SnapshotWriter::resume(&directory, header(), Compression::Zstd).unwrap();
    assert!(!writer.is_finished(&id(&number(0))));
    assert!(writer.is_finished(&id(&number(1))));
    // The organization may be told again, here under another name.
    writer.record_unread_organization("AccessDenied", Some("organizations:DescribeOrganization")).unwrap();
    assert!(matches!(writer.record_unread_organization("x", None), Err(StoreError::AlreadyWritten { .. })));
    finish(writer);
    let snapshot = load(&directory);
    let collection_gaps: Vec<_> = snapshot
        .collection_gaps
        .iter()
        .map(|one| (one.account.as_ref().map(|id| id.as_str()), one.unread.part))
        .collect();
    let expected = [
        (Some("100000000000"), CollectionPart::Account),
        (None, CollectionPart::Organization),
        (Some("100000000001"), CollectionPart::AccountAliases),
    ];
    assert_eq!(collection_gaps, expected);
    let texts: Vec<String> = snapshot.collection_gaps.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("what_could_not_be_collected", texts.join("\n"));
}

#[test]
fn many_accounts_are_written_at_once() {
    for compression in BOTH {
        let (_folder, directory) = fresh();
        let writer = SnapshotWriter::create(&directory, header(), compression).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..16 {
                let writer = &writer;
                scope.spawn(move || {
                    // Two open at a time in each thread, their pages in turn.
                    for pair in 0..4 {
                        let numbers = [0, 1].map(|i| number(thread * 8 + pair * 2 + i));
                        let mut open =
                            numbers.each_ref().map(|number| writer.begin_account(&id(number), None).unwrap());
                        for p in 0..PAGES {
                            for (account, number) in open.iter_mut().zip(&numbers) {
                                let name = format!("r{p}");
                                account
                                    .write_page(&page(json!({ "RoleDetailList": [role(number, &name, "s3:Get*")] })))
                                    .unwrap();
                            }
                        }
                        open.into_iter().for_each(|account| account.finish().unwrap());
                    }
                });
            }
        });
        finish(writer);
        let snapshot = load(&directory);
        assert_eq!(snapshot.accounts.len(), 128);
        assert!(snapshot.accounts.iter().all(|account| account.principals.len() == PAGES));
    }
}

/// The writers can live in tasks of their own.
#[test]
fn writers_can_be_sent() {
    fn is_send<T: Send + 'static>() {}
    fn is_shared<T: Send + Sync + 'static>() {}
    is_send::<iamdrift::snapshot::store::AccountWriter>();
    is_shared::<SnapshotWriter>();
}
