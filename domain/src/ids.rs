//! Typed identifiers: an account id can never be passed where a card id is meant.
//!
//! The bank makes UUIDs of version 7 (RFC 9562), which sort by the time they were made; they are made at the edge and come
//! in the command, so that a decision can be repeated. A request id is the caller's and may be any UUID but the nil one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A text that is not the identifier it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a UUID such as 01939c5e-7a6b-7c00-8000-000000000001, and not the nil one")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match Uuid::try_parse(text) {
                    Ok(id) if !id.is_nil() => Ok(Self(id)),
                    Ok(_) | Err(_) => Err(InvalidId),
                }
            }
        }
    };
}

id!(
    /// A card account: the aggregate's id, and the key of its events everywhere.
    AccountId
);
id!(
    /// A card, whatever its number; safe to show and to log.
    CardId
);
id!(
    /// One decision about one purchase, approved or declined.
    AuthorizationId
);
id!(
    /// The caller's name for one request: repeats of it get the first answer.
    RequestId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_that_is_not_nil() {
        let text = "01939c5e-7a6b-7c00-8000-000000000001";
        assert_eq!(
            text.parse::<AccountId>().map(|id| id.to_string()),
            Ok(text.to_owned())
        );
        for text in [
            "",
            "42",
            "00000000-0000-0000-0000-000000000000",
            "01939c5e-7a6b-7c00-8000-00000000000g",
        ] {
            assert_eq!(text.parse::<RequestId>(), Err(InvalidId), "{text:?}");
        }
        let shouted = text.to_uppercase().parse::<AccountId>().map(|id| id.to_string());
        assert_eq!(shouted, Ok(text.to_owned()), "one id has one spelling");
        let json = text.parse::<AccountId>().map(|id| serde_json::json!(id));
        assert_eq!(json, Ok(text.into()));
    }
}
