//! The guarantees, by name.

use std::fmt;

/// What must hold in every world: the guarantees G1 to G9, D1 to D7 and D10 for rooms with a
/// journal, T1 to T5 for actions that run at a moment, P1 to P4 for who is there, L1 to L7 for
/// lanes, R1 to R6 for recordings, H1 to H7 for hand-overs, and that nothing panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// G1: only the connection with the newest claim changes what followers see.
    SingleWriter,
    /// G2: every follower sees the room's actions in the order in which the owner sent them.
    Order,
    /// G3: each acknowledged action reaches everyone once, and the owner's answers are true.
    ExactlyOnce,
    /// G4: a follower that missed something is told so, and gets the snapshot before anything
    /// newer.
    NoSilentGap,
    /// G5: once nothing new happens, everyone knows what the room knows.
    Convergence,
    /// G6: the reply comes, then the snapshot, then live actions from the very next seq.
    JoiningIsOneStep,
    /// G7: everyone hears of a close once, and nothing comes after it.
    ClosingIsFinal,
    /// G8: nothing grows without bound, and nothing is done without need.
    BoundedMemory,
    /// G9: no limit is exceeded, and nothing is refused below its limit.
    Limits,
    /// D1: nothing is served or acknowledged before it is kept.
    NothingBeforeKept,
    /// D2: a seq names one action for ever, over all restarts.
    OneActionASeq,
    /// D3: what was acknowledged is there after a crash.
    AcknowledgedIsKept,
    /// D4: a room made of the same records is the same room.
    EqualReplicas,
    /// D5: no epoch is given twice.
    EpochsGrow,
    /// D6 and D7: records make a whole room of some earlier moment.
    WholeRooms,
    /// D10: a close is final over restarts.
    CloseIsKept,
    /// T1: no action runs before its moment, but for what the page says it is uncertain.
    NeverEarly,
    /// T2: what waits keeps the room's order.
    OrderOfMoments,
    /// T3: the difference of the clocks is within the bounds that a page has for it.
    OffsetIsInBounds,
    /// T4: nothing waits for longer than the horizon, or than it must.
    HorizonBoundsWaits,
    /// T5: how late an action is, is true, but for what the page says it is uncertain.
    LatenessIsTrue,
    /// P1: once nobody comes or goes, who asked knows everybody who is there and has a name.
    RosterIsComplete,
    /// P2: who asked is told at most once a second, and never much.
    RosterIsBounded,
    /// P3: a seat names one session, which keeps it over a reconnect.
    SeatNamesOne,
    /// P4: names are told to who asks and may know them, and to nobody else.
    RosterIsPrivate,
    /// L1: the newest vote of each voter counts, and counts once, over cuts and restarts.
    VotesCountOnce,
    /// L2: what is said on lanes reaches the owner alone, and nobody in a room without lanes.
    LanesArePrivate,
    /// L3 and L6: the owner is told at most once a second, and never much.
    LanesAreBounded,
    /// L4: what is said on lanes changes nothing of what else is served.
    FloodChangesNothing,
    /// L5: each message on a lane counts or is dropped.
    NothingIsUncounted,
    /// L7: once all is quiet, all pages know the same lanes, those who join late too.
    EntriesConverge,
    /// R1: a recording plays what a follower was handed that was there from its start.
    PlayedAsHanded,
    /// R2: nothing is in a recording that no follower was served.
    NothingUnserved,
    /// R3: after a jump a page has what it would have had it played everything.
    JumpsAreExact,
    /// R4: each prefix of a recording plays up to its last whole line.
    PrefixesPlay,
    /// R5: what was acknowledged while the room was recorded is in the recording after a kill.
    AnsweredIsRecorded,
    /// R6: recordings keep their bounds.
    RecordingsAreBounded,
    /// H1: the seat of every action's writer had the pen at its seq.
    WriterHasPen,
    /// H2: who begins to write was handed all before its turn, and who ends its turn all after it.
    TurnsAreApart,
    /// H3: each id of each session has one answer, and one place in the log at most.
    OneAnswer,
    /// H4: from every state the creator gets the pen, and nobody else decides who has keys.
    CreatorDecides,
    /// H5: no seat acts after its key was revoked or has expired, or its request was refused.
    KeysEnd,
    /// H6: once all is quiet, every page knows who drives, and the page that may write does.
    DriversConverge,
    /// H7: nobody is served a key that it didn't send.
    KeysArePrivate,
    /// No input makes the protocol panic.
    NoPanic,
}

