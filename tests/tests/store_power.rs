//! A loss of power, as far as a test can show it: the program's own writes and syncs are recorded,
//! and played back without those writes that no sync had made last.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rtbroadcaster_tests::{Program, Room};
use serde_json::Value;

/// The files of a store that outlive the machine's memory.
const FILES: [&str; 2] = ["rooms.sqlite", "rooms.sqlite-wal"];

/// Actions whose acknowledgement is awaited one after the other.
const ACTIONS: u64 = 30;

/// A directory for a test, which is removed when it is dropped.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store-power-{name}"));
        // It is there if a former run was cut off.
        drop(fs::remove_dir_all(&path));
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A write or a change of a file's length that no sync has made last yet.
#[derive(Debug, Clone)]
enum Write {
    Bytes { at: usize, bytes: Vec<u8> },
    Length(usize),
}

/// A file as a disk has it.
#[derive(Debug, Default, Clone)]
struct DiskFile {
    lasting: Vec<u8>,
    /// In the order in which they were made.
    unsynced: Vec<Write>,
}

impl DiskFile {
    fn sync(&mut self) {
        self.lasting = self.with(|_| true);
        self.unsynced.clear();
    }

    /// The file after a loss of power that these of the unsynced writes have survived.
    fn with(&self, mut survives: impl FnMut(usize) -> bool) -> Vec<u8> {
        let mut file = self.lasting.clone();
        for (number, write) in self.unsynced.iter().enumerate() {
            match write {
                _ if !survives(number) => {}
                Write::Length(length) => file.resize(*length, 0),
                Write::Bytes { at, bytes } => {
                    file.resize(file.len().max(at + bytes.len()), 0);
                    file[*at..at + bytes.len()].copy_from_slice(bytes);
                }
            }
        }
        file
    }
}

/// The disk under a store, as a trace of system calls tells it.
#[derive(Debug, Default)]
struct Disk {
    files: HashMap<&'static str, DiskFile>,
    /// The store's file of each descriptor.
    descriptors: HashMap<String, &'static str>,
    /// What each thread has begun, and not ended yet.
    begun: HashMap<String, String>,
}

impl Disk {
    /// Takes a line of the trace. Returns what is sent, if it is a send.
    fn take(&mut self, line: &str) -> Option<Vec<u8>> {
        let (thread, call) = line.split_once(' ')?;
        let call = call.trim_start();
        if let Some((_, end)) = call.split_once(" resumed>").filter(|_| call.starts_with("<... ")) {
            let begun = self.begun.remove(thread)?;
            return self.call(&(begun + end));
        }
        match call.strip_suffix(" <unfinished ...>") {
            // These count once they have ended, and all others once they have begun.
            Some(begun) if ["openat", "fdatasync", "fsync"].iter().any(|name| begun.starts_with(name)) => {
                self.begun.insert(thread.to_owned(), begun.to_owned());
                None
            }
            _ => self.call(call),
        }
    }

    fn call(&mut self, call: &str) -> Option<Vec<u8>> {
        let (name, arguments) = call.split_once('(')?;
        let descriptor = arguments.split([',', ')']).next()?;
        match name {
            "openat" => {
                let path = String::from_utf8(quoted(arguments)).ok()?;
                let file = FILES.into_iter().find(|file| path.ends_with(&format!("/{file}")))?;
                let opened = call.rsplit_once(" = ")?.1;
                self.descriptors.insert(opened.to_owned(), file);
                self.files.entry(file).or_default();
            }
            "close" => drop(self.descriptors.remove(descriptor)),
            "pwrite64" => {
                let at = arguments.split(", ").nth(3)?.split([')', ' ']).next()?.parse().ok()?;
                self.file(descriptor)?.unsynced.push(Write::Bytes { at, bytes: quoted(arguments) });
            }
            "ftruncate" => {
                let length = arguments.split([' ', ')']).nth(1)?.parse().ok()?;
                self.file(descriptor)?.unsynced.push(Write::Length(length));
            }
            "fdatasync" | "fsync" => self.file(descriptor)?.sync(),
            "write" | "writev" | "sendto" | "sendmsg" => return Some(quoted(arguments)),
            _ => {}
        }
        None
    }

