//! The one limit for every wait.

use std::fmt::Debug;
use std::time::Duration;

use tokio::time::interval;

/// Far longer than anything here takes on a busy machine: only what never comes reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two looks at another process. Without one, looking would slow it down.
const PAUSE: Duration = Duration::from_millis(10);

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

/// Looks at another process again and again until there is something to see, and returns it.
pub async fn until<T>(awaited: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let mut ticks = interval(PAUSE);
    within(awaited, async {
        loop {
            ticks.tick().await;
            if let Some(seen) = look().await {
                return seen;
            }
        }
    })
    .await
}
