//! The JSON Schema of the manifest, for editors.

/// The schema's text (JSON Schema, draft 2020-12), as `schemas/baseline.schema.json` publishes it.
pub const SCHEMA: &str = include_str!("../../schemas/baseline.schema.json");

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::SCHEMA;
    use crate::baseline::model::hint::Strength;
    use crate::baseline::model::levels::parse_level;
    use crate::baseline::model::principal_class::PrincipalClass;
    use crate::baseline::parse::keys;
    use crate::baseline::tests::testing::ManifestDirectory;

    fn schema() -> Value {
        serde_json::from_str(SCHEMA).unwrap()
    }

    /// The manifest as an editor validates it: dates are strings.
    fn toml_to_json(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => text.into(),
            toml::Value::Integer(number) => number.into(),
            toml::Value::Float(number) => number.into(),
            toml::Value::Boolean(flag) => flag.into(),
            toml::Value::Datetime(when) => when.to_string().into(),
            toml::Value::Array(list) => list.into_iter().map(toml_to_json).collect(),
            toml::Value::Table(table) => Value::Object(table.into_iter().map(|(k, v)| (k, toml_to_json(v))).collect()),
        }
    }

    fn find_violations(manifest: &str) -> Vec<String> {
        let manifest = toml_to_json(toml::Value::Table(manifest.parse().unwrap()));
        let validator = jsonschema::validator_for(&schema()).unwrap();
        validator.iter_errors(&manifest).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }

    fn documented_manifests() -> Vec<String> {
        let page = std::fs::read_to_string("docs/baseline.md").unwrap();
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn code_and_schema_have_the_same_keys() {
        let schema = schema();
        let defined = &schema["$defs"];
        for (table, keys) in [
            (&schema, keys::ROOT),
            (&defined["settings"], keys::SETTINGS),
            (&defined["principal"], keys::PRINCIPAL),
            (&defined["assumer"], keys::ASSUMER),
            (&defined["persona"], keys::PERSONA),
            (&defined["guard"], keys::GUARD),
            (&defined["ignore"], keys::IGNORE),
            (&defined["exception"], keys::EXCEPTION),
            (&defined["accepts"], keys::ACCEPTS),
            (&defined["hint"], keys::HINT),
        ] {
            let published: BTreeSet<&str> =
                table["properties"].as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(published, keys.iter().copied().collect());
            assert_eq!(table["additionalProperties"], Value::Bool(false));
        }
        let classes: Vec<&str> = PrincipalClass::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(defined["principal"]["properties"]["kind"]["enum"], serde_json::json!(classes));
        assert_eq!(defined["hint"]["properties"]["kind"]["enum"], serde_json::json!(classes));
        let strengths: Vec<&str> = Strength::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(defined["hint"]["properties"]["strength"]["enum"], serde_json::json!(strengths));
        for level in defined["level"]["enum"].as_array().unwrap() {
            assert!(parse_level(level.as_str().unwrap()).is_some());
        }
    }

    #[test]
    fn documented_and_shipped_manifests_are_valid() {
        let mut manifests = documented_manifests();
        assert_eq!(manifests.len(), 1);
        manifests.push(std::fs::read_to_string("policies/baseline.toml").unwrap());
        manifests.push("version = 1\n".to_owned() + &std::fs::read_to_string("src/baseline/parse/hints.toml").unwrap());
        for manifest in manifests {
            assert_eq!(find_violations(&manifest), Vec::<String>::new(), "{manifest}");
        }
    }

    #[test]
    fn every_key_is_documented() {
        let page = std::fs::read_to_string("docs/baseline.md").unwrap();
        for key in [
            keys::ROOT,
            keys::SETTINGS,
            keys::PRINCIPAL,
            keys::PERSONA,
            keys::GUARD,
            keys::IGNORE,
            keys::EXCEPTION,
            keys::ACCEPTS,
            keys::HINT,
        ]
        .concat()
        {
            let shown = [
                format!("`{key}`"),
                format!("`[{key}]`"),
                format!("`[[{key}]]`"),
                format!("\n{key} "),
                format!("\n[[{key}]]"),
            ];
            assert!(shown.iter().any(|form| page.contains(form.as_str())), "{key}");
        }
    }

    #[test]
    fn loading_rejects_what_the_schema_rejects() {
        for manifest in [
            "",
            "version = 2",
            "version = 1\nprincpal = []",
            "version = 1\n[[principal]]\nname = \"a\"\nkind = \"agent\"\nmatch = \"*\"",
            "version = 1\n[[principal]]\nname = \"a\"\nkind = \"agent\"\nallow = []",
            "version = 1\n[[principal]]\nname = \"a\"\nkind = \"agent\"\nmatch = \"*\"\nallow = []\nresources = [\"*\"]",
            "version = 1\n[[ignore]]\nmatch = \"role/x\"\nreason = \"y\"",
            "version = 1\n[[hint]]\nname = \"a\"\nkind = \"agent\"\nbecause = \"b\"",
            "version = 1\n[[hint]]\nname = \"a\"\nkind = \"agent\"\nbecause = \"b\"\nsaml = \"x\"\nwords = \"y\"",
            "version = 1\n[[hint]]\nname = \"a\"\nkind = \"agent\"\nbecause = \"b\"\nwords = \"y\"\nwhen = { sub = \"z\" }",
        ] {
            assert!(!find_violations(manifest).is_empty(), "{manifest}");
            assert!(ManifestDirectory::with_manifest(manifest).load().is_err(), "{manifest}");
        }
    }

    #[test]
    fn the_documented_baseline_loads() {
        let [manifest] = documented_manifests().try_into().unwrap();
        let directory = ManifestDirectory::with_manifest(&manifest);
        std::fs::create_dir_all(directory.path().join("exceptions")).unwrap();
        let document = Path::new("policies/operators/cost-explorer.json");
        std::fs::copy(document, directory.path().join("exceptions/billing-export.json")).unwrap();
        for name in ["operators/cost-explorer.json", "agents/cost-explorer-readonly.json"] {
            let file = directory.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::copy(Path::new("policies").join(name), file).unwrap();
        }
        let baseline = directory.load().map_err(|problems| problems.to_string()).unwrap();
        assert_eq!((baseline.entries.len(), baseline.ignores.len(), baseline.exceptions.len()), (4, 1, 1));
        assert_eq!((baseline.hints.len(), baseline.guards.len(), baseline.personas.len()), (1, 1, 1));
    }
}
