//! The bank as its customer sees it: two gRPC calls, and what their answers mean for an order. It knows no database.

use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::authorize_request::Card as PresentedCard;
use proto::codebank::v1::{
    Authorization, AuthorizeRequest, Decision, DeclineReason, GetOutcomeRequest, Merchant, Money,
};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use super::Patience;
use crate::card::Card;
use crate::order::{Charge, Order, Reason, State};
use crate::price::CURRENCY;
use crate::{MERCHANT_ID, MERCHANT_NAME};

/// Department stores (ISO 18245).
const MERCHANT_CATEGORY: &str = "5311";
/// The bank takes 255 characters.
const DESCRIPTION_CHARS_MAX: usize = 255;

#[derive(Debug, Clone)]
pub(super) struct Bank {
    client: AuthorizationServiceClient<Channel>,
    patience: Patience,
}

/// What came of asking for a charge.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `Approved` or `Declined`.
    Decided(State),
    /// The bank could not do anything with the request, and recorded nothing.
    Refused,
    /// It may or may not have been charged.
    Unknown,
}

/// What came of asking what became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Decided(State),
    /// Nothing is recorded under the request id, yet.
    NothingRecorded,
    /// The bank does not say.
    Unknown,
}

impl Bank {
    pub(super) fn new(channel: Channel, patience: Patience) -> Self {
        Self {
            client: AuthorizationServiceClient::new(channel),
            patience,
        }
    }

    pub(super) async fn authorize(&self, order: &Order, card: Card) -> Answer {
        let mut request = Request::new(AuthorizeRequest {
            request_id: order.id.to_string(),
            card: Some(PresentedCard::Credentials(card.into_credentials())),
            amount: Some(Money {
                minor_units: order.total.minor_units(),
                currency_code: CURRENCY.to_owned(),
            }),
            merchant: Some(Merchant {
                id: MERCHANT_ID.to_owned(),
                name: MERCHANT_NAME.to_owned(),
                mcc: MERCHANT_CATEGORY.to_owned(),
            }),
            description: description(order),
        });
        request.set_timeout(self.patience.authorize);
        let mut client = self.client.clone();
        // The deadline is kept here too: a connection that is being made does not know of it.
        let answer = tokio::time::timeout(self.patience.authorize, client.authorize(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        match answer {
            Ok(response) => match decided(response.into_inner().authorization) {
                Some(state) => Answer::Decided(state),
                None => Answer::Unknown,
            },
            Err(status) => {
                tracing::warn!(code = ?status.code(), order = %order.id, "the bank did not decide");
                match status.code() {
                    Code::InvalidArgument => Answer::Refused,
                    _ => Answer::Unknown,
                }
            }
        }
    }

    pub(super) async fn outcome(&self, order: Uuid) -> Outcome {
        let mut request = Request::new(GetOutcomeRequest {
            request_id: order.to_string(),
        });
        request.set_timeout(self.patience.outcome);
        let mut client = self.client.clone();
        let answer = tokio::time::timeout(self.patience.outcome, client.get_outcome(request)).await;
        match answer {
            Ok(Ok(response)) => match decided(response.into_inner().authorization) {
                Some(state) => Outcome::Decided(state),
                None => Outcome::Unknown,
            },
            Ok(Err(status)) if status.code() == Code::NotFound => Outcome::NothingRecorded,
            Ok(Err(status)) => {
                tracing::warn!(code = ?status.code(), %order, "the bank does not say what became of an order");
                Outcome::Unknown
            }
            Err(_) => Outcome::Unknown,
        }
    }
}

/// An answer without a decision is none.
fn decided(authorization: Option<Authorization>) -> Option<State> {
    let authorization = authorization?;
    match authorization.decision() {
        Decision::Approved => Some(State::Approved(Charge {
            account_version: i64::try_from(authorization.account_version).unwrap_or_default(),
            account_id: authorization.account_id,
        })),
        Decision::Declined => Some(State::Declined(reason(authorization.decline_reason()))),
        Decision::Unspecified => None,
    }
}

fn reason(reason: DeclineReason) -> Reason {
    match reason {
        DeclineReason::Unspecified => Reason::Other,
        DeclineReason::CardNotRecognized => Reason::CardNotRecognized,
        DeclineReason::AccountClosed => Reason::AccountClosed,
        DeclineReason::CardCancelled => Reason::CardCancelled,
        DeclineReason::CardNotActivated => Reason::CardNotActivated,
        DeclineReason::CardBlocked => Reason::CardBlocked,
        DeclineReason::CardExpired => Reason::CardExpired,
        DeclineReason::OverLimit => Reason::OverLimit,
    }
}

/// What the cardholder reads on the statement: the things by name, in the language of the shop's country.
fn description(order: &Order) -> String {
    let names = order.items.iter().map(|item| match item.quantity.get() {
        1 => item.name_pt.clone(),
        several => format!("{several}× {}", item.name_pt),
    });
    let all = names.collect::<Vec<_>>().join(", ");
    if all.chars().count() <= DESCRIPTION_CHARS_MAX {
        return all;
    }
    all.chars().take(DESCRIPTION_CHARS_MAX - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Item;
    use crate::price::{Price, Quantity};

    fn order(items: &[(&str, i64)]) -> Order {
        let item = |(name, quantity): &(&str, i64)| Item {
            id: Uuid::nil(),
            product_id: Uuid::nil(),
            slug: String::new(),
            name_en: "in English".to_owned(),
            name_pt: (*name).to_owned(),
            quantity: Quantity::try_new(*quantity).unwrap(),
            price: Price::try_new(100).unwrap(),
        };
        Order {
            id: Uuid::nil(),
            visitor: None,
            state: State::Pending,
            total: Price::try_new(100).unwrap(),
            card: crate::card::CardPrint {
                last_four: "1111".to_owned(),
                expiry: crate::card::Expiry::try_new(12, 35).unwrap(),
            },
            created_at: chrono::DateTime::UNIX_EPOCH,
            items: items.iter().map(item).collect(),
        }
    }

    #[test]
    fn a_statement_line_names_what_was_bought_and_fits() {
        assert_eq!(
            description(&order(&[("Dom Casmurro", 1), ("Coador", 2)])),
            "Dom Casmurro, 2× Coador"
        );
        let long = description(&order(&[(&"ção".repeat(60), 1), (&"ção".repeat(60), 1)]));
        assert_eq!(long.chars().count(), DESCRIPTION_CHARS_MAX);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn an_answer_without_a_decision_decides_nothing() {
        assert_eq!(decided(None), None);
        assert_eq!(decided(Some(Authorization::default())), None);
    }
}
