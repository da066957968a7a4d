//! Resolves defaults, file, environment and flags to one configuration.

use std::collections::HashMap;
use std::ffi::OsString;

use super::command::{CONFIG_VARIABLE, Invocation};
use super::file::{self, Contents};
use super::problem::{Problem, Problems};
use super::setting::Setting;
use super::source::Source;
use super::value::Given;
use super::{Configuration, rules, settings};

/// The configuration in force, with the source of each value.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) configuration: Configuration,
    /// By the settings' keys. A setting that isn't in it has its default.
    sources: HashMap<String, Source>,
}

impl Resolved {
    /// The source of a setting's value.
    pub(super) fn source(&self, key: &str) -> &Source {
        self.sources.get(key).unwrap_or(&Source::Default)
    }
}

/// Resolves the configuration, and reports all its problems. An empty environment variable counts
/// as not set.
pub(crate) fn resolve(
    invocation: &Invocation,
    environment: impl Fn(&str) -> Option<OsString>,
) -> (Resolved, Result<(), Problems>) {
    let mut problems = Vec::new();
    let mut variable = |name: &str| {
        let value = environment(name).filter(|value| !value.is_empty())?;
        value.into_string().map_err(|_| problems.push(Problem::with(name, "is not UTF-8"))).ok()
    };
    let file = invocation.file.clone().or_else(|| variable(CONFIG_VARIABLE));
    let from_environment: Vec<_> = settings::all()
        .filter_map(|setting| {
            let name = setting.variable();
            let words = Given::Words(vec![variable(&name)?]);
            Some((setting.key(), words, Source::Environment(name)))
        })
        .collect();
    let mut values = Vec::new();
    if let Some(file) = file {
        let Contents { values: from_file, problems: reading_problems } = file::read(&file);
        values = from_file;
        problems.extend(reading_problems);
    }
    values.extend(from_environment);
    values.extend(invocation.flags.iter().cloned());

    let mut resolved = Resolved { configuration: Configuration::default(), sources: HashMap::new() };
    for (key, given, source) in values {
        let setting = setting(&key);
        match setting.kind.set(&mut resolved.configuration, &given) {
            Ok(()) => drop(resolved.sources.insert(key, source)),
            Err(message) => problems.push(Problem::with_value(&source, &key, message)),
        }
    }
    // If some values are wrong, contradictions between values would only confuse.
    if problems.is_empty() && invocation.task.keeps_rules() {
        problems = rules::broken(&resolved);
    }
    let verdict = if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) };
    (resolved, verdict)
}

fn setting(key: &str) -> &'static Setting {
    settings::all().find(|setting| setting.key() == key).expect("values are only read for settings there are")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Task;
    use rtbroadcaster::{HostPolicy, Settings};

    fn flags(flags: &[(&str, &str)]) -> Invocation {
        let flags = flags.iter().map(|(key, word)| {
            let flag = Source::Flag(setting(key).flag());
            ((*key).to_owned(), Given::Words(vec![(*word).to_owned()]), flag)
        });
        Invocation { task: Task::Serve, file: None, flags: flags.collect() }
    }

    fn with_flags(given: &[(&str, &str)]) -> Result<Configuration, String> {
        let (resolved, verdict) = resolve(&flags(given), |_| None);
        verdict.map(|()| resolved.configuration).map_err(|problems| problems.to_string())
    }

    #[test]
    fn without_anything_the_settings_are_the_librarys_defaults() {
        let configuration = with_flags(&[]).unwrap();
        assert_eq!(configuration, Configuration::default());
        let hosts = HostPolicy::local(configuration.listen.ip());
        assert_eq!(configuration.settings(), Settings::default().with(|settings| settings.hosts = hosts));
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_an_empty_variable_is_none() {
        let environment = |name: &str| match name {
            "RTBROADCASTER_ROOMS" => Some("7".into()),
            "RTBROADCASTER_RING_ACTIONS" => Some("8".into()),
            "RTBROADCASTER_LOG" => Some("".into()),
            _ => None,
        };
        let (resolved, verdict) = resolve(&flags(&[("limits.rooms", "9")]), environment);
        assert_eq!(verdict, Ok(()));
        assert_eq!(resolved.configuration.rooms.limits.rooms, 9);
        assert_eq!(resolved.configuration.rooms.limits.ring_actions, 8);
        assert_eq!(resolved.source("limits.rooms"), &Source::Flag("--rooms".to_owned()));
        let variable = Source::Environment("RTBROADCASTER_RING_ACTIONS".to_owned());
        assert_eq!(resolved.source("limits.ring-actions"), &variable);
        assert_eq!(resolved.source("server.log"), &Source::Default);
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let (_, verdict) =
            resolve(&flags(&[]), |name| (name == "RTBROADCASTER_ROOMS").then(|| "many".into()));
        let expected = "error: RTBROADCASTER_ROOMS: must be a whole number from 1 to 4294967295\n";
        assert_eq!(verdict.unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_short_form_that_can_mean_only_one_thing_is_understood() {
        for (given, expected) in [("8081", "127.0.0.1:8081"), ("localhost:1", "127.0.0.1:1")] {
            assert_eq!(with_flags(&[("server.listen", given)]).unwrap().listen.to_string(), expected);
        }
        assert_eq!(with_flags(&[("server.www", "")]).unwrap().www, None);
    }

    #[test]
    fn a_value_that_cannot_work_is_refused() {
        for (key, wrong) in [
            ("server.path", "broadcasting"),
            ("server.path", "/"),
            ("server.path", "/healthz"),
            ("server.path", "/readyz"),
            ("server.path", "/a%20b"),
            ("limits.rooms", "0"),
            ("limits.ping-interval-ms", "0"),
            ("server.listen", "example"),
            ("server.log", "inof"),
            ("access.allow-origin", "example.org"),
            ("access.allow-origin", "https://a.*.example.org"),
            ("access.allow-host", "https://example.org"),
            ("server.www-expose", "everything"),
        ] {
            let message = with_flags(&[(key, wrong)]).unwrap_err();
            assert!(message.starts_with(&format!("error: {}: ", setting(key).flag())), "{message}");
        }
    }
}
