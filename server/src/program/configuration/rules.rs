//! Rules about several values together.

use rtbroadcaster::{Gate, SyncMode};

use super::problem::Problem;
use super::resolve::Resolved;
use super::setting::{Section, Setting};
use super::source::Source;
use super::{Configuration, settings};

const CREATION: &str = "access.creation";
const JOINS: &str = "access.joins";
const ORIGINS: &str = "access.allow-origin";
const REOPENING: &str = "access.reopen-secret";
const DATA: &str = "server.data";
const SYNC: &str = "server.sync";
const NATS: &str = "cluster.nats";

/// Every rule that is broken. Each problem names all its settings, with their values and sources.
pub(super) fn broken(resolved: &Resolved) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(exposed(resolved));
    problems.extend(gate_without_key(resolved));
    problems.extend(key_without_gate(resolved));
    problems.extend(claims_without_jwt(resolved));
    problems.extend(half_of_tls(resolved));
    problems.extend(administration_without_token(resolved));
    problems.extend(sync_without_data(resolved));
    problems.extend(reopening_with_data(resolved));
    problems.extend(cluster(resolved));
    problems.extend(half_of_webhook(resolved));
    let limits = &resolved.configuration.rooms.limits;
    if limits.ping_interval_ms >= limits.idle_timeout_ms {
        problems.push(between(
            resolved,
            ("limits.ping-interval-ms", limits.ping_interval_ms),
            "must be below",
            ("limits.idle-timeout-ms", limits.idle_timeout_ms),
            "every quiet client is cut off",
        ));
    }
    if limits.ring_bytes < limits.message_bytes {
        problems.push(between(
            resolved,
            ("limits.ring-bytes", limits.ring_bytes as u64),
            "must not be below",
            ("limits.message-bytes", limits.message_bytes as u64),
            "the largest actions never fit",
        ));
    }
    problems
}

/// A server that others can reach must set who may use it.
fn exposed(resolved: &Resolved) -> Option<Problem> {
    let Configuration { listen, proxies, .. } = &resolved.configuration;
    let (reached_by, value) = match (listen.ip().to_canonical().is_loopback(), proxies.networks.is_empty()) {
        (false, _) => ("server.listen", listen.to_string()),
        (true, false) => ("server.trust-proxy", proxies.networks.to_list().join(",")),
        (true, true) => return None,
    };
    let needed = [
        (CREATION, "who may open rooms: --creation open (everybody) or --creation token"),
        (
            ORIGINS,
            "pages of which origins may connect: --allow-origin self (the server's own), --allow-origin \
             https://example.org, or --allow-origin '*' (all)",
        ),
    ];
    let missing: Vec<_> =
        needed.into_iter().filter(|(key, _)| *resolved.source(key) == Source::Default).collect();
    let asks = missing.iter().map(|(_, ask)| *ask).collect::<Vec<_>>().join("; and ");
    (!missing.is_empty()).then(|| {
        let way = if reached_by == "server.listen" { "reach this address" } else { "come through a proxy" };
        let message = format!("others than this machine {way}, so say {asks}");
        Problem::with(shown(resolved, reached_by, value), message)
    })
}

/// A gate that asks for a token, while no token is accepted. Nobody would ever pass.
fn gate_without_key(resolved: &Resolved) -> Option<Problem> {
    let access = &resolved.configuration.settings().access;
    let has_keys = !access.api_keys.is_empty() || access.jwt.is_some();
    let closed = [
        (CREATION, access.creation, has_keys, "access.api-keys, access.jwt-secret or access.jwks"),
        (
            JOINS,
            access.joins,
            has_keys || !access.join_keys.is_empty(),
            "access.join-keys, access.api-keys, access.jwt-secret or access.jwks",
        ),
    ];
    let (key, gate, _, keys) =
        closed.into_iter().find(|(_, gate, can_pass, _)| *gate == Gate::Token && !can_pass)?;
    Some(Problem::with(shown(resolved, key, gate), format!("nobody has a token that passes: set {keys}")))
}

/// A key that no gate asks for. The operator believes that it protects something.
fn key_without_gate(resolved: &Resolved) -> Option<Problem> {
    let access = &resolved.configuration.settings().access;
    if access.creation == Gate::Token || access.joins == Gate::Token {
        return None;
    }
    let jwt = &resolved.configuration.jwt;
    let keys = [
        ("access.api-keys", !access.api_keys.is_empty()),
        ("access.join-keys", !access.join_keys.is_empty()),
        ("access.jwt-secret", jwt.secret.is_some()),
        ("access.jwks", jwt.keys.is_some()),
    ];
    let (key, _) = keys.into_iter().find(|(_, is_set)| *is_set)?;
    let message = format!(
        "nobody is asked for a token while {} and {}: make one of them token",
        shown(resolved, CREATION, access.creation),
        shown(resolved, JOINS, access.joins)
    );
    Some(Problem::with(format!("{key} ({})", source_name(resolved.source(key))), message))
}

/// A demand on JSON web tokens, while none is ever accepted.
fn claims_without_jwt(resolved: &Resolved) -> Option<Problem> {
    if resolved.configuration.settings().access.jwt.is_some() {
        return None;
    }
    let jwt = &resolved.configuration.jwt;
    let claims = [("access.jwt-issuer", &jwt.issuers), ("access.jwt-audience", &jwt.audiences)];
    let (key, _) = claims.into_iter().find(|(_, accepted)| !accepted.is_empty())?;
    let message =
        "no JSON web token is accepted without access.jwt-secret or access.jwks: set one of them too";
    Some(Problem::with(format!("{key} ({})", source_name(resolved.source(key))), message))
}

