//! Plays the scenarios.

mod cluster;
mod store;

use std::time::{Duration, Instant};

use anyhow::Context;

use super::Args;
use super::busy::Busy;
use super::calls::{Calls, Tool};
use super::client::Role;
use super::crowd::Crowd;
use super::drive::Drive;
use super::observed::Observed;
use super::store_counts::StoreCounts;
use super::tally::Tally;
use crate::measurement::{Measurement, Metric, median};
use crate::scenario::{Extent, Scenario};
use crate::tls;
use crate::wire::message::Rendering;

const WARM_UP: Duration = Duration::from_millis(500);
/// Bytes of a message.
const USUAL: usize = 200;
const LARGE: usize = 480;
const ON_THE_WAY: u64 = 64;

pub(super) fn play(args: &Args) -> anyhow::Result<Measurement> {
    let mut crowd = Crowd::new(args.address, args.dialect)?;
    crowd.follow_at(&args.follow_at);
    if let Some(certificate) = &args.tls_cert {
        crowd.speak_tls(tls::client_config(certificate)?);
    }
    let mut play = Play {
        crowd,
        server: Observed { process: *args.process.last().context("no process")? },
        extent: args.extent,
        args,
    };
    let busy = Busy::begin(play.processes())?;
    let mut measurement = play.scenario(args.scenario)?;
    // After a kill there is another process, or none.
    if !args.scenario.kills() {
        let (_, others) = busy.end()?;
        measurement.entry(Metric::OthersBusy).or_insert(others);
    }
    Ok(measurement)
}

struct Play<'a> {
    crowd: Crowd,
    server: Observed,
    extent: Extent,
    args: &'a Args,
}

