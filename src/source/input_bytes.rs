//! The bytes of an input: a regular file or standard input, plain or compressed, up to a size.
//!
//! The limits stop a compressed file of a few bytes from filling the memory. They are far above what AWS's quotas allow
//! (`docs/snapshot.md`).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The maximum size of an input in bytes, after decompression.
pub(crate) const MAX_INPUT_BYTES: u64 = 1 << 30;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// The suffixes of compressed files, with the first bytes of their content.
const COMPRESSED_SUFFIXES: [(&str, &[u8]); 2] = [("gz", GZIP_MAGIC), ("zst", ZSTD_MAGIC)];

/// A file name without the suffix of a compressed file, in any letter case.
pub(crate) fn strip_compression_suffix(name: &str) -> &str {
    let strip = |suffix: &str| {
        let (stem, extension) = name.rsplit_once('.')?;
        extension.eq_ignore_ascii_case(suffix).then_some(stem)
    };
    COMPRESSED_SUFFIXES.iter().find_map(|(suffix, _)| strip(suffix)).unwrap_or(name)
}

/// Reads a regular file. Links are followed.
///
/// # Errors
/// The file cannot be read, is not a regular file (a FIFO could block forever), or is too large.
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = std::fs::metadata(path)?;
    if let Some(name) = describe_irregular(&metadata.file_type()) {
        let hint = if metadata.is_dir() { "" } else { "; `-` reads standard input where a command accepts it" };
        let reason = format!("it is {name}, not a regular file{hint}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    read_up_to(File::open(path)?, MAX_INPUT_BYTES)
}

/// Reads standard input to its end.
///
/// # Errors
/// It cannot be read or is too large.
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    read_up_to(io::stdin().lock(), MAX_INPUT_BYTES)
}

/// What a file is that is not a regular file. `None` for a regular file.
pub(crate) fn describe_irregular(file_type: &std::fs::FileType) -> Option<&'static str> {
    if file_type.is_file() {
        return None;
    }
    if file_type.is_dir() {
        return Some("a directory");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file_type.is_fifo() {
            return Some("a FIFO");
        }
        if file_type.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

/// Decompresses gzip and Zstandard, which the first bytes reveal. Other bytes are returned as they are.
///
/// # Errors
/// Compressed bytes that are truncated or damaged, or that become too large; a name of a compressed file, and content
/// that is not compressed that way.
pub(crate) fn decompress(path: &Path, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    decompress_up_to(path, bytes, MAX_INPUT_BYTES)
}

fn decompress_up_to(path: &Path, bytes: Vec<u8>, limit: u64) -> io::Result<Vec<u8>> {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let expected = COMPRESSED_SUFFIXES.iter().find(|(suffix, _)| extension.as_deref() == Some(suffix));
    if let Some((suffix, magic)) = expected
        && !bytes.starts_with(magic)
    {
        return Err(invalid_data(format!("the name ends with .{suffix}, but the content is not compressed that way")));
    }
    let damaged = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => error,
        kind => io::Error::new(kind, format!("the compressed data is truncated or damaged: {error}")),
    };
    if bytes.starts_with(GZIP_MAGIC) {
        read_up_to(flate2::read::MultiGzDecoder::new(bytes.as_slice()), limit).map_err(damaged)
    } else if bytes.starts_with(ZSTD_MAGIC) {
        read_up_to(zstd::Decoder::new(bytes.as_slice())?, limit).map_err(damaged)
    } else {
        Ok(bytes)
    }
}

/// The text of an input, without its byte order mark.
///
/// # Errors
/// The bytes are not UTF-8.
pub(crate) fn decode_text(bytes: Vec<u8>) -> io::Result<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let reason = "the file is UTF-16, which `>` writes in Windows PowerShell; save it as UTF-8";
        return Err(invalid_data(reason.to_owned()));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid_length = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(valid_length).filter(|byte| **byte == b'\n').count() + 1;
        invalid_data(format!("the file is not UTF-8: invalid byte {} in line {line}", valid_length + 1))
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

fn read_up_to(input: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(invalid_data(format!("it has more than {limit} bytes (after decompression)")));
    }
    Ok(bytes)
}

fn invalid_data(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn compression_is_recognized_by_content() {
        let zstd = zstd::encode_all(&b"{}"[..], 0).unwrap();
        let two_members = [gzip(b"{"), gzip(b"}")].concat();
        for bytes in [b"{}".to_vec(), gzip(b"{}"), zstd.clone(), two_members] {
            assert_eq!(decompress(Path::new("a.json"), bytes).unwrap(), b"{}");
        }
        assert_eq!(decompress(Path::new("a.json.GZ"), gzip(b"{}")).unwrap(), b"{}");
        for (name, bytes) in [("a.json.gz", b"{}".to_vec()), ("a.json.zst", gzip(b"{}")), ("a.gz", zstd)] {
            assert!(decompress(Path::new(name), bytes).is_err(), "{name}");
        }
    }

    #[test]
    fn damaged_and_oversized_inputs_are_errors() {
        let text = vec![b' '; 100_000];
        let compressed = gzip(&text);
        let path = Path::new("a.json.gz");
        for length in 2..compressed.len() {
            assert!(decompress(path, compressed[..length].to_vec()).is_err(), "{length}");
        }
        let with_rest = [compressed.clone(), b"rest".to_vec()].concat();
        assert!(decompress(path, with_rest).is_err());
        assert_eq!(decompress_up_to(path, compressed.clone(), 100_000).unwrap(), text);
        let error = decompress_up_to(path, compressed, 99_999).unwrap_err();
        assert!(error.to_string().contains("99999"), "{error}");
        assert!(read_up_to(&text[..], 99_999).is_err());
    }

    #[test]
    fn suffixes_are_stripped_in_any_case() {
        for (name, stem) in
            [("a.json.gz", "a.json"), ("a.json.ZST", "a.json"), ("a.json", "a.json"), ("gz", "gz"), ("a.gz", "a")]
        {
            assert_eq!(strip_compression_suffix(name), stem);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo.json");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let socket = directory.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [fifo.as_path(), socket.as_path(), Path::new("/dev/zero"), directory.path()] {
            assert_eq!(read_file(path).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
    }
}
