//! In what a stream that is there differs from the one that a node needs, and how to mend it.

use std::fmt;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

/// A stream that is there, with settings that a node can't use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamDifferences {
    stream: String,
    differences: Vec<Difference>,
}

/// One setting of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Difference {
    /// Its name in JetStream.
    setting: &'static str,
    found: String,
    wanted: String,
    /// The flag of `nats stream edit` that mends it. None if nothing does.
    mend: Option<String>,
}

impl StreamDifferences {
    /// Compares a stream with the one that is needed. None if nothing differs that matters.
    ///
    /// What an operator may choose freely isn't compared: compression, placement, description,
    /// metadata.
    pub(super) fn between(found: &Config, wanted: &Config) -> Option<Self> {
        let differences: Vec<_> = [kind(found, wanted), limits(found, wanted), access(found, wanted)]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        (!differences.is_empty()).then(|| Self { stream: wanted.name.clone(), differences })
    }

    /// All of them, for a message. Those with the same differences are told once.
    pub(super) fn shown(streams: &[Self]) -> String {
        let mut told: Vec<(Vec<&str>, &Self)> = Vec::new();
        for stream in streams {
            match told.iter_mut().find(|(_, other)| other.differences == stream.differences) {
                Some((names, _)) => names.push(&stream.stream),
                None => told.push((vec![&stream.stream], stream)),
            }
        }
        let told = told.into_iter().map(|(names, stream)| stream.told_for(&names));
        told.collect::<Vec<_>>().join("; and ")
    }

    fn told_for(&self, names: &[&str]) -> String {
        let differences: Vec<_> = self.differences.iter().map(ToString::to_string).collect();
        let (what, whose) = match names {
            [name] => (format!("stream {name} is there"), (*name).to_owned()),
            _ => (format!("streams {} are there", names.join(", ")), "STREAM".to_owned()),
        };
        let flags: Option<Vec<_>> = self.differences.iter().map(|one| one.mend.clone()).collect();
        let (each, last) = if names.len() == 1 { ("", "it") } else { ("for each of them, ", "them") };
        let advice = match flags {
            Some(flags) => format!(
                "Give this node the settings that the other nodes have; or if these here are meant, {each}nats stream edit {whose} {}",
                flags.join(" ")
            ),
            None => format!(
                "Give these rooms another --cluster-name (cluster.cluster-name), or delete {last} with all that is in {last}: \
                 {each}nats stream rm {whose}"
            ),
        };
        format!("{what} with other settings: {}. {advice}", differences.join("; "))
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is {} and should be {}", self.setting, self.found, self.wanted)
    }
}

/// What can't be changed in a stream, mostly.
fn kind(found: &Config, wanted: &Config) -> Vec<Option<Difference>> {
    let sources = |config: &Config| config.mirror.is_some() || config.sources.is_some();
    vec![
        differing("retention", found.retention, wanted.retention, retention, None),
        differing("storage", found.storage, wanted.storage, storage, None),
        differing("mirror or sources", sources(found), sources(wanted), yes_or_no, None),
        differing("sealed", found.sealed, wanted.sealed, yes_or_no, None),
        differing("deny_delete", found.deny_delete, wanted.deny_delete, yes_or_no, None),
        differing("deny_purge", found.deny_purge, wanted.deny_purge, yes_or_no, None),
        differing("no_ack", found.no_ack, wanted.no_ack, yes_or_no, Some("--ack".to_owned())),
        differing(
            "persist_mode",
            found.persist_mode.is_some(),
            wanted.persist_mode.is_some(),
            yes_or_no,
            None,
        ),
    ]
}

/// How much a stream takes, and for how long.
fn limits(found: &Config, wanted: &Config) -> Vec<Option<Difference>> {
    let flag = |name: &str, value: &dyn fmt::Display| Some(format!("--{name}={value}"));
    let seconds = format!("{}ms", wanted.max_age.as_millis());
    vec![
        differing(
            "num_replicas",
            found.num_replicas,
            wanted.num_replicas,
            |number| number.to_string(),
            flag("replicas", &wanted.num_replicas),
        ),
        differing(
            "max_bytes",
            found.max_bytes,
            wanted.max_bytes,
            limit,
            flag("max-bytes", &wanted.max_bytes),
        ),
        differing("max_age", found.max_age, wanted.max_age, age, flag("max-age", &seconds)),
        differing(
            "max_msgs",
            found.max_messages.max(0),
            wanted.max_messages.max(0),
            limit,
            flag("max-msgs", &-1),
        ),
        differing(
            "max_msgs_per_subject",
            found.max_messages_per_subject.max(0),
            wanted.max_messages_per_subject.max(0),
            limit,
            flag(
                "max-msgs-per-subject",
                &if wanted.max_messages_per_subject > 0 { wanted.max_messages_per_subject } else { -1 },
            ),
        ),
        differing(
            "max_msg_size",
            i64::from(found.max_message_size.max(0)),
            i64::from(wanted.max_message_size.max(0)),
            limit,
            flag("max-msg-size", &-1),
        ),
        differing(
            "discard",
            found.discard,
            wanted.discard,
            |policy| if policy == DiscardPolicy::New { "new" } else { "old" }.to_owned(),
            flag("discard", &"new"),
        ),
    ]
}

/// What a stream takes, and how it is read.
fn access(found: &Config, wanted: &Config) -> Vec<Option<Difference>> {
    let republished = |config: &Config| {
        config.republish.as_ref().map_or("nothing".to_owned(), |republish| {
            let what = if republish.headers_only { ", headers only" } else { "" };
            format!("{} to {}{what}", republish.source, republish.destination)
        })
    };
    let republish = wanted.republish.as_ref().map(|republish| {
        let (source, destination) = (&republish.source, &republish.destination);
        format!("--republish-source='{source}' --republish-destination='{destination}'")
    });
    let transformed = |config: &Config| config.subject_transform.is_some();
    vec![
        differing(
            "subjects",
            found.subjects.join(" "),
            wanted.subjects.join(" "),
            |subjects| subjects,
            Some(format!("--subjects='{}'", wanted.subjects.join(","))),
        ),
        differing("republish", republished(found), republished(wanted), |republish| republish, republish),
        differing(
            "subject_transform",
            transformed(found),
            transformed(wanted),
            yes_or_no,
            Some("--no-transform".to_owned()),
        ),
        differing(
            "allow_direct",
            found.allow_direct,
            wanted.allow_direct,
            yes_or_no,
            Some("--allow-direct".to_owned()),
        ),
    ]
}

fn differing<T: PartialEq>(
    setting: &'static str,
    found: T,
    wanted: T,
    shown: impl Fn(T) -> String,
    mend: Option<String>,
) -> Option<Difference> {
    (found != wanted).then(|| Difference { setting, found: shown(found), wanted: shown(wanted), mend })
}

fn yes_or_no(value: bool) -> String {
    if value { "true" } else { "false" }.to_owned()
}

fn limit(value: i64) -> String {
    if value > 0 { value.to_string() } else { "unlimited".to_owned() }
}

fn age(age: Duration) -> String {
    if age.is_zero() { "unlimited".to_owned() } else { format!("{} ms", age.as_millis()) }
}

fn retention(policy: RetentionPolicy) -> String {
    match policy {
        RetentionPolicy::Limits => "limits",
        RetentionPolicy::Interest => "interest",
        RetentionPolicy::WorkQueue => "workqueue",
    }
    .to_owned()
}

fn storage(storage: StorageType) -> String {
    match storage {
        StorageType::File => "file",
        StorageType::Memory => "memory",
    }
    .to_owned()
}
