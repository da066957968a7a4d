//! The configuration file: reads TOML and keeps the position of each value.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::problem::Problem;
use super::setting::Section;
use super::source::{Position, Source};
use super::value::Given;
use super::{settings, suggestion};

/// What a file sets, by the settings' keys, and what is wrong with it.
pub(super) struct Contents {
    pub(super) values: Vec<(String, Given, Source)>,
    pub(super) problems: Vec<Problem>,
}

/// Reads the file of this name.
pub(super) fn read(file: &str) -> Contents {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            let problem = Problem::with(file, format!("cannot be read: {error}"));
            return Contents { values: Vec::new(), problems: vec![problem] };
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => parse(file, &text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
            let problem =
                Problem::in_file(&Position::of_byte(file, &text, valid), None, "is not UTF-8 from here on");
            Contents { values: Vec::new(), problems: vec![problem] }
        }
    }
}

/// Reads the text of a file.
fn parse(file: &str, text: &str) -> Contents {
    let mut reader = Reader { file, text, contents: Contents { values: Vec::new(), problems: Vec::new() } };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let byte = error.span().map_or(0, |span| span.start);
        reader.problem(byte, None, error.message());
    }
    // After a syntax error keys are missing or incomplete, so further problems would mislead.
    if reader.contents.problems.is_empty() {
        reader.sections(document.get_ref());
    }
    reader.contents
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    contents: Contents,
}

impl Reader<'_> {
    fn sections(&mut self, document: &DeTable<'_>) {
        for (name, value) in as_written(document) {
            let byte = name.span().start;
            let section = Section::ALL.into_iter().find(|section| section.name() == name.get_ref());
            match (section, value.get_ref()) {
                (Some(section), DeValue::Table(table)) => self.settings(section, table),
                (Some(section), _) => {
                    let message = format!("is a section: write [{}] and its keys below", section.name());
                    self.problem(byte, Some(section.name()), message);
                }
                (None, _) => self.unknown(byte, name.get_ref()),
            }
        }
    }

    fn settings(&mut self, section: Section, table: &DeTable<'_>) {
        for (name, value) in as_written(table) {
            let known = settings::all()
                .find(|setting| setting.section == section && setting.name == name.get_ref().as_ref());
            match known {
                Some(setting) => {
                    let position = Position::of_byte(self.file, self.text, value.span().start);
                    self.contents.values.push((
                        setting.key(),
                        given(value.get_ref()),
                        Source::File(position),
                    ));
                }
                None => self.unknown(name.span().start, &format!("{}.{}", section.name(), name.get_ref())),
            }
        }
    }

    fn unknown(&mut self, byte: usize, key: &str) {
        let message = match suggestion::key(key) {
            Some(meant) => format!("is no setting: did you mean {meant}?"),
            None => "is no setting: `rtbroadcaster config --example` lists all".to_owned(),
        };
        self.problem(byte, Some(key), message);
    }

    fn problem(&mut self, byte: usize, key: Option<&str>, message: impl Into<String>) {
        let position = Position::of_byte(self.file, self.text, byte);
        self.contents.problems.push(Problem::in_file(&position, key, message));
    }
}

type Entry<'a> = (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>);

/// The entries of a table in the order of the file, so that problems come in the same order.
fn as_written<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            parsed.map_or(Given::Other("a number too large"), Given::Number)
        }
        DeValue::Array(values) => {
            let texts = values.iter().map(|value| value.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map_or(Given::Other("a list of other things"), Given::List)
        }
        DeValue::Float(_) => Given::Other("a number with a point"),
        DeValue::Boolean(_) => Given::Other("true or false"),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a section"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> String {
        crate::configuration::Problems(parse("a.toml", text).problems).to_string()
    }

    #[test]
    fn every_value_knows_its_position() {
        let contents = parse("a.toml", "# first\n[limits]\nrooms = 5\n  ring-actions=0x10\n");
        let position = |line, column| Source::File(Position { file: "a.toml".to_owned(), line, column });
        assert_eq!(
            contents.values,
            [
                ("limits.rooms".to_owned(), Given::Number(5), position(3, 9)),
                ("limits.ring-actions".to_owned(), Given::Number(16), position(4, 16)),
            ]
        );
    }

    #[test]
    fn dotted_keys_and_inline_tables_are_read_like_sections() {
        for text in ["limits.rooms = 5", "limits = { rooms = 5 }"] {
            assert_eq!(parse("a.toml", text).values[0].1, Given::Number(5), "{text}");
        }
    }

    #[test]
    fn an_unknown_key_is_an_error_with_what_was_probably_meant() {
        let cases = [
            ("[limits]\nromms = 5\n", "a.toml:2:1: limits.romms: is no setting: did you mean limits.rooms?"),
            ("rooms = 5\n", "a.toml:1:1: rooms: is no setting: did you mean limits.rooms?"),
            ("[server]\nrooms = 5\n", "a.toml:2:1: server.rooms: is no setting: did you mean limits.rooms?"),
            ("[limit]\n", "a.toml:1:2: limit: is no setting: did you mean [limits]?"),
            (
                "[limits]\nring_actions = 5\n",
                "a.toml:2:1: limits.ring_actions: is no setting: did you mean limits.ring-actions?",
            ),
            ("x = 5\n", "a.toml:1:1: x: is no setting: `rtbroadcaster config --example` lists all"),
            ("limits = 5\n", "a.toml:1:1: limits: is a section: write [limits] and its keys below"),
        ];
        for (text, expected) in cases {
            assert_eq!(problems(text), format!("error: {expected}\n"));
        }
    }

    #[test]
    fn broken_toml_is_reported_with_line_and_column() {
        let message = problems("[limits]\nrooms = \n");
        assert!(message.starts_with("error: a.toml:2:"), "{message}");
        let twice = problems("[limits]\nrooms = 1\nrooms = 2\n");
        assert!(twice.starts_with("error: a.toml:3:1: duplicate key"), "{twice}");
    }
}
