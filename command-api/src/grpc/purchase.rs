//! A purchase on its way to its decision, whichever service took it.
//!
//! The rule that holds here: who does not hold the card learns nothing of it. A number that was never issued, a wrong expiry
//! and a wrong security code get one answer, at the price of one durable append each.

use domain::account::{AuthorizePurchase, Command, Merchant, Presented, Rejection, SecurityCodeCheck};
use domain::attempt::CardNotRecognized;
use domain::card::{Expiry, LastFour};
use domain::text::Description;
use domain::{AccountId, AuthorizationId, CardId, Money};
use tonic::Status;
use uuid::Uuid;

use crate::event_store::RequestKey;
use crate::execute::{Answer, ExecuteError, Request};
use crate::vault::{CardNumber, CardToken, SecurityCode};

use super::call::Call;
use super::status::About;
use super::{Services, clock, parse, reply, status};

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

/// Decides a purchase, durably.
pub(super) async fn decide(
    services: &Services,
    purchase: Purchase,
    card: Option<KnownCard>,
    key: RequestKey,
    call: Call,
) -> Result<Answer, Status> {
    let at = clock::now();
    let authorization_id = AuthorizationId::new(Uuid::now_v7());
    let attempt = CardNotRecognized {
        occurred_at: at,
        authorization_id,
        amount: purchase.amount,
        merchant: purchase.merchant.clone(),
        description: purchase.description.clone(),
    };
    let Some(card) = card else {
        return record_attempt(services, attempt, key, call).await;
    };
    let about = About {
        request_id: key.id,
        account_id: card.account_id,
        card_id: Some(card.card_id),
        amount_field: parse::AMOUNT,
    };
    let command = Command::AuthorizePurchase(AuthorizePurchase {
        at,
        authorization_id,
        card_id: card.card_id,
        card_last_four: card.last_four.clone(),
        presented: card.presented,
        amount: purchase.amount,
        merchant: purchase.merchant,
        description: purchase.description,
    });
    let request = Request {
        account_id: card.account_id,
        key,
        command,
        trace: call.trace,
        deadline: call.deadline,
    };
    match services.executor.execute(request).await {
        Ok(answer) => Ok(answer),
        Err(ExecuteError::Rejected(rejection)) if card.hides(rejection) => {
            record_attempt(services, attempt, key, call).await
        }
        Err(error) => Err(status::of_execute(error, &about)),
    }
}

async fn record_attempt(
    services: &Services,
    attempt: CardNotRecognized,
    key: RequestKey,
    call: Call,
) -> Result<Answer, Status> {
    let nobody = About {
        request_id: key.id,
        account_id: AccountId::new(Uuid::nil()),
        card_id: None,
        amount_field: parse::AMOUNT,
    };
    let recorded = services
        .executor
        .record_attempt(attempt, key, call.trace, call.deadline)
        .await;
    recorded.map_err(|error| status::of_execute(error, &nobody))
}

/// What an answer decided, counted once however often it is given.
pub(super) fn decided(answer: &Answer) -> Result<reply::Decision, Status> {
    // Not reached: the fingerprint of a purchase is of no other request.
    let decision = reply::decision(&answer.event, &answer.fact)
        .ok_or_else(|| status::not_a_decision(&answer.event.event_id()))?;
    if !answer.replayed {
        metrics::counter!(
            "codebank_authorizations_total",
            "decision" => decision.outcome(),
            "reason" => decision.precise_reason
        )
        .increment(1);
    }
    Ok(decision)
}
