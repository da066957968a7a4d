//! The files of recordings: created, found again, cut and deleted. Everything here blocks.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rtbroadcaster_protocol::parse::{RecordedEvent, RecordedLine, recorded_line};
use rtbroadcaster_protocol::{KeyDigest, RecordingScan};
use serde::{Deserialize, Serialize};

use super::part::{Part, PartId, PartState};
use crate::rooms::hex;

/// The first line of a recording, and the last of one that has ended, have fewer bytes.
const LONGEST_MARK: u64 = 256;

/// The folder of the recordings.
#[derive(Debug, Clone)]
pub(super) struct Files {
    folder: PathBuf,
}

/// A recording that was found.
pub(super) struct Found {
    pub(super) id: PartId,
    pub(super) part: Part,
    /// How far it goes, if its process was killed.
    pub(super) scan: Option<RecordingScan>,
}

/// A recording whose process was killed.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) id: PartId,
    /// How far it goes.
    pub(super) scan: RecordingScan,
}

/// What stands beside a recording: whose it is.
#[derive(Serialize, Deserialize)]
struct Sidecar {
    /// The version of this file.
    rtbroadcaster: u64,
    /// The digest of the owner key, in hexadecimal digits.
    key: String,
    shared: bool,
}

impl Files {
    /// The recordings in this folder, which is created if it isn't there.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// All recordings. Those that can't be read are left alone. What is left of one that a process
    /// was killed over, when it created or deleted it, is deleted.
    pub(super) fn find(&self) -> io::Result<Vec<Found>> {
        let mut ids = BTreeSet::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            ids.extend(
                name.to_str().and_then(|name| PartId::of_file(name).or_else(|| PartId::of_sidecar(name))),
            );
        }
        let mut found = Vec::new();
        for id in ids {
            let read = match self.is_half(id) {
                Ok(true) => self.delete(id).map(|()| None),
                Ok(false) => self.read(id).map(Some),
                Err(error) => Err(error),
            };
            match read {
                Ok(one) => found.extend(one),
                Err(error) => tracing::warn!(recording = %id, %error, "a recording can't be read"),
            }
        }
        Ok(found)
    }

    /// Whether one of its two files is missing, or its first line is not whole.
    fn is_half(&self, id: PartId) -> io::Result<bool> {
        if !self.folder.join(id.sidecar()).try_exists()? || !self.folder.join(id.file()).try_exists()? {
            return Ok(true);
        }
        let mut line = Vec::new();
        BufReader::new(self.open_part(id)?.take(LONGEST_MARK)).read_until(b'\n', &mut line)?;
        Ok((line.len() as u64) < LONGEST_MARK && !line.ends_with(b"\n"))
    }

    fn read(&self, id: PartId) -> io::Result<Found> {
        let sidecar = fs::read(self.folder.join(id.sidecar()))?;
        let sidecar: Sidecar = serde_json::from_slice(&sidecar)?;
        let key = digest(&sidecar.key).ok_or(ErrorKind::InvalidData)?;
        let file = self.open_part(id)?;
        let mut part = Part {
            key,
            is_shared: sidecar.shared,
            started_ms: started(&file)?,
            lasted_ms: 0,
            bytes: file.metadata()?.len(),
            state: PartState::Cut,
        };
        if let Some((t, why)) = end(&file)? {
            (part.lasted_ms, part.state) = (t, PartState::Ended(why));
            return Ok(Found { id, part, scan: None });
        }
        let scan = scan(&file)?;
        // What is torn is of no use to anybody.
        self.resume(id, scan.whole_bytes())?;
        (part.lasted_ms, part.bytes) = (scan.t(), scan.whole_bytes());
        Ok(Found { id, part, scan: Some(scan) })
    }

    /// Creates a recording and what stands beside it.
    pub(super) fn create(&self, id: PartId, part: &Part) -> io::Result<File> {
        let sidecar = Sidecar { rtbroadcaster: 1, key: hex(&part.key.0), shared: part.is_shared };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut beside = options.open(self.folder.join(id.sidecar()))?;
        beside.write_all(&serde_json::to_vec(&sidecar)?)?;
        options.open(self.folder.join(id.file()))
    }

    /// Opens a recording to go on with it, behind its first `bytes` bytes. The rest is cut off.
    pub(super) fn resume(&self, id: PartId, bytes: u64) -> io::Result<File> {
        let mut file = OpenOptions::new().write(true).open(self.folder.join(id.file()))?;
        if file.metadata()?.len() != bytes {
            file.set_len(bytes)?;
        }
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Opens a recording to read it.
    pub(super) fn open_part(&self, id: PartId) -> io::Result<File> {
        File::open(self.folder.join(id.file()))
    }

    /// Deletes a recording. If the process is killed meanwhile, [`Files::find`] goes on with that.
    pub(super) fn delete(&self, id: PartId) -> io::Result<()> {
        for name in [id.sidecar(), id.file()] {
            match fs::remove_file(self.folder.join(name)) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn started(mut file: &File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = String::new();
    BufReader::new(file.take(LONGEST_MARK)).read_line(&mut line)?;
    match recorded_line(&line) {
        Some(RecordedLine::Header(header)) => Ok(header.started),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// When and why it ended. None if it was cut.
fn end(mut file: &File) -> io::Result<Option<(u64, String)>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_MARK)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let last = tail.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
    let last = last.and_then(|line| std::str::from_utf8(line).ok()).and_then(recorded_line);
    Ok(match last {
        Some(RecordedLine::At { t, event: RecordedEvent::End(why) }) => Some((t, why)),
        _ => None,
    })
}

fn scan(mut file: &File) -> io::Result<RecordingScan> {
    file.seek(SeekFrom::Start(0))?;
    let (mut lines, mut line, mut scan) = (BufReader::new(file), Vec::new(), RecordingScan::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        // A torn line may end within a character.
        scan.line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(scan)
}

fn digest(hex: &str) -> Option<KeyDigest> {
    let mut digest = [0; 32];
    if hex.len() != 2 * digest.len() || !hex.is_ascii() {
        return None;
    }
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(KeyDigest(digest))
}

#[cfg(test)]
mod tests {
    use rtbroadcaster_protocol::RoomId;

    use super::*;

    #[test]
    fn what_a_kill_left_half_is_deleted_and_the_numbers_are_free_again() {
        let folder = std::env::temp_dir().join(format!("rtbroadcaster-recordings-{}", std::process::id()));
        let files = Files::open(&folder).unwrap();
        let id = |part| PartId { room: RoomId::from_random(1), part };
        let state = PartState::Running;
        let part =
            Part { key: KeyDigest([7; 32]), is_shared: false, started_ms: 5, lasted_ms: 0, bytes: 0, state };
        let header = r#"{"rtbroadcaster":1,"uuid":"u","started":5,"part":1}"#.to_owned() + "\n";
        for (number, text) in [(1, header.as_str()), (2, ""), (3, &header[..20]), (4, ""), (5, &header)] {
            files.create(id(number), &part).unwrap().write_all(text.as_bytes()).unwrap();
        }
        fs::remove_file(folder.join(id(4).file())).unwrap();
        fs::remove_file(folder.join(id(5).sidecar())).unwrap();
        let found: Vec<_> = files.find().unwrap().iter().map(|found| found.id).collect();
        let left = fs::read_dir(&folder).unwrap().count();
        let again = files.create(id(2), &part).and(files.create(id(4), &part)).is_ok();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((found, left, again), (vec![id(1)], 2, true));
    }
}
