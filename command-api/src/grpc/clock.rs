//! The one place of this crate where the time is read: decisions get it in their command.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, in whole milliseconds: what every reader of an event's time can hold.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_is_in_whole_milliseconds() {
        assert_eq!(super::now().timestamp_subsec_nanos() % 1_000_000, 0);
    }
}
