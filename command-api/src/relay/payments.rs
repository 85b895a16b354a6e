//! The compatibility topic: approved purchases as the bank before this one published them, for its statement program.
//!
//! It carries whole card numbers, so it is off unless asked for. Declines are never published: that program makes a charge of
//! whatever arrives. What was approved while the topic was off is not published later.

use std::error::Error;
use std::fmt::Debug;

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::CardId;
use domain::account::{Event, PurchaseApproved};
use serde::Serialize;
use serde_json::value::RawValue;
use thiserror::Error;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::event_store::Recorded;

use super::record::{Damage, Record};

/// The topic's name, where its readers expect it.
pub(super) const TOPIC: &str = "payments";

/// The only kind of event that becomes a record here.
const APPROVED: &str = "purchase_approved";

/// Where the number of a card is kept.
#[async_trait]
pub trait CardNumbers: Send + Sync + Debug {
    /// The whole number; none for a card that was never issued.
    async fn number_of(&self, card_id: CardId) -> Result<Option<Zeroizing<String>>, CardNumbersUnavailable>;
}

/// The card numbers are out of reach; the same question may be asked again.
#[derive(Debug, Error)]
#[error("the card numbers are out of reach")]
pub struct CardNumbersUnavailable(#[source] pub Box<dyn Error + Send + Sync>);

/// The fields in the order and under the names that the topic's readers know.
#[derive(Serialize)]
struct Payment<'a> {
    transaction_id: Uuid,
    credit_card_number: &'a str,
    status: &'static str,
    amount: Box<RawValue>,
    store: &'a str,
    description: &'a str,
    #[serde(rename = "payment_date")]
    date: String,
}

/// The purchase that an event approves, if it is one. No other kind of event is opened, as it may be one of tomorrow.
pub(super) fn approved_purchase(recorded: &Recorded) -> Result<Option<PurchaseApproved>, Damage> {
    if recorded.name != APPROVED {
        return Ok(None);
    }
    let event = recorded
        .account_event()
        .map_err(|error| Damage::because(&error))?;
    // Any other is not possible: the name inside has been compared.
    let Event::PurchaseApproved(purchase) = event else {
        return Ok(None);
    };
    Ok(Some(purchase))
}

/// The record of an approved purchase on this account.
pub(super) fn record_of<'a>(
    topic: &'a str,
    account: Uuid,
    purchase: &PurchaseApproved,
    number: &str,
) -> Result<Record<'a>, Damage> {
    let amount = json_number(&purchase.amount.to_decimal());
    let payment = Payment {
        transaction_id: purchase.authorization_id.as_uuid(),
        credit_card_number: number,
        status: "approved",
        amount: RawValue::from_string(amount).map_err(|error| Damage::because(&error))?,
        store: purchase.merchant.name.as_str(),
        description: purchase.description.as_str(),
        date: purchase.occurred_at.to_rfc3339_opts(SecondsFormat::Nanos, true),
    };
    let value = serde_json::to_string(&payment).map_err(|error| Damage::because(&error))?;
    Ok(Record {
        topic,
        account,
        value: Zeroizing::new(value),
        headers: Vec::new(),
    })
}

/// A plain decimal as JSON writes numbers: without trailing zeros after the point, `49.90` as `49.9`. Never through a float.
fn json_number(decimal: &str) -> String {
    if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        decimal.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::event_store::{ACCOUNT_STREAM, Metadata, Position};

    fn recorded(name: &str, minor_units: i64, currency: &str) -> Recorded {
        let at: DateTime<Utc> = "2026-11-22T15:33:50.677291015Z".parse().expect("a time");
        let payload = serde_json::json!({
            "type": name,
            "occurred_at": at,
            "authorization_id": "01939c5e-7a6b-7c00-8000-0000000000a1",
            "card_id": "01939c5e-7a6b-7c00-8000-0000000000c1",
            "card_last_four": "1111",
            "amount": {"minor_units": minor_units, "currency": currency},
            "merchant": {"id": "livraria-01", "name": "Livraria \"Sol\"", "mcc": "5942"},
            "description": "Dom Casmurro",
            "billing_cycle": {"opens_on": "2026-11-11", "closes_on": "2026-12-11", "due_on": "2026-12-18"},
        });
        Recorded {
            stream_type: ACCOUNT_STREAM.into(),
            stream_id: Uuid::from_u128(7),
            sequence: 3,
            name: name.to_owned().into(),
            version: "1".into(),
            payload: payload.to_string(),
            metadata: Metadata {
                occurred_at: at,
                traceparent: None,
            },
            position: Position::default(),
            recorded_at: at,
            request: None,
        }
    }

    fn value_of(minor_units: i64, currency: &str) -> String {
        let purchase = approved_purchase(&recorded("purchase_approved", minor_units, currency));
        let purchase = purchase.expect("not damaged").expect("a purchase");
        let record = record_of("payments", Uuid::nil(), &purchase, "5555555555554444");
        record.expect("a record").value.to_string()
    }

    #[test]
    fn an_approved_purchase_is_written_as_its_readers_know_it() {
        assert_eq!(
            value_of(4990, "BRL"),
            concat!(
                r#"{"transaction_id":"01939c5e-7a6b-7c00-8000-0000000000a1","credit_card_number":"5555555555554444","#,
                r#""status":"approved","amount":49.9,"store":"Livraria \"Sol\"","description":"Dom Casmurro","#,
                r#""payment_date":"2026-11-22T15:33:50.677291015Z"}"#
            )
        );
    }

    #[test]
    fn nothing_else_is() {
        for name in ["purchase_declined", "card_issued", "a_kind_of_tomorrow"] {
            assert_eq!(
                approved_purchase(&recorded(name, 4990, "BRL")),
                Ok(None),
                "{name}"
            );
        }
        let damaged = Recorded {
            payload: "{}".to_owned(),
            ..recorded("purchase_approved", 4990, "BRL")
        };
        assert!(approved_purchase(&damaged).is_err());
    }

    #[test]
    fn amounts_are_exact_json_numbers() {
        let cases = [
            (4990, "BRL", "49.9"),
            (4999, "BRL", "49.99"),
            (1, "BRL", "0.01"),
            (10, "BRL", "0.1"),
            (100_000_000, "BRL", "1000000"),
            (i64::MAX, "BRL", "92233720368547758.07"),
            (1000, "JPY", "1000"),
        ];
        for (minor_units, currency, expected) in cases {
            let value = value_of(minor_units, currency);
            assert!(
                value.contains(&format!("\"amount\":{expected},")),
                "{expected} in {value}"
            );
        }
    }
}
