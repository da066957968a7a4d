//! How far a room's journal has kept it. Nothing is served or acknowledged before it is kept: after
//! a crash its seq would be given to another action. The room's observer is told no earlier either.

use std::borrow::Cow;
use std::sync::Arc;

use super::Room;
use super::log::Log;
use super::record::{Checkpoint, Record};
use super::staging::{Mark, Observer, RoomNotice, Staging};
use crate::mutation::mutated;

/// How many seqs a room skips. No room gets so many in the few seconds that a store may lose.
const SKIPPED_SEQS: u64 = 1_000_000;

/// How many epochs a room skips, for the same reason.
const SKIPPED_EPOCHS: u64 = 1_000;

impl Room {
    /// Makes a new room stage a [`Record`] for each change, the first for its opening. The caller
    /// hands what [`Room::take_staged`] returns to a journal, and tells [`Room::committed`] once it
    /// is kept. To be called before anything else is done with the room. `clock_start_ms` is the
    /// moment at which the caller's clock started, in milliseconds since 1970.
    pub fn stage_records(&mut self, clock_start_ms: u64) {
        let owner = self.owner.state(clock_start_ms);
        let opened = Record::Opened { key: owner.key, session: owner.session, code: self.code };
        let mut staging = Staging::new(clock_start_ms);
        staging.holds_owner = true;
        staging.push(&opened);
        self.staging = Some(Box::new(staging));
        self.durable = self.head();
    }

    /// The records that were staged since the last call, and how far they go. A single call after
    /// several changes returns the records of all of them.
    pub fn take_staged(&mut self) -> Option<(Vec<u8>, Mark)> {
        let mark = self.mark();
        let staging = self.staging.as_mut().filter(|staging| !staging.bytes.is_empty())?;
        Some((std::mem::take(&mut staging.bytes), mark))
    }

    /// Whether [`Room::take_staged`] would return something.
    #[must_use]
    pub fn has_staged(&self) -> bool {
        self.staging.as_ref().is_some_and(|staging| !staging.bytes.is_empty())
    }

