//! Conversations, compared byte for byte with golden samples.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::Client;

/// All messages on the wire, in order: `owner > …` from the client, `owner < …` to it, and
/// `owner x 4500` at its close.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
}

impl Transcript {
    /// Adds a heading.
    pub fn title(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.write(format_args!("{gap}# {title}"));
    }

    /// Sends a message from a client.
    pub async fn says(&mut self, who: &str, client: &mut Client, text: impl ToString) {
        let text = text.to_string();
        self.write(format_args!("{who} > {text}"));
        client.send(text).await;
    }

    /// Reads the next message to a client, and returns it.
    pub async fn hears(&mut self, who: &str, client: &mut Client) -> String {
        let text = client.text().await;
        self.write(format_args!("{who} < {text}"));
        text
    }

    /// Waits for the close of a client's socket.
    pub async fn closes(&mut self, who: &str, client: &mut Client) {
        let code = client.closed().await;
        self.write(format_args!("{who} x {code}"));
    }

    /// Compares the transcript with a file of `golden/`, with each secret replaced by its name.
    /// With `UPDATE_GOLDEN=1` in the environment it writes the file instead.
    pub fn matches(mut self, file: &str, secrets: &[(&str, &str)]) {
        for (secret, name) in secrets {
            self.text = self.text.replace(secret, name);
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
        if env::var_os("UPDATE_GOLDEN").is_some() {
            return fs::write(&path, self.text).expect("the golden file can be written");
        }
        let expected = fs::read_to_string(&path).expect("the golden file can be read");
        for (number, (actual, expected)) in self.text.lines().zip(expected.lines()).enumerate() {
            assert_eq!(actual, expected, "line {} of {file}", number + 1);
        }
        assert_eq!(self.text.lines().count(), expected.lines().count(), "lines of {file}");
    }

    fn write(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a String takes everything");
    }
}
