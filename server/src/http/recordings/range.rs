//! Which part of a recording is asked for (RFC 9110 section 14).

/// The bytes that a header `Range` asks for, of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of them: there is no such header, or it asks for what isn't given.
    All,
    /// Those from the first to the last, which is included.
    Bytes { first: u64, last: u64 },
    /// None that there are.
    None,
}

/// Reads the header. Only one range of bytes is given at a time.
pub(super) fn asked(header: Option<&str>, length: u64) -> Asked {
    let Some(range) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Asked::All };
    let Some((first, last)) = range.split_once('-') else { return Asked::All };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = match (first.trim(), last.trim()) {
        // The last so many bytes.
        ("", suffix) => match number(suffix) {
            Some(0) => return Asked::None,
            Some(suffix) => (length.saturating_sub(suffix), u64::MAX),
            None => return Asked::All,
        },
        (first, "") => match number(first) {
            Some(first) => (first, u64::MAX),
            None => return Asked::All,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last),
            _ => return Asked::All,
        },
    };
    if first >= length {
        return Asked::None;
    }
    Asked::Bytes { first, last: last.min(length - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let bytes = |first, last| Asked::Bytes { first, last };
        for (header, expected) in [
            (None, Asked::All),
            (Some("bytes=0-"), bytes(0, 99)),
            (Some("bytes=10-19"), bytes(10, 19)),
            (Some("bytes=10-1000"), bytes(10, 99)),
            (Some("bytes=-30"), bytes(70, 99)),
            (Some("bytes=-1000"), bytes(0, 99)),
            (Some("bytes=100-"), Asked::None),
            (Some("bytes=-0"), Asked::None),
            (Some("bytes=20-10"), Asked::All),
            (Some("bytes=0-1,5-6"), Asked::All),
            (Some("bytes=a-b"), Asked::All),
            (Some("lines=0-"), Asked::All),
        ] {
            assert_eq!(asked(header, 100), expected, "{header:?}");
        }
        assert_eq!(asked(Some("bytes=0-"), 0), Asked::None);
    }
}
