//! Messages to values of the domain and back, the first fault refused: what every server of these contracts must do.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, SubsecRound as _, Utc};
use command_api::vault::{CardNumber, SecurityCode};
use domain::Currency;
use domain::account::Merchant;
use domain::card::Expiry;
use domain::text::{Description, MerchantCategoryCode, MerchantId, MerchantName};
use proto::codebank::v1;
use proto::codebank::v1::authorize_request::Card;
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};

/// A purchase as it was asked for.
pub(crate) struct Purchase {
    pub(crate) request_id: domain::RequestId,
    pub(crate) number: CardNumber,
    pub(crate) expiry: Expiry,
    pub(crate) security_code: SecurityCode,
    pub(crate) amount: domain::Money,
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
}

pub(crate) fn id<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Status> {
    valid(field, text.parse())
}

pub(crate) fn expiry(month: u32, year: u32) -> Result<Expiry, Status> {
    let year = i32::try_from(year).unwrap_or(i32::MAX);
    valid("expiry", Expiry::try_new(month, year))
}

pub(crate) fn money(field: &str, amount: Option<&v1::Money>) -> Result<domain::Money, Status> {
    let amount = given(field, amount)?;
    let currency: Currency = id(field, &amount.currency_code)?;
    Ok(domain::Money::new(amount.minor_units, currency))
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
