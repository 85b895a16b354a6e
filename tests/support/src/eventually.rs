//! Waiting for a thing to become true, with a bound: never for a time to pass.

use std::fmt::Debug;
use std::panic::Location;
use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Looks until there is an answer, and panics at the caller's line with what was seen last when the time is over.
///
/// ```text
/// let documents = eventually("every event is searchable", Duration::from_secs(60), async || {
///     let found = count(&index).await;
///     if found == 5000 { Ok(found) } else { Err(found) }
/// })
/// .await;
/// ```
#[track_caller]
pub fn eventually<T, E: Debug>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        let deadline = Instant::now() + within;
        loop {
            match look().await {
                Ok(found) => return found,
                Err(seen) => {
                    assert!(
                        Instant::now() < deadline,
                        "{caller}: waited {within:?} until {what}; last seen: {seen:?}"
                    );
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// The answer of a look that only says yes or no.
pub fn holds(condition: bool) -> Result<(), &'static str> {
    if condition {
        Ok(())
    } else {
        Err("it does not hold")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_returns_what_it_found() {
        let mut looks = 0;
        let found = eventually("three looks were taken", Duration::from_secs(10), async || {
            looks += 1;
            if looks == 3 { Ok("found") } else { Err(looks) }
        });
        assert_eq!(found.await, "found");
    }

    #[tokio::test]
    async fn it_gives_up_and_says_what_it_saw() {
        let waited = tokio::spawn(async {
            eventually("the moon is green", Duration::ZERO, async || holds(false)).await;
        });
        let panic = waited.await.unwrap_err().into_panic();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(
            message.contains("until the moon is green; last seen: \"it does not hold\""),
            "{message}"
        );
        assert!(message.contains("eventually.rs:"), "{message}");
    }
}
