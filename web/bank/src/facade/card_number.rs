//! A card number on its way through: wiped when it is dropped, and nothing can print it. Whether it is one, the bank says.

use proto::codebank::v1::FindCardRequest;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use serde::{Deserialize, Deserializer};
use tonic::{Code, Request};
use zeroize::Zeroizing;

use super::problem::Problem;
use crate::bank::ANSWER_WITHIN;
use crate::settings::App;

/// Longer text than this is no number with spaces in it.
const TYPED_MAX: usize = 64;

/// A text that may be a card number.
pub(super) struct CardNumber(Zeroizing<String>);

/// What the bank says of a number.
pub(super) enum Found {
    Card {
        account_id: String,
        card_id: String,
    },
    /// A number, but of no card.
    Nobodys,
    NoNumber,
}

impl<'de> Deserialize<'de> for CardNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

impl CardNumber {
    /// For the bank, and for who sent it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) async fn find(&self, app: &App) -> Result<Found, Problem> {
        if self.0.len() > TYPED_MAX {
            return Ok(Found::NoNumber);
        }
        // The message is the generator's own type and cannot wipe itself; it lives as long as the call.
        let mut request = Request::new(FindCardRequest {
            card_number: self.expose().to_owned(),
        });
        request.set_timeout(ANSWER_WITHIN);
        let mut bank = CardAccountServiceClient::new(app.settings.commands.clone());
        match bank.find_card(request).await {
            Ok(answer) => {
                let card = answer.into_inner();
                Ok(Found::Card {
                    account_id: card.account_id,
                    card_id: card.card_id,
                })
            }
            Err(status) if status.code() == Code::NotFound => Ok(Found::Nobodys),
            Err(status) if status.code() == Code::InvalidArgument => Ok(Found::NoNumber),
            Err(status) => Err(Problem::no_answer(&status)),
        }
    }
}
