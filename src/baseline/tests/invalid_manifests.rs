//! Manifests that are wrong, each with exactly what a user then reads (`snapshots/`).

use super::testing::ManifestDirectory;

/// An entry that nothing is wrong with, for cases about something else.
const VALID_ENTRY: &str = "[[principal]]\nname = \"good\"\nmatch = \"*\"\nkind = \"operator\"\nallow = []\n";

/// An entry with `lines` instead of its `allow`.
fn entry(lines: &str) -> String {
    format!("version = 1\n{}", VALID_ENTRY.replace("allow = []\n", lines))
}

fn exception(lines: &str) -> String {
    format!("version = 1\n[[exception]]\nfingerprint = \"4f1c2aa\"\nreason = \"ticket 7\"\n{lines}")
}

/// A hint with `lines`.
fn hint(lines: &str) -> String {
    format!("version = 1\n[[hint]]\nname = \"h\"\nkind = \"agent\"\nbecause = \"ours\"\n{lines}")
}

fn cases() -> Vec<(&'static str, String)> {
    let v1 = |rest: &str| format!("version = 1\n{rest}");
    vec![
        // The file
        ("not TOML", "version = \n".to_owned()),
        ("a key twice", "version = 1\nversion = 1\n".to_owned()),
        ("no version", VALID_ENTRY.to_owned()),
        ("version of a later format, of which nothing more is said", "version = 2\nprincpal = 3\n".to_owned()),
        ("version as a string", "version = \"1\"\n".to_owned()),
        ("unknown table", v1("[[princpal]]\nname = \"x\"\n")),
        ("a table where a list of tables goes", v1("[principal]\nname = \"x\"\n")),
        ("a list of something else", v1("principal = [1]\n")),
        // Settings
        ("settings", v1("[settings]\nagent_hint = true\n")),
        ("a setting of another kind", v1("[settings]\nagent_hints = \"yes\"\n")),
        ("settings as a number", v1("settings = 1\n")),
        // An entry
        ("everything missing", v1("[[principal]]\n")),
        ("unknown key", entry("alow = []\n")),
        ("unknown key, like none", entry("allow = []\nzzzzzz = 1\n")),
        ("blank name", v1("[[principal]]\nname = \" \"\nmatch = \"*\"\nkind = \"agent\"\nallow = []\n")),
        ("unknown kind", entry("allow = []\n").replace("\"operator\"", "\"operater\"")),
        ("two entries of a name", v1(&format!("{VALID_ENTRY}\n{VALID_ENTRY}"))),
        // Selectors
        ("match is no ARN glob", entry("allow = []\n").replace("\"*\"", "[\"arn:*\", \"role/kiro-*\"]")),
        ("match is empty", entry("allow = []\n").replace("\"*\"", "[]")),
        ("match holds a number", entry("allow = []\n").replace("\"*\"", "[7]")),
        ("tags is empty", entry("allow = []\ntags = {}\n")),
        ("tags is a string", entry("allow = []\ntags = \"agent\"\n")),
        ("a tag of another kind, and one that stands twice", entry("allow = []\ntags = { agent = true, Agent = \"*\" }\n")),
        // Ceilings
        ("no such document", entry("allow = [\"good.json\", \"godo.json\"]\n")),
        ("a document that is not JSON", entry("allow = [\"broken.json\"]\n")),
        ("a document that is no policy, and a slip in the manifest", entry("allow = [\"bad.json\"]\nownr = \"x\"\n")),
        ("documents elsewhere", entry("allow = [\"../x.json\", \"/etc/x.json\", \"a/../x.json\", \"a\\\\x.json\"]\n")),
        ("a directory", entry("allow = [\".\"]\n")),
        ("the ARN of a managed policy", entry("allow = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n")),
        ("no managed policy", entry("allow = [\"aws:policy/\", \"aws:policy/a b\", \"aws:polcy/ReadOnlyAccess\"]\n")),
        ("allow is a number", entry("allow = 1\n")),
        ("unknown service", entry("levels = { cee = [\"List\"] }\n")),
        ("a service in upper case", entry("levels = { CE = [\"List\"] }\n")),
        ("unknown level", entry("levels = { ce = [\"list\", \"Readd\"] }\n")),
        ("a level without actions", entry("levels = { s3 = [\"List\", \"Tagging\"] }\n")),
        ("levels are empty", entry("levels = {}\n")),
        ("a service without levels", entry("levels = { ce = [] }\n")),
        ("resources that are none", entry("levels = { s3 = [\"List\"] }\nresources = [\"bucket\"]\n")),
        ("resources without levels", entry("allow = []\nresources = [\"*\"]\n")),
        // Duties
        ("boundary is no ARN glob", entry("allow = []\nboundary = \"agent-boundary\"\n")),
        ("assumable_by is nobody", entry("allow = []\nassumable_by = [\"111122223333\", \"corp\"]\n")),
        // Overriding
        ("overrides nothing", entry("allow = []\noverrides = \"godo\"\n")),
        ("overrides itself", entry("allow = []\noverrides = [\"good\"]\n")),
        (
            "overrides in a circle",
            format!(
                "{}{}",
                entry("allow = []\noverrides = [\"b\"]\n"),
                VALID_ENTRY.replace("\"good\"", "\"b\"") + "overrides = \"good\"\n"
            ),
        ),
        // Ignores and exceptions
        ("an ignore without a reason", v1("[[ignore]]\nmatch = \"*\"\n")),
        ("an ignore of everything", v1("[[ignore]]\nreason = \"not ours\"\n")),
        (
            "an approver who is the requester",
            exception("requested_by = \"a.operator\"\napproved_by = \"A.Operator \"\nexpires = 2026-12-31\n"),
        ),
        (
            "a date in quotes",
            exception("requested_by = \"a\"\napproved_by = \"b\"\nexpires = \"2026-12-31\"\n"),
        ),
        (
            "a date with a time",
            exception("requested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31T10:00:00Z\n"),
        ),
        ("no day of the calendar", exception("requested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-02-30\n")),
        ("an exception without people and without an end", exception("")),
        (
            "two exceptions of a fingerprint, which is none",
            v1(&"[[exception]]\nfingerprint = \"4f 1c\"\nreason = \"x\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n".repeat(2)),
        ),
        // Hints
        ("a hint without anything", v1("[[hint]]\n")),
        ("a hint that looks at nothing", hint("")),
        ("a hint that looks at two things", hint("saml = \"corp\"\nwords = \"kiro\"\n")),
        ("when beside what is not trust", hint("words = \"kiro\"\nwhen = { sub = \"repo:*\" }\n")),
        ("an empty when, and one that is none", hint("when = {}\n") + &hint("when = \"sub\"\n").replace("version = 1\n", "")),
        ("words without a letter", hint("words = [\"--\"]\n")),
        ("globs that are none", hint("trusted = \"role/x\"\n") + &hint("service = []\n").replace("version = 1\n", "")),
        ("strength and of", hint("of = \"group\"\nstrength = \"certain\"\n")),
        ("an unknown key in a hint", hint("servce = \"x.amazonaws.com\"\nsaml = \"corp\"\n")),
        // Guards and personas
        (
            "guards, personas and narrower_than that refer to nothing",
            format!(
                "{}{}",
                entry("allow = []\nnarrower_than = \"good\"\nguards = [\"second persn\"]\n"),
                concat!(
                    "[[persona]]\nname = \"p\"\nof = \"god\"\nkind = \"agent\"\nallow = []\n",
                    "when = { Bool = { \"aws:ViaAWSMCPService\" = \"true\" } }\n",
                    "[[guard]]\nname = \"second person\"\nactions = [\"class:destructive\", \"iam:*\"]\n",
                    "severity = \"critical\"\nunless = { StringLike = { \"aws:PrincipalTag/change-approval\" = \"CHG-*\" } }\n",
                )
            ),
        ),
        (
            "a guard and a persona of the wrong shape",
            v1(concat!(
                "[[persona]]\nwhen = { Boool = { \"aws:ViaAWSMCPService\" = \"true\" } }\n",
                "[[guard]]\nname = \"g\"\nactions = [\"iam\", \"class:\"]\nunless = {}\nseverity = \"hgh\"\n",
            )),
        ),
        (
            "a guard over a class and a service that are misspelt",
            v1(concat!(
                "[[guard]]\nname = \"g\"\nactions = [\"class:destructiv\", \"s4:Delete*\"]\n",
                "unless = { Boool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }\nseverity = \"high\"\n",
            )),
        ),
        (
            "a guard over actions that there are not",
            v1(concat!(
                "[[guard]]\nname = \"g\"\nactions = [\"ce:GetTag\", \"CE:get*\", \"s3:Destroy*\"]\n",
                "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }\nseverity = \"high\"\n",
            )),
        ),
        ("a setting that is no yes or no", v1("[settings]\nthrough_agents = \"no\"\n")),
    ]
}

#[test]
fn renders_every_error() {
    let mut shown = String::new();
    for (title, manifest) in cases() {
        shown +=
            &format!("## {title}\n\n{manifest}\n{}\n\n\n", ManifestDirectory::with_manifest(&manifest).render_errors());
    }
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("broken_manifests", shown);
    });
}

#[test]
fn reports_a_missing_manifest() {
    let problems = crate::baseline::Baseline::load(std::path::Path::new("no/such/directory")).unwrap_err();
    insta::assert_snapshot!(problems.0[0].render(false), @r"
    error: cannot read the baseline: No such file or directory (os error 2)
     --> no/such/directory:1:1
      |
    1 |
      | ^ a manifest
      |
      = help: copy `policies/` of iamdrift's repository to start one, or give the directory that holds `baseline.toml`
    ");
}
