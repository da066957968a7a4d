//! The readme's tables of codes say what the code says.

use rtbroadcaster_protocol::{CloseCode, RefusalCode};

const README: &str = include_str!("../../README.md");

#[test]
fn every_refusal_stands_in_the_readme_with_what_follows() {
    for code in RefusalCode::ALL {
        let row = README.lines().find(|line| line.starts_with(&format!("| `{}` |", code.as_str())));
        let row = row.unwrap_or_else(|| panic!("the readme has no row for {}", code.as_str()));
        let follows = code
            .closes_with()
            .map_or("the connection lives on".to_owned(), |close| format!("closed with {}", close.value()));
        assert!(row.ends_with(&format!("| {follows} |")), "{row}");
    }
}

#[test]
fn every_close_code_stands_in_the_readme() {
    let rows: Vec<_> = README
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next()?.parse::<u16>().ok())
        .collect();
    assert_eq!(rows, CloseCode::ALL.map(CloseCode::value));
}
