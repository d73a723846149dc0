//! A file that was changed, cut off, removed or added is named, whichever it is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use iamdrift::snapshot::SnapshotError;
use iamdrift::snapshot::store::{Compression, SnapshotWriter};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{BOTH, files, finish, fresh, header, id, load, number, page, refused, role, text, written};

/// What is said of the files that are not as they were collected.
fn problems(directory: &Path) -> Vec<String> {
    match refused(directory) {
        SnapshotError::Damaged { problems, .. } => problems,
        other => panic!("{other}"),
    }
}

/// The error names the file.
fn assert_named(directory: &Path, file: &str, after: &str) {
    let error = text(&refused(directory), directory);
    assert!(error.contains(file), "{file} {after}: {error}");
}

#[test]
fn what_is_missing_or_added_is_named() {
    for compression in BOTH {
        let (_folder, directory) = fresh();
        written(&directory, compression);
        assert_eq!(load(&directory).accounts.len(), 3);
        let all = files(&directory);
        assert_eq!(all.len(), 5, "{all:?}");
        let mut texts = Vec::new();
        for file in all.iter().filter(|file| *file != "manifest.json") {
            let path = directory.join(file);
            let bytes = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let found = problems(&directory);
            assert!(found.len() == 1 && found[0].contains(file.as_str()), "{file}: {found:?}");
            texts.extend(found);
            std::fs::write(&path, &bytes).unwrap();
        }
        for file in ["accounts/999999999999.json", "resource-policies.json", "notes.txt", "accounts/x.json.zst"] {
            std::fs::write(directory.join(file), "{}").unwrap();
            let found = problems(&directory);
            assert!(found.len() == 1 && found[0].contains(file), "{file}: {found:?}");
            texts.extend(found);
            std::fs::remove_file(directory.join(file)).unwrap();
        }
        // Two accounts' files that changed places are both named.
        let (one, two) = (directory.join(&all[0]), directory.join(&all[1]));
        let (first, second) = (std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        std::fs::write(&one, &second).unwrap();
        std::fs::write(&two, &first).unwrap();
        let found = problems(&directory);
        assert!(found.len() == 2 && found[0].contains(&all[0]) && found[1].contains(&all[1]), "{found:?}");
        texts.extend(found);
        std::fs::write(&one, &first).unwrap();
        std::fs::write(&two, &second).unwrap();
        load(&directory);
        // What is hidden is no part of it.
        std::fs::write(directory.join(".DS_Store"), "x").unwrap();
        std::fs::write(directory.join("accounts/.unfinished-x"), "x").unwrap();
        load(&directory);
        std::fs::remove_file(directory.join("manifest.json")).unwrap();
        assert!(matches!(refused(&directory), SnapshotError::MissingManifest { .. }));
        // How long a compressed file is depends on the version of zstd.
        if compression == Compression::None {
            insta::assert_snapshot!("damage", texts.join("\n"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_file_that_is_cut_off_is_named(file in any::<Index>(), at in any::<Index>(), zstd in any::<bool>()) {
        let (_folder, directory) = fresh();
        written(&directory, if zstd { Compression::Zstd } else { Compression::None });
        let all = files(&directory);
        let file = file.get(&all);
        let bytes = std::fs::read(directory.join(file)).unwrap();
        std::fs::write(directory.join(file), &bytes[..at.index(bytes.len())]).unwrap();
        // The newline at the very end of the manifest is all that it can lose, and even that is noticed.
        assert_named(&directory, file, "cut off");
    }

    #[test]
    fn a_file_with_one_other_byte_is_named(file in any::<Index>(), at in any::<Index>(), by in 1..=255_u8, zstd in any::<bool>()) {
        let (_folder, directory) = fresh();
        written(&directory, if zstd { Compression::Zstd } else { Compression::None });
        let all = files(&directory);
        let file = file.get(&all);
        let mut bytes = std::fs::read(directory.join(file)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        std::fs::write(directory.join(file), &bytes).unwrap();
        assert_named(&directory, file, "changed");
    }

    #[test]
    fn a_lone_compressed_file_that_is_cut_off_is_refused(at in any::<Index>()) {
        let (_folder, directory) = fresh();
        written(&directory, Compression::Zstd);
        let path = directory.join(format!("accounts/{}.json.zst", number(0)));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..at.index(bytes.len())]).unwrap();
        assert!(iamdrift::snapshot::Snapshot::load(&path).is_err());
    }
}

/// A manifest of another hand, with the right hash: still nothing but what the writer writes.
#[test]
fn a_manifest_must_agree_with_itself() {
    let (_folder, directory) = fresh();
    written(&directory, Compression::None);
    let path = directory.join("manifest.json");
    let original: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut manifest = original.clone();
        change(&mut manifest);
        manifest["Blake3"] = "0".repeat(64).into();
        let text = serde_json::to_string_pretty(&manifest).unwrap();
        let hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        std::fs::write(&path, text.replace(&"0".repeat(64), &hash)).unwrap();
    };
    changed(&|_| {});
    load(&directory);
    type Change<'a> = &'a dyn Fn(&mut Value);
    let cases: [Change<'_>; 9] = [
        &|m| m["FormatVersion"] = "2".into(),
        &|m| m["Partition"] = "mars".into(),
        &|m| m["Accounts"][0]["Id"] = "1".into(),
        &|m| m["Accounts"][0]["Status"] = "partly".into(),
        &|m| m["Accounts"][0]["Stored"]["File"] = "../../etc/passwd".into(),
        &|m| m["Organization"]["Stored"]["File"] = "accounts/o.json".into(),
        &|m| m["Accounts"][1] = m["Accounts"][0].clone(),
        &|m| m["Accounts"][0]["Colour"] = "red".into(),
        &|m| m["Accounts"][0]["Stored"] = Value::Null,
    ];
    let mut texts = Vec::new();
    for change in cases {
        changed(change);
        let error = refused(&directory);
        let SnapshotError::Invalid(diagnostics) = &error else { panic!("{error}") };
        assert!(diagnostics.0[0].place().file.ends_with("manifest.json"), "{error}");
        texts.push(text(&error, &directory));
    }
    changed(&|m| m["Accounts"] = json!([]));
    assert_eq!(problems(&directory).len(), 3, "the files of the accounts are none of it");
    insta::assert_snapshot!("manifests_that_do_not_agree_with_themselves", texts.join("\n"));
}

#[test]
fn everything_is_for_the_user_alone() {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for compression in BOTH {
        let (_folder, directory) = fresh();
        // A directory that was there, and open to everyone.
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).unwrap();
        let check = |expected: usize| {
            let all = files(&directory);
            assert_eq!(all.len(), expected, "{all:?}");
            for file in &all {
                assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
            }
            assert_eq!((mode(&directory), mode(&directory.join("accounts"))), (0o700, 0o700));
        };
        let writer = SnapshotWriter::create(&directory, header(), compression).unwrap();
        let mut account = writer.begin_account(&id(&number(0)), None).unwrap();
        account.write_page(&page(json!({ "RoleDetailList": [role(&number(0), "r", "s3:Get*")] }))).unwrap();
        check(2);
        account.finish().unwrap();
        check(2);
        finish(writer);
        check(2);
    }
}
