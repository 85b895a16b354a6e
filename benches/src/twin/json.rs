//! The messages as JSON: the fields of the contract under their own names, as a REST API of the same bank would have them.

use std::borrow::Cow;

use proto::codebank::v1::authorize_request::Card;
use proto::codebank::v1::{
    Authorization, AuthorizeRequest, CardCredentials, Decision, DeclineReason, Merchant, Money,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Asked<'a> {
    #[serde(borrow)]
    request_id: Cow<'a, str>,
    card: CardForm<'a>,
    amount: MoneyForm<'a>,
    merchant: MerchantForm<'a>,
    description: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CardForm<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
    expiry_month: u32,
    expiry_year: u32,
    security_code: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MoneyForm<'a> {
    minor_units: i64,
    #[serde(borrow)]
    currency_code: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MerchantForm<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    mcc: Cow<'a, str>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answered<'a> {
    #[serde(borrow)]
    authorization_id: Cow<'a, str>,
    decision: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decline_reason: Option<Cow<'a, str>>,
    account_id: Cow<'a, str>,
    account_version: u64,
    amount: MoneyForm<'a>,
    /// RFC 3339.
    decided_at: Cow<'a, str>,
}

impl<'a> Asked<'a> {
    /// Nothing of a message without a card's number, an amount or a merchant: no caller here sends one.
    pub(super) fn of(message: &'a AuthorizeRequest) -> Option<Self> {
        let Some(Card::Credentials(card)) = &message.card else {
            return None;
        };
        let merchant = message.merchant.as_ref()?;
        Some(Self {
            request_id: Cow::Borrowed(&message.request_id),
            card: CardForm {
                number: Cow::Borrowed(&card.number),
                expiry_month: card.expiry_month,
                expiry_year: card.expiry_year,
                security_code: Cow::Borrowed(&card.security_code),
            },
            amount: MoneyForm::of(message.amount.as_ref()?),
            merchant: MerchantForm {
                id: Cow::Borrowed(&merchant.id),
                name: Cow::Borrowed(&merchant.name),
                mcc: Cow::Borrowed(&merchant.mcc),
            },
            description: Cow::Borrowed(&message.description),
        })
    }

    pub(super) fn into_message(self) -> AuthorizeRequest {
        AuthorizeRequest {
            request_id: self.request_id.into_owned(),
            card: Some(Card::Credentials(CardCredentials {
                number: self.card.number.into_owned(),
                expiry_month: self.card.expiry_month,
                expiry_year: self.card.expiry_year,
                security_code: self.card.security_code.into_owned(),
            })),
            amount: Some(self.amount.into_message()),
            merchant: Some(Merchant {
                id: self.merchant.id.into_owned(),
                name: self.merchant.name.into_owned(),
                mcc: self.merchant.mcc.into_owned(),
            }),
            description: self.description.into_owned(),
        }
    }
}

impl<'a> MoneyForm<'a> {
    fn of(money: &'a Money) -> Self {
        Self {
            minor_units: money.minor_units,
            currency_code: Cow::Borrowed(&money.currency_code),
        }
    }

    fn into_message(self) -> Money {
        Money {
            minor_units: self.minor_units,
            currency_code: self.currency_code.into_owned(),
        }
    }
}

impl<'a> Answered<'a> {
    /// Nothing of an answer without amount or time: the handler gives none.
    pub(super) fn of(answer: &'a Authorization) -> Option<Self> {
        let decided_at = answer.decided_at.as_ref()?;
        let reason = answer.decline_reason();
        Some(Self {
            authorization_id: Cow::Borrowed(&answer.authorization_id),
            decision: Cow::Borrowed(answer.decision().as_str_name()),
            decline_reason: (reason != DeclineReason::Unspecified)
                .then(|| Cow::Borrowed(reason.as_str_name())),
            account_id: Cow::Borrowed(&answer.account_id),
            account_version: answer.account_version,
            amount: MoneyForm::of(answer.amount.as_ref()?),
            decided_at: Cow::Owned(decided_at.to_string()),
        })
    }

    pub(super) fn into_message(self) -> Authorization {
        let reason = self
            .decline_reason
            .and_then(|name| DeclineReason::from_str_name(&name))
            .unwrap_or_default();
        Authorization {
            authorization_id: self.authorization_id.into_owned(),
            decision: Decision::from_str_name(&self.decision).unwrap_or_default().into(),
            decline_reason: reason.into(),
            account_id: self.account_id.into_owned(),
            account_version: self.account_version,
            amount: Some(self.amount.into_message()),
            decided_at: self.decided_at.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_what_arrives() {
        let amount = Money {
            minor_units: 4_990,
            currency_code: "BRL".to_owned(),
        };
        let asked = AuthorizeRequest {
            request_id: "01939c5e-7a6b-7c00-8000-000000000001".to_owned(),
            card: Some(Card::Credentials(CardCredentials {
                number: "4111111111111111".to_owned(),
                expiry_month: 12,
                expiry_year: 2099,
                security_code: "042".to_owned(),
            })),
            amount: Some(amount.clone()),
            merchant: Some(Merchant {
                id: "bench".to_owned(),
                name: "Livraria \"Dom\"".to_owned(),
                mcc: "5942".to_owned(),
            }),
            description: "Dom Casmurro".to_owned(),
        };
        let text = serde_json::to_string(&Asked::of(&asked).unwrap()).unwrap();
        let arrived: Asked = serde_json::from_str(&text).unwrap();
        assert_eq!(arrived.into_message(), asked);

        let answered = Authorization {
            authorization_id: "01939c5e-7a6b-7c00-8000-000000000002".to_owned(),
            decision: Decision::Declined.into(),
            decline_reason: DeclineReason::OverLimit.into(),
            account_id: "01939c5e-7a6b-7c00-8000-000000000003".to_owned(),
            account_version: 4,
            amount: Some(amount),
            decided_at: Some(prost_types::Timestamp {
                seconds: 1_764_000_000,
                nanos: 5_000_000,
            }),
        };
        let text = serde_json::to_string(&Answered::of(&answered).unwrap()).unwrap();
        let arrived: Answered = serde_json::from_str(&text).unwrap();
        assert_eq!(arrived.into_message(), answered);
    }
}
