//! `codebank.v1.AuthorizationService` of the peer: read, recognize the card, decide durably, answer from what was recorded.

use command_api::vault::Recognized;
use domain::account::{AuthorizePurchase, Command, DeclineReason, Event, Presented};
use domain::{AuthorizationId, Money};
use proto::codebank::v1;
use proto::codebank::v1::authorization_service_server::AuthorizationService;
use tonic::{Request, Response, Status, async_trait};
use uuid::Uuid;

use super::Peer;
use super::message::{Purchase, now, respond, timestamp};

#[async_trait]
impl AuthorizationService for Peer {
    async fn authorize(
        &self,
        request: Request<v1::AuthorizeRequest>,
    ) -> Result<Response<v1::AuthorizeResponse>, Status> {
        let purchase = Purchase::read(request.get_ref())?;
        let recognized = self
            .vault
            .recognize(&purchase.number, purchase.expiry, &purchase.security_code)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let Some(card) = recognized else {
            return Ok(answered(unknown_card(purchase.amount), false));
        };
        let (account_id, request_id) = (card.account_id, purchase.request_id);
        let command = Command::AuthorizePurchase(command(purchase, card));
        let recorded = self.ledger.execute(account_id, request_id, command).await?;
        let account = (recorded.account_id, recorded.version);
        let authorization = authorization(&recorded.event, account)
            .ok_or_else(|| Status::already_exists("the request id was used for something else"))?;
        Ok(answered(authorization, recorded.is_repeat))
    }

    async fn authorize_batch(
        &self,
        _request: Request<v1::AuthorizeBatchRequest>,
    ) -> Result<Response<v1::AuthorizeBatchResponse>, Status> {
        Err(Status::unimplemented("the peer decides one purchase at a time"))
    }

    async fn get_outcome(
        &self,
        _request: Request<v1::GetOutcomeRequest>,
    ) -> Result<Response<v1::GetOutcomeResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}

fn answered(authorization: v1::Authorization, is_repeat: bool) -> Response<v1::AuthorizeResponse> {
    let message = v1::AuthorizeResponse {
        authorization: Some(authorization),
    };
    respond(message, is_repeat)
}

/// The command of a purchase with a card that is known.
pub(crate) fn command(purchase: Purchase, card: Recognized) -> AuthorizePurchase {
    AuthorizePurchase {
        at: now(),
        authorization_id: AuthorizationId::new(Uuid::now_v7()),
        card_id: card.card_id,
        card_last_four: card.last_four,
        presented: Presented::Credentials {
            expiry: purchase.expiry,
            security_code: card.security_code,
        },
        amount: purchase.amount,
        merchant: purchase.merchant,
        description: purchase.description,
    }
}

/// The answer that an event is; nothing when it is about something else than a purchase.
pub(crate) fn authorization(
    event: &Event,
    (account_id, account_version): (String, u64),
) -> Option<v1::Authorization> {
    let (id, amount, at, told) = match event {
        Event::PurchaseApproved(event) => (event.authorization_id, event.amount, event.occurred_at, None),
        Event::PurchaseDeclined(event) => {
            let told = Some(merchant_facing(event.reason));
            (event.authorization_id, event.amount, event.occurred_at, told)
        }
        Event::AccountOpened(_)
        | Event::CreditLimitChanged(_)
        | Event::CardIssued(_)
        | Event::CardActivated(_)
        | Event::CardBlocked(_)
        | Event::CardUnblocked(_)
        | Event::CardCancelled(_)
        | Event::AccountClosed(_) => return None,
    };
    let is_hidden = told == Some(v1::DeclineReason::CardNotRecognized);
    Some(v1::Authorization {
        authorization_id: id.to_string(),
        decision: decision(told).into(),
        decline_reason: told.unwrap_or_default().into(),
        account_id: if is_hidden { String::new() } else { account_id },
        account_version: if is_hidden { 0 } else { account_version },
        amount: Some(money(amount)),
        decided_at: Some(timestamp(at)),
    })
}

fn unknown_card(amount: Money) -> v1::Authorization {
    v1::Authorization {
        authorization_id: Uuid::now_v7().to_string(),
        decision: v1::Decision::Declined.into(),
        decline_reason: v1::DeclineReason::CardNotRecognized.into(),
        amount: Some(money(amount)),
        decided_at: Some(timestamp(now())),
        ..v1::Authorization::default()
    }
}

fn decision(declined: Option<v1::DeclineReason>) -> v1::Decision {
    if declined.is_some() {
        v1::Decision::Declined
    } else {
        v1::Decision::Approved
    }
}

fn money(amount: Money) -> v1::Money {
    v1::Money {
        minor_units: amount.minor_units(),
        currency_code: amount.currency().code().to_owned(),
    }
}

fn merchant_facing(reason: DeclineReason) -> v1::DeclineReason {
    match reason {
        DeclineReason::CardNotFound | DeclineReason::ExpiryMismatch | DeclineReason::SecurityCodeMismatch => {
            v1::DeclineReason::CardNotRecognized
        }
        DeclineReason::AccountClosed => v1::DeclineReason::AccountClosed,
        DeclineReason::CardCancelled => v1::DeclineReason::CardCancelled,
        DeclineReason::CardNotActivated => v1::DeclineReason::CardNotActivated,
        DeclineReason::CardBlocked => v1::DeclineReason::CardBlocked,
        DeclineReason::CardExpired => v1::DeclineReason::CardExpired,
        DeclineReason::OverLimit => v1::DeclineReason::OverLimit,
    }
}
