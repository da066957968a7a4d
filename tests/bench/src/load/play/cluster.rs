//! The scenarios that show what several nodes cost.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::store::{FOREVER, any_moment, kill};
use super::{Play, USUAL, WARM_UP};
use crate::load::busy::Busy;
use crate::load::client::Role;
use crate::load::drive::Drive;
use crate::load::entry_counts::EntryCounts;
use crate::load::journeys::Journeys;
use crate::load::observed::Observed;
use crate::load::tally::Tally;
use crate::measurement::{Measurement, Metric};
use crate::wire::message::Rendering;

/// How long what nodes do now and then may take to be done.
const CALM: Duration = Duration::from_secs(4);

/// Longer than answers wait for another leader.
const PATIENCE: Duration = Duration::from_secs(30);

impl Play<'_> {
    /// The processes that are measured in every scenario of a cluster: its nodes, and what stands
    /// between them.
    pub(super) fn processes(&self) -> Vec<Observed> {
        let all = self.args.process.iter().chain(&self.args.between);
        match self.args.follow_at.is_empty() {
            true => vec![self.server],
            false => all.map(|process| Observed { process: *process }).collect(),
        }
    }

    /// How many of them are nodes.
    fn nodes(&self) -> usize {
        if self.args.follow_at.is_empty() { 1 } else { self.args.process.len() }
    }

    /// One owner, and one follower on the last node.
    pub(super) fn beside(&mut self, rate: f64) -> anyhow::Result<Measurement> {
        self.crowd.open_rooms(1, Rendering::Compact)?;
        self.crowd.say(0, USUAL, false);
        self.follow_elsewhere();
        self.crowd.add(0, 1, Role::Follower, Rendering::Compact)?;
        self.crowd.run(Drive::paced(&self.crowd, rate, WARM_UP))?;
        self.acknowledged_all()?;
        let first = self.crowd.sent() + 1;
        self.crowd.rooms[0].journeys = Journeys::watch(first);
        self.whole(Drive::paced(&self.crowd, rate, self.time()))
    }

    pub(super) fn saturated_cluster(&mut self) -> anyhow::Result<Measurement> {
        self.pages(USUAL)?;
        self.crowd.run(self.answered(WARM_UP))?;
        self.acknowledged_all()?;
        let (answered, began) = (self.crowd.answered(), Instant::now());
        let mut measurement = self.whole(self.answered(self.time()))?;
        let answered = (self.crowd.answered() - answered) as f64;
        measurement.insert(Metric::ActionsPerSecond, answered / began.elapsed().as_secs_f64());
        Ok(measurement)
    }

    pub(super) fn paced_cluster(&mut self) -> anyhow::Result<Measurement> {
        const RATE: f64 = 50.0;
        const FOLLOWERS: usize = 400;
        self.crowd.open_rooms(1, Rendering::Compact)?;
        self.crowd.say(0, USUAL, false);
        self.crowd.add(0, self.extent.followers(FOLLOWERS), Role::Follower, Rendering::Compact)?;
        self.crowd.run(Drive::paced(&self.crowd, RATE, WARM_UP))?;
        self.acknowledged_all()?;
        self.whole(Drive::paced(&self.crowd, RATE, self.time()))
    }

    pub(super) fn cluster_rooms(&mut self) -> anyhow::Result<Measurement> {
        const ROOMS: usize = 200;
        const RATE: f64 = 10.0;
        self.crowd.open_rooms(ROOMS, Rendering::Compact)?;
        (0..ROOMS).for_each(|room| self.crowd.say(room, USUAL, false));
        self.crowd.add_to_each(ROOMS, 4, Rendering::Compact)?;
        self.crowd.run(Drive::paced(&self.crowd, RATE, WARM_UP))?;
        self.acknowledged_all()?;
        self.whole(Drive::paced(&self.crowd, RATE, self.time()))
    }

    /// Kills a node in the middle of load. Those that were there come back on the other one, the
    /// owner first, and nobody stops sending for that.
    pub(super) fn node_dies(&mut self, node: usize) -> anyhow::Result<Measurement> {
        const RATE: f64 = 2_000.0;
        const PART: Duration = Duration::from_millis(250);
        let addresses = [self.args.address, *self.args.follow_at.first().context("there is one node only")?];
        self.pages(USUAL)?;
        self.crowd.begin(Drive::paced(&self.crowd, RATE, FOREVER))?;
        self.crowd.idle(PART * 2 + any_moment(PART))?;
        kill(&self.args.process[node..=node])?;
        let lost = self.crowd.lose(addresses[node])?;
        self.crowd.move_to(addresses[1 - node]);
        if node == 0 {
            self.crowd.owner_comes_back(0)?;
            self.crowd.begin(Drive::paced(&self.crowd, RATE, FOREVER))?;
        }
        self.crowd.idle(PART)?;
        let followers = self.crowd.followers();
        for follower in lost.iter().filter(|index| followers.contains(index)) {
            self.crowd.come_back(*follower)?;
        }
        self.crowd.settle(0)?;
        self.crowd.idle(PART)?;
        self.crowd.stop();
        self.acknowledged_all()?;
        self.crowd.finish()?;
        let lost = self.crowd.missing() + self.crowd.tally.gaps;
        Ok(Measurement::from([
            (Metric::Acknowledged, self.crowd.answered() as f64),
            (Metric::LostAcknowledged, lost as f64),
            (Metric::Repeated, self.crowd.tally.repeated as f64),
        ]))
    }

    /// Opens rooms and has each followed on the last node, and measures the memory after each.
    pub(super) fn idle_rooms(&mut self) -> anyhow::Result<Measurement> {
        const ROOMS: usize = 10_000;
        /// With the owners, as many connections as most limits of open files let the load generator
        /// have.
        const FOLLOWED: usize = 9_000;
        let (nodes, processes) = (self.nodes(), self.processes());
        let memory = || processes.iter().map(|process| process.memory()).collect::<anyhow::Result<Vec<_>>>();
        let a_room = |now: u64, before: u64, rooms: usize| (now as f64 - before as f64) / rooms as f64;
        self.crowd.idle(CALM)?;
        let before = memory()?;
        self.crowd.open_rooms(ROOMS, Rendering::Compact)?;
        self.crowd.idle(CALM)?;
        let opened = memory()?;
        self.follow_elsewhere();
        self.crowd.add_to_each(FOLLOWED, 1, Rendering::Compact)?;
        self.crowd.idle(CALM)?;
        let followed = memory()?;
        let last = nodes - 1;
        let mut measurement = Measurement::from([
            (Metric::MemoryPerOwnedRoom, a_room(opened[0], before[0], ROOMS)),
            (Metric::MemoryPerFollowedRoom, a_room(followed[last], opened[last], FOLLOWED)),
        ]);
        if processes.len() > nodes {
            let sum = |memory: &[u64]| memory[nodes..].iter().sum::<u64>();
            measurement.insert(Metric::MemoryPerRoomBetween, a_room(sum(&followed), sum(&before), ROOMS));
            let grown = a_room(followed[0], opened[0], FOLLOWED);
            measurement.insert(Metric::MemoryByFollowing, grown);
        }
        Ok(measurement)
    }

    /// Sends all further followers to the node without the owner.
    fn follow_elsewhere(&mut self) {
        if let Some(last) = self.args.follow_at.first() {
            self.crowd.follow_at(&[*last]);
        }
    }

    /// Goes on until the owners have all answers.
    fn acknowledged_all(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.crowd.answered() < self.crowd.sent() {
            self.crowd.idle(Duration::from_millis(1))?;
            if began.elapsed() > PATIENCE {
                bail!("{} actions are not acknowledged", self.crowd.sent() - self.crowd.answered());
            }
        }
        Ok(())
    }

    /// Measures all nodes, and what stands between them, while these messages are sent, delivered
    /// and acknowledged.
    fn whole(&mut self, drive: Drive) -> anyhow::Result<Measurement> {
        let entries = || self.args.monitor.map(EntryCounts::ask).transpose();
        // A replica may be some milliseconds behind the leader of a stream.
        thread::sleep(Duration::from_millis(50));
        let (before, sent) = (entries()?, self.crowd.sent());
        self.crowd.tally = Tally::new();
        let busy = Busy::begin(self.processes())?;
        self.crowd.run(drive)?;
        self.acknowledged_all()?;
        let seconds = busy.began.elapsed().as_secs_f64();
        let cpu = busy.of_servers()?;
        let (own, others) = busy.end()?;
        thread::sleep(Duration::from_millis(50));
        let mut measurement = Measurement::new();
        self.crowd.tally.write(&mut measurement, self.crowd.missing());
        self.crowd.rooms[0].journeys.write(&mut measurement);
        let micros = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f64() * 1e6;
        let actions = (self.crowd.sent() - sent) as f64;
        let delivered = self.crowd.tally.delivered as f64;
        let (nodes, between) = cpu.split_at(self.nodes());
        measurement.insert(Metric::CpuPerAction, micros(nodes) / actions);
        measurement.insert(Metric::CpuPerDelivery, micros(nodes) / delivered);
        measurement.insert(Metric::DeliveriesPerSecond, delivered / seconds);
        measurement.insert(Metric::LoadBusy, own);
        measurement.insert(Metric::OthersBusy, others);
        if !between.is_empty() {
            measurement.insert(Metric::OwnersNodeCpuPerAction, micros(&nodes[..1]) / actions);
            measurement.insert(Metric::BetweenCpuPerAction, micros(between) / actions);
            measurement.insert(Metric::BetweenCpuPerDelivery, micros(between) / delivered);
        }
        if let (Some(before), Some(after)) = (before, entries()?) {
            after.write_since(before, actions, seconds, &mut measurement);
        }
        Ok(measurement)
    }
}
