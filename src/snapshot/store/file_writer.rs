//! Writes one file of a snapshot, completely or not at all, and computes its size and hash.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::compression::Compression;
use super::store_error::StoreError;
use crate::snapshot::file_layout::PENDING_PREFIX;
use crate::snapshot::format::StoredFile;

/// A fast level. Policy documents repeat so often that higher levels gain little.
const ZSTD_LEVEL: i32 = 3;

/// A file that is being written. If it is dropped before [`PendingFile::finish`], nothing is left.
pub(super) struct PendingFile {
    root: PathBuf,
    /// Its path in the directory, with `/` as separator.
    name: String,
    encoder: FileEncoder,
}

enum FileEncoder {
    Plain(Box<BufWriter<HashingWriter>>),
    Zstd(Box<zstd::Encoder<'static, HashingWriter>>),
}

/// Counts and hashes the bytes that are written.
struct HashingWriter {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for HashingWriter {
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

impl PendingFile {
    /// Starts the file `name` (without compression suffix) in the directory `root`.
    pub(super) fn create(root: &Path, name: &str, compression: Compression) -> Result<PendingFile, StoreError> {
        let name = format!("{name}{}", compression.file_suffix());
        let path = root.join(&name);
        let open_encoder = || -> io::Result<FileEncoder> {
            let folder = path.parent().unwrap_or(root);
            // Temporary files are readable by the user only; renaming keeps the permissions.
            let file = tempfile::Builder::new().prefix(PENDING_PREFIX).tempfile_in(folder)?;
            let hashing_writer = HashingWriter { file, hasher: blake3::Hasher::new(), bytes: 0 };
            Ok(match compression {
                Compression::None => FileEncoder::Plain(Box::new(BufWriter::new(hashing_writer))),
                Compression::Zstd => {
                    let mut encoder = zstd::Encoder::new(hashing_writer, ZSTD_LEVEL)?;
                    encoder.include_checksum(true)?;
                    FileEncoder::Zstd(Box::new(encoder))
                }
            })
        };
        let encoder = open_encoder().map_err(|error| StoreError::Io { path: path.clone(), error })?;
        Ok(PendingFile { root: root.to_owned(), name, encoder })
    }

    /// Completes the file and renames it.
    pub(super) fn finish(self) -> Result<StoredFile, StoreError> {
        let path = self.root.join(&self.name);
        let finish_encoder = || -> io::Result<(String, u64)> {
            let hashing_writer = match self.encoder {
                FileEncoder::Plain(out) => out.into_inner().map_err(io::IntoInnerError::into_error)?,
                FileEncoder::Zstd(out) => out.finish()?,
            };
            hashing_writer.file.as_file().sync_all()?;
            hashing_writer.file.persist(&path)?;
            sync_dir(path.parent().unwrap_or(&self.root))?;
            Ok((hashing_writer.hasher.finalize().to_hex().to_string(), hashing_writer.bytes))
        };
        let (blake3, bytes) = finish_encoder().map_err(|error| StoreError::Io { path: path.clone(), error })?;
        Ok(StoredFile { file: self.name, bytes, blake3 })
    }

    /// The error of a failed write to this file.
    pub(super) fn to_store_error(&self, error: io::Error) -> StoreError {
        StoreError::Io { path: self.root.join(&self.name), error }
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.encoder {
            FileEncoder::Plain(out) => out.write(bytes),
            FileEncoder::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.encoder {
            FileEncoder::Plain(out) => out.flush(),
            FileEncoder::Zstd(out) => out.flush(),
        }
    }
}

/// Flushes the entries of a directory to disk, on systems that support it.
pub(super) fn sync_dir(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
