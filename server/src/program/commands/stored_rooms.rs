//! The commands that look into a store: `rooms`, `export` and `forget`.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use rtbroadcaster::{ExportError, StoreReader, StoredRoom, forget_room};

use crate::configuration::StoreTask;

/// Carries out a command on the store in a directory. What it finds goes to standard output, one
/// error to standard error.
pub(crate) fn run(task: &StoreTask, directory: &Path) -> ExitCode {
    let result = match task {
        StoreTask::Rooms { json } => list(directory, *json),
        StoreTask::Export { room } => export(directory, room),
        StoreTask::Forget { room } => forget(directory, room),
    };
    match result {
        // Whoever reads the output has seen enough.
        Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Ok(()) => ExitCode::SUCCESS,
    }
}

fn list(directory: &Path, json: bool) -> Result<(), ExportError> {
    let rooms = StoreReader::open(directory)?.rooms()?;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &rooms).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    } else {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        out.write_all(table(&rooms, since_1970.as_millis()).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

fn export(directory: &Path, room: &str) -> Result<(), ExportError> {
    let mut out = BufWriter::new(io::stdout().lock());
    StoreReader::open(directory)?.export(room, &mut out)?;
    out.flush()?;
    Ok(())
}

fn forget(directory: &Path, room: &str) -> Result<(), ExportError> {
    forget_room(directory, room)?;
    writeln!(io::stdout(), "room {room} is deleted")?;
    Ok(())
}

/// The rooms as people read them.
fn table(rooms: &[StoredRoom], now_ms: u128) -> String {
    let ago = |ms: u64| duration(now_ms.saturating_sub(u128::from(ms)) / 1_000);
    let mut text = row(["ROOM", "OWNER", "SEQ", "EPOCH", "SLOTS", "BYTES", "CHANGED"]);
    for room in rooms {
        let owner =
            room.owner_away_since_ms.map_or("here".to_owned(), |since| format!("away {}", ago(since)));
        text += &row([
            &room.id,
            &owner,
            &room.seq.to_string(),
            &room.epoch.to_string(),
            &room.slots.to_string(),
            &room.bytes.to_string(),
            &format!("{} ago", ago(room.changed_ms)),
        ]);
    }
    text
}

fn row([room, owner, seq, epoch, slots, bytes, changed]: [&str; 7]) -> String {
    let mut line = String::new();
    // Writing to a String never fails.
    let _ =
        writeln!(line, "{room:36}  {owner:12}  {seq:>10}  {epoch:>6}  {slots:>6}  {bytes:>11}  {changed}");
    line
}

/// A duration in its largest unit.
fn duration(seconds: u128) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_told_in_their_largest_unit() {
        let told = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(duration);
        assert_eq!(told, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}
