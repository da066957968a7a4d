//! Keeps two servers off one directory. The lock goes with the process, however that ends; the text
//! in the file says who has it.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::super::error::StoreError;
use super::machine;

/// The lock's file in the directory of a store.
const FILE: &str = "rooms.lock";

/// The lock on the directory of a store, until it is dropped.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    file: File,
    path: PathBuf,
    /// The life of the store that the last holder wrote down.
    former_life: Option<u64>,
}

impl DirectoryLock {
    /// Takes the lock.
    pub(crate) fn take(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE);
        let failed = |error| StoreError::of_io(&path, &error);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        let is_taken = match file.try_lock() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        };
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let mut lines = text.lines();
        if is_taken {
            let holder = lines.next().filter(|line| !line.is_empty()).unwrap_or("another process");
            return Err(StoreError::InUse { path: directory.to_owned(), holder: holder.to_owned() });
        }
        let former_life =
            lines.nth(1).and_then(|line| u64::from_str_radix(line.strip_prefix("life ")?, 16).ok());
        Ok(Self { file, path, former_life })
    }

    /// The life of the store that the last holder wrote down. If the store has another one, its
    /// file was replaced.
    pub(crate) fn former_life(&self) -> Option<u64> {
        self.former_life
    }

    /// Writes down who has the lock, and for which life of the store.
    pub(crate) fn sign(&mut self, life: u64) -> Result<(), StoreError> {
        let text = format!("process {} on {}\nlife {life:016x}\n", process::id(), machine::host());
        let mut write = || {
            self.file.rewind()?;
            self.file.set_len(0)?;
            self.file.write_all(text.as_bytes())?;
            self.file.sync_data()
        };
        write().map_err(|error| StoreError::of_io(&self.path, &error))
    }
}
