//! The folder in the user's data folder with the snapshots that audits collected. It keeps the newest of them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use jiff::Timestamp;
use jiff::civil::DateTime;

/// The format of a snapshot's name: its time in UTC. A second one of the same second gets a number.
const NAME_FORMAT: &str = "%Y-%m-%dT%H-%M-%SZ";
/// The length of such a name without a number.
const NAME_LENGTH: usize = 20;
/// The number of snapshots of the same second.
const MAX_SAME_NAMES: usize = 1000;
/// The file that audits lock while they use a snapshot of the folder.
const LOCK_FILE: &str = ".lock";

/// The folder, while an audit uses it.
pub struct SnapshotFolder {
    path: PathBuf,
    /// The lock, shared by all audits that use the folder. `None` if the file system has no locks.
    lock: Option<File>,
}

impl SnapshotFolder {
    /// Opens the folder, and creates it if its user has a home.
    ///
    /// # Errors
    /// There is no home, or files cannot be created in the folder.
    pub fn open() -> io::Result<SnapshotFolder> {
        let path = find_data_folder()?.join("iamdrift").join("snapshots");
        create_private_dirs(&path)?;
        // A folder that exists can be on a file system that is read-only or full.
        tempfile::Builder::new().prefix(".probe-").tempfile_in(&path)?;
        let lock = open_lock_file(&path).ok().filter(|file| file.try_lock_shared().is_ok());
        Ok(SnapshotFolder { path, lock })
    }

    /// Creates the directory of a snapshot, which only the user can enter.
    pub fn create_snapshot_dir(&self, now: Timestamp) -> io::Result<PathBuf> {
        let name = now.strftime(NAME_FORMAT).to_string();
        let numbered = (2..MAX_SAME_NAMES).map(|number| format!("{name}-{number}"));
        for name in std::iter::once(name.clone()).chain(numbered) {
            let directory = self.path.join(name);
            match create_private_dir(&directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.map(|()| directory),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Removes snapshots until `newest` are left, `current` among them. Does nothing while another audit uses the folder.
    ///
    /// # Errors
    /// A snapshot cannot be removed.
    pub fn remove_old_snapshots(&self, current: &Path, newest: usize) -> io::Result<()> {
        let Some(lock) = &self.lock else { return Ok(()) };
        lock.unlock()?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(()),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        let removed = self.remove_unlocked(current, newest);
        // The audit continues to use its snapshot: others may use the folder too, and may not remove it.
        lock.unlock()?;
        lock.lock_shared()?;
        removed
    }

    fn remove_unlocked(&self, current: &Path, newest: usize) -> io::Result<()> {
        let mut snapshots = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let key = entry.file_name().to_str().and_then(parse_name);
            // Only directories, no links to some.
            if let Some(key) = key.filter(|_| entry.path() != current)
                && entry.file_type()?.is_dir()
            {
                snapshots.push((key, entry.path()));
            }
        }
        snapshots.sort();
        let surplus = (snapshots.len() + 1).saturating_sub(newest.max(1));
        snapshots.iter().take(surplus).try_for_each(|(_, path)| fs::remove_dir_all(path))
    }
}

/// The data folder of the user: `XDG_DATA_HOME`, or `.local/share` in the home.
///
/// # Errors
/// The home is unknown or missing. It is not created.
fn find_data_folder() -> io::Result<PathBuf> {
    let strategy = etcetera::choose_base_strategy().map_err(io::Error::other)?;
    let (home, data_folder) = (strategy.home_dir(), strategy.data_dir());
    let must_exist = if data_folder.starts_with(home) { home } else { data_folder.parent().unwrap_or(&data_folder) };
    if !data_folder.is_absolute() {
        return Err(io::Error::other("the home directory is unknown"));
    }
    if !must_exist.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} is not a directory", must_exist.display())));
    }
    Ok(data_folder)
}

/// The time and the number of a snapshot, in its name. `None` if no audit gave that name.
fn parse_name(name: &str) -> Option<(DateTime, usize)> {
    let (time, number) = name.split_at_checked(NAME_LENGTH)?;
    let number = match number {
        "" => 1,
        number => number.strip_prefix('-')?.parse().ok()?,
    };
    Some((DateTime::strptime(NAME_FORMAT, time).ok()?, number))
}

fn open_lock_file(folder: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(folder.join(LOCK_FILE))
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    private_dir_builder().create(path)
}

fn create_private_dirs(path: &Path) -> io::Result<()> {
    private_dir_builder().recursive(true).create(path)
}

fn private_dir_builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn folder(path: &Path) -> SnapshotFolder {
        SnapshotFolder { path: path.to_owned(), lock: Some(open_lock_file(path).unwrap()) }
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| name != LOCK_FILE).collect();
        names.sort();
        names
    }

    #[test]
    fn the_newest_snapshots_are_kept() {
        let temporary = tempfile::tempdir().unwrap();
        let snapshots = folder(temporary.path());
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut created = Vec::new();
        for time in
            ["2026-11-02T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z", "2026-11-03T10:00:00Z"].map(time)
        {
            let directory = snapshots.create_snapshot_dir(time).unwrap();
            fs::write(directory.join("manifest.json"), "{}").unwrap();
            created.push(directory);
        }
        // Other files, directories of the user, and links stay.
        fs::write(temporary.path().join("2026-01-01T00-00-00Z"), "").unwrap();
        fs::create_dir(temporary.path().join("mine")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(temporary.path().join("mine"), temporary.path().join("2026-01-02T00-00-00Z"))
            .unwrap();
        let others = ["2026-01-01T00-00-00Z", "2026-01-02T00-00-00Z", "mine"];
        // The current snapshot stays, although the clock says that it is the oldest.
        let kept = |newest: usize| {
            snapshots.remove_old_snapshots(&created[1], newest).unwrap();
            names(temporary.path()).into_iter().filter(|name| !others.contains(&name.as_str())).collect::<Vec<_>>()
        };
        let all = ["2026-11-01T10-00-00Z", "2026-11-01T10-00-00Z-2", "2026-11-02T10-00-00Z", "2026-11-03T10-00-00Z"];
        assert_eq!(kept(4), all);
        // Another audit uses the folder.
        let other = folder(temporary.path());
        other.lock.as_ref().unwrap().lock_shared().unwrap();
        assert_eq!(kept(1), all);
        drop(other);
        assert_eq!(kept(3), ["2026-11-01T10-00-00Z", "2026-11-02T10-00-00Z", "2026-11-03T10-00-00Z"]);
        assert_eq!(kept(2), ["2026-11-01T10-00-00Z", "2026-11-03T10-00-00Z"]);
        assert_eq!(kept(0), ["2026-11-01T10-00-00Z"]);
        assert!(others.iter().all(|name| names(temporary.path()).iter().any(|found| found == name)));
    }
}
