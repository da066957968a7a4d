//! A full store, and how long it takes to start with it.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Context;

use super::bare;
use crate::measurement::{Measurement, Metric};
use crate::run::candidate::{Candidate, Directory, Programs, Running};
use crate::run::{load, measurement};
use crate::scenario::{Extent, Scenario};

/// The store's file in its directory.
const FILE: &str = "rooms.sqlite";

/// A store that the server has filled.
pub(super) struct Filled {
    directory: Rc<Directory>,
    rows: f64,
}

impl Filled {
    /// Has the server fill a store, and kills it.
    pub(super) fn fill(programs: &Programs, extent: Extent) -> anyhow::Result<Self> {
        let directory = programs.directory_named("filled")?;
        let running = Running::start_at(programs, Candidate::Os, Some(Rc::clone(&directory)), 0)?;
        let mut load = load(programs, Candidate::Os, &running, Scenario::Recovery, extent);
        let filled = measurement(&load.output().context("the load generator cannot be started")?)?;
        Ok(Self { directory, rows: filled[&Metric::StoreRows] })
    }

    /// Starts the server with it, or reads it with the bare program.
    pub(super) fn start(&self, programs: &Programs, candidate: Candidate) -> anyhow::Result<Measurement> {
        let began = Instant::now();
        let mut measured = Measurement::new();
        if candidate == Candidate::Bare {
            let scan = bare(programs, "scan").arg(self.directory.0.join(FILE)).output();
            measured = measurement(&scan.context("the bare program cannot be started")?)?;
            measured.insert(Metric::Start, began.elapsed().as_secs_f64());
        } else {
            let directory = Some(Rc::clone(&self.directory));
            let running = Running::start_at(programs, candidate, directory, 0)?;
            measured.insert(Metric::Start, began.elapsed().as_secs_f64());
            measured.insert(Metric::StoreRows, self.rows);
            // Its end is no part of its start.
            drop(running);
        }
        let mut bytes = 0;
        for file in std::fs::read_dir(&self.directory.0)? {
            bytes += file?.metadata()?.len();
        }
        measured.insert(Metric::StoreMebibytes, bytes as f64 / 1024.0 / 1024.0);
        Ok(measured)
    }
}
