//! Waiting for a thing to become true, with a bound. Nothing here assumes how long anything takes.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::interrupt;

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks until it is true or the time is over; deaf to interrupts, because stopping servers must end well.
pub(crate) fn until(within: Duration, mut look: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + within;
    loop {
        if look() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        pause();
    }
}

/// What a look at a starting server can find.
pub(crate) enum Look {
    Ready,
    /// Not yet, and why.
    NotYet(anyhow::Error),
}

/// Looks until ready. Gives up when a look fails, when the time is over (with the last reason), or when asked to stop.
pub(crate) fn until_ready(within: Duration, mut look: impl FnMut() -> Result<Look>) -> Result<()> {
    let deadline = Instant::now() + within;
    loop {
        interrupt::check()?;
        match look()? {
            Look::Ready => return Ok(()),
            Look::NotYet(why) if Instant::now() >= deadline => {
                return Err(why.context(format!("not ready within {within:?}")));
            }
            Look::NotYet(_) => pause(),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program has no runtime whose worker a sleep could block, and this is the pause between two looks"
)]
pub(crate) fn pause() {
    std::thread::sleep(BETWEEN_LOOKS);
}

#[cfg(test)]
mod tests {
    use anyhow::{anyhow, bail};

    use super::*;

    #[test]
    fn a_wait_ends_when_the_thing_is_true() {
        let mut looks = 0;
        assert!(until(Duration::from_secs(10), || {
            looks += 1;
            looks == 3
        }));
        assert_eq!(looks, 3);
    }

    #[test]
    fn a_wait_is_bounded_and_says_why() {
        assert!(!until(Duration::ZERO, || false));
        let error = until_ready(Duration::ZERO, || Ok(Look::NotYet(anyhow!("no answer")))).unwrap_err();
        assert_eq!(format!("{error:#}"), "not ready within 0ns: no answer");
    }

    #[test]
    fn a_dead_server_is_not_waited_for() {
        let error = until_ready(Duration::from_mins(10), || bail!("it ended")).unwrap_err();
        assert_eq!(error.to_string(), "it ended");
    }
}