    fn file(&mut self, descriptor: &str) -> Option<&mut DiskFile> {
        let file = self.descriptors.get(descriptor)?;
        self.files.get_mut(file)
    }

    /// Leaves in a directory what is there after a loss of power.
    fn leave(&self, directory: &Path, lock: &Path, mut survives: impl FnMut() -> bool) {
        drop(fs::remove_dir_all(directory));
        fs::create_dir_all(directory).expect("a directory for a test");
        fs::copy(lock, directory.join("rooms.lock")).expect("the lock's file is there");
        for (name, file) in &self.files {
            fs::write(directory.join(name), file.with(|_| survives())).expect("a file for a test");
        }
    }
}

/// The texts in a call's arguments, which strace writes as `"\x41\x42"`.
fn quoted(arguments: &str) -> Vec<u8> {
    let texts = arguments.split('"').skip(1).step_by(2);
    let bytes = texts.flat_map(|text| text.split("\\x").skip(1));
    bytes.map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}

/// Whether system calls can be traced here.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    traced.is_ok_and(|status| status.success())
}

/// The seq of the only room in a store, once a server has restored it.
async fn restored_seq(directory: &Path) -> Value {
    let data = directory.to_str().expect("a path in UTF-8");
    let mut program = Program::start(&["--data", data]).await;
    program.signal("TERM").await;
    assert_eq!(program.exit_code().await, Some(0));
    let mut command = Program::command();
    command.args(["rooms", "--json", "--data", data]);
    let listed = Program::run(command).await;
    let rooms: Value = serde_json::from_str(&listed.stdout).unwrap_or_else(|_| panic!("{}", listed.stderr));
    rooms[0]["seq"].clone()
}

/// D3.
#[tokio::test]
async fn what_was_acknowledged_with_sync_survives_a_loss_of_power() {
    if !can_trace() {
        eprintln!("skipped: there is no strace, or it may not trace");
        return;
    }
    let (data, after) = (Directory::new("data"), Directory::new("after"));
    let trace = data.0.with_extension("trace");
    let mut command = tokio::process::Command::new("strace");
    let calls = "trace=openat,close,pwrite64,ftruncate,fdatasync,fsync,write,writev,sendto,sendmsg";
    // -D: the program is this process's child, and strace is its own.
    command.args(["-D", "-f", "-xx", "-s", "1000000", "-e", calls, "-o"]).arg(&trace);
    command.arg(Program::command().as_std().get_program());
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(&data.0).kill_on_drop(true);
    let mut program = Program::listening(command).await;
    let mut room = Room::open(&program.address).await;
    for number in 1..=ACTIONS {
        room.act(number, number).await;
    }
    let lock = data.0.join("rooms.lock");
    let kept_lock = after.0.with_extension("lock");
    fs::copy(&lock, &kept_lock).expect("the lock's file is there");
    program.signal("KILL").await;
    program.exit_code().await;

    let trace = read_whole(&trace);
    let mut disk = Disk::default();
    let mut acknowledged = 0;
    let mut random = 1_u64;
    for line in trace.lines() {
        let Some(sent) = disk.take(line) else { continue };
        let text = String::from_utf8_lossy(&sent);
        if !text.contains(&format!("{{\"ack\":{}", acknowledged + 1)) {
            continue;
        }
        acknowledged += 1;
        // Nothing of what wasn't synced survives; or every second write does, in no order.
        for some_survive in [false, true] {
            disk.leave(&after.0, &kept_lock, || {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                some_survive && random >> 63 == 1
            });
            let seq = restored_seq(&after.0).await;
            assert!(seq.as_u64() >= Some(acknowledged), "acknowledged {acknowledged}, restored {seq}");
        }
    }
    assert_eq!(acknowledged, ACTIONS);
    drop(fs::remove_file(kept_lock));
}

/// The trace, once strace has written all of it.
fn read_whole(path: &Path) -> String {
    loop {
        let text = fs::read_to_string(path).expect("strace has written it");
        if text.lines().last().is_some_and(|line| line.contains("+++ killed by SIGKILL +++")) {
            drop(fs::remove_file(path));
            return text;
        }
        std::thread::yield_now();
    }
}
