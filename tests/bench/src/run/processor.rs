//! What was measured of each goal on one kind of processor. It is kept, so that later runs on other
//! processors stand beside it.

use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::goal::Goal;
use super::machine;

/// A goal that begins with this says more of what an earlier one is about.
const SAME: &str = "the same";
const ENDING: &str = "tsv";

/// The figures of one run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Processor {
    model: String,
    cores: String,
    date: String,
    /// `None` if that isn't known.
    is_quiet: Option<bool>,
    /// Goals and figures, in the order of the goals.
    figures: Vec<(String, String)>,
}

impl Processor {
    /// What was measured on this machine today.
    pub(super) fn of_run(goals: &[Goal], is_quiet: bool) -> anyhow::Result<Self> {
        let figures = goals.iter().map(|goal| (goal.what.to_owned(), goal.shown()));
        Ok(Self {
            model: machine::processor()?,
            cores: machine::cores()?.to_string(),
            date: machine::date()?,
            is_quiet: Some(is_quiet),
            figures: figures.collect(),
        })
    }

    /// Keeps the figures in a folder, instead of those of an earlier run on such a processor.
    pub(super) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join(format!("{}.{ENDING}", self.file_name()));
        fs::write(&file, self.to_text()).with_context(|| format!("cannot write {}", file.display()))
    }

    /// All that is kept in a folder, in the order of the files' names.
    pub(super) fn kept(folder: &Path) -> anyhow::Result<Vec<Self>> {
        let files = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut files = files.map(|file| Ok(file?.path())).collect::<anyhow::Result<Vec<_>>>()?;
        files.retain(|file| file.extension().is_some_and(|ending| ending == ENDING));
        files.sort();
        let read = |file: &_| {
            let text = fs::read_to_string(file)?;
            Self::parse(&text)
        };
        files.iter().map(|file| read(file).with_context(|| format!("{}", file.display()))).collect()
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut lines = text.lines().enumerate().map(|(number, line)| match line.split_once('\t') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => bail!("line {} has no tab in it", number + 1),
        });
        let mut next = |wanted| match lines.next().transpose()? {
            Some((name, value)) if name == wanted => Ok(value),
            other => bail!("{wanted} should be there instead of {other:?}"),
        };
        let (model, cores, date) = (next("processor")?, next("cores")?, next("date")?);
        let is_quiet = match &*next("quiet")? {
            "yes" => Some(true),
            "no" => Some(false),
            "unknown" => None,
            other => bail!("quiet is yes, no or unknown, not {other:?}"),
        };
        next("goal")?;
        Ok(Self { model, cores, date, is_quiet, figures: lines.collect::<anyhow::Result<_>>()? })
    }

    fn to_text(&self) -> String {
        let Self { model, cores, date, is_quiet, figures } = self;
        let quiet = is_quiet.map_or("unknown", |is| if is { "yes" } else { "no" });
        let mut text =
            format!("processor\t{model}\ncores\t{cores}\ndate\t{date}\nquiet\t{quiet}\ngoal\tmeasured\n");
        for (goal, figure) in figures {
            let _ = writeln!(text, "{goal}\t{figure}");
        }
        text
    }

    /// `AMD EPYC` is `amd-epyc`, `Intel(R) Xeon(R) Processor @ 2.60GHz` is `intel-xeon`.
    fn file_name(&self) -> String {
        let model = self.model.split('@').next().unwrap_or_default().to_lowercase();
        let model = model.replace("(r)", " ").replace("(tm)", " ");
        let words = model.split(|letter: char| !letter.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !matches!(*word, "" | "cpu" | "processor")).collect();
        if words.is_empty() { "unknown".to_owned() } else { words.join("-") }
    }

    fn by_goal(&self) -> HashMap<(&str, &str), &str> {
        let goals = with_subjects(self.figures.iter().map(|(goal, _)| &**goal));
        goals.into_iter().zip(self.figures.iter().map(|(_, figure)| &**figure)).collect()
    }

    /// The head of its column in a table.
    fn head(&self) -> String {
        let quiet = self.is_quiet.map_or("", |is| if is { ", quiet" } else { ", **not quiet**" });
        format!("{}, {} cores, {}{quiet}", self.model, self.cores, self.date)
    }
}

