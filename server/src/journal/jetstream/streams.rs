//! The streams of a cluster: which they are, whether they are there, and their creation. Most of
//! them keep rooms; one keeps what no two nodes give out.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, Republish, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, ErrorCode};
use serde::{Deserialize, Serialize};

use super::account;
use super::api::{Answer, Api, refused};
use super::differences::StreamDifferences;
use super::error::ClusterError;
use super::settings::ClusterSettings;

/// How many streams share the rooms. Each has a leader of its own, so that the loss of a server
/// stops a part of them only.
pub(crate) const STREAMS: usize = 8;

/// How long a record is kept at least, in graces of an owner. Whoever has a room writes its
/// checkpoint anew before, so that only what nobody has any more goes by its age.
const GRACES: u64 = 3;

/// The shortest grace that counts for that, in milliseconds. Checkpoints would be written all the
/// time otherwise.
const SHORTEST_GRACE_MS: u64 = 60_000;

/// How often what is unique and still in use is written anew.
pub(crate) const UNIQUE_REFRESH: Duration = Duration::from_secs(6 * 3_600);

/// How long it is kept: a day after it was in use at least.
const UNIQUE_AGE: Duration = Duration::from_secs(30 * 3_600);

/// The bytes of all that is unique: some 400,000 codes. Those given out in the last day count.
const UNIQUE_BYTES: i64 = 64 * 1_024 * 1_024;

/// The longest time that JetStream can count.
const LONGEST_AGE: Duration = Duration::from_nanos(i64::MAX as u64);

/// How long an owner of a room may be away, as it counts for what is kept in the cluster. At least
/// a minute.
pub(crate) fn grace(owner_grace_ms: u64) -> Duration {
    Duration::from_millis(owner_grace_ms.max(SHORTEST_GRACE_MS))
}

/// The name of the stream of this number, below [`STREAMS`].
pub(crate) fn stream_name(cluster: &str, number: usize) -> String {
    format!("{}_{number}", cluster.to_ascii_uppercase().replace('-', "_"))
}

/// The name of the stream with what is unique.
pub(crate) fn unique_stream_name(cluster: &str) -> String {
    format!("{}_UNIQUE", cluster.to_ascii_uppercase().replace('-', "_"))
}

/// The streams that a node needs: those with rooms, and behind them the one with what is unique.
pub(super) fn wanted(settings: &ClusterSettings, owner_grace_ms: u64) -> Vec<Config> {
    let max_age = grace(owner_grace_ms).saturating_mul(GRACES as u32).min(LONGEST_AGE);
    let of_rooms = (0..STREAMS).map(|number| stream(settings, number, max_age));
    of_rooms.chain([unique_stream(settings)]).collect()
}

fn unique_stream(settings: &ClusterSettings) -> Config {
    let name = &settings.name;
    Config {
        name: unique_stream_name(name),
        description: Some(format!("what no two nodes of rtbroadcaster give out, as {name}")),
        subjects: vec![format!("{name}.unique.>")],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_bytes: UNIQUE_BYTES.min(i64::try_from(settings.stream_bytes).unwrap_or(i64::MAX)),
        max_messages_per_subject: 1,
        max_age: UNIQUE_AGE,
        num_replicas: settings.replicas,
        allow_direct: true,
        ..Config::default()
    }
}

fn stream(settings: &ClusterSettings, number: usize, max_age: Duration) -> Config {
    let name = &settings.name;
    Config {
        name: stream_name(name, number),
        description: Some(format!("rooms of rtbroadcaster, as {name}")),
        subjects: vec![format!("{name}.log.{number}.>")],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_bytes: i64::try_from(settings.stream_bytes).unwrap_or(i64::MAX),
        max_age,
        num_replicas: settings.replicas,
        allow_direct: true,
        republish: Some(Republish {
            source: format!("{name}.log.{number}.*.*"),
            destination: format!("{name}.live.{{{{wildcard(1)}}}}.{{{{wildcard(2)}}}}"),
            headers_only: false,
        }),
        ..Config::default()
    }
}

/// Asks for each of the streams whether it is there.
///
/// # Errors
/// If one is there that a node can't use, if another stream has its messages, or if JetStream
/// doesn't answer.
pub(super) async fn inspect(api: &Api<'_>, wanted: &[Config]) -> Result<Vec<bool>, ClusterError> {
    let mut are_there = Vec::new();
    let mut differences = Vec::new();
    for stream in wanted {
        let found = look(api, &stream.name).await?;
        if found.is_none() {
            refuse_others(api, stream).await?;
        }
        are_there.push(found.is_some());
        differences.extend(found.and_then(|found| differing(&found, stream)));
    }
    if differences.is_empty() { Ok(are_there) } else { Err(ClusterError::StreamsDiffer(differences)) }
}

/// In what a stream differs. How many bytes that of codes may have is the first node's to say.
fn differing(found: &Config, wanted: &Config) -> Option<StreamDifferences> {
    let mut wanted = wanted.clone();
    if wanted.max_messages_per_subject == 1 {
        wanted.max_bytes = found.max_bytes;
    }
    StreamDifferences::between(found, &wanted)
}

