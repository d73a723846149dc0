//! Invalid manifests. `snapshots/` holds the errors that a user sees.

use super::testing::ManifestDirectory;

/// A valid entry.
const VALID_ENTRY: &str = "[[principal]]\nname = \"good\"\nmatch = \"*\"\nkind = \"operator\"\nallow = []\n";

/// A manifest with a valid entry that has `lines` instead of `allow`.
fn entry(lines: &str) -> String {
    format!("version = 1\n{}", VALID_ENTRY.replace("allow = []\n", lines))
}

fn exception(lines: &str) -> String {
    format!("version = 1\n[[exception]]\nfinding = \"iam009/entry/x\"\naccepts = {{}}\nreason = \"ticket 7\"\n{lines}")
}

/// A manifest with a hint that has `lines`.
fn hint(lines: &str) -> String {
    format!("version = 1\n[[hint]]\nname = \"h\"\nkind = \"agent\"\nbecause = \"ours\"\n{lines}")
}

fn cases() -> Vec<(&'static str, String)> {
    let v1 = |rest: &str| format!("version = 1\n{rest}");
    vec![
        // The file
        ("not TOML", "version = \n".to_owned()),
        ("duplicate key", "version = 1\nversion = 1\n".to_owned()),
        ("no version", VALID_ENTRY.to_owned()),
        ("a later version, without other errors", "version = 2\nprincpal = 3\n".to_owned()),
        ("version as a string", "version = \"1\"\n".to_owned()),
        ("unknown table", v1("[[princpal]]\nname = \"x\"\n")),
        ("a table instead of an array of tables", v1("[principal]\nname = \"x\"\n")),
        ("an array of another type", v1("principal = [1]\n")),
        // Settings
        ("settings", v1("[settings]\nagent_hint = true\n")),
        ("a setting of another type", v1("[settings]\nagent_hints = \"yes\"\n")),
        ("settings as a number", v1("settings = 1\n")),
        // An entry
        ("everything missing", v1("[[principal]]\n")),
        ("unknown key", entry("alow = []\n")),
        ("unknown key without a similar one", entry("allow = []\nzzzzzz = 1\n")),
        ("blank name", v1("[[principal]]\nname = \" \"\nmatch = \"*\"\nkind = \"agent\"\nallow = []\n")),
        ("unknown kind", entry("allow = []\n").replace("\"operator\"", "\"operater\"")),
        ("two entries with the same name", v1(&format!("{VALID_ENTRY}\n{VALID_ENTRY}"))),
        // Selectors
        ("match without an ARN glob", entry("allow = []\n").replace("\"*\"", "[\"arn:*\", \"role/kiro-*\"]")),
        ("match is empty", entry("allow = []\n").replace("\"*\"", "[]")),
        ("match holds a number", entry("allow = []\n").replace("\"*\"", "[7]")),
        ("tags is empty", entry("allow = []\ntags = {}\n")),
        ("tags is a string", entry("allow = []\ntags = \"agent\"\n")),
        ("a tag of another type, and a duplicate tag", entry("allow = []\ntags = { agent = true, Agent = \"*\" }\n")),
        // Ceilings
        ("a missing document", entry("allow = [\"good.json\", \"godo.json\"]\n")),
        ("a document that is not JSON", entry("allow = [\"broken.json\"]\n")),
        ("a document that is not a policy, and an unknown key in the manifest", entry("allow = [\"bad.json\"]\nownr = \"x\"\n")),
        ("documents outside the directory", entry("allow = [\"../x.json\", \"/etc/x.json\", \"a/../x.json\", \"a\\\\x.json\"]\n")),
        ("a directory", entry("allow = [\".\"]\n")),
        ("the ARN of a managed policy", entry("allow = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n")),
        ("invalid managed policies", entry("allow = [\"aws:policy/\", \"aws:policy/a b\", \"aws:polcy/ReadOnlyAccess\"]\n")),
        ("allow is a number", entry("allow = 1\n")),
        ("unknown service", entry("levels = { cee = [\"List\"] }\n")),
        ("a service in upper case", entry("levels = { CE = [\"List\"] }\n")),
        ("unknown level", entry("levels = { ce = [\"list\", \"Readd\"] }\n")),
        ("a level without actions", entry("levels = { s3 = [\"List\", \"Tagging\"] }\n")),
        ("levels are empty", entry("levels = {}\n")),
        ("a service without levels", entry("levels = { ce = [] }\n")),
        ("invalid resources", entry("levels = { s3 = [\"List\"] }\nresources = [\"bucket\"]\n")),
        ("resources without levels", entry("allow = []\nresources = [\"*\"]\n")),
        // Requirements
        ("boundary without an ARN glob", entry("allow = []\nboundary = \"agent-boundary\"\n")),
        ("invalid assumable_by", entry("allow = []\nassumable_by = [\"111122223333\", \"corp\"]\n")),
        // Overriding
        ("overrides an unknown entry", entry("allow = []\noverrides = \"godo\"\n")),
        ("overrides itself", entry("allow = []\noverrides = [\"good\"]\n")),
        (
            "a cycle of overrides",
            format!(
                "{}{}",
                entry("allow = []\noverrides = [\"b\"]\n"),
                VALID_ENTRY.replace("\"good\"", "\"b\"") + "overrides = \"good\"\n"
            ),
        ),
        // Ignores and exceptions
        ("an ignore without a reason", v1("[[ignore]]\nmatch = \"*\"\n")),
        ("an ignore without a selector", v1("[[ignore]]\nreason = \"not ours\"\n")),
        (
            "the approver is the requester",
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
        ("a date outside the calendar", exception("requested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-02-30\n")),
        ("an exception without people and date", exception("")),
        (
            "two exceptions with the same invalid key",
            v1(&"[[exception]]\nfinding = \"4f 1c\"\naccepts = {}\nreason = \"x\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n".repeat(2)),
        ),
        (
            "two exceptions of one finding",
            v1(&"[[exception]]\nfinding = \"iam001/1/role/x\"\naccepts = []\nreason = \"x\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n".repeat(2)),
        ),
        (
            "an exception of the old form",
            v1("[[exception]]\nfingerprint = \"4f1c2aa\"\nreason = \"it's old\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n"),
        ),
        (
            "an exception without an extent, and with unknown facts",
            v1("[[exception]]\nfinding = \"iam001/1/role/x\"\nreason = \"x\"\nrequested_by = \"a\"\napproved_by = \"b\"\nexpires = 2026-12-31\n")
                + "[[exception]]\nfinding = \"iam001/1/role/y\"\naccepts = { documnts = \"gone.json\" }\nreason = \"x\"\nrequested_by = \"a\"\napproved_by = \"а\"\nexpires = 2026-12-31\n",
        ),
        // Hints
        ("an empty hint", v1("[[hint]]\n")),
        ("a hint without a selector", hint("")),
        ("a hint with two selectors", hint("saml = \"corp\"\nwords = \"kiro\"\n")),
        ("when with a selector that is not about trust", hint("words = \"kiro\"\nwhen = { sub = \"repo:*\" }\n")),
        ("an empty when, and a when of another type", hint("when = {}\n") + &hint("when = \"sub\"\n").replace("version = 1\n", "")),
        ("words without a letter", hint("words = [\"--\"]\n")),
        ("invalid globs", hint("trusted = \"role/x\"\n") + &hint("service = []\n").replace("version = 1\n", "")),
        ("strength and of", hint("of = \"group\"\nstrength = \"certain\"\n")),
        ("an unknown key in a hint", hint("servce = \"x.amazonaws.com\"\nsaml = \"corp\"\n")),
        // Guards and personas
        (
            "unknown references of guards, personas and narrower_than",
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
            "an invalid guard and an invalid persona",
            v1(concat!(
                "[[persona]]\nwhen = { Boool = { \"aws:ViaAWSMCPService\" = \"true\" } }\n",
                "[[guard]]\nname = \"g\"\nactions = [\"iam\", \"class:\"]\nunless = {}\nseverity = \"hgh\"\n",
            )),
        ),
        (
            "a guard with a misspelled class and service",
            v1(concat!(
                "[[guard]]\nname = \"g\"\nactions = [\"class:destructiv\", \"s4:Delete*\"]\n",
                "unless = { Boool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }\nseverity = \"high\"\n",
            )),
        ),
        (
            "numbers of a condition that JSON does not have",
            v1(concat!(
                "[[guard]]\nname = \"g\"\nactions = [\"iam:*\"]\nseverity = \"high\"\n",
                "unless = { NumericLessThan = { \"aws:MultiFactorAuthAge\" = [0x10, inf, +3600, 1_000] } }\n",
            )),
        ),
        (
            "a guard over unknown actions",
            v1(concat!(
                "[[guard]]\nname = \"g\"\nactions = [\"ce:GetTag\", \"CE:get*\", \"s3:Destroy*\"]\n",
                "unless = { Bool = { \"aws:MultiFactorAuthPresent\" = \"true\" } }\nseverity = \"high\"\n",
            )),
        ),
        ("a setting that is not a boolean", v1("[settings]\nthrough_agents = \"no\"\n")),
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
    insta::assert_snapshot!(problems.0[0].render(crate::source::RenderStyle::Plain), @r"
    error: cannot read the baseline: No such file or directory (os error 2)
     --> no/such/directory:1:1
      |
    1 |
      | ^ a manifest
      |
      = help: copy `policies/` from the iamdrift repository to create one, or pass the directory that contains `baseline.toml`
    ");
}
