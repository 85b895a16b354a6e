//! A purchase attempted with a card number that this bank never issued.
//!
//! There is no account it could belong to. It is kept under its request id, so that a retry gets the same answer, and for
//! whoever looks for probing; the number itself is not in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::account::Merchant;
use crate::ids::AuthorizationId;
use crate::money::Money;
use crate::text::Description;

/// The stream type of attempts in the event log; each is a stream of one event, named by its request id.
pub const STREAM_TYPE: &str = "card_attempt";

/// The stable name of the event.
pub const EVENT_NAME: &str = "card_not_recognized";

/// What is recorded of the attempt: it was declined, and that is all there is to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "card_not_recognized", from = "Recorded")]
pub struct CardNotRecognized {
    pub occurred_at: DateTime<Utc>,
    pub authorization_id: AuthorizationId,
    pub amount: Money,
    pub merchant: Merchant,
    pub description: Description,
}

/// The JSON form. For a struct, serde writes the tag but does not look at it when it reads; for an enum it does, without
/// which any other purchase event could be read as an attempt.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Recorded {
    CardNotRecognized {
        occurred_at: DateTime<Utc>,
        authorization_id: AuthorizationId,
        amount: Money,
        merchant: Merchant,
        description: Description,
    },
}

impl From<Recorded> for CardNotRecognized {
    fn from(recorded: Recorded) -> Self {
        let Recorded::CardNotRecognized {
            occurred_at,
            authorization_id,
            amount,
            merchant,
            description,
        } = recorded;
        Self {
            occurred_at,
            authorization_id,
            amount,
            merchant,
            description,
        }
    }
}