/// Creates those of the streams that are not there. Other nodes may do the same meanwhile.
///
/// # Errors
/// If one is there that a node can't use, or can't be created.
pub(super) async fn ensure(
    api: &Api<'_>,
    settings: &ClusterSettings,
    wanted: &[Config],
) -> Result<(), ClusterError> {
    let are_there = inspect(api, wanted).await?;
    for (stream, _) in wanted.iter().zip(are_there).filter(|(_, is_there)| !is_there) {
        let created: Answer<Info> = api.ask(&format!("STREAM.CREATE.{}", stream.name), stream).await?;
        match created {
            Ok(_) => {}
            Err(error) if error.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                // Another node was faster, and may have other settings.
                inspect(api, std::slice::from_ref(stream)).await?;
            }
            Err(error) => return Err(not_created(api, settings, stream, &error).await),
        }
    }
    Ok(())
}

/// The settings of a stream. None if there is no such stream.
async fn look(api: &Api<'_>, name: &str) -> Result<Option<Config>, ClusterError> {
    let info: Answer<Info> = api.ask(&format!("STREAM.INFO.{name}"), &()).await?;
    match info {
        Ok(info) => Ok(Some(info.config)),
        Err(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
        Err(error) => Err(refused(format!("to show the stream {name}"), &error)),
    }
}

/// Why a stream can't be created.
async fn not_created(
    api: &Api<'_>,
    settings: &ClusterSettings,
    stream: &Config,
    error: &jetstream::Error,
) -> ClusterError {
    let (reason, stream_bytes, replicas) = (error.to_string(), settings.stream_bytes, settings.replicas);
    match error.error_code() {
        ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => ClusterError::TooFewServers { replicas, reason },
        ErrorCode::CLUSTER_NO_PEERS if !reason.contains("storage") => {
            ClusterError::TooFewServers { replicas, reason }
        }
        ErrorCode::CLUSTER_NO_PEERS
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES => {
            // JetStream says the same where only the account has no more space.
            let of_account = account::check(api, settings, std::slice::from_ref(stream)).await.err();
            of_account.unwrap_or(ClusterError::NoSpace { stream_bytes, reason })
        }
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::MAXIMUM_STREAMS_LIMIT
        | ErrorCode::STREAM_MAX_STREAM_BYTES_EXCEEDED
        | ErrorCode::NO_LIMITS => ClusterError::AccountLimit { user: api.user(), stream_bytes, reason },
        _ => refused(format!("to create the stream {}", stream.name), error),
    }
}

/// A question for the names of streams.
#[derive(Serialize)]
struct NamesBySubject<'a> {
    subject: &'a str,
}

/// The answer. There is none if no stream has the subject.
#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    streams: Option<Vec<String>>,
}

/// Fails if another stream takes messages of this one, which is not there.
async fn refuse_others(api: &Api<'_>, stream: &Config) -> Result<(), ClusterError> {
    for subject in &stream.subjects {
        let names: Answer<Names> = api.ask("STREAM.NAMES", &NamesBySubject { subject }).await?;
        let names = names.map_err(|error| refused("to name its streams".to_owned(), &error))?;
        // Another node may have created it meanwhile.
        let others: Vec<_> =
            names.streams.unwrap_or_default().into_iter().filter(|name| *name != stream.name).collect();
        if !others.is_empty() {
            return Err(ClusterError::SubjectTaken {
                stream: stream.name.clone(),
                subject: subject.clone(),
                other: others.join(", "),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ClusterSettings {
        ClusterSettings::new(["nats://a".parse().unwrap()])
    }

    #[test]
    fn each_stream_takes_its_part_of_the_rooms_and_tells_all_nodes() {
        let settings = settings().with(|settings| settings.name = "rooms-of-mine".to_owned());
        let streams = wanted(&settings, 600_000);
        assert_eq!(streams.len(), 9);
        assert_eq!(
            (&*streams[8].name, &*streams[8].subjects[0]),
            ("ROOMS_OF_MINE_UNIQUE", "rooms-of-mine.unique.>")
        );
        assert_eq!(streams[7].name, "ROOMS_OF_MINE_7");
        assert_eq!(streams[7].subjects, ["rooms-of-mine.log.7.>"]);
        let republish = streams[7].republish.as_ref().unwrap();
        assert_eq!(republish.source, "rooms-of-mine.log.7.*.*");
        assert_eq!(republish.destination, "rooms-of-mine.live.{{wildcard(1)}}.{{wildcard(2)}}");
    }

    #[test]
    fn the_stream_of_codes_may_have_any_size_and_those_of_rooms_may_not() {
        let (small, large) = (settings().with(|settings| settings.stream_bytes = 1 << 20), settings());
        let (small, large) = (wanted(&small, 600_000), wanted(&large, 600_000));
        assert_ne!(small[8].max_bytes, large[8].max_bytes);
        assert_eq!(differing(&small[8], &large[8]), None);
        assert!(differing(&small[0], &large[0]).is_some());
    }

    #[test]
    fn records_outlive_three_graces_and_no_grace_is_too_short_or_too_long() {
        let age = |grace_ms| wanted(&settings(), grace_ms)[0].max_age;
        assert_eq!(age(600_000), Duration::from_secs(1_800));
        assert_eq!(age(0), Duration::from_secs(180));
        assert_eq!(age(u64::MAX), LONGEST_AGE);
    }
}
