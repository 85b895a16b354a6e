//! `/credit-cards`: which cards there are, and a card more.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::{Datelike as _, Utc};
use proto::codebank::v1::IssueCardRequest;
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use serde::Serialize;
use serde_json::json;
use tonic::{Code, Request};
use tracing::warn;
use uuid::Uuid;

use super::card_number::{CardNumber, Found};
use super::new_card::NewCard;
use super::problem::Problem;
use crate::bank::queries::{CARDS, CardsAnswer};
use crate::bank::{ANSWER_WITHIN, Failure};
use crate::settings::App;

/// Old clients name no expiry.
const GOOD_FOR_YEARS: i32 = 5;

#[derive(Debug, Serialize)]
pub(super) struct ListedCard {
    /// The `credit_card_id` of its invoices.
    id: String,
    /// All but the last four digits hidden: whoever may read the list need not have the cards.
    number: String,
}

#[derive(Serialize)]
struct Registered<'card> {
    number: &'card str,
}

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<ListedCard>>, Problem> {
    let mut cards = Vec::new();
    for holder in &app.settings.holders {
        let variables = json!({ "account": holder.account_id, "version": null });
        match app.bank.ask::<CardsAnswer>(CARDS, variables).await {
            Ok(answer) => cards.extend(answer.cards.nodes.into_iter().map(|card| ListedCard {
                id: card.id,
                number: format!("{}{}", "*".repeat(12), card.last_four),
            })),
            // An account of the settings that the bank does not have, or not yet, has no cards to list.
            Err(Failure::NotFound) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(Json(cards))
}

/// Puts a card with this number on the first account of the settings. It cannot be paid with until it is activated, which is not
/// for these routes: a card that the old service did not know could not be paid with either.
pub(super) async fn register(State(app): State<Arc<App>>, card: NewCard) -> Result<Response, Problem> {
    match card.number.find(&app).await? {
        Found::Card { .. } => Err(Problem::unprocessable("the card is known already")),
        Found::NoNumber => Err(Problem::unprocessable("number is not a card number")),
        Found::Nobodys => {
            issue(&app, &card.number).await?;
            let number = card.number.expose();
            Ok((StatusCode::CREATED, Json(Registered { number })).into_response())
        }
    }
}

/// The request id is new each time: one made of the number would let the log be searched for the number.
async fn issue(app: &App, number: &CardNumber) -> Result<(), Problem> {
    let Some(holder) = app.settings.holders.first() else {
        return Err(Problem::unprocessable(
            "there is no account here that a card could be put on",
        ));
    };
    let today = Utc::now();
    let mut request = Request::new(IssueCardRequest {
        request_id: Uuid::now_v7().to_string(),
        account_id: holder.account_id.clone(),
        expiry_month: today.month(),
        expiry_year: (today.year() + GOOD_FOR_YEARS).unsigned_abs(), // after 2000
        card_number: number.expose().to_owned(),
    });
    request.set_timeout(ANSWER_WITHIN);
    let mut bank = CardAccountServiceClient::new(app.settings.commands.clone());
    match bank.issue_card(request).await {
        Ok(answer) => {
            shown(app, &holder.account_id, answer.into_inner().account_version).await;
            Ok(())
        }
        Err(status) if matches!(status.code(), Code::FailedPrecondition | Code::NotFound) => {
            Err(Problem::unprocessable(
                "the bank does not take the card: its number is in use, or the account takes no cards",
            ))
        }
        Err(status) => Err(Problem::no_answer(&status)),
    }
}

/// Waits until a list shows the new card. If it does not come, the card is issued all the same.
async fn shown(app: &App, account_id: &str, version: u64) {
    let variables = json!({ "account": account_id, "version": version });
    if let Err(failure) = app.bank.ask::<CardsAnswer>(CARDS, variables).await {
        warn!(
            error = &failure as &dyn std::error::Error,
            "a new card is not shown yet"
        );
    }
}
