//! The reference: what each room is, told by what was accepted, as simply as it can be said.

use std::collections::{BTreeMap, BTreeSet};

use rtbroadcaster_protocol::{Limits, Timestamp};

use super::invariant::{Checked, Invariant};
use super::link::LinkId;

/// What an owner wants of a room; every action of a world has another number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An action that isn't retained.
    Plain {
        /// Its number.
        number: u64,
    },
    /// A state message.
    Write {
        /// Its number.
        number: u64,
        /// Where it is retained.
        slot: String,
        /// What it counts against the room's bytes.
        bytes: usize,
    },
    /// A slot is forgotten.
    Clear {
        /// The slot.
        slot: String,
    },
}

impl What {
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Plain { number } | Self::Write { number, .. } => Some(*number),
            Self::Clear { .. } => None,
        }
    }
}

/// An action as the server gets it.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) link: LinkId,
    pub(super) page: usize,
    pub(super) id: Option<u64>,
    pub(super) what: What,
}

/// A room, as it must be.
#[derive(Debug, Default)]
pub struct RoomModel {
    /// Every action, the one with seq 1 first.
    log: Vec<What>,
    seqs: BTreeMap<u64, u64>,
    slots: BTreeMap<String, (u64, usize)>,
    /// The highest id of each page that was answered, and the highest number.
    answered: BTreeMap<usize, (u64, u64)>,
    /// When each action came that was appended or refused.
    asked: Vec<Timestamp>,
    /// The connection that may write.
    pub(super) writer: Option<LinkId>,
    /// Since when there is none.
    pub(super) away_since: Option<Timestamp>,
    pub(super) is_open: bool,
}

/// What a room holds for each slot: the number of the action that wrote it.
pub type State = BTreeMap<String, u64>;

impl RoomModel {
    /// The seq of its newest action.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.log.len() as u64
    }

    /// The action at a seq.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<&What> {
        self.log.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    /// Where the action with this number is.
    #[must_use]
    pub fn seq_of(&self, number: u64) -> Option<u64> {
        self.seqs.get(&number).copied()
    }

    /// The slot that the action at a seq wrote.
    #[must_use]
    pub fn slot_at(&self, seq: u64) -> Option<&String> {
        match self.at(seq)? {
            What::Write { slot, .. } => Some(slot),
            What::Plain { .. } | What::Clear { .. } => None,
        }
    }

    /// What it retained when its newest action was `seq`.
    #[must_use]
    pub fn state_at(&self, seq: u64) -> State {
        let mut state = State::new();
        for what in self.log.iter().take(usize::try_from(seq).unwrap_or(usize::MAX)) {
            match what {
                What::Plain { .. } => {}
                What::Write { number, slot, .. } => {
                    state.insert(slot.clone(), *number);
                }
                What::Clear { slot } => {
                    state.remove(slot);
                }
            }
        }
        state
    }

    /// Whether the limits let it be appended.
    fn admits(&self, what: &What, limits: &Limits) -> bool {
        let What::Write { slot, bytes, .. } = what else { return true };
        let others = self.slots.iter().filter(|(other, _)| *other != slot);
        let (count, sum) = others.fold((0, 0), |(count, sum), (_, (_, bytes))| (count + 1, sum + bytes));
        count < limits.slots_per_room && sum + bytes <= limits.slot_bytes_per_room
    }

    /// Notes that an owner has asked for something, which it may do so often in a second, and as often again after a rest.
    /// A debt of one action is the most that is left then.
    fn asked(&mut self, now: Timestamp, times: u64) -> Checked {
        self.asked.push(now);
        let most = usize::try_from(2 * times + 1).unwrap_or(usize::MAX);
        let first = self.asked.len().checked_sub(most + 1).map(|first| self.asked[first]);
        Invariant::Limits.ensure(first.is_none_or(|first| now.since(first) >= 1_000), || {
            format!("more than {most} actions were taken in a second")
        })
    }

    fn append(&mut self, what: &What) {
        self.log.push(what.clone());
        if let Some(number) = what.number() {
            self.seqs.insert(number, self.head());
        }
        match what {
            What::Plain { .. } => {}
            What::Write { number, slot, bytes } => {
                self.slots.insert(slot.clone(), (*number, *bytes));
            }
            What::Clear { slot } => {
                self.slots.remove(slot);
            }
        }
    }
}

