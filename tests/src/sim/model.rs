//! The reference model: the state of each room after the accepted messages, in the simplest form.

use std::collections::{BTreeMap, BTreeSet};

use rtbroadcaster_protocol::{Limits, Timestamp};

use super::invariant::{Checked, Invariant};
use super::link::LinkId;

/// What an owner asks of a room. Each action of a world has a number of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An action that the room does not retain.
    Plain {
        /// Its number.
        number: u64,
    },
    /// A state message.
    Write {
        /// Its number.
        number: u64,
        /// The slot that retains it.
        slot: String,
        /// The bytes that it counts against the room's limit.
        bytes: usize,
    },
    /// The owner clears a slot.
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

/// An action as the server receives it.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    /// The connection that it came by. None for a post.
    pub(super) link: Option<LinkId>,
    /// Who has sent it.
    pub(super) page: usize,
    pub(super) id: Option<u64>,
    pub(super) what: What,
}

/// The state that a room must have.
#[derive(Debug, Clone, Default)]
pub struct RoomModel {
    /// All actions, from seq 1 on.
    log: Vec<What>,
    seqs: BTreeMap<u64, u64>,
    slots: BTreeMap<String, (u64, usize)>,
    /// The highest answered id of each page, and its highest answered number.
    answered: BTreeMap<usize, (u64, u64)>,
    /// The moments at which appended and refused actions came.
    asked: Vec<Timestamp>,
    /// The connection that may write.
    pub(super) writer: Option<LinkId>,
    /// The connection with the newest claim, even if it is gone.
    pub(super) claimant: Option<LinkId>,
    /// There has been no writer since this moment, as the server counts.
    pub(super) away_since: Option<Timestamp>,
    /// When the first server noticed that.
    pub(super) left_at: Option<Timestamp>,
    pub(super) is_open: bool,
}

/// The content of each slot: the number of the action that wrote it.
pub type State = BTreeMap<String, u64>;

impl RoomModel {
    /// The seq of the room's newest action.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.log.len() as u64
    }

    /// The action at a seq.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<&What> {
        self.log.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    /// The seq of the action with this number.
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

    /// The slots as they were when the room's newest action was `seq`.
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

    /// Whether this is what a room has become of an earlier one.
    pub(super) fn goes_on_from(&self, earlier: &Self) -> bool {
        self.log.starts_with(&earlier.log)
    }

    /// Whether the limits allow the room to append it.
    fn admits(&self, what: &What, limits: &Limits) -> bool {
        let What::Write { slot, bytes, .. } = what else { return true };
        let others = self.slots.iter().filter(|(other, _)| *other != slot);
        let (count, sum) = others.fold((0, 0), |(count, sum), (_, (_, bytes))| (count + 1, sum + bytes));
        count < limits.slots_per_room && sum + bytes <= limits.slot_bytes_per_room
    }

    /// Notes an owner's action. It may send `times` in a second, and as many again after a rest.
    /// Its debt may then be one action at most.
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

/// All rooms that have existed, by their uuids.
#[derive(Debug)]
pub struct Model {
    rooms: BTreeMap<String, RoomModel>,
    limits: Limits,
    /// Actions whose owner was told that they will never happen.
    void: BTreeSet<u64>,
}

/// The result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Appended,
    Duplicate,
    Refused,
    /// The connection did not belong to the owner.
    Ignored,
}

impl Model {
    pub(super) fn new(limits: Limits) -> Self {
        Self { rooms: BTreeMap::new(), limits, void: BTreeSet::new() }
    }

    /// The model of a room.
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
        (room.writer, room.claimant) = (Some(link), Some(link));
        (room.away_since, room.left_at) = (None, None);
    }

    /// The server has seen the end of a connection.
    pub(super) fn left(&mut self, link: LinkId, now: Timestamp) {
        for room in self.rooms.values_mut().filter(|room| room.writer == Some(link)) {
            room.writer = None;
            (room.away_since, room.left_at) = (Some(now), Some(now));
        }
    }

    /// A server finds that the owner has no connection to any server.
    pub(super) fn vanished(&mut self, uuid: &str, now: Timestamp) {
        if let Some(room) = self.rooms.get_mut(uuid) {
            room.writer = None;
            (room.away_since, room.left_at) = (Some(now), Some(now));
        }
    }

    /// A server has no rooms any more.
    pub(super) fn forget_all(&mut self) {
        self.rooms.clear();
    }

    /// A server has no such room any more.
    pub(super) fn forget(&mut self, uuid: &str) {
        self.rooms.remove(uuid);
    }

    /// A room is what its log says. How fast its owner is, this server knows alone.
    pub(super) fn take(&mut self, uuid: &str, room: RoomModel) {
        let asked = self.rooms.get_mut(uuid).map(|room| std::mem::take(&mut room.asked));
        self.rooms.insert(uuid.to_owned(), RoomModel { asked: asked.unwrap_or_default(), ..room });
    }

    /// The room, to be changed.
    pub(super) fn room_mut(&mut self, uuid: &str) -> Option<&mut RoomModel> {
        self.rooms.get_mut(uuid)
    }

    /// A room is what it was at an earlier moment. No journal keeps how fast its owner was: the
    /// restarted server has had nothing to do from it yet.
    pub(super) fn restored(&mut self, uuid: &str, room: RoomModel) {
        self.rooms.insert(uuid.to_owned(), RoomModel { asked: Vec::new(), ..room });
    }

    /// A room has come to its end.
    pub(super) fn closed(&mut self, uuid: &str) {
        if let Some(room) = self.rooms.get_mut(uuid) {
            room.is_open = false;
        }
    }

    /// An owner was told that this action will never happen.
    pub(super) fn avoided(&mut self, number: u64) {
        self.void.insert(number);
    }

    /// A connection sent an action to this room, and the room's head became `head`.
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
        let is_writer = link.is_none_or(|link| room.writer == Some(link)) && room.is_open;
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

/// The moment at which the action with this number is to run: every seventh has one. It has passed,
/// so that nothing has to wait.
pub(super) fn moment_of(number: u64) -> Option<u64> {
    number.is_multiple_of(7).then_some(number)
}

/// The same, as the end of a message.
pub(super) fn moment_field(number: u64) -> String {
    moment_of(number).map(|at| format!(r#","at":{at}"#)).unwrap_or_default()
}

/// The number of the action with these params.
pub(super) fn number(params: &str) -> Option<u64> {
    params.strip_prefix('[')?.split([',', ']']).next()?.parse().ok()
}
