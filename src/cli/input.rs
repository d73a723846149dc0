//! Files that the user names.

use std::path::Path;
use std::sync::Arc;

use iamdrift::source::SourceFile;

use super::UserError;

/// Reads a file whole; where it cannot be read, `help` says what to do.
pub fn read(path: &Path, help: &str) -> Result<Arc<SourceFile>, UserError> {
    SourceFile::read(path).map_err(|error| UserError::new(format!("cannot read {}: {error}", path.display()), help))
}
