//! One file of a snapshot: written whole or not at all, hashed on the way, and read back.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::PENDING_PREFIX;
use super::snapshot_writer::Compression;
use super::store_error::StoreError;
use crate::snapshot::format::StoredFile;

/// The frames of a fast level: documents repeat so much that higher ones gain little.
const ZSTD_LEVEL: i32 = 3;

/// A file on its way. Dropped before its end it leaves nothing behind.
pub(super) struct PendingFile {
    root: PathBuf,
    /// Its path in the directory, with `/`.
    name: String,
    encoder: FileEncoder,
}

enum FileEncoder {
    Plain(Box<BufWriter<HashingWriter>>),
    Zstd(Box<zstd::Encoder<'static, HashingWriter>>),
}

/// Counts and hashes what goes to the disk.
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
    /// Begins `name` (without what the compression adds) in the directory `root`.
    pub(super) fn create(root: &Path, name: &str, compression: Compression) -> Result<PendingFile, StoreError> {
        let name = format!("{name}{}", compression.file_suffix());
        let path = root.join(&name);
        let open_encoder = || -> io::Result<FileEncoder> {
            let folder = path.parent().unwrap_or(root);
            // Temporary files are made readable for the user alone, and keep that when they get their name.
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
        Ok(PendingFile { root: root.to_owned(), name, encoder: encoder })
    }

    /// Ends the file and gives it its name.
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

    /// The error of a write to it.
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

/// Sees a folder's new names out to the disk; a system that cannot do that for a folder keeps them in its own time.
pub(super) fn sync_dir(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The hash of stored bytes, as a manifest writes it.
pub(in crate::snapshot) fn blake3_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The text of stored bytes: decompressed where the name says so.
///
/// # Errors
/// A compressed file that is cut off or damaged; a text that is not UTF-8.
pub(in crate::snapshot) fn decode_stored(path: &Path, bytes: Vec<u8>) -> io::Result<String> {
    let bytes = if path.extension().is_some_and(|extension| extension == "zst") {
        let mut decompressed = Vec::new();
        zstd::Decoder::new(bytes.as_slice())?.read_to_end(&mut decompressed)?;
        decompressed
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8: {error}")))
}