/// The goals with the figures of each processor beside each other.
pub(super) fn table(goals: &[Goal], processors: &[Processor]) -> String {
    let heads: Vec<_> = processors.iter().map(Processor::head).collect();
    let mut out =
        format!("| goal | wanted | {} |\n|---|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    let columns: Vec<_> = processors.iter().map(Processor::by_goal).collect();
    for (goal, name) in goals.iter().zip(with_subjects(goals.iter().map(|goal| goal.what))) {
        let cells: Vec<_> =
            columns.iter().map(|column| column.get(&name).map_or("–", |figure| figure)).collect();
        let _ = writeln!(out, "| {} | {} | {} |", goal.what, goal.wanted(), cells.join(" | "));
    }
    out
}

/// Each goal with the one that says what it is about: `the same: p50` alone may be there twice.
fn with_subjects<'a>(goals: impl Iterator<Item = &'a str>) -> Vec<(&'a str, &'a str)> {
    let mut subject = "";
    let named = goals.map(|goal| {
        if !goal.starts_with(SAME) {
            subject = goal;
        }
        (subject, goal)
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processor(model: &str, figures: &[(&str, &str)]) -> Processor {
        Processor {
            model: model.to_owned(),
            cores: "2".to_owned(),
            date: "2026-11-30".to_owned(),
            is_quiet: Some(true),
            figures: figures
                .iter()
                .map(|(goal, figure)| ((*goal).to_owned(), (*figure).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn a_run_replaces_an_earlier_one_on_such_a_processor_and_no_other() {
        let folder = std::env::temp_dir().join(format!("rtbroadcaster-processors-{}", std::process::id()));
        let (old, new) = (processor("AMD EPYC", &[("a", "1")]), processor("AMD EPYC", &[("a", "2")]));
        let other =
            Processor { is_quiet: None, ..processor("Intel(R) Xeon(R) Processor @ 2.60GHz", &[("a", "3")]) };
        for run in [&old, &other, &new] {
            run.keep(&folder).unwrap();
        }
        assert!(folder.join("amd-epyc.tsv").exists() && folder.join("intel-xeon.tsv").exists());
        assert_eq!(Processor::kept(&folder).unwrap(), [new, other]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        let text = processor("AMD EPYC", &[("a", "1")]).to_text();
        assert!(Processor::parse(&text).is_ok());
        for (from, to) in [("cores", "corse"), ("yes", "perhaps"), ("a\t1", "a 1"), ("goal\tmeasured\n", "")]
        {
            assert!(Processor::parse(&text.replace(from, to)).is_err(), "{from}");
        }
    }

    #[test]
    fn figures_stand_beside_the_goal_that_they_are_of() {
        let goals = [("few", 1.0), ("the same: p99", 2.0), ("many", 3.0), ("the same: p99", 4.0)]
            .map(|(what, limit)| Goal::at_most(limit, what, None));
        let old = [("gone", "0"), ("the same: p99", "1"), ("many", "3.500"), ("the same: p99", "4.500")];
        let new = [("few", "1"), ("the same: p99", "2"), ("many", "3"), ("the same: p99", "4")];
        let table = table(&goals, &[processor("A", &old), processor("B", &new)]);
        let rows: Vec<_> = table.lines().collect();
        assert_eq!(
            rows,
            [
                "| goal | wanted | A, 2 cores, 2026-11-30, quiet | B, 2 cores, 2026-11-30, quiet |",
                "|---|---|---|---|",
                "| few | ≤ 1 | – | 1 |",
                "| the same: p99 | ≤ 2 | – | 2 |",
                "| many | ≤ 3 | 3.500 | 3 |",
                "| the same: p99 | ≤ 4 | 4.500 | 4 |",
            ]
        );
    }
}
