//! The one bound of every wait.

use std::fmt::Debug;
use std::time::Duration;

/// Far more than anything here takes on a busy machine: only what never comes reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for something, and fails the test with what it was if it doesn't come.
pub async fn within<T>(awaited: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} in vain for {awaited}"),
    }
}

/// Looks until it sees what is expected, and fails the test with what it saw last if it never does.
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
