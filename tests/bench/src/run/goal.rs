//! One goal of a page, and whether it is met.

use std::fmt::Write;

/// One goal, and what was measured.
pub(super) struct Goal {
    pub(super) what: &'static str,
    limit: Limit,
    /// `None` where it was not measured.
    value: Option<f64>,
}

#[derive(Clone, Copy)]
enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// It can't be judged on this machine; says what it would take.
    NotJudged(&'static str),
}

/// Goals as a table, line by line.
pub(super) fn table(goals: &[Goal]) -> String {
    let mut out = "| goal | wanted | measured | |\n|---|---|---|---|\n".to_owned();
    for goal in goals {
        let (wanted, value) = (goal.wanted(), goal.shown());
        let _ = writeln!(out, "| {} | {wanted} | {value} | {} |", goal.what, goal.verdict());
    }
    out
}

impl Goal {
    pub(super) fn at_most(limit: f64, what: &'static str, value: Option<f64>) -> Self {
        Self { what, limit: Limit::AtMost(limit), value }
    }

    pub(super) fn at_least(limit: f64, what: &'static str, value: Option<f64>) -> Self {
        Self { what, limit: Limit::AtLeast(limit), value }
    }

    /// Not a goal, but something to know beside them.
    pub(super) fn told(what: &'static str, value: Option<f64>) -> Self {
        Self { what, limit: Limit::NotJudged("–"), value }
    }

    pub(super) fn wanted(&self) -> String {
        match self.limit {
            Limit::AtMost(0.0) => "0".to_owned(),
            Limit::AtMost(limit) => format!("≤ {limit}"),
            Limit::AtLeast(limit) => format!("≥ {limit}"),
            Limit::NotJudged(why) => why.to_owned(),
        }
    }

    /// What was measured.
    pub(super) fn shown(&self) -> String {
        match self.value {
            None => "–".to_owned(),
            Some(value) if value == value.trunc() => format!("{value}"),
            Some(value) => format!("{value:.3}"),
        }
    }

    fn verdict(&self) -> &'static str {
        let is_met = match (self.value, self.limit) {
            (None, _) => return "not measured",
            (Some(_), Limit::NotJudged(_)) => return "not judged",
            (Some(value), Limit::AtMost(limit)) => value <= limit,
            (Some(value), Limit::AtLeast(limit)) => value >= limit,
        };
        if is_met { "met" } else { "**not met**" }
    }
}
