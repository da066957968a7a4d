//! Faults that can be switched on, to show that the simulation in `tests/` finds them.
//!
//! Only the feature `mutations` makes that possible. Without it [`mutated!`] is the constant
//! `false` and compiles to nothing. Each fault is one short condition with [`mutated!`], in a line
//! on which a guarantee depends.

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[cfg_attr(
    not(any(feature = "rooms", feature = "mutations")),
    expect(dead_code, reason = "faults of the server's side")
)]
#[cfg_attr(not(feature = "mutations"), expect(unreachable_pub, reason = "exported with the feature"))]
pub enum Mutation {
    /// The room appends an action that it has already.
    SkipDuplicateCheck = 1,
    /// A follower that resumes is served from one action too late.
    ResumeOneTooLate,
    /// The ring claims to hold one action more than it does.
    RingReachesTooFar,
    /// The ring claims to hold one action fewer than it does.
    RingReachesTooShort,
    /// A snapshot ends without `synced`.
    SnapshotWithoutSynced,
    /// The snapshot is sent before the reply.
    SnapshotBeforeReply,
    /// After a snapshot, live actions start at the head instead of where the snapshot was taken.
    LiveFromHead,
    /// Actions are accepted under any epoch.
    ForgetEpoch,
    /// The former owner's connection isn't woken to be told that it is fenced off.
    ForgetToFence,
    /// Any owner key is accepted.
    AcceptAnyKey,
    /// A session that was superseded may claim again.
    SupersededComesBack,
    /// The reply to a claim acknowledges one action too much.
    AcknowledgeTooMuch,
    /// The answers of a former connection aren't repeated.
    ForgetAnswers,
    /// A refusal isn't remembered as an answer.
    ForgetRefusals,
    /// A claim by a new session keeps the answers of the one before.
    ClaimKeepsAnswers,
    /// The session doesn't send unanswered actions again.
    ForgetUnanswered,
    /// A newer value is queued where the replaced one was, and so overtakes the actions in between.
    ReplaceInPlace,
    /// The page isn't told that the slots missing from a resync are cleared.
    KeepSlotsAfterResync,
    /// The page is handed state messages again that a snapshot repeats.
    ApplyAgain,
    /// An incomplete snapshot is taken for a complete one.
    KeepTornSnapshot,
    /// A replaced state message stays in the order of the snapshot.
    KeepReplacedState,
    /// A cleared slot stays in the snapshot.
    KeepClearedSlot,
    /// A snapshot that was rendered before a change is served after it.
    StaleSnapshot,
    /// The log of original envelopes skips a seq at a clear.
    OriginalLogOutOfStep,
    /// Closing a room leaves it in the table.
    CloseKeepsRoom,
    /// A closed room ends its followers before they have been served everything.
    EndBeforeTheRest,
    /// A room whose owner is away lives for ever.
    IgnoreGrace,
    /// A follower that left still counts.
    ForgetToLeave,
    /// A full room admits more followers.
    IgnoreRoomFull,
    /// A room retains more slots than it may.
    IgnoreSlotLimit,
    /// An owner is read however fast it is.
    IgnorePace,
    /// An action wakes no follower.
    WakeNobody,
    /// A returning follower isn't told again whether the owner is there.
    ForgetPresence,
    /// The session ignores that its ping isn't answered.
    IgnoreMissingPong,
    /// Answers don't wait for the journal.
    AnswerBeforeKept,
    /// Followers are served actions that the journal has not kept.
    ServeBeforeKept,
    /// Followers are served a snapshot that the journal has not kept.
    SnapshotBeforeKept,
    /// A close is told before the journal has kept it.
    EndBeforeKept,
    /// A checkpoint holds no answers.
    ForgetAnswersInCheckpoint,
    /// A claim isn't recorded.
    ForgetToRecordClaim,
    /// A replica takes an entry although it misses some before it.
    IgnoreHole,
    /// A replica takes another server's entry although it has changed the room meanwhile.
    IgnoreConflict,
    /// A replica takes its own entry for another server's.
    ForgetOwnEntry,
    /// A lost change counts as kept once the room is made anew.
    LostCountsAsKept,
    /// A snapshot that was taken before the room was made anew is served after it.
    SnapshotBeforeRebuild,
    /// What an owner sends is taken although something that came before it is lost.
    ActAfterLoss,
    /// The end of a connection whose claim is lost ends the claim that has its epoch.
    LeaveUnderLostClaim,
    /// A follower that leaves its step is served again what it was served in step.
    ForgetStep,
    /// A page takes the middle of its newest round trip for the server's clock.
    #[cfg(any(feature = "moments", feature = "mutations"))]
    HalfTheRoundTrip,
    /// What a page knows of the server's clock doesn't get less certain with time.
    #[cfg(any(feature = "moments", feature = "mutations"))]
    ForgetToWiden,
    /// A page that has slept believes what it knew of the server's clock.
    #[cfg(any(feature = "moments", feature = "mutations"))]
    KeepBoundsOverWake,
    /// An action overtakes one that waits for its moment.
    #[cfg(any(feature = "moments", feature = "mutations"))]
    OvertakeWaiting,
    /// A seat ends with its connection.
    EndSeatWithConnection,
    /// A seat goes to the next who comes.
    ReuseSeat,
    /// Followers are told who is there, whether the owner shares it or not.
    IgnoreShareRoster,
    /// Comings and goings are told at once.
    TellRosterAtOnce,
    /// Who is away for longer than its seat is kept stays in the roster.
    KeepSeatForEver,
    /// A server takes what another says of who is there although it has missed something before.
    IgnoreRosterHole,
    /// The people of a server that is gone stay in the roster.
    KeepSilentServer,
    /// Servers with the same room give out the same seats.
    ShareSeatNumbers,
    /// An entry that was replaced stays in the snapshot.
    KeepReplacedEntry,
    /// An entry isn't recorded.
    ForgetToRecordEntry,
    /// An action is taken from whoever had the right to write before.
    ForgetToEndTurn,
    /// A page that gets the right to write begins before it has heard so.
    DriveBeforeEntry,
    /// A claim by the owner key leaves the right to write with whoever has it.
    ClaimKeepsPen,
    /// A member goes on although another page has entered with its key.
    ForgetToFenceSeat,
    /// A page that may not write any more goes on behind the entry that says so.
    SkipTheEndOfTurn,
    /// A key that was revoked is good still.
    KeepRevokedSeat,
    /// A member whose key is revoked may write still.
    KeepRevokedDriver,
    /// A request that is refused waits still.
    ForgetRefusedRequest,
    /// Whoever follows may invite, revoke and take back.
    AnybodyManages,
    /// A page that was superseded takes the right to write from whoever has it.
    SupersededTakesPen,
    /// That a key was revoked isn't recorded.
    ForgetToRecordRevoked,
    /// A key is good for longer than it may be.
    KeepExpiredSeat,
    /// A turn that nobody has begun ends as one that somebody has.
    EndTurnOfNobody,
    /// A vote counts although the voter's own is as new.
    ForgetVoteNumber,
    /// A voter that chooses again counts for both options.
    CountChangedVoteTwice,
    /// A vote is answered before it is kept.
    AnswerVoteAtOnce,
    /// A lane that is set anew goes on with its counts.
    KeepCountsOfResetLane,
    /// A vote counts although its lane was set anew since the voter has seen it.
    VoteOnResetLane,
    /// The owner is told at once what was said on lanes.
    TellLanesAtOnce,
    /// A server that has a room again counts its seats from the beginning.
    CountSeatsAnew,
    /// The log takes entries whose writers don't know its last one. The simulation has that log.
    #[cfg(feature = "mutations")]
    ForgetExpectation,
    /// A recording has a snapshot before the last action that it holds.
    SnapshotTooEarly,
    /// A recording that is gone on with leaves out the first action.
    RecordOneTooLate,
    /// What is recorded is acknowledged before it is in the recording.
    AnswerBeforeRecorded,
}