/// Every room that ever was, by its uuid.
#[derive(Debug)]
pub struct Model {
    rooms: BTreeMap<String, RoomModel>,
    limits: Limits,
    /// Actions that their owner was told are never going to happen.
    void: BTreeSet<u64>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Appended,
    Duplicate,
    Refused,
    /// The connection was not the owner's.
    Ignored,
}

impl Model {
    pub(super) fn new(limits: Limits) -> Self {
        Self { rooms: BTreeMap::new(), limits, void: BTreeSet::new() }
    }

    /// A room.
    #[must_use]
    pub fn room(&self, uuid: &str) -> Option<&RoomModel> {
        self.rooms.get(uuid)
    }

    pub(super) fn open_rooms(&self) -> impl Iterator<Item = (&String, &RoomModel)> {
        self.rooms.iter().filter(|(_, room)| room.is_open)
    }

    /// A connection has become a room's owner.
    pub(super) fn owned(&mut self, uuid: &str, link: LinkId) {
        let room =
            self.rooms.entry(uuid.to_owned()).or_insert(RoomModel { is_open: true, ..RoomModel::default() });
        room.writer = Some(link);
        room.away_since = None;
    }

    /// The server has seen the end of a connection.
    pub(super) fn left(&mut self, link: LinkId, now: Timestamp) {
        for room in self.rooms.values_mut().filter(|room| room.writer == Some(link)) {
            room.writer = None;
            room.away_since = Some(now);
        }
    }

    /// A room has come to its end.
    pub(super) fn closed(&mut self, uuid: &str) {
        if let Some(room) = self.rooms.get_mut(uuid) {
            room.is_open = false;
        }
    }

    /// An owner was told that this action is never going to happen.
    pub(super) fn avoided(&mut self, number: u64) {
        self.void.insert(number);
    }

    /// The server was given an action of a connection in this room, and its head has become `head`.
    pub(super) fn attempted(
        &mut self,
        uuid: &str,
        attempt: &Attempt,
        head: u64,
        now: Timestamp,
    ) -> Checked<Fate> {
        let Attempt { link, page, id, what } = attempt;
        let Some(room) = self.rooms.get_mut(uuid) else { return Ok(Fate::Ignored) };
        let before = room.head();
        let is_writer = room.writer == Some(*link) && room.is_open;
        let (last_id, last_number) = room.answered.get(page).copied().unwrap_or_default();
        let is_known = id.is_some_and(|id| id <= last_id);
        let fits = room.admits(what, &self.limits);
        if head == before {
            let lost = is_writer && !is_known && fits;
            Invariant::ExactlyOnce.ensure(!lost, || format!("{attempt:?} was not taken by {uuid}"))?;
            if !is_writer {
                return Ok(Fate::Ignored);
            }
            if is_known {
                return Ok(Fate::Duplicate);
            }
            room.answered.insert(*page, (id.unwrap_or(last_id), last_number));
            room.asked(now, self.limits.owner_actions_per_second)?;
            return Ok(Fate::Refused);
        }
        Invariant::SingleWriter
            .ensure(is_writer, || format!("{attempt:?} was taken from who is not the owner"))?;
        Invariant::ExactlyOnce
            .ensure(head == before + 1, || format!("{attempt:?} made {} of one", head - before))?;
        Invariant::Limits.ensure(fits, || format!("{attempt:?} is beyond the limits of {uuid}"))?;
        let number = what.number().unwrap_or(last_number);
        let is_new = !is_known && what.number().is_none_or(|number| room.seq_of(number).is_none());
        Invariant::ExactlyOnce.ensure(is_new, || format!("{attempt:?} was taken twice"))?;
        Invariant::ExactlyOnce.ensure(!self.void.contains(&number), || {
            format!("{attempt:?} was said to be refused or replaced")
        })?;
        Invariant::Order.ensure(number >= last_number, || format!("{attempt:?} came after {last_number}"))?;
        room.answered.insert(*page, (id.unwrap_or(last_id), number));
        room.append(what);
        room.asked(now, self.limits.owner_actions_per_second)?;
        Ok(Fate::Appended)
    }
}

/// The number of the action with these params.
pub(super) fn number(params: &str) -> Option<u64> {
    params.strip_prefix('[')?.split([',', ']']).next()?.parse().ok()
}
