//! A purchase on its way to its decision, whichever service took it.
//!
//! The rule that holds here: who does not hold the card learns nothing of it. A number that was never issued, a wrong expiry
//! and a wrong security code get one answer, at the price of one durable append each.

use std::sync::Arc;

use domain::account::{AuthorizePurchase, Command, Merchant, Presented, Rejection, SecurityCodeCheck};
use domain::attempt::CardNotRecognized;
use domain::card::{Expiry, LastFour};
use domain::text::Description;
use domain::{AccountId, AuthorizationId, CardId, Money};
use tonic::Status;
use uuid::Uuid;

use crate::event_store::RequestKey;
use crate::execute::Request;
use crate::vault::{CardNumber, CardToken, SecurityCode};

use super::call::Call;
use super::{Services, clock, status};

mod deciding;

use deciding::{Asked, Attempt};
pub(super) use deciding::{Deciding, Verdict};

/// What is to be decided.
#[derive(Debug)]
pub(super) struct Purchase {
    pub(super) card: PresentedCard,
    pub(super) amount: Money,
    pub(super) merchant: Merchant,
    pub(super) description: Description,
}

/// The card as it was presented.
#[derive(Debug)]
pub(super) enum PresentedCard {
    Credentials {
        number: CardNumber,
        expiry: Expiry,
        security_code: SecurityCode,
    },
    Token(CardToken),
    /// A text that is no card number at all, where the caller's contract has no other word for it than an unknown card.
    NoSuchCard,
}

/// A card of this bank, and how it was presented.
#[derive(Debug)]
pub(super) struct KnownCard {
    account_id: AccountId,
    card_id: CardId,
    last_four: LastFour,
    presented: Presented,
    /// Whether everything that was presented is right.
    holds_the_card: bool,
}

impl KnownCard {
    /// Whether a rejection would tell more of the card than its decline does. A card whose account was never opened is one
    /// that was never issued.
    fn hides(&self, rejection: Rejection) -> bool {
        match self.presented {
            Presented::Credentials { .. } => !self.holds_the_card || rejection == Rejection::AccountNotFound,
            Presented::Token => false,
        }
    }
}

/// Finds the presented card. Nothing for a number that was never issued; an unknown token is refused, for whoever has tokens
/// got them from the bank.
pub(super) async fn recognize(
    services: &Services,
    card: &PresentedCard,
) -> Result<Option<KnownCard>, Status> {
    let unavailable = |error| status::of_vault(&error, None);
    match card {
        PresentedCard::Credentials {
            number,
            expiry,
            security_code,
        } => {
            let recognized = services
                .vault
                .recognize(number, *expiry, security_code)
                .await
                .map_err(unavailable)?;
            Ok(recognized.map(|card| KnownCard {
                account_id: card.account_id,
                card_id: card.card_id,
                last_four: card.last_four,
                presented: Presented::Credentials {
                    expiry: *expiry,
                    security_code: card.security_code,
                },
                holds_the_card: *expiry == card.expiry && card.security_code == SecurityCodeCheck::Match,
            }))
        }
        PresentedCard::Token(token) => {
            let known = services.vault.by_token(token).await.map_err(unavailable)?;
            let card = known.ok_or_else(|| {
                status::not_found(
                    "CARD_TOKEN_NOT_FOUND",
                    "card_token",
                    token.expose(),
                    "no card has this token",
                )
            })?;
            Ok(Some(KnownCard {
                account_id: card.account_id,
                card_id: card.card_id,
                last_four: card.last_four,
                presented: Presented::Token,
                holds_the_card: true,
            }))
        }
        PresentedCard::NoSuchCard => Ok(None),
    }
}

/// Hands a purchase over to be decided, durably.
pub(super) fn submit(
    services: &Services,
    purchase: Purchase,
    card: Option<KnownCard>,
    key: RequestKey,
    call: Call,
) -> Deciding {
    let (at, authorization_id) = (clock::now(), AuthorizationId::new(Uuid::now_v7()));
    let Some(card) = card else {
        let attempt = CardNotRecognized {
            occurred_at: at,
            authorization_id,
            amount: purchase.amount,
            merchant: purchase.merchant,
            description: purchase.description,
        };
        return Deciding::Attempt(Attempt::record(services, attempt, key, call));
    };
    let command = Arc::new(Command::AuthorizePurchase(AuthorizePurchase {
        at,
        authorization_id,
        card_id: card.card_id,
        card_last_four: card.last_four.clone(),
        presented: card.presented,
        amount: purchase.amount,
        merchant: purchase.merchant,
        description: purchase.description,
    }));
    let request = Request {
        account_id: card.account_id,
        key,
        command: Arc::clone(&command),
        trace: call.trace,
        deadline: call.deadline,
    };
    Deciding::Account(Asked {
        pending: services.executor.execute(request),
        command,
        card,
        key,
        call,
    })
}
