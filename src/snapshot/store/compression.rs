//! How the files of a snapshot are compressed.

use crate::snapshot::file_layout::ZSTD_SUFFIX;

/// How account files and the organization file are stored.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// JSON.
    #[default]
    None,
    /// JSON, compressed with Zstandard (`.json.zst`).
    Zstd,
}

impl Compression {
    pub(super) fn file_suffix(self) -> &'static str {
        match self {
            Compression::None => "",
            Compression::Zstd => ZSTD_SUFFIX,
        }
    }
}
