//! What follows a failure of the store.

use std::panic::panic_any;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock};

use super::super::file::database;
use super::super::writer::{shared::Shared, thread};
use super::*;

/// Panics at the first thing that is kept.
#[derive(Debug, Default)]
struct Broken {
    shared: OnceLock<Arc<Shared>>,
    kept: AtomicUsize,
    failed: AtomicUsize,
}

#[derive(Debug)]
struct Listening(Arc<Broken>);

/// Comes when the panic is caught: between what has failed and what the store does about it.
struct Latecomer(Arc<Shared>);

impl Listener for Listening {
    fn kept(&self, _kept: &[(RoomId, Mark)]) {
        if self.0.kept.fetch_add(1, Ordering::Relaxed) == 0 {
            panic_any(Latecomer(Arc::clone(self.0.shared.get().unwrap())));
        }
    }

    fn checkpoints_due(&self, _rooms: &[RoomId]) {}

    fn failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Latecomer {
    fn drop(&mut self) {
        push(&self.0, 2);
        self.0.commit_here();
    }
}

fn push(shared: &Shared, number: u64) {
    shared.push(Staged {
        room: RoomId::from_random(1),
        bytes: b"records".to_vec(),
        mark: Mark { records: number, seq: number },
        oldest_seq: 1,
        has_checkpoint: false,
        is_end: false,
    });
}

/// A store with a listener that panics.
fn broken(directory: &Directory) -> (Arc<Shared>, Arc<Broken>) {
    let mut store = Store::open(&directory.settings(SyncMode::Os)).unwrap();
    let restart = store.restart(0, Timestamp(0));
    store.restore(&small_limits(), restart).unwrap();
    let broken = Arc::new(Broken::default());
    let shared = Arc::new(Shared::new(store, Arc::new(Listening(Arc::clone(&broken)))).unwrap());
    broken.shared.set(Arc::clone(&shared)).unwrap();
    (shared, broken)
}

fn assert_failed_once(shared: &Shared, broken: &Broken) {
    let told = (broken.kept.load(Ordering::Relaxed), broken.failed.load(Ordering::Relaxed));
    assert_eq!(told, (1, 1), "kept once, and failed once");
    assert!(shared.failure().is_some());
    push(shared, 3);
    assert!(shared.queue.is_empty());
}

#[test]
fn what_comes_while_the_thread_fails_is_not_kept_without_what_was_lost() {
    let directory = Directory::new();
    let (shared, broken) = broken(&directory);
    push(&shared, 1);
    thread::run(&shared, database::open_second(&directory.file()).unwrap());
    assert_failed_once(&shared, &broken);
}

#[test]
fn a_failure_of_whoever_commits_ends_the_thread() {
    let directory = Directory::new();
    let (shared, broken) = broken(&directory);
    let second = database::open_second(&directory.file()).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| thread::run(&shared, second));
        push(&shared, 1);
        while broken.kept.load(Ordering::Relaxed) == 0 {
            shared.commit_here();
        }
    });
    assert_failed_once(&shared, &broken);
}
