//! The guarantees, by name.

use std::fmt;

/// What must hold in every world: G1 to G9 of the architecture, and that nothing panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invariant {
    /// G1: only the connection that holds the newest claim changes what followers see.
    SingleWriter,
    /// G2: all see the room's actions in the order in which the owner sent them.
    Order,
    /// G3: what was acknowledged reaches everyone once, and what the owner is told of it is true.
    ExactlyOnce,
    /// G4: whoever has missed something is told so and gets the snapshot before anything newer.
    NoSilentGap,
    /// G5: when things are quiet, everyone knows what the room knows.
    Convergence,
    /// G6: the reply, the snapshot, then live actions from the very next seq.
    JoiningIsOneStep,
    /// G7: a close is heard once by all, and nothing comes after it.
    ClosingIsFinal,
    /// G8: nothing grows without bound, and nobody is kept busy for nothing.
    BoundedMemory,
    /// G9: every limit is kept, and nothing is refused below it.
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

    /// Passes if `holds`; `detail` says what was seen instead.
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
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.invariant.name(), self.detail)
    }
}

/// The result of whatever may find a violation.
pub(super) type Checked<T = ()> = Result<T, Violation>;
