//! The least that committing to `SQLite` takes: the server's table and settings, and rows without a
//! room behind them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use rusqlite::{Connection, Statement, params};

use crate::load::Observed;
use crate::measurement::{Measurement, Metric};

/// The rows are of so many rooms.
const ROOMS: i64 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory for the file.
    directory: PathBuf,
    /// `FULL` or `NORMAL`.
    #[arg(long)]
    synchronous: String,
    #[arg(long)]
    rows_per_commit: f64,
    #[arg(long)]
    bytes_per_row: f64,
    #[arg(long)]
    commits_per_second: f64,
    #[arg(long)]
    actions_per_commit: f64,
    #[arg(long)]
    seconds: f64,
}

/// Commits as many groups a second as the server did, and tells what an action of them costs.
pub(super) fn measure(args: &Args) -> anyhow::Result<Measurement> {
    let connection = open(&args.directory, &args.synchronous).context("the bare store cannot be made")?;
    let mut statements = Statements::prepare(&connection)?;
    let commits = (args.commits_per_second * args.seconds).ceil();
    let bytes = vec![b'x'; args.bytes_per_row.round() as usize];
    let (before, began) = (Observed::own().cpu()?, Instant::now());
    let mut next = 1_i64;
    for commit in 0..commits as u64 {
        let due = Duration::from_secs_f64(commit as f64 / args.commits_per_second);
        thread::sleep(due.saturating_sub(began.elapsed()));
        // A fraction of a row adds up to one.
        let rows = ((commit + 1) as f64 * args.rows_per_commit) as i64 - (next - 1);
        statements.write(next..next + rows, &bytes).context("the bare store cannot be written")?;
        next += rows;
    }
    let cpu = Observed::own().cpu_since(before)?.as_secs_f64() * 1e6;
    Ok(Measurement::from([(Metric::BareCpuPerAction, cpu / (commits * args.actions_per_commit))]))
}

fn open(directory: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(directory.join("bare.sqlite"))?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // The server's limit, 16 MiB, in pages.
    connection.pragma_update(None, "wal_autocheckpoint", 4096)?;
    connection.execute_batch(
        "CREATE TABLE record (n INTEGER PRIMARY KEY, room BLOB NOT NULL, previous INTEGER NOT NULL, \
         last_seq INTEGER NOT NULL, written_ms INTEGER NOT NULL, checksum INTEGER NOT NULL, \
         bytes BLOB NOT NULL);",
    )?;
    Ok(connection)
}

struct Statements<'a> {
    begin: Statement<'a>,
    insert: Statement<'a>,
    commit: Statement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        const INSERT: &str = "INSERT INTO record (n, room, previous, last_seq, written_ms, checksum, bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        Ok(Self {
            begin: connection.prepare("BEGIN IMMEDIATE")?,
            insert: connection.prepare(INSERT)?,
            commit: connection.prepare("COMMIT")?,
        })
    }

    fn write(&mut self, rows: Range<i64>, bytes: &[u8]) -> rusqlite::Result<()> {
        /// The server's are as wide.
        const MILLISECONDS: i64 = 1_800_000_000_000;
        self.begin.execute([])?;
        for n in rows {
            let room = i128::from(n % ROOMS).to_le_bytes();
            let checksum = crc32fast::hash(bytes);
            self.insert.execute(params![n, room, n - ROOMS, n, MILLISECONDS, checksum, bytes])?;
        }
        self.commit.execute([]).map(drop)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::bare) fn directory(name: &str) -> PathBuf {
        let directory =
            std::env::temp_dir().join(format!("rtbroadcaster-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn as_many_rows_are_committed_as_the_mean_says() {
        let directory = directory("commit");
        let args = Args {
            directory: directory.clone(),
            synchronous: "NORMAL".to_owned(),
            rows_per_commit: 2.5,
            bytes_per_row: 200.0,
            commits_per_second: 1e6,
            actions_per_commit: 5.0,
            seconds: 1e-5,
        };
        assert!(measure(&args).unwrap().contains_key(&Metric::BareCpuPerAction));
        let connection = Connection::open(directory.join("bare.sqlite")).unwrap();
        let rows: i64 = connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 25);
        drop(connection);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
