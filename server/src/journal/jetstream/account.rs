//! How much JetStream allows an account.

use async_nats::jetstream::account::{Account, Limits};
use async_nats::jetstream::stream::Config;

use super::api::{Answer, Api, refused};
use super::error::ClusterError;
use super::settings::ClusterSettings;

/// Checks whether these streams may be created, as far as JetStream says it beforehand.
///
/// # Errors
/// If they may not, or JetStream doesn't answer.
pub(super) async fn check(
    api: &Api<'_>,
    settings: &ClusterSettings,
    missing: &[Config],
) -> Result<(), ClusterError> {
    let replicas = settings.replicas;
    if replicas > 1 && api.stands_alone() {
        let reason = "the server stands alone".to_owned();
        return Err(ClusterError::TooFewServers { replicas, reason });
    }
    let account: Answer<Account> = api.ask("INFO", &()).await?;
    let account = account.map_err(|error| refused("to show the account".to_owned(), &error))?;
    let tier = account.tiers.get(&format!("R{replicas}"));
    let (limits, streams, reserved) = match tier {
        Some(tier) => (tier.limits, tier.streams, tier.reserved_storage),
        None => (account.limits, account.streams, account.reserved_storage),
    };
    let bytes = missing.iter().filter_map(|stream| u64::try_from(stream.max_bytes).ok()).sum();
    match exceeded(&limits, streams + missing.len(), reserved, bytes, settings.stream_bytes) {
        Some(reason) => {
            Err(ClusterError::AccountLimit { user: api.user(), stream_bytes: settings.stream_bytes, reason })
        }
        None => Ok(()),
    }
}

/// The limit that the streams would exceed, if any.
fn exceeded(
    limits: &Limits,
    streams: usize,
    reserved: u64,
    missing_bytes: u64,
    stream_bytes: u64,
) -> Option<String> {
    // What isn't above 0 is no limit.
    let bound =
        |limit: Option<i64>| limit.and_then(|limit| u64::try_from(limit).ok()).filter(|&limit| limit > 0);
    let bytes = reserved.saturating_add(missing_bytes);
    let checks = [
        ("streams", streams as u64, bound(limits.max_streams)),
        ("bytes of a stream", stream_bytes, bound(limits.storage_max_stream_bytes)),
        ("bytes of all streams", bytes, bound(limits.max_storage)),
    ];
    checks.into_iter().find_map(|(what, needed, limit)| {
        let limit = limit.filter(|limit| needed > *limit)?;
        Some(format!("{needed} {what} are needed, and {limit} allowed"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_from_the_first_byte_or_stream_beyond_it() {
        let told = |limits: &Limits| exceeded(limits, 8, 1_000, 300, 100);
        assert_eq!(told(&Limits::default()), None);
        let limit = |streams, stream_bytes, bytes| Limits {
            max_streams: Some(streams),
            storage_max_stream_bytes: Some(stream_bytes),
            max_storage: Some(bytes),
            ..Limits::default()
        };
        assert_eq!(told(&limit(8, 100, 1_300)), None);
        assert_eq!(told(&limit(0, -1, 0)), None);
        for (limits, expected) in [
            (limit(7, 100, 1_300), "8 streams are needed, and 7 allowed"),
            (limit(8, 99, 1_300), "100 bytes of a stream are needed, and 99 allowed"),
            (limit(8, 100, 1_299), "1300 bytes of all streams are needed, and 1299 allowed"),
        ] {
            assert_eq!(told(&limits).as_deref(), Some(expected));
        }
    }
}
