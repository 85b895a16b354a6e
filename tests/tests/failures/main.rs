//! What bad surroundings get: wrong settings, neighbours that are away, damage in the log and in the topic. What is wrong is said
//! plainly, what can go on goes on, and what was away is found again without help.

#![expect(clippy::expect_used, reason = "a test may fail loudly, in its helpers too")]

mod away_at_start;
mod away_while_serving;
mod damage;
mod settings;

use std::time::Duration;

/// How long a purchase may take where nothing is wrong with it.
const CALM: Duration = Duration::from_secs(20);
/// From a change to its being seen, on a busy machine.
const SOON: Duration = Duration::from_mins(1);
