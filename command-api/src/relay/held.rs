//! Accounts whose events are held back because one of them cannot be published as it stands in the log.
//!
//! Progress goes on without them, so a row in the database remembers the first event that is missing. Whenever a relay takes
//! its place it tries again from that event on, and lets the account go when all is well, or holds it where it now stands:
//! whoever repaired the log, or installed a version that knows the event, only restarts the relay.

use std::collections::HashSet;

use rdkafka::producer::future_producer::DeliveryFuture;
use tracing::{error, info};
use uuid::Uuid;

use crate::event_store::{ACCOUNT_STREAM, Position, Recorded, StoreError};

use super::RelayError;
use super::record::Damage;
use super::seat::Seat;
use super::session::Session;

/// An account that is held back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeldAccount {
    pub(super) account_id: Uuid,
    /// The first event that is not published.
    pub(super) sequence: u64,
    pub(super) reason: String,
}

impl HeldAccount {
    pub(super) fn at(recorded: &Recorded, damage: &Damage) -> Self {
        error!(
            account_id = %recorded.stream_id, event_id = recorded.event_id(), reason = %damage,
            "an event cannot be published; this account's events are held back until the relay is restarted with the event repaired"
        );
        Self {
            account_id: recorded.stream_id,
            sequence: recorded.sequence,
            reason: damage.to_string(),
        }
    }
}

/// Tries the held accounts again, up to where the others are. Returns those that stay held.
pub(super) async fn retry(
    session: &Session<'_>,
    seat: &mut Seat,
    progress: Position,
) -> Result<HashSet<Uuid>, RelayError> {
    let mut still_held = HashSet::new();
    for account in seat.held().await? {
        match publish_missing(session, &account, progress).await? {
            None => {
                seat.release(account.account_id).await?;
                info!(account_id = %account.account_id, from = account.sequence, "an account that was held back is published again");
            }
            Some(held) => {
                still_held.insert(held.account_id);
                seat.store(progress, &[held]).await?;
            }
        }
    }
    Ok(still_held)
}

/// Publishes what an account has missed. What it returns stays held.
async fn publish_missing(
    session: &Session<'_>,
    account: &HeldAccount,
    progress: Position,
) -> Result<Option<HeldAccount>, RelayError> {
    let missing = match session
        .log
        .load(
            ACCOUNT_STREAM,
            &[(account.account_id, account.sequence.saturating_sub(1))],
        )
        .await
    {
        Ok(missing) => missing,
        Err(damaged @ StoreError::Damaged { .. }) => {
            return Ok(Some(HeldAccount {
                reason: damaged.to_string(),
                ..account.clone()
            }));
        }
        Err(unavailable) => return Err(unavailable.into()),
    };
    let mut deliveries: Vec<DeliveryFuture> = Vec::new();
    let mut held = None;
    // What stands after the progress is read in its turn.
    for recorded in missing.iter().filter(|recorded| recorded.position <= progress) {
        if let Err(damage) = session.publish(recorded, &mut deliveries).await? {
            held = Some(HeldAccount::at(recorded, &damage));
            break;
        }
    }
    for delivery in &mut deliveries {
        session.producer.acknowledged(delivery).await?;
    }
    Ok(held)
}
