//! Writes JSON by appending to a string. Both sides need this, and it needs no library.

use alloc::string::String;

/// Writes one JSON object at the end of a string, field by field.
pub(crate) struct ObjectWriter<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> ObjectWriter<'a> {
    pub(crate) fn new(out: &'a mut String) -> Self {
        append(out, "{");
        Self { out, is_empty: true }
    }

    /// Goes on with an object that has a field already.
    pub(crate) fn going_on(out: &'a mut String) -> Self {
        Self { out, is_empty: false }
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        write_string(self.out, value);
        self
    }

    pub(crate) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.name(name);
        write_number(self.out, value);
        self
    }

    pub(crate) fn optional_number(&mut self, name: &str, value: Option<u64>) -> &mut Self {
        if let Some(value) = value {
            self.number(name, value);
        }
        self
    }

    pub(crate) fn optional_text(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    pub(crate) fn boolean(&mut self, name: &str, value: bool) -> &mut Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// A field whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name);
        append(self.out, json);
        self
    }

    /// The same under any name.
    #[cfg(feature = "rooms")]
    pub(crate) fn raw_under(&mut self, name: &str, json: &str) -> &mut Self {
        if !core::mem::take(&mut self.is_empty) {
            append(self.out, ",");
        }
        write_string(self.out, name);
        append(self.out, ":");
        append(self.out, json);
        self
    }

    pub(crate) fn object(&mut self, name: &str, fields: impl FnOnce(&mut ObjectWriter<'_>)) -> &mut Self {
        self.name(name);
        let mut inner = ObjectWriter::new(self.out);
        fields(&mut inner);
        inner.end();
        self
    }

    pub(crate) fn end(&mut self) {
        append(self.out, "}");
    }

    fn name(&mut self, name: &str) {
        append(self.out, if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        append(self.out, name);
        append(self.out, "\":");
    }
}

/// Writes a JSON string with its quotes, and escapes what RFC 8259 section 7 says must be escaped.
pub(crate) fn write_string(out: &mut String, text: &str) {
    append(out, "\"");
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        // An escaped character is one byte long, so both ends of the slice lie between characters.
        append(out, text.get(plain_from..at).unwrap_or_default());
        plain_from = at + 1;
        append(out, "\\");
        let escape = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            b'"' | b'\\' => byte,
            control => {
                append(out, if control < 0x10 { "u000" } else { "u001" });
                let digit = control & 0xf;
                if digit < 10 { b'0' + digit } else { b'a' - 10 + digit }
            }
        };
        push_ascii(out, escape);
    }
    append(out, text.get(plain_from..).unwrap_or_default());
    append(out, "\"");
}

/// Writes a number in decimal, without `write!`: every page would load the code behind that.
pub(crate) fn write_number(out: &mut String, value: u64) {
    if value >= 10 {
        write_number(out, value / 10);
    }
    // The remainder is a digit.
    push_ascii(out, b'0' + (value % 10) as u8);
}

/// The JSON of a list, each of whose items is written by `write`.
pub(crate) fn list<T>(items: &[T], write: impl Fn(&mut String, &T)) -> String {
    let mut out = String::from("[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            append(&mut out, ",");
        }
        write(&mut out, item);
    }
    append(&mut out, "]");
    out
}

/// Appends an ASCII character. The mask tells the compiler that it is one, which then leaves out
/// the code that encodes the rest of Unicode.
fn push_ascii(out: &mut String, byte: u8) {
    out.push(char::from(byte & 0x7f));
}

/// Appends a text. A page doesn't load the code for that once for each place.
#[cfg_attr(target_family = "wasm", inline(never))]
pub(crate) fn append(out: &mut String, text: &str) {
    out.push_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for value in [0, 9, 10, 105, 1_000_000, u64::MAX] {
            let mut out = String::new();
            write_number(&mut out, value);
            assert_eq!(out, value.to_string());
        }
    }

    #[test]
    fn a_string_escapes_exactly_what_json_forbids_in_it() {
        let mut out = String::new();
        write_string(&mut out, "\"ü\\\n\r\t\u{1}\u{1f}/😀\u{7f}\"");
        assert_eq!(out, "\"\\\"ü\\\\\\n\\r\\t\\u0001\\u001f/😀\u{7f}\\\"\"");
    }
}
