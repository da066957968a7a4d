//! The inputs that a fuzzer found worth keeping break nothing. `tests/fuzz/` looks for more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rtbroadcaster_tests::fuzz::{TARGETS, names};

#[test]
fn nothing_in_the_corpora_breaks_anything() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut count = 0;
        for entry in fs::read_dir(&folder).expect("each target has a corpus") {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            // Shows which input a failure is about.
            println!("{}", path.display());
            target(&data);
            count += 1;
        }
        assert!(count > 0, "{} is empty", folder.display());
    }
}

#[test]
fn every_target_is_known_to_the_fuzzer_and_has_a_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let files = |folder: &str, what: &str| -> BTreeSet<String> {
        let all = fs::read_dir(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
        all.map(|entry| {
            Path::new(&entry.unwrap().file_name()).file_stem().unwrap().to_string_lossy().into_owned()
        })
        .collect()
    };
    let expected: BTreeSet<String> = names().into_iter().map(str::to_owned).collect();
    assert_eq!(files(&folder.join("fuzz_targets").to_string_lossy(), "targets"), expected);
    assert_eq!(files(&folder.join("corpus").to_string_lossy(), "corpora"), expected);
}