impl Play<'_> {
    fn scenario(&mut self, scenario: Scenario) -> anyhow::Result<Measurement> {
        let (original, compact) = (Rendering::Original, Rendering::Compact);
        match scenario {
            Scenario::Paced | Scenario::PacedTls => self.paced(original, &[(1000, original)]),
            Scenario::PacedCalls => self.paced_calls(),
            Scenario::Saturated => self.saturated(1000),
            Scenario::SaturatedSmall => self.saturated(200),
            Scenario::BusyCalls => self.busy_calls(),
            Scenario::Unthrottled => self.unthrottled(),
            Scenario::Rooms => self.rooms(),
            Scenario::Idle | Scenario::IdleTls => self.idle(10_000),
            Scenario::IdleEvents => {
                self.crowd.follow_by_events();
                self.idle(1_000)
            }
            Scenario::LateJoin => self.late_join(),
            Scenario::Storm => self.storm(),
            Scenario::Few => self.stalled(18, 0, 2000.0),
            Scenario::FewStalled => self.stalled(18, 2, 2000.0),
            Scenario::Many => self.stalled(700, 0, 50.0),
            Scenario::ManyStalled => self.stalled(700, 300, 50.0),
            Scenario::Mixed => self.paced(original, &[(500, original), (500, compact)]),
            Scenario::Pages => self.paced(compact, &[(1000, compact)]),
            Scenario::Slot => self.slot(),
            Scenario::Acknowledged => self.acknowledged(),
            Scenario::Trickle => self.trickle(),
            Scenario::Kill => self.kill(),
            Scenario::Recovery => self.fill(),
            Scenario::Cluster50 => self.beside(50.0),
            Scenario::Cluster500 => self.beside(500.0),
            Scenario::Cluster5000 => self.beside(5_000.0),
            Scenario::ClusterSaturated => self.saturated_cluster(),
            Scenario::ClusterPaced => self.paced_cluster(),
            Scenario::ClusterRooms => self.cluster_rooms(),
            Scenario::ClusterOwnersNode => self.node_dies(0),
            Scenario::ClusterFollowersNode => self.node_dies(1),
            Scenario::ClusterIdle => self.idle_rooms(),
        }
    }

    fn paced(&mut self, owner: Rendering, followers: &[(usize, Rendering)]) -> anyhow::Result<Measurement> {
        const RATE: f64 = 50.0;
        self.crowd.open_rooms(1, owner)?;
        self.crowd.say(0, USUAL, false);
        for (count, rendering) in followers {
            self.crowd.add(0, self.extent.followers(*count), Role::Follower, *rendering)?;
        }
        self.crowd.run(Drive::paced(&self.crowd, RATE, WARM_UP))?;
        self.measured(Drive::paced(&self.crowd, RATE, self.time()))
    }

    fn paced_calls(&mut self) -> anyhow::Result<Measurement> {
        self.full_room(1000)?;
        // Slow enough that each message ends before the next, even under strace.
        self.counted(|crowd| Drive::paced(crowd, 5.0, Duration::from_secs(2)))
    }

    fn saturated(&mut self, followers: usize) -> anyhow::Result<Measurement> {
        self.full_room(followers)?;
        let warm_up = Drive::window(&mut self.crowd, ON_THE_WAY, WARM_UP);
        self.crowd.run(warm_up)?;
        let time = self.time() / 2;
        let window = Drive::window(&mut self.crowd, ON_THE_WAY, time);
        self.measured(window)
    }

    fn busy_calls(&mut self) -> anyhow::Result<Measurement> {
        if self.args.calls == Some(Tool::Strace) {
            // A server that counting slows down sends more at once, and needs fewer calls.
            return Ok(Measurement::new());
        }
        self.full_room(200)?;
        let warm_up = Drive::window(&mut self.crowd, ON_THE_WAY, WARM_UP);
        self.crowd.run(warm_up)?;
        self.counted(|crowd| Drive::window(crowd, ON_THE_WAY, Duration::from_secs(1)))
    }

    fn unthrottled(&mut self) -> anyhow::Result<Measurement> {
        self.full_room(200)?;
        self.crowd.run(Drive::paced(&self.crowd, 50.0, WARM_UP))?;
        self.measured(Drive::Flood { left: 50_000 })
    }

    fn rooms(&mut self) -> anyhow::Result<Measurement> {
        const ROOMS: usize = 500;
        self.crowd.open_rooms(ROOMS, Rendering::Original)?;
        for room in 0..ROOMS {
            self.crowd.say(room, USUAL, false);
            self.crowd.add(room, 4, Role::Follower, Rendering::Original)?;
        }
        self.crowd.run(Drive::paced(&self.crowd, 10.0, WARM_UP))?;
        self.measured(Drive::paced(&self.crowd, 10.0, self.time()))
    }

    fn idle(&mut self, followers: usize) -> anyhow::Result<Measurement> {
        let followers = self.extent.followers(followers);
        let messages = if self.extent == Extent::Check { 1 } else { 5 };
        self.room(USUAL)?;
        let before = self.server.memory()?;
        self.crowd.add(0, followers, Role::Follower, Rendering::Original)?;
        self.crowd.idle(Duration::from_secs(1))?;
        let kibibytes = self.server.memory()?.saturating_sub(before);
        let mut slowest = Vec::new();
        let mut last = Measurement::new();
        for _ in 0..messages {
            last = self.measured(Drive::Flood { left: 1 })?;
            slowest.push(self.crowd.tally.slowest() as f64 / 1000.0);
            self.crowd.idle(WARM_UP)?;
        }
        // The other numbers of a single message cannot be compared.
        last.retain(|metric, _| metric.counts_faults() || *metric == Metric::CpuPerDelivery);
        last.insert(Metric::MemoryPerConnection, kibibytes as f64 / followers as f64);
        last.extend(median(slowest).map(|time| (Metric::TimeToLast, time)));
        Ok(last)
    }

    fn late_join(&mut self) -> anyhow::Result<Measurement> {
        const SLOTS: usize = 1000;
        const JOINS: usize = 500;
        self.room(USUAL)?;
        self.crowd.fill_slots(0, SLOTS, USUAL)?;
        // For the first one, the server may have to make the snapshot.
        self.crowd.add(0, 1, Role::Late, Rendering::Original)?;
        self.crowd.finish()?;
        self.crowd.tally = Tally::new();
        let before = self.server.cpu()?;
        let mut times = Vec::new();
        for _ in 0..JOINS {
            let began = Instant::now();
            self.crowd.add(0, 1, Role::Late, Rendering::Original)?;
            self.crowd.finish()?;
            times.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        let cpu = self.server.cpu_since(before)?;
        let mut measurement = Measurement::new();
        self.crowd.tally.write(&mut measurement, self.crowd.missing());
        measurement.retain(|metric, _| metric.counts_faults());
        measurement.insert(Metric::CpuPerJoin, cpu.as_secs_f64() * 1e6 / JOINS as f64);
        measurement.extend(median(times).map(|time| (Metric::JoinP50, time)));
        Ok(measurement)
    }

    fn storm(&mut self) -> anyhow::Result<Measurement> {
        const RATE: f64 = 20.0;
        const JOINS: usize = 2000;
        self.full_room(100)?;
        self.crowd.begin(Drive::paced(&self.crowd, RATE, Duration::from_secs(3)))?;
        self.crowd.idle(WARM_UP)?;
        let dropped = Observed::connections_dropped()?;
        self.crowd.storm(0, JOINS, Rendering::Original)?;
        self.crowd.settle(0)?;
        self.crowd.finish()?;
        let mut measurement = Measurement::new();
        self.crowd.tally.write(&mut measurement, self.crowd.missing());
        let dropped = Observed::connections_dropped()? - dropped;
        measurement.insert(Metric::NotQueued, dropped as f64);
        let times = self.crowd.entry_times(JOINS);
        measurement.extend(times.iter().copied().reduce(f64::max).map(|time| (Metric::JoinMax, time)));
        measurement.extend(median(times).map(|time| (Metric::JoinP50, time)));
        // The cost of joins shows in a room in which nothing is sent at that time.
        let quiet = self.crowd.open_rooms(1, Rendering::Original)?;
        let before = self.server.cpu()?;
        self.crowd.storm(quiet, JOINS, Rendering::Original)?;
        self.crowd.settle(0)?;
        let cpu = self.server.cpu_since(before)?;
        measurement.insert(Metric::CpuPerJoin, cpu.as_secs_f64() * 1e6 / JOINS as f64);
        Ok(measurement)
    }

    fn stalled(&mut self, readers: usize, stalled: usize, rate: f64) -> anyhow::Result<Measurement> {
        self.room(LARGE)?;
        self.crowd.add(0, readers, Role::Follower, Rendering::Original)?;
        self.crowd.add(0, stalled, Role::Stalled, Rendering::Original)?;
        let before = self.server.memory()?;
        self.crowd.run(Drive::paced(&self.crowd, rate, WARM_UP))?;
        let mut measurement = self.measured(Drive::paced(&self.crowd, rate, self.time()))?;
        let grown = self.server.memory()? as f64 - before as f64;
        measurement.insert(Metric::MemoryGrowth, grown / 1024.0);
        // Stalled followers must catch up when they read again.
        self.crowd.tally = Tally::new();
        self.crowd.wake()?;
        self.crowd.run(Drive::paced(&self.crowd, 20.0, Duration::from_secs(1)))?;
        measurement.insert(Metric::Behind, self.crowd.behind() as f64);
        Ok(measurement)
    }

    fn slot(&mut self) -> anyhow::Result<Measurement> {
        const SIPS_A_SECOND: u32 = 10;
        const SIP_BYTES: usize = 410;
        const RATE: f64 = 60.0;
        self.crowd.open_rooms(1, Rendering::Original)?;
        self.crowd.say(0, USUAL, true);
        self.crowd.add(0, 990, Role::Follower, Rendering::Original)?;
        self.crowd.add(0, 10, Role::Stalled, Rendering::Original)?;
        let throttled = self.crowd.stalled();
        let memory = self.server.memory()?;
        self.crowd.tally = Tally::new();
        let before = self.server.cpu()?;
        self.crowd.begin(Drive::paced(&self.crowd, RATE, self.time()))?;
        while self.crowd.is_sending() {
            self.crowd.idle(Duration::from_secs(1) / SIPS_A_SECOND)?;
            for follower in &throttled {
                self.crowd.sip(*follower, SIP_BYTES)?;
            }
        }
        let ages = self.crowd.ages(&throttled);
        self.crowd.finish()?;
        let cpu = self.server.cpu_since(before)?;
        let mut measurement = Measurement::new();
        self.crowd.tally.write(&mut measurement, self.crowd.missing());
        let delivered = self.crowd.tally.delivered as f64;
        measurement.insert(Metric::CpuPerDelivery, cpu.as_secs_f64() * 1e6 / delivered);
        measurement.extend(median(ages).map(|age| (Metric::ThrottledAge, age)));
        let grown = self.server.memory()? as f64 - memory as f64;
        measurement.insert(Metric::MemoryGrowth, grown / 1024.0);
        Ok(measurement)
    }

    fn room(&mut self, bytes: usize) -> anyhow::Result<()> {
        self.crowd.open_rooms(1, Rendering::Original)?;
        self.crowd.say(0, bytes, false);
        Ok(())
    }

    fn full_room(&mut self, followers: usize) -> anyhow::Result<()> {
        self.room(USUAL)?;
        self.crowd.add(0, self.extent.followers(followers), Role::Follower, Rendering::Original)
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.extent.seconds())
    }

    /// Measures everything while these messages are sent and delivered.
    fn measured(&mut self, drive: Drive) -> anyhow::Result<Measurement> {
        self.crowd.tally = Tally::new();
        let (counts, sent) = (self.store_counts()?, self.crowd.sent());
        let busy = Busy::begin(vec![self.server])?;
        self.crowd.run(drive)?;
        let cpu: f64 = busy.of_servers()?.iter().map(Duration::as_secs_f64).sum();
        let wall = busy.began.elapsed().as_secs_f64();
        let (own, others) = busy.end()?;
        let mut measurement = Measurement::new();
        self.crowd.tally.write(&mut measurement, self.crowd.missing());
        let delivered = self.crowd.tally.delivered as f64;
        measurement.insert(Metric::CpuPerDelivery, cpu * 1e6 / delivered);
        measurement.insert(Metric::DeliveriesPerSecond, delivered / wall);
        measurement.insert(Metric::LoadBusy, own);
        measurement.insert(Metric::OthersBusy, others);
        if let (Some(before), Some(after)) = (counts, self.store_counts()?) {
            let actions = (self.crowd.sent() - sent) as f64;
            measurement.insert(Metric::CpuPerAction, cpu * 1e6 / actions);
            after.write_since(before, actions, wall, &mut measurement);
        }
        Ok(measurement)
    }

    /// What the server's store has done, if that is asked for.
    fn store_counts(&self) -> anyhow::Result<Option<StoreCounts>> {
        let token = self.args.metrics_token.as_ref();
        token.map(|token| StoreCounts::scrape(self.args.address, token)).transpose()
    }

    /// Counts system calls while these messages are sent and delivered.
    fn counted(&mut self, drive: impl FnOnce(&mut Crowd) -> Drive) -> anyhow::Result<Measurement> {
        let Some(tool) = self.args.calls else { return Ok(Measurement::new()) };
        let calls = Calls::begin(tool, self.server.process)?;
        self.crowd.tally = Tally::new();
        let drive = drive(&mut self.crowd);
        self.crowd.run(drive)?;
        let delivered = self.crowd.tally.delivered as f64;
        Ok(Measurement::from([(Metric::CallsPerDelivery, calls.end()? as f64 / delivered)]))
    }
}
