//! Prints the configuration as TOML: the one in force, and an example with every setting.

use std::fmt::Write as _;

use super::resolve::Resolved;
use super::setting::{Section, Setting};
use super::settings;
use super::value::Shown;

/// Width of the example's comments.
const WIDTH: usize = 100;

/// The configuration in force, each value with its source. Secrets are hidden.
pub(crate) fn effective(resolved: &Resolved) -> String {
    sections(|setting| {
        let source = resolved.source(&setting.key());
        let shown = setting.kind.show(&resolved.configuration);
        match toml(shown) {
            Some(value) => format!("{} = {value} # {source}\n", setting.name),
            None => format!("# {} is not set\n", setting.name),
        }
    })
}

/// A file with every setting commented out, at its default.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# Everything that `rtbroadcaster --config FILE` takes, at its default.\n\
         # `rtbroadcaster check FILE` says what is wrong with a file, `rtbroadcaster config` what is in\n\
         # force and where it comes from.\n\n",
    );
    text.push_str(&sections(|setting| {
        let value = toml(setting.default()).unwrap_or_else(|| "\"\"".to_owned());
        let mut text = comment(&format!("{}.", setting.help));
        // Writing to a String never fails.
        let _ = writeln!(text, "# {} = {value}\n", setting.name);
        text
    }));
    text
}

fn sections(setting_text: impl Fn(&Setting) -> String) -> String {
    let section = |section: Section| {
        let settings = settings::all().filter(|setting| setting.section == section).map(&setting_text);
        format!("[{}]\n{}", section.name(), settings.collect::<String>().trim_end())
    };
    Section::ALL.map(section).join("\n\n") + "\n"
}

/// A value as TOML. None if it is not set.
fn toml(shown: Shown) -> Option<String> {
    let value = match shown {
        Shown::Nothing => return None,
        Shown::Number(number) => toml::Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
        Shown::Text(text) => text.into(),
        Shown::List(list) => list.into(),
    };
    Some(value.to_string())
}

fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            lines.push_str(&line);
            lines.push('\n');
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::value::Kind;

    const DOCUMENT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/settings.md"));

    #[test]
    fn the_document_lists_every_setting_with_default_and_range_and_no_other() {
        for setting in settings::all() {
            let default = match setting.default() {
                Shown::Nothing => "–".to_owned(),
                Shown::List(list) if list.is_empty() => "–".to_owned(),
                Shown::List(list) => format!("`{}`", list.join(",")),
                Shown::Text(text) => format!("`{text}`"),
                Shown::Number(number) => format!("`{number}`"),
            };
            let flag = if setting.is_secret { "–".to_owned() } else { format!("`{}`", setting.flag()) };
            let mut row = format!("| `{}` | {flag} | {default} | ", setting.key());
            if let Some(values) = values(setting) {
                row.push_str(&values);
                row.push_str(" |");
            }
            assert!(DOCUMENT.contains(&row), "docs/settings.md has no row {row}");
        }
        let is_row = |line: &&str| {
            Section::ALL.iter().any(|section| line.starts_with(&format!("| `{}.", section.name())))
        };
        assert_eq!(DOCUMENT.lines().filter(is_row).count(), settings::all().count(), "and no other");
    }

    /// The values that a number may have, as the document writes them.
    fn values(setting: &Setting) -> Option<String> {
        // From this bound on the document says "or more".
        const UNBOUNDED_FROM: u64 = u32::MAX as u64;
        let (range, unit) = match &setting.kind {
            Kind::Milliseconds(_, range) => (range, " ms"),
            Kind::StoredBytes(_, range) => (range, " bytes"),
            Kind::Count(_, range) | Kind::Rate(_, range) if setting.value_name == "BYTES" => {
                (range, " bytes")
            }
            Kind::Count(_, range) | Kind::Rate(_, range) => (range, ""),
            Kind::Text { .. } | Kind::List { .. } => return None,
        };
        let min = with_commas(*range.start());
        Some(match *range.end() {
            UNBOUNDED_FROM.. => format!("{min} or more{unit}"),
            max => format!("{min} to {}{unit}", with_commas(max)),
        })
    }

    fn with_commas(number: u64) -> String {
        match number {
            0..1_000 => number.to_string(),
            _ => format!("{},{:03}", with_commas(number / 1_000), number % 1_000),
        }
    }

    #[test]
    fn the_example_file_is_what_the_program_prints() {
        let file = include_str!("../../../deploy/rtbroadcaster.toml");
        assert!(
            file == example(),
            "print it anew: rtbroadcaster config --example >server/deploy/rtbroadcaster.toml"
        );
    }
}
