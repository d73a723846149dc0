//! One file of a snapshot: written whole or not at all, hashed on the way, and read back.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::UNFINISHED;
use super::error::StoreError;
use super::writer::Compression;
use crate::snapshot::format::StoredFile;

/// The frames of a fast level: documents repeat so much that higher ones gain little.
const ZSTD_LEVEL: i32 = 3;

/// A file on its way. Dropped before its end it leaves nothing behind.
pub(super) struct Unfinished {
    root: PathBuf,
    /// Its path in the directory, with `/`.
    name: String,
    out: Encoder,
}

enum Encoder {
    Plain(Box<BufWriter<Hashed>>),
    Zstd(Box<zstd::Encoder<'static, Hashed>>),
}

/// Counts and hashes what goes to the disk.
struct Hashed {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Unfinished {
    /// Begins `name` (without what the compression adds) in the directory `root`.
    pub(super) fn begin(root: &Path, name: &str, compression: Compression) -> Result<Unfinished, StoreError> {
        let name = format!("{name}{}", compression.ending());
        let path = root.join(&name);
        let begun = || -> io::Result<Encoder> {
            let folder = path.parent().unwrap_or(root);
            // Temporary files are made readable for the user alone, and keep that when they get their name.
            let file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(folder)?;
            let hashed = Hashed { file, hasher: blake3::Hasher::new(), bytes: 0 };
            Ok(match compression {
                Compression::None => Encoder::Plain(Box::new(BufWriter::new(hashed))),
                Compression::Zstd => {
                    let mut encoder = zstd::Encoder::new(hashed, ZSTD_LEVEL)?;
                    encoder.include_checksum(true)?;
                    Encoder::Zstd(Box::new(encoder))
                }
            })
        };
        let out = begun().map_err(|error| StoreError::Io { path: path.clone(), error })?;
        Ok(Unfinished { root: root.to_owned(), name, out })
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(self) -> Result<StoredFile, StoreError> {
        let path = self.root.join(&self.name);
        let finished = || -> io::Result<(String, u64)> {
            let hashed = match self.out {
                Encoder::Plain(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
                Encoder::Zstd(out) => out.finish()?,
            };
            hashed.file.as_file().sync_all()?;
            hashed.file.persist(&path)?;
            sync_folder(path.parent().unwrap_or(&self.root))?;
            Ok((hashed.hasher.finalize().to_hex().to_string(), hashed.bytes))
        };
        let (blake3, bytes) = finished().map_err(|error| StoreError::Io { path: path.clone(), error })?;
        Ok(StoredFile { file: self.name, bytes, blake3 })
    }

    /// The error of a write to it.
    pub(super) fn error(&self, error: io::Error) -> StoreError {
        StoreError::Io { path: self.root.join(&self.name), error }
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.out {
            Encoder::Plain(out) => out.write(bytes),
            Encoder::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Encoder::Plain(out) => out.flush(),
            Encoder::Zstd(out) => out.flush(),
        }
    }
}

/// Sees a folder's new names out to the disk; a system that cannot do that for a folder keeps them in its own time.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The hash of stored bytes, as a manifest writes it.
pub(in crate::snapshot) fn blake3_of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The text of stored bytes: decompressed where the name says so.
///
/// # Errors
/// A compressed file that is cut off or damaged; a text that is not UTF-8.
pub(in crate::snapshot) fn read_stored(path: &Path, bytes: Vec<u8>) -> io::Result<String> {
    let bytes = if path.extension().is_some_and(|extension| extension == "zst") {
        let mut plain = Vec::new();
        zstd::Decoder::new(bytes.as_slice())?.read_to_end(&mut plain)?;
        plain
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8: {error}")))
}
