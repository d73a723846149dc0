//! Reads files that the user names.

use std::path::Path;
use std::sync::Arc;

use iamdrift::source::SourceFile;

use super::UserError;

/// Reads a file, or standard input for `-`. `help` is the help line of the error.
pub fn read_user_file(path: &Path, help: &str) -> Result<Arc<SourceFile>, UserError> {
    if path == Path::new("-") {
        return SourceFile::read_stdin()
            .map_err(|error| UserError::new(format!("cannot read standard input: {error}"), help));
    }
    SourceFile::read(path).map_err(|error| UserError::new(format!("cannot read {}: {error}", path.display()), help))
}
