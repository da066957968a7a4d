//! The guarantees, by name.

use std::fmt;

/// What must hold in every world: the guarantees G1 to G9, and that nothing panics.
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
