//! What the directory of a store may be like.

use std::process::Command;

use super::super::file::database;
use super::*;

fn refused(directory: &Directory) -> String {
    Process::with(directory, SyncMode::Disk, &small_limits()).map(drop).unwrap_err().to_string()
}

#[test]
fn a_second_process_is_told_who_has_it() {
    let directory = Directory::new();
    let process = Process::start(&directory, SyncMode::Disk);
    let text = refused(&directory);
    assert!(text.starts_with(directory.path().to_str().unwrap()), "{text}");
    assert!(text.contains(&format!("process {} on ", std::process::id())), "{text}");
    drop(process);
    Process::start(&directory, SyncMode::Disk);
}

#[test]
fn only_this_user_can_look_into_a_new_directory() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    Process::start(&directory, SyncMode::Disk);
    assert_eq!(fs::metadata(directory.path()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_store_of_a_later_version_is_refused_and_stays_as_it_is() {
    let directory = Directory::new();
    Process::start(&directory, SyncMode::Disk).journal.shut_down();
    let connection = database::open(&directory.file()).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    for text in
        [refused(&directory), database::open_to_read(&directory.file()).map(drop).unwrap_err().to_string()]
    {
        assert!(text.contains("rooms.sqlite: a later version") && text.contains("schema 2"), "{text}");
    }
}

#[test]
fn other_files_are_not_taken_for_stores() {
    let directory = Directory::new();
    fs::create_dir(directory.path()).unwrap();
    fs::write(directory.file(), "not a database at all, and longer than the header of one: ".repeat(20))
        .unwrap();
    let text = refused(&directory);
    assert!(text.contains("rooms.sqlite: this is no store of rooms"), "{text}");
    fs::remove_file(directory.file()).unwrap();
    let other = rusqlite::Connection::open(directory.file()).unwrap();
    other.execute_batch("CREATE TABLE guests (name TEXT)").unwrap();
    drop(other);
    let text = refused(&directory);
    assert!(text.contains("rooms.sqlite: this is no store of rooms"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = Directory::new();
    fs::write(directory.path(), "a file").unwrap();
    let settings = StoreSettings { directory: directory.path().join("below"), sync: SyncMode::Disk };
    let text = Store::open(&settings).map(drop).unwrap_err().to_string();
    assert!(text.contains("below: ") && text.contains("read and write this directory"), "{text}");
    fs::remove_file(directory.path()).unwrap();
}

#[test]
fn the_creation_of_a_store_may_be_cut_short_anywhere() {
    let directory = Directory::new();
    Process::start(&directory, SyncMode::Disk).journal.shut_down();
    for files in [vec![], vec!["rooms.lock"], vec!["rooms.lock", "rooms.sqlite"]] {
        let cut = Directory::new();
        fs::create_dir(cut.path()).unwrap();
        files.iter().for_each(|name| fs::write(cut.path().join(name), "").unwrap());
        let mut process = Process::start(&cut, SyncMode::Disk);
        process.open_room();
        process.settle();
    }
}

/// Whether file systems can be mounted here.
fn mount(directory: &Directory, kilobytes: u32) -> bool {
    fs::create_dir(directory.path()).unwrap();
    let size = format!("size={kilobytes}k");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output();
    let is_mounted = mounted.as_ref().is_ok_and(|output| output.status.success());
    if !is_mounted {
        eprintln!("skipped: a small file system can't be mounted here: {mounted:?}");
    }
    is_mounted
}

#[test]
fn on_a_full_disk_nothing_more_is_kept_and_what_was_kept_stays() {
    let directory = Directory::new();
    if !mount(&directory, 1_024) {
        return;
    }
    let mut process = Process::start(&directory, SyncMode::Disk);
    let id = process.open_room();
    let params = format!("[\"{}\"]", "x".repeat(10_000));
    let failure = loop {
        process.act(id, &params, None);
        while process.room(id).unkept_mark().is_some() && process.journal.failure().is_none() {
            process.hear();
        }
        if let Some(failure) = process.journal.failure() {
            break failure;
        }
    };
    let text = failure.to_string();
    assert!(text.contains("rooms.sqlite: the disk is full"), "{text}");
    let kept = process.room(id).durable();
    assert!(kept > 10 && kept < process.room(id).head());
    process.act(id, "[]", None);
    process.journal.shut_down();
    let told: Vec<_> = process.told.try_iter().collect();
    assert!(told.is_empty() || told == [Told::Failed], "it says it once, and then nothing: {told:?}");
    assert_eq!(process.counts().backlog_bytes, 0);
    let rescued = directory.crash_copy();
    let unmounted = Command::new("umount").arg("-l").arg(directory.path()).status();
    assert!(unmounted.unwrap().success());
    assert!(Process::start(&rescued, SyncMode::Disk).room(id).head() >= kept);
}
