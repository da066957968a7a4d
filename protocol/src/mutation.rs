//! Faults that can be switched on, to show that the simulation in `tests/` finds them.
//!
//! Only the feature `mutations` makes that possible; without it every seam is the constant `false` and compiles to
//! nothing. Each seam is one short condition with [`mutated!`] at a place where the guarantees hang by one line.

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[cfg_attr(
    not(any(feature = "rooms", feature = "mutations")),
    expect(dead_code, reason = "faults of the server's side")
)]
#[cfg_attr(not(feature = "mutations"), expect(unreachable_pub, reason = "exported with the feature"))]
pub enum Mutation {
    /// The room takes an action that it has already.
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
    /// What follows a snapshot starts at the head instead of where the snapshot was taken.
    LiveFromHead,
    /// Actions are taken under any epoch.
    ForgetEpoch,
    /// The former owner isn't woken to hear that it is fenced off.
    ForgetToFence,
    /// Any owner key is the room's.
    AcceptAnyKey,
    /// A session that was superseded may claim again.
    SupersededComesBack,
    /// The reply to a claim acknowledges one action too much.
    AcknowledgeTooMuch,
    /// What was answered on a former connection isn't said again.
    ForgetAnswers,
    /// A refusal isn't remembered as an answer.
    ForgetRefusals,
    /// A new session is taken for the one before.
    ClaimKeepsAnswers,
    /// The session doesn't send again what wasn't answered.
    ForgetUnanswered,
    /// A newer value takes the place of the one that it replaces, and so overtakes what was sent in between.
    ReplaceInPlace,
    /// The page isn't told of the slots that a resync leaves out.
    KeepSlotsAfterResync,
    /// The page is handed again what a snapshot repeats.
    ApplyAgain,
    /// What had come of a snapshot is taken for all of it.
    KeepTornSnapshot,
    /// The state that a newer value replaces stays in the snapshot's order.
    KeepReplacedState,
    /// A cleared slot stays in the snapshot.
    KeepClearedSlot,
    /// A snapshot that was rendered before a change is served after it.
    StaleSnapshot,
    /// The log of whole envelopes loses count at a clear.
    OriginalLogOutOfStep,
    /// A close leaves the room in the table.
    CloseKeepsRoom,
    /// A closed room ends its followers before they have had everything.
    EndBeforeTheRest,
    /// A room without an owner lives for ever.
    IgnoreGrace,
    /// A follower that left still counts.
    ForgetToLeave,
    /// A full room lets more followers in.
    IgnoreRoomFull,
    /// A room retains more slots than it may.
    IgnoreSlotLimit,
    /// An owner is listened to however fast it is.
    IgnorePace,
    /// Nobody is woken by an action.
    WakeNobody,
    /// A returning follower isn't told again whether the owner is there.
    ForgetPresence,
    /// The session doesn't mind when its ping isn't answered.
    IgnoreMissingPong,
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
pub(crate) use switch::is_active;
#[cfg(feature = "mutations")]
pub use switch::switch_on;

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

    pub(crate) fn is_active(mutation: Mutation) -> bool {
        ACTIVE.load(Ordering::Relaxed) == mutation as u8
    }

    impl Mutation {
        /// Every fault.
        pub const ALL: [Self; 34] = {
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
            ]
        };
    }
}
