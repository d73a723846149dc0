//! Generated organizations for benches: seeded, so that a size and a seed always give the same bytes.
//!
//! Each generator writes `account.json` (or `snapshot/`) and `baseline/` into a directory. Nobody tuned the inputs to the
//! tool: the proportions are those of the accounts in `docs/performance.md`.

mod account;
mod copies;
mod dense;
mod mixed;
mod random;
mod services;

use std::io;
use std::path::Path;

use serde_json::{Value, json};

/// A kind of generated input.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Roles of one account, each with statements of its own.
    Mixed,
    /// Accounts with 100 roles each, most of them copies of the same templates.
    Copies,
    /// Roles that trust the account and may assume each other.
    Dense,
    /// Roles that each assume the next one.
    Chain,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Mixed, Kind::Copies, Kind::Dense, Kind::Chain];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Mixed => "mixed",
            Kind::Copies => "copies",
            Kind::Dense => "dense",
            Kind::Chain => "chain",
        }
    }

    /// The snapshot below the directory of an input.
    pub fn snapshot(self) -> &'static str {
        match self {
            Kind::Copies => "snapshot",
            Kind::Mixed | Kind::Dense | Kind::Chain => "account.json",
        }
    }

    /// Writes an input. `size` is the number of roles, or of accounts for [`Kind::Copies`].
    pub fn write(self, directory: &Path, size: usize, seed: u64, ceiling: Option<&Value>) -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        match self {
            Kind::Mixed => mixed::write(&directory.join(self.snapshot()), size, seed)?,
            Kind::Copies => copies::write(&directory.join(self.snapshot()), size, seed)?,
            Kind::Dense => dense::write(&directory.join(self.snapshot()), size, dense::Trust::Everyone)?,
            Kind::Chain => dense::write(&directory.join(self.snapshot()), size, dense::Trust::Previous)?,
        }
        write_baseline(&directory.join("baseline"), ceiling)
    }
}

/// One entry for all principals, with a ceiling that allows to read.
fn write_baseline(directory: &Path, ceiling: Option<&Value>) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    std::fs::write(
        directory.join("baseline.toml"),
        "version = 1\n\n[[principal]]\nname = \"all\"\nmatch = [\"*\"]\nkind = \"workload\"\nallow = [\"readonly.json\"]\n",
    )?;
    let ceiling = ceiling.cloned().unwrap_or_else(|| {
        let actions: Vec<String> = services::SERVICES
            .iter()
            .flat_map(|service| ["Get*", "List*", "Describe*"].map(|verb| format!("{}:{verb}", service.prefix)))
            .collect();
        json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
    });
    std::fs::write(directory.join("readonly.json"), ceiling.to_string())
}