/// A choice how rooms are stored, while none is. The operator believes that they are.
fn sync_without_data(resolved: &Resolved) -> Option<Problem> {
    let Configuration { data, sync, .. } = &resolved.configuration;
    (data.is_none() && *sync != SyncMode::default()).then(|| {
        Problem::with(
            shown(resolved, SYNC, sync),
            "no room is stored without server.data: set it too".to_owned(),
        )
    })
}

/// Two ways for rooms to come back. A store knows which rooms were closed, a secret does not.
fn reopening_with_data(resolved: &Resolved) -> Option<Problem> {
    let data = resolved.configuration.data.as_ref()?;
    resolved.configuration.rooms.access.reopen_secret.as_ref()?;
    let message = format!(
        "stored rooms are there again by themselves, and closed ones must not be: leave it out, or {}",
        shown(resolved, DATA, data.display())
    );
    Some(Problem::with(format!("{REOPENING} ({})", source_name(resolved.source(REOPENING))), message))
}

/// What a cluster can't be together with, or without.
fn cluster(resolved: &Resolved) -> Vec<Problem> {
    let Some(cluster) = resolved.configuration.cluster_settings() else {
        return cluster_without_servers(resolved).into_iter().collect();
    };
    let servers = cluster.servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let with_servers = shown(resolved, NATS, servers);
    let mut problems = Vec::new();
    if let Some(data) = &resolved.configuration.data {
        let message =
            format!("the rooms are either stored here or in a cluster: leave it out, or {with_servers}");
        problems.push(Problem::with(shown(resolved, DATA, data.display()), message));
    }
    if resolved.configuration.rooms.access.reopen_secret.is_some() {
        let message = format!(
            "rooms of a cluster outlive each of its servers, and closed ones must not come back: leave it out, or \
             {with_servers}"
        );
        let place = format!("{REOPENING} ({})", source_name(resolved.source(REOPENING)));
        problems.push(Problem::with(place, message));
    }
    if let Err(error) = cluster.check() {
        problems.push(Problem::with(with_servers, error.to_string()));
    }
    problems
}

/// A choice how a cluster is, while there is none. The operator believes that there is one.
fn cluster_without_servers(resolved: &Resolved) -> Option<Problem> {
    let is_chosen = |setting: &&Setting| {
        setting.section == Section::Cluster && setting.kind.show(&resolved.configuration) != setting.default()
    };
    let key = settings::all().find(is_chosen)?.key();
    let message = format!("no rooms are kept in a cluster without {NATS}: set it too");
    Some(Problem::with(format!("{key} ({})", source_name(resolved.source(&key))), message))
}

/// A certificate without its key, or a key without its certificate.
fn half_of_tls(resolved: &Resolved) -> Option<Problem> {
    let Configuration { tls_certificate, tls_key, .. } = &resolved.configuration;
    let (given, path, missing) = match (tls_certificate, tls_key) {
        (Some(path), None) => ("server.tls-cert", path, "server.tls-key"),
        (None, Some(path)) => ("server.tls-key", path, "server.tls-cert"),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let message = format!("TLS needs a certificate and its key: set {missing} too");
    Some(Problem::with(shown(resolved, given, path.display()), message))
}

/// A webhook that nobody could trust, or a key that signs nothing.
fn half_of_webhook(resolved: &Resolved) -> Option<Problem> {
    let webhook = &resolved.configuration.webhook;
    let (given, missing) = match (&webhook.address, &webhook.key) {
        (Some(_), None) => ("webhook.webhook-url", "webhook.webhook-secret"),
        (None, Some(_)) => ("webhook.webhook-secret", "webhook.webhook-url"),
        (Some(_), Some(_)) | (None, None) => return None,
    };
    let message = format!("the application knows by a signature who tells it of rooms: set {missing} too");
    Some(Problem::with(format!("{given} ({})", source_name(resolved.source(given))), message))
}

/// An address for the administration, while no token is accepted there.
fn administration_without_token(resolved: &Resolved) -> Option<Problem> {
    let listen = resolved.configuration.admin_listen?;
    let admin = &resolved.configuration.admin;
    (admin.token.is_none() && admin.metrics_token.is_none()).then(|| {
        let message =
            "nobody has a token that is asked for there: set admin.admin-token or admin.metrics-token";
        Problem::with(shown(resolved, "admin.admin-listen", listen), message)
    })
}

fn between(resolved: &Resolved, one: (&str, u64), rule: &str, other: (&str, u64), or_else: &str) -> Problem {
    let other = shown(resolved, other.0, other.1);
    Problem::with(shown(resolved, one.0, one.1), format!("{rule} {other}, or {or_else}"))
}

/// A key with its value and its source.
fn shown(resolved: &Resolved, key: &str, value: impl std::fmt::Display) -> String {
    format!("{key} ({value}, {})", source_name(resolved.source(key)))
}

fn source_name(source: &Source) -> String {
    match source {
        Source::Default => "the default".to_owned(),
        other => other.to_string(),
    }
}
