//! Suggestions for misspelt names.

use super::setting::{Section, Setting};
use super::settings;
use crate::commands;

/// How alike two names must be for a suggestion; 1 is equal. Clap suggests flags from 0.7 on. Keys
/// are more alike than flags, because those of a section share its name.
const MIN_LIKENESS: f64 = 0.85;

const VARIABLES: &str = "RTBROADCASTER_";

/// The most similar key or section of the file, for an unknown one.
pub(super) fn key(wrong: &str) -> Option<String> {
    let name = wrong.rsplit('.').next().unwrap_or(wrong);
    let keys = settings::all().map(|setting| (setting.key(), setting.name));
    let sections = Section::ALL.into_iter().map(|section| (format!("[{}]", section.name()), section.name()));
    best(keys.chain(sections).map(|(key, other)| {
        // A key in the wrong section is similar by its name alone.
        let likeness = strsim::jaro_winkler(wrong, &key).max(strsim::jaro_winkler(name, other));
        (likeness, key)
    }))
}

/// Unknown environment variables, each with the most similar known one. A variable with our prefix
/// that resembles none is ignored: Kubernetes sets some for a service of our name, for example
/// `RTBROADCASTER_PORT`.
pub(crate) fn misspelt(variables: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let is_known = |name: &str| {
        commands::VARIABLES.contains(&name) || settings::all().any(|setting| setting.variable() == name)
    };
    let unknown = variables.filter(|name| !is_known(name));
    let meant = unknown.filter_map(|name| {
        let rest = name.strip_prefix(VARIABLES)?;
        let known = settings::all().map(Setting::variable);
        let meant = best(known.map(|other| {
            let other_rest = other.strip_prefix(VARIABLES).unwrap_or(&other);
            (strsim::jaro_winkler(rest, other_rest), other)
        }))?;
        Some((name, meant))
    });
    meant.collect()
}

fn best(candidates: impl Iterator<Item = (f64, String)>) -> Option<String> {
    let (likeness, best) = candidates.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= MIN_LIKENESS).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_reported_and_those_of_others_are_not() {
        let names = [
            "RTBROADCASTER_ROMS",
            "RTBROADCASTER_ROOMS",
            "RTBROADCASTER_PORT",
            "RTBROADCASTER_SERVICE_HOST",
            "RTBROADCASTER_PORT_8080_TCP_ADDR",
            "RTBROADCASTER_CONFIG",
            "ROMS",
        ];
        let suggested = misspelt(names.map(str::to_owned).into_iter());
        assert_eq!(suggested, [("RTBROADCASTER_ROMS".to_owned(), "RTBROADCASTER_ROOMS".to_owned())]);
    }
}
