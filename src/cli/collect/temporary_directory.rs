//! A directory that only the user can enter and that never outlives the program: it is removed when it is no longer used, and
//! when a signal ends the program.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A temporary directory. It is removed when this is dropped.
pub struct TemporaryDirectory {
    slot: Arc<DirectorySlot>,
    snapshot_path: PathBuf,
}

/// The directory to remove. `None` before it exists and after it was removed.
#[derive(Default)]
struct DirectorySlot(Mutex<Option<PathBuf>>);

impl DirectorySlot {
    fn lock(&self) -> MutexGuard<'_, Option<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TemporaryDirectory {
    /// Creates a directory in the system's temporary directory.
    ///
    /// # Errors
    /// The directory cannot be created, or signals cannot be watched.
    pub fn create() -> io::Result<TemporaryDirectory> {
        let slot = Arc::new(DirectorySlot::default());
        // INVARIANT: signals are watched before the directory exists, and it exists only after the lock is held.
        #[cfg(unix)]
        signals::remove_on_signal(Arc::clone(&slot))?;
        let path = {
            let mut directory = slot.lock();
            let mut builder = tempfile::Builder::new();
            builder.prefix("iamdrift-");
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            let path = builder.tempdir()?.keep();
            *directory = Some(path.clone());
            path
        };
        Ok(TemporaryDirectory { slot, snapshot_path: path.join("snapshot") })
    }

    /// The directory in it for a snapshot. It does not exist yet.
    pub fn snapshot_path(&self) -> &Path {
        &self.snapshot_path
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        remove_directory(&mut self.slot.lock());
    }
}

/// Removes the directory if it still exists.
fn remove_directory(directory: &mut Option<PathBuf>) {
    let Some(path) = directory.take() else { return };
    // Files that are being created need the old path. After the renaming, nothing is added.
    let renamed = path.with_extension("removed");
    let path = if std::fs::rename(&path, &renamed).is_ok() { renamed } else { path };
    // A failure cannot be reported: the program is ending, or its result is complete.
    let _ = std::fs::remove_dir_all(path);
}

#[cfg(unix)]
mod signals {
    use std::io;
    use std::sync::Arc;

    use signal_hook::consts::{
        SIGCHLD, SIGCONT, SIGFPE, SIGILL, SIGKILL, SIGSEGV, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH,
    };
    use signal_hook::iterator::Signals;
    use signal_hook::low_level;

    use super::{DirectorySlot, remove_directory};

    /// The highest number of a signal.
    const MAX_SIGNAL: i32 = 64;
    /// Signals that cannot be caught, or not by a thread.
    const NOT_CAUGHT: [i32; 5] = [SIGKILL, SIGSTOP, SIGILL, SIGFPE, SIGSEGV];
    /// Signals that do not end a program.
    const HARMLESS: [i32; 7] = [SIGCHLD, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH];
    /// The exit status of a program that a signal ended, in shells, is this number and the number of the signal.
    const SIGNAL_STATUS: i32 = 128;

    /// Starts a thread that waits for a signal, removes the directory and ends the program as the signal would have.
    ///
    /// The thread waits until the program ends, because a signal that was caught once has no default action any more.
    pub(super) fn remove_on_signal(slot: Arc<DirectorySlot>) -> io::Result<()> {
        let mut signals = Signals::new([0i32; 0])?;
        let handle = signals.handle();
        let ignored = read_ignored_signals();
        for signal in (1..=MAX_SIGNAL).filter(|signal| !NOT_CAUGHT.contains(signal) && !HARMLESS.contains(signal)) {
            // A signal that is ignored, for example with `nohup`, stays ignored.
            if ignored >> (signal - 1) & 1 == 0 {
                // The system reserves some numbers, or has fewer.
                let _ = handle.add_signal(signal);
            }
        }
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                // INVARIANT: the lock is held until the end, so that no other thread can end the program before.
                let mut directory = slot.lock();
                remove_directory(&mut directory);
                let _ = low_level::emulate_default_handler(signal);
                // A signal whose default action is unknown to the crate.
                low_level::exit(SIGNAL_STATUS + signal);
            }
        })?;
        Ok(())
    }

    /// The signals that this process ignores, one bit each. Linux alone says which; elsewhere, Rust ignores `SIGPIPE`.
    fn read_ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let pipe = 1 << (signal_hook::consts::SIGPIPE - 1);
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(pipe)
    }
}
