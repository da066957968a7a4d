//! The public keys for tokens, as they were loaded last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use tracing::{info, warn};

use super::key_source::{KeySource, KeysError, Reason};

/// Keys are loaded again after this time even if none is missing, so that a withdrawn key is
/// forgotten.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The public keys. A lookup never waits: keys are loaded in the background.
#[derive(Debug)]
pub(super) struct KeySet {
    source: KeySource,
    refresh: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    keys: Vec<Key>,
    /// When the last load began, even if it failed.
    last_load: Option<Instant>,
    /// How many loads are in progress.
    loads_in_progress: usize,
    /// The last load failed.
    last_load_failed: bool,
}

/// A load of the keys, in progress until this is dropped.
#[derive(Debug)]
struct LoadInProgress(Arc<KeySet>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The result of looking up a token's key.
pub(super) enum Lookup {
    /// The keys that the token may be signed with. It is one key if the token names it.
    Found(Vec<DecodingKey>),
    /// The key may be among the keys that are being loaded.
    Loading,
    /// The last load failed, and the next may begin only after this time.
    Unavailable { wait_ms: u64 },
    /// There is no such key, and the keys were loaded only a moment ago.
    Unknown,
}

impl KeySet {
    pub(super) fn new(source: KeySource, refresh_ms: u64) -> Self {
        Self { source, refresh: Duration::from_millis(refresh_ms), state: Mutex::default() }
    }

    /// The keys for this algorithm with this id. Without an id, all keys for the algorithm.
    pub(super) fn find(self: &Arc<Self>, algorithm: Algorithm, id: Option<&str>) -> Lookup {
        let mut state = self.state();
        let matches = |key: &&Key| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id);
        let found: Vec<_> = state.keys.iter().filter(matches).map(|key| key.key.clone()).collect();
        let age = state.last_load.map(|moment| moment.elapsed());
        let is_due = |after: Duration| age.is_none_or(|age| age >= after);
        if !found.is_empty() {
            if is_due(LIFETIME.max(self.refresh)) {
                self.load_in_background(&mut state);
            }
            return Lookup::Found(found);
        }
        if is_due(self.refresh) {
            self.load_in_background(&mut state);
        }
        match *state {
            State { loads_in_progress: 1.., .. } => Lookup::Loading,
            State { last_load_failed: true, .. } => {
                let wait = self.refresh.saturating_sub(age.unwrap_or_default());
                let wait_ms = wait.as_nanos().div_ceil(1_000_000);
                Lookup::Unavailable { wait_ms: u64::try_from(wait_ms).unwrap_or(u64::MAX) }
            }
            _ => Lookup::Unknown,
        }
    }

    /// Loads the keys and waits for them.
    pub(super) async fn load(self: &Arc<Self>) -> Result<(), KeysError> {
        let load = self.start_load(&mut self.state());
        load.run().await
    }

    fn load_in_background(self: &Arc<Self>, state: &mut State) {
        if state.loads_in_progress > 0 {
            return;
        }
        let load = self.start_load(state);
        tokio::spawn(async move {
            if let Err(error) = load.run().await {
                warn!(%error, "the keys for tokens cannot be had: those known before stay in force");
            }
        });
    }

    fn start_load(self: &Arc<Self>, state: &mut State) -> LoadInProgress {
        state.last_load = Some(Instant::now());
        state.loads_in_progress += 1;
        LoadInProgress(Arc::clone(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent at every point where a panic could happen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoadInProgress {
    async fn run(self) -> Result<(), KeysError> {
        let Self(set) = &self;
        let loaded = set.source.load().await.and_then(|keys| usable_keys(&keys));
        let mut state = set.state();
        state.last_load_failed = loaded.is_err();
        let keys = loaded.map_err(|reason| set.source.error(reason))?;
        info!(source = %set.source, keys = keys.len(), "the keys for tokens were read");
        state.keys = keys;
        Ok(())
    }
}

impl Drop for LoadInProgress {
    fn drop(&mut self) {
        self.0.state().loads_in_progress -= 1;
    }
}

/// The keys of a set that can check RS256 or ES256.
fn usable_keys(set: &JwkSet) -> Result<Vec<Key>, Reason> {
    let keys: Vec<_> = set.keys.iter().filter_map(usable_key).collect();
    if keys.is_empty() { Err(Reason::NoKey) } else { Ok(keys) }
}

fn usable_key(jwk: &Jwk) -> Option<Key> {
    let (algorithm, key_algorithm) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let is_usable = jwk.common.key_algorithm.is_none_or(|other| other == key_algorithm)
        && !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption));
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| is_usable)?;
    Some(Key { id: jwk.common.key_id.clone(), algorithm, key })
}