/// Whether a fault is switched on.
macro_rules! mutated {
    ($mutation:ident) => {
        crate::mutation::is_active(crate::mutation::Mutation::$mutation)
    };
}
pub(crate) use mutated;

#[cfg(not(feature = "mutations"))]
pub(crate) const fn is_active(_mutation: Mutation) -> bool {
    false
}

#[cfg(feature = "mutations")]
pub use switch::{is_active, switch_on};

#[cfg(feature = "mutations")]
mod switch {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::Mutation;

    /// The number of the fault that is on; 0 is none.
    static ACTIVE: AtomicU8 = AtomicU8::new(0);

    /// Switches one fault on, or all off, for the whole process.
    pub fn switch_on(mutation: Option<Mutation>) {
        ACTIVE.store(mutation.map_or(0, |mutation| mutation as u8), Ordering::SeqCst);
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn is_active(mutation: Mutation) -> bool {
        ACTIVE.load(Ordering::Relaxed) == mutation as u8
    }

    impl Mutation {
        /// Every fault.
        pub const ALL: [Self; 86] = {
            use Mutation::*;
            [
                SkipDuplicateCheck,
                ResumeOneTooLate,
                RingReachesTooFar,
                RingReachesTooShort,
                SnapshotWithoutSynced,
                SnapshotBeforeReply,
                LiveFromHead,
                ForgetEpoch,
                ForgetToFence,
                AcceptAnyKey,
                SupersededComesBack,
                AcknowledgeTooMuch,
                ForgetAnswers,
                ForgetRefusals,
                ClaimKeepsAnswers,
                ForgetUnanswered,
                ReplaceInPlace,
                KeepSlotsAfterResync,
                ApplyAgain,
                KeepTornSnapshot,
                KeepReplacedState,
                KeepClearedSlot,
                StaleSnapshot,
                OriginalLogOutOfStep,
                CloseKeepsRoom,
                EndBeforeTheRest,
                IgnoreGrace,
                ForgetToLeave,
                IgnoreRoomFull,
                IgnoreSlotLimit,
                IgnorePace,
                WakeNobody,
                ForgetPresence,
                IgnoreMissingPong,
                AnswerBeforeKept,
                ServeBeforeKept,
                SnapshotBeforeKept,
                EndBeforeKept,
                ForgetAnswersInCheckpoint,
                ForgetToRecordClaim,
                IgnoreHole,
                IgnoreConflict,
                ForgetOwnEntry,
                LostCountsAsKept,
                SnapshotBeforeRebuild,
                ActAfterLoss,
                LeaveUnderLostClaim,
                ForgetStep,
                HalfTheRoundTrip,
                ForgetToWiden,
                KeepBoundsOverWake,
                OvertakeWaiting,
                EndSeatWithConnection,
                ReuseSeat,
                IgnoreShareRoster,
                TellRosterAtOnce,
                KeepSeatForEver,
                IgnoreRosterHole,
                KeepSilentServer,
                ShareSeatNumbers,
                KeepReplacedEntry,
                ForgetToRecordEntry,
                ForgetToEndTurn,
                DriveBeforeEntry,
                ClaimKeepsPen,
                ForgetToFenceSeat,
                SkipTheEndOfTurn,
                KeepRevokedSeat,
                KeepRevokedDriver,
                ForgetRefusedRequest,
                AnybodyManages,
                SupersededTakesPen,
                ForgetToRecordRevoked,
                KeepExpiredSeat,
                EndTurnOfNobody,
                ForgetVoteNumber,
                CountChangedVoteTwice,
                AnswerVoteAtOnce,
                KeepCountsOfResetLane,
                VoteOnResetLane,
                TellLanesAtOnce,
                CountSeatsAnew,
                ForgetExpectation,
                SnapshotTooEarly,
                RecordOneTooLate,
                AnswerBeforeRecorded,
            ]
        };
    }
}