impl Invariant {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SingleWriter => "g1_single_writer",
            Self::Order => "g2_order",
            Self::ExactlyOnce => "g3_exactly_once",
            Self::NoSilentGap => "g4_no_silent_gap",
            Self::Convergence => "g5_convergence",
            Self::JoiningIsOneStep => "g6_joining_is_one_step",
            Self::ClosingIsFinal => "g7_closing_is_final",
            Self::BoundedMemory => "g8_bounded_memory",
            Self::Limits => "g9_limits",
            Self::NothingBeforeKept => "d1_nothing_before_kept",
            Self::OneActionASeq => "d2_one_action_a_seq",
            Self::AcknowledgedIsKept => "d3_acknowledged_is_kept",
            Self::EqualReplicas => "d4_equal_replicas",
            Self::EpochsGrow => "d5_epochs_grow",
            Self::WholeRooms => "d6_d7_whole_rooms",
            Self::CloseIsKept => "d10_close_is_kept",
            Self::NeverEarly => "t1_never_early",
            Self::OrderOfMoments => "t2_order_of_moments",
            Self::OffsetIsInBounds => "t3_offset_is_in_bounds",
            Self::HorizonBoundsWaits => "t4_horizon_bounds_waits",
            Self::LatenessIsTrue => "t5_lateness_is_true",
            Self::RosterIsComplete => "p1_roster_is_complete",
            Self::RosterIsBounded => "p2_roster_is_bounded",
            Self::SeatNamesOne => "p3_seat_names_one",
            Self::RosterIsPrivate => "p4_roster_is_private",
            Self::VotesCountOnce => "l1_votes_count_once",
            Self::LanesArePrivate => "l2_lanes_are_private",
            Self::LanesAreBounded => "l3_lanes_are_bounded",
            Self::FloodChangesNothing => "l4_flood_changes_nothing",
            Self::NothingIsUncounted => "l5_nothing_is_uncounted",
            Self::EntriesConverge => "l7_entries_converge",
            Self::PlayedAsHanded => "r1_played_as_handed",
            Self::NothingUnserved => "r2_nothing_unserved",
            Self::JumpsAreExact => "r3_jumps_are_exact",
            Self::PrefixesPlay => "r4_prefixes_play",
            Self::AnsweredIsRecorded => "r5_answered_is_recorded",
            Self::RecordingsAreBounded => "r6_recordings_are_bounded",
            Self::WriterHasPen => "h1_writer_has_pen",
            Self::TurnsAreApart => "h2_turns_are_apart",
            Self::OneAnswer => "h3_one_answer",
            Self::CreatorDecides => "h4_creator_decides",
            Self::KeysEnd => "h5_keys_end",
            Self::DriversConverge => "h6_drivers_converge",
            Self::KeysArePrivate => "h7_keys_are_private",
            Self::NoPanic => "no_panic",
        }
    }

    /// A violation unless `holds`; `detail` says what was seen instead.
    pub(super) fn ensure(self, holds: bool, detail: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err(self.violated(detail())) }
    }

    pub(super) fn violated(self, detail: impl Into<String>) -> Violation {
        Violation { invariant: self, detail: detail.into() }
    }
}

/// A guarantee that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant that it violates.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.invariant.name(), self.detail)
    }
}

/// The result of a check.
pub(super) type Checked<T = ()> = Result<T, Violation>;
