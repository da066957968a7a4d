//! The one limit for every wait.

use std::fmt::Debug;
use std::time::Duration;

/// Far longer than anything here takes on a busy machine: only what never comes reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a future. Fails the test with `awaited`, the name of what did not come.
pub async fn within<T>(awaited: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} in vain for {awaited}"),
    }
}

/// Calls `look` until it returns what is expected. Fails the test with the last value if it never
/// does.
pub async fn eventually<T: Debug + PartialEq>(expected: &T, mut look: impl AsyncFnMut() -> T) {
    let mut seen = look().await;
    let looking = async {
        while seen != *expected {
            seen = look().await;
        }
    };
    if tokio::time::timeout(PATIENCE, looking).await.is_err() {
        panic!("waited {PATIENCE:?} in vain for {expected:#?}, and saw {seen:#?}");
    }
}
