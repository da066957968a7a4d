//! The public keys, as they were when they were looked for last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tracing::{info, warn};

use super::key_source::{KeySource, KeysError, Reason};

/// Keys are looked for again after this time even if none is missing, so that one that was withdrawn is forgotten.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The public keys. Whoever asks never waits: what has to be fetched is fetched meanwhile.
#[derive(Debug)]
pub(super) struct KeySet {
    source: KeySource,
    refresh: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<Key>,
    /// When they were looked for last, be it in vain.
    looked: Option<Instant>,
    /// How many look for them now.
    looking: usize,
    /// They could not be had when they were looked for last.
    has_failed: bool,
}

/// They are looked for, until this is dropped.
#[derive(Debug)]
struct Looking(Arc<KeySet>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// What came of the search for a key.
pub(super) enum Sought {
    /// Those with which the token may be signed: one, if it says which.
    Found(Vec<DecodingKey>),
    /// It may be among the keys that are being fetched.
    Underway,
    /// It may be among keys that could not be had, and that are not looked for again before so many milliseconds.
    Unavailable { wait_ms: u64 },
    /// There is none, and the keys were read only a moment ago.
    Unknown,
}

impl KeySet {
    pub(super) fn new(source: KeySource, refresh_ms: u64) -> Self {
        Self { source, refresh: Duration::from_millis(refresh_ms), state: Mutex::default() }
    }

    /// The keys for this algorithm with this id; without one, all of them.
    pub(super) fn find(self: &Arc<Self>, algorithm: Algorithm, id: Option<&str>) -> Sought {
        let mut state = self.state();
        let fits = |key: &&Key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id);
        let found: Vec<_> = state.keys.iter().filter(fits).map(|key| key.key.clone()).collect();
        let age = state.looked.map(|looked| looked.elapsed());
        let is_due = |after: Duration| age.is_none_or(|age| age >= after);
        if !found.is_empty() {
            if is_due(LIFETIME.max(self.refresh)) {
                self.begin_to_look(&mut state);
            }
            return Sought::Found(found);
        }
        if is_due(self.refresh) {
            self.begin_to_look(&mut state);
        }
        match *state {
            State { looking: 1.., .. } => Sought::Underway,
            State { has_failed: true, .. } => {
                let wait = self.refresh.saturating_sub(age.unwrap_or_default());
                let wait_ms = wait.as_nanos().div_ceil(1_000_000);
                Sought::Unavailable { wait_ms: u64::try_from(wait_ms).unwrap_or(u64::MAX) }
            }
            _ => Sought::Unknown,
        }
    }

    /// Looks for the keys, and waits for them.
    pub(super) async fn load(self: &Arc<Self>) -> Result<(), KeysError> {
        let looking = self.start(&mut self.state());
        looking.finish().await
    }

    fn begin_to_look(self: &Arc<Self>, state: &mut State) {
        if state.looking > 0 {
            return;
        }
        let looking = self.start(state);
        tokio::spawn(async move {
            if let Err(error) = looking.finish().await {
                warn!(%error, "the keys for tokens cannot be had: those known before stay in force");
            }
        });
    }

    fn start(self: &Arc<Self>, state: &mut State) -> Looking {
        state.looked = Some(Instant::now());
        state.looking += 1;
        Looking(Arc::clone(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics between its changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Looking {
    async fn finish(self) -> Result<(), KeysError> {
        let Self(set) = &self;
        let read = set.source.load().await.and_then(|keys| usable(&keys));
        let mut state = set.state();
        state.has_failed = read.is_err();
        let keys = read.map_err(|reason| set.source.error(reason))?;
        info!(source = %set.source, keys = keys.len(), "the keys for tokens were read");
        state.keys = keys;
        Ok(())
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.state().looking -= 1;
    }
}

/// The keys of a set that are for checking RS256 or ES256.
fn usable(set: &JwkSet) -> Result<Vec<Key>, Reason> {
    let keys: Vec<_> = set.keys.iter().filter_map(key).collect();
    if keys.is_empty() { Err(Reason::NoKey) } else { Ok(keys) }
}

fn key(jwk: &Jwk) -> Option<Key> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let is_for_it = jwk.common.key_algorithm.is_none_or(|other| other == named)
        && !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| is_for_it)?;
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key })
}
