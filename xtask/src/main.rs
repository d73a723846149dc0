//! Maintenance tasks of this repository, which are not part of the product.
//!
//! `cargo xtask catalog [WHEEL or VERSION]` writes the service catalog; see `docs/catalog.md`.
//! `cargo xtask generate mixed 1000 DIRECTORY` writes an organization as the benches generate it; see `docs/performance.md`.
//! `COLUMNS=110 iamdrift demo --color always | head -24 | cargo xtask picture` writes the README's `docs/report.svg`.
#![allow(clippy::disallowed_macros)] // prints for the developer

mod catalog_builder;
mod generate;
mod picture;
mod wheel;

use std::path::{Path, PathBuf};

use anyhow::bail;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let task = arguments.next();
    match task.as_deref().and_then(|name| name.to_str()) {
        Some("catalog") => catalog_builder::run(arguments.next().map(PathBuf::from)),
        Some("generate") => generate::run(arguments.map(|argument| argument.to_string_lossy().into_owned())),
        Some("picture") => picture::run(Path::new("docs/report.svg")),
        _ => bail!("usage: cargo run -p xtask -- catalog [WHEEL or VERSION] | generate KIND SIZE DIRECTORY | picture"),
    }
}
