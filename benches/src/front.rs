//! The front of the servers in this program: messages to values of the domain and back, the first fault refused.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, SubsecRound as _, Utc};
use command_api::vault::{CardNumber, Recognized, SecurityCode};
use domain::account::{AuthorizePurchase, DeclineReason, Event, Merchant, Presented};
use domain::card::Expiry;
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use domain::{AuthorizationId, Currency, Money};
use proto::codebank::v1;
use proto::codebank::v1::authorize_request::Card;
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};
use uuid::Uuid;

/// A purchase as it was asked for.
pub(crate) struct Purchase {
    pub(crate) request_id: domain::RequestId,
    pub(crate) number: CardNumber,
    pub(crate) expiry: Expiry,
    pub(crate) security_code: SecurityCode,
    pub(crate) amount: Money,
    pub(crate) merchant: Merchant,
    pub(crate) description: Description,
}

impl Purchase {
    pub(crate) fn read(message: &v1::AuthorizeRequest) -> Result<Self, Status> {
        let Some(Card::Credentials(card)) = &message.card else {
            return Err(Status::invalid_argument("card: credentials must be given"));
        };
        let merchant = given("merchant", message.merchant.as_ref())?;
        Ok(Self {
            request_id: id("request_id", &message.request_id)?,
            number: valid("credentials.number", CardNumber::parse(&card.number))?,
            expiry: expiry(card.expiry_month, card.expiry_year)?,
            security_code: valid(
                "credentials.security_code",
                SecurityCode::parse(&card.security_code),
            )?,
            amount: money("amount", message.amount.as_ref())?,
            merchant: Merchant {
                id: valid("merchant.id", MerchantId::parse(&merchant.id))?,
                name: valid("merchant.name", MerchantName::parse(&merchant.name))?,
                mcc: valid("merchant.mcc", MerchantCategoryCode::parse(&merchant.mcc))?,
            },
            description: valid("description", Description::parse(&message.description))?,
        })
    }

    /// The command, when the vault knows the card.
    pub(crate) fn command(self, card: Recognized) -> AuthorizePurchase {
        AuthorizePurchase {
            at: now(),
            authorization_id: AuthorizationId::new(Uuid::now_v7()),
            card_id: card.card_id,
            card_last_four: card.last_four,
            presented: Presented::Credentials {
                expiry: self.expiry,
                security_code: card.security_code,
            },
            amount: self.amount,
            merchant: self.merchant,
            description: self.description,
        }
    }
}

pub(crate) fn id<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Status> {
    valid(field, text.parse())
}

pub(crate) fn expiry(month: u32, year: u32) -> Result<Expiry, Status> {
    let year = i32::try_from(year).unwrap_or(i32::MAX);
    valid("expiry", Expiry::try_new(month, year))
}

pub(crate) fn money(field: &str, amount: Option<&v1::Money>) -> Result<Money, Status> {
    let amount = given(field, amount)?;
    let currency: Currency = id(field, &amount.currency_code)?;
    Ok(Money::new(amount.minor_units, currency))
}

pub(crate) fn valid<T, E: Display>(field: &str, parsed: Result<T, E>) -> Result<T, Status> {
    parsed.map_err(|error| Status::invalid_argument(format!("{field}: {error}")))
}

fn given<'a, T>(field: &str, value: Option<&'a T>) -> Result<&'a T, Status> {
    value.ok_or_else(|| Status::invalid_argument(format!("{field}: must be given")))
}

/// Now, in whole milliseconds, as the bank records it.
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

pub(crate) fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: at.timestamp_subsec_nanos().cast_signed(), // below two thousand million
    }
}

/// A message on its way out, marked when an earlier call got it already.
pub(crate) fn respond<T>(message: T, is_repeat: bool) -> Response<T> {
    let mut response = Response::new(message);
    if is_repeat {
        let header = MetadataValue::from_static("true");
        response.metadata_mut().insert(proto::REPLAYED_HEADER, header);
    }
    response
}

/// The answer that an event is; nothing when it is about something else than a purchase.
pub(crate) fn authorization(
    event: &Event,
    (account_id, account_version): (String, u64),
) -> Option<v1::Authorization> {
    let (id, amount, at, reason) = match event {
        Event::PurchaseApproved(event) => (event.authorization_id, event.amount, event.occurred_at, None),
        Event::PurchaseDeclined(event) => {
            let reason = Some(merchant_facing(event.reason));
            (event.authorization_id, event.amount, event.occurred_at, reason)
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
    let is_hidden = reason == Some(v1::DeclineReason::CardNotRecognized);
    Some(v1::Authorization {
        authorization_id: id.to_string(),
        decision: decision(reason).into(),
        decline_reason: reason.unwrap_or_default().into(),
        account_id: if is_hidden { String::new() } else { account_id },
        account_version: if is_hidden { 0 } else { account_version },
        amount: Some(told(amount)),
        decided_at: Some(timestamp(at)),
    })
}

/// The answer to a purchase with a number that the bank never issued.
pub(crate) fn unknown_card(amount: Money) -> v1::Authorization {
    v1::Authorization {
        authorization_id: Uuid::now_v7().to_string(),
        decision: v1::Decision::Declined.into(),
        decline_reason: v1::DeclineReason::CardNotRecognized.into(),
        amount: Some(told(amount)),
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

fn told(amount: Money) -> v1::Money {
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