    /// How far all records go that were staged until now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { records: self.staging.as_ref().map_or(0, |staging| staging.records), seq: self.head() }
    }

    /// Notes that the journal has kept all records up to `mark`. If [`Room::has_ended`] then, the
    /// caller removes the room from the table.
    pub fn committed(&mut self, mark: Mark) {
        if let Some(staging) = self.staging.as_mut().filter(|staging| mark.records > staging.kept) {
            staging.kept = mark.records;
            self.durable = mark.seq;
            self.note_kept_batches();
            self.version += 1;
            self.owner_version += 1;
            self.release_notices();
        }
    }

    /// How far all records go that were staged until now. None if the journal has kept them all.
    #[must_use]
    pub fn unkept_mark(&self) -> Option<Mark> {
        self.staging.as_ref()?;
        Some(self.mark()).filter(|mark| !self.is_kept(*mark))
    }

    /// Whether the journal has kept all records up to `mark`. Always, without a journal.
    #[must_use]
    pub fn is_kept(&self, mark: Mark) -> bool {
        self.staging
            .as_ref()
            .is_none_or(|staging| mark.records <= staging.kept && !staging.lost.has(mark.records))
    }

    /// The seq up to which actions may be served: the journal has kept them. Without a journal, the
    /// largest number.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The seq of the newest action that may be served.
    #[must_use]
    pub fn served_seq(&self) -> u64 {
        self.durable.min(self.head())
    }

    /// Whether the room is closed, and the journal has kept that: followers may be told.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.is_closed() && (self.is_kept(self.mark()) || mutated!(EndBeforeKept))
    }

    /// Stages a checkpoint. Once it is kept, older records are needed only for the ring.
    pub fn stage_checkpoint(&mut self) {
        if let Some(mut staging) = self.staging.take_if(|_| !self.is_closed) {
            let mut checkpoint = self.checkpoint(staging.clock_start_ms);
            if mutated!(ForgetAnswersInCheckpoint) {
                checkpoint.owner.answers.clear();
            }
            staging.push(&Record::Checkpoint(checkpoint));
            if self.roster.is_shared {
                staging.push(&Record::SharesRoster(true));
            }
            self.staging = Some(staging);
        }
    }

    /// Skips seqs and epochs that may have been handed out before the journal lost them: no seq may
    /// ever name two actions. The ring is empty then, so that each follower that comes back is
    /// resynced. To be called for a restored room, before anything else is done with it.
    pub fn skip_ahead(&mut self) {
        let (seq, epoch) = (self.head() + SKIPPED_SEQS, self.epoch() + SKIPPED_EPOCHS);
        self.compact = Log::new(seq, &self.limits);
        self.owner.start_epoch(epoch);
        self.update_memory_use();
        self.stage(&Record::Skipped { seq, epoch });
        self.stage_checkpoint();
    }

    /// The room as it is now, apart from its ring. `clock_start_ms` is as for
    /// [`Room::stage_records`].
    #[must_use]
    pub fn checkpoint(&self, clock_start_ms: u64) -> Checkpoint<'_> {
        Checkpoint {
            head: self.head(),
            shares_audience: self.shares_audience,
            has_clock: self.has_clock,
            code: self.code,
            owner: self.owner.state(clock_start_ms),
            slots: self.slots.iter().collect(),
            entries: self.slots.entries().map(|(seq, entry)| (seq, Cow::Borrowed(entry))).collect(),
            votes: self.recorded_votes(),
            members: self.members.state(),
        }
    }

    /// Nothing comes after the close: that the owner leaves, for example.
    pub(super) fn stage(&mut self, record: &Record<'_>) {
        if let Some(staging) = self.staging.as_mut().filter(|_| !self.is_closed) {
            staging.push(record);
        }
    }

    /// Stages that the owner is away.
    pub(super) fn stage_away(&mut self) {
        let clock_start_ms = self.staging.as_ref().map_or(0, |staging| staging.clock_start_ms);
        if let Some(since_ms) = self.owner.away_since_ms(clock_start_ms) {
            self.stage(&Record::Away { epoch: self.owner.epoch(), since_ms });
        }
    }

    /// Sets which session acts now, if that isn't the owner's.
    pub(super) fn set_actor(&mut self, session: Option<&str>) {
        if let Some(staging) = &mut self.staging {
            staging.by = session.map(str::to_owned);
        }
    }

    /// Has an observer told from now on.
    pub fn observe_with(&mut self, observer: Arc<dyn Observer>) {
        self.observation.observer = Some(observer);
    }

    /// Tells the observer, once the journal has kept the room as it is now. The room calls this
    /// itself, but for [`RoomNotice::Opened`]: its caller knows when the room is in its table.
    pub fn notice(&mut self, notice: RoomNotice) {
        let Some(observer) = self.observation.observer.as_ref().filter(|observer| observer.is_listening())
        else {
            return;
        };
        if self.observation.waiting.is_empty() && self.unkept_mark().is_none() {
            observer.notice(self.id, notice);
        } else {
            let mark = self.mark();
            self.observation.waiting.push_back((mark, notice));
        }
    }

    /// Tells the observer what has waited until the journal has kept it.
    pub(super) fn release_notices(&mut self) {
        let Some(observer) = self.observation.observer.clone() else { return };
        let kept = self.staging.as_ref().map_or(u64::MAX, |staging| staging.kept);
        while self.observation.waiting.front().is_some_and(|(mark, _)| mark.records <= kept) {
            let Some((_, notice)) = self.observation.waiting.pop_front() else { break };
            observer.notice(self.id, notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{Claim, KeyDigest, Limits, Rendering, RoomId, Timestamp};

    const KEY: KeyDigest = KeyDigest([7; 32]);

    #[derive(Debug, Default)]
    struct Listener(Mutex<Vec<RoomNotice>>);

    impl Observer for Listener {
        fn is_listening(&self) -> bool {
            true
        }

        fn notice(&self, _room: RoomId, notice: RoomNotice) {
            self.0.lock().unwrap().push(notice);
        }
    }

    impl Listener {
        fn take(&self) -> Vec<RoomNotice> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    fn observed() -> (Room, Arc<Listener>) {
        let mut room = Room::new(RoomId::from_random(1), KEY, None, Limits::default());
        let listener = Arc::<Listener>::default();
        room.observe_with(Arc::clone(&listener) as Arc<dyn Observer>);
        (room, listener)
    }

    fn claim(room: &mut Room) {
        let claim = Claim {
            key: "".into(),
            kind: crate::ClaimKind::Takes,
            session: None,
            acknowledged: None,
            epoch: None,
            share_audience: false,
            share_roster: false,
        };
        room.claim(&KEY, &claim).unwrap();
    }

    #[test]
    fn followers_and_the_owner_are_noticed_as_they_come_and_go() {
        let (mut room, listener) = observed();
        let first = room.join(Rendering::Compact, None).unwrap();
        let second = room.join(Rendering::Compact, None).unwrap();
        room.leave(&first);
        room.owner_left(1, Timestamp(5));
        claim(&mut room);
        claim(&mut room);
        assert_eq!(
            listener.take(),
            [
                RoomNotice::Joined { followers: 1 },
                RoomNotice::Joined { followers: 2 },
                RoomNotice::Left { followers: 1 },
                RoomNotice::OwnerAway,
                RoomNotice::OwnerBack,
            ],
            "an owner that was here is not back"
        );
        room.close();
        room.leave(&second);
        room.owner_left(3, Timestamp(6));
        assert_eq!(listener.take(), [], "after its end nothing happens in a room");
    }

    #[test]
    fn nothing_is_noticed_before_the_journal_has_kept_it_and_the_order_stays() {
        let (mut room, listener) = observed();
        room.stage_records(0);
        room.notice(RoomNotice::Opened);
        let opened = room.mark();
        room.owner_left(1, Timestamp(5));
        room.join(Rendering::Compact, None).unwrap();
        let left = room.mark();
        assert_eq!(listener.take(), []);
        room.committed(opened);
        assert_eq!(listener.take(), [RoomNotice::Opened]);
        room.committed(left);
        assert_eq!(listener.take(), [RoomNotice::OwnerAway, RoomNotice::Joined { followers: 1 }]);
        room.join(Rendering::Compact, None).unwrap();
        assert_eq!(listener.take(), [RoomNotice::Joined { followers: 2 }], "nothing waits any more");
    }
}
