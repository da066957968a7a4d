//! The one bound of every wait.

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
