//! A report that is written while it is computed: to standard output, or to a file that replaces another one at the end.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where a report goes.
#[derive(Debug)]
pub struct ReportOutput {
    destination: Destination,
    /// Whether somebody reads it. A closed pipe is no error: the exit status is what the audit finds.
    has_reader: bool,
}

#[derive(Debug)]
enum Destination {
    Standard(io::Stdout),
    /// A device or a pipe. Replacing it by a file would remove it for all programs.
    Device(File),
    /// A file beside the target, which it replaces at the end.
    File {
        unfinished: NamedTempFile,
        target: PathBuf,
    },
}

impl ReportOutput {
    /// Standard output.
    pub fn standard() -> ReportOutput {
        ReportOutput { destination: Destination::Standard(io::stdout()), has_reader: true }
    }

    /// A file that only the user can read.
    ///
    /// # Errors
    /// The directory does not exist, or no file can be created in it.
    pub fn create(path: &Path) -> io::Result<ReportOutput> {
        let destination = match std::fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
                Destination::Device(std::fs::OpenOptions::new().write(true).open(path)?)
            }
            _ => {
                // Follow a symbolic link and replace its target.
                let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
                let directory = match target.parent() {
                    Some(parent) if parent != Path::new("") => parent,
                    _ => Path::new("."),
                };
                if !directory.is_dir() {
                    let why = format!("no such directory: {}", directory.display());
                    return Err(io::Error::new(io::ErrorKind::NotFound, why));
                }
                // Temporary files are readable by the user only; renaming keeps the permissions.
                Destination::File { unfinished: NamedTempFile::new_in(directory)?, target }
            }
        };
        Ok(ReportOutput { destination, has_reader: true })
    }

    /// Ends the report. A file replaces the target only now, so that a target is never a part of a report.
    ///
    /// # Errors
    /// The file cannot be written or renamed.
    pub fn complete(mut self) -> io::Result<()> {
        self.flush()?;
        if let Destination::File { unfinished, target } = self.destination {
            unfinished.as_file().sync_all()?;
            unfinished.persist(target)?;
        }
        Ok(())
    }

    fn ignore_closed_pipe(&mut self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.has_reader = false;
                Ok(())
            }
            other => other,
        }
    }
}

impl Write for ReportOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_reader {
            let written = match &mut self.destination {
                Destination::Standard(out) => out.write_all(bytes),
                Destination::Device(out) => out.write_all(bytes),
                Destination::File { unfinished, .. } => unfinished.write_all(bytes),
            };
            self.ignore_closed_pipe(written)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.has_reader {
            return Ok(());
        }
        let written = match &mut self.destination {
            Destination::Standard(out) => out.flush(),
            Destination::Device(out) => out.flush(),
            Destination::File { unfinished, .. } => unfinished.flush(),
        };
        self.ignore_closed_pipe(written)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_only_by_a_complete_report() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("report.json");
        std::fs::write(&target, "old").unwrap();
        let names = || std::fs::read_dir(directory.path()).unwrap().count();
        let mut abandoned = ReportOutput::create(&target).unwrap();
        abandoned.write_all(b"a part").unwrap();
        assert_eq!((std::fs::read_to_string(&target).unwrap().as_str(), names()), ("old", 2));
        drop(abandoned);
        assert_eq!((std::fs::read_to_string(&target).unwrap().as_str(), names()), ("old", 1));
        let mut output = ReportOutput::create(&target).unwrap();
        output.write_all(b"a report").unwrap();
        output.complete().unwrap();
        assert_eq!((std::fs::read_to_string(&target).unwrap().as_str(), names()), ("a report", 1));
    }
}
