//! Writes a generated organization, as the benches use it.

#[path = "../../benches/generators/mod.rs"]
mod generators;

use std::path::Path;

use anyhow::{Context, bail};
use generators::Kind;

const USAGE: &str = "usage: cargo xtask generate mixed|copies|dense|chain SIZE DIRECTORY [SEED] [CEILING.json]";

/// Writes the input that the arguments name.
pub fn run(arguments: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let arguments: Vec<String> = arguments.collect();
    let [kind, size, directory, options @ ..] = arguments.as_slice() else { bail!(USAGE) };
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind).context(USAGE)?;
    let size: usize = size.parse().context(USAGE)?;
    let (seed, ceiling) = match options {
        [] => (1, None),
        [seed] => (seed.parse().context(USAGE)?, None),
        [seed, ceiling] => {
            let text = std::fs::read_to_string(ceiling).with_context(|| ceiling.clone())?;
            (seed.parse().context(USAGE)?, Some(serde_json::from_str(&text).with_context(|| ceiling.clone())?))
        }
        _ => bail!(USAGE),
    };
    kind.write(Path::new(directory), size, seed, ceiling.as_ref()).with_context(|| directory.clone())
}
