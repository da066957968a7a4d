//! The scenarios that show what a store costs.

use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};

use super::{LARGE, ON_THE_WAY, Play, USUAL, WARM_UP};
use crate::load::client::Role;
use crate::load::drive::Drive;
use crate::load::observed::Observed;
use crate::measurement::{Measurement, Metric};
use crate::wire::message::Rendering;

/// Followers of the one room.
const FOLLOWERS: usize = 10;
/// Longer than anything takes.
pub(super) const FOREVER: Duration = Duration::from_secs(3600);

impl Play<'_> {
    pub(super) fn acknowledged(&mut self) -> anyhow::Result<Measurement> {
        self.pages(USUAL)?;
        self.crowd.run(self.answered(WARM_UP))?;
        let (answered, began) = (self.crowd.answered(), Instant::now());
        let mut measurement = self.measured(self.answered(self.time()))?;
        let answered = (self.crowd.answered() - answered) as f64;
        measurement.insert(Metric::ActionsPerSecond, answered / began.elapsed().as_secs_f64());
        // The process of a peer is not all that works for it.
        measurement
            .retain(|metric, _| !matches!(metric, Metric::CpuPerDelivery | Metric::DeliveriesPerSecond));
        Ok(measurement)
    }

    pub(super) fn trickle(&mut self) -> anyhow::Result<Measurement> {
        const RATE: f64 = 50.0;
        self.pages(USUAL)?;
        self.crowd.run(Drive::paced(&self.crowd, RATE, WARM_UP))?;
        self.measured(Drive::paced(&self.crowd, RATE, self.time()))
    }

    /// Fills a store as owners do who wait for each answer: each action is a row of its own.
    pub(super) fn fill(&mut self) -> anyhow::Result<Measurement> {
        /// Fewer than a room remembers, so that every row is needed.
        const ACTIONS: u64 = 4_000;
        let bytes = self.extent.store_mebibytes() * 1024 * 1024;
        let rooms = bytes.div_ceil(ACTIONS * LARGE as u64) as usize;
        self.crowd.open_rooms(rooms, Rendering::Compact)?;
        (0..rooms).for_each(|room| self.crowd.say(room, LARGE, false));
        let until_micros = self.crowd.micros() + FOREVER.as_micros() as u64;
        self.crowd.run(Drive::Answered { on_the_way: 1, actions: ACTIONS, until_micros })?;
        while self.crowd.answered() < self.crowd.sent() {
            self.crowd.idle(Duration::from_millis(10))?;
        }
        Ok(Measurement::from([(Metric::StoreRows, self.crowd.sent() as f64)]))
    }

    /// Kills the server in the middle of load, goes on once it is there again, and counts what was
    /// acknowledged and never reached a follower.
    pub(super) fn kill(&mut self) -> anyhow::Result<Measurement> {
        const RATE: f64 = 2_000.0;
        const PART: Duration = Duration::from_millis(250);
        self.pages(USUAL)?;
        self.crowd.begin(Drive::paced(&self.crowd, RATE, FOREVER))?;
        self.crowd.idle(PART)?;
        let followers = self.crowd.followers();
        followers.iter().step_by(2).try_for_each(|away| self.crowd.leave(*away))?;
        self.crowd.idle(PART + any_moment(PART))?;
        kill(&self.args.process)?;
        self.crowd.end()?;
        while self.args.process.iter().any(|process| !Observed { process: *process }.has_ended()) {
            thread::sleep(Duration::from_millis(1));
        }
        self.crowd.wait_for_server()?;
        self.crowd.owner_comes_back(0)?;
        self.crowd.begin(Drive::paced(&self.crowd, RATE, PART))?;
        while self.crowd.is_sending() || self.crowd.answered() < self.crowd.sent() {
            self.crowd.idle(Duration::from_millis(10))?;
        }
        followers.iter().try_for_each(|follower| self.crowd.come_back(*follower))?;
        self.crowd.settle(0)?;
        self.crowd.finish()?;
        let lost = self.crowd.missing() + self.crowd.tally.gaps;
        Ok(Measurement::from([
            (Metric::Acknowledged, self.crowd.answered() as f64),
            (Metric::LostAcknowledged, lost as f64),
            (Metric::Repeated, self.crowd.tally.repeated as f64),
        ]))
    }

    /// A room whose owner and followers speak as pages do.
    pub(super) fn pages(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.crowd.open_rooms(1, Rendering::Compact)?;
        self.crowd.say(0, bytes, false);
        self.crowd.add(0, FOLLOWERS, Role::Follower, Rendering::Compact)
    }

    pub(super) fn answered(&self, time: Duration) -> Drive {
        let until_micros = self.crowd.micros() + time.as_micros() as u64;
        Drive::Answered { on_the_way: ON_THE_WAY, actions: u64::MAX, until_micros }
    }
}

/// Ends processes without a word.
pub(super) fn kill(processes: &[u32]) -> anyhow::Result<()> {
    for process in processes {
        let process = i32::try_from(*process).ok().and_then(Pid::from_raw).context("no such process")?;
        kill_process(process, Signal::KILL)?;
    }
    Ok(())
}

/// A part of `time`, another one in each run.
pub(super) fn any_moment(time: Duration) -> Duration {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    time.mul_f64(f64::from(now.subsec_micros() % 1_000) / 1_000.0)
}
