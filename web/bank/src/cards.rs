//! The cards of an account: how they stand, and blocking and unblocking them. Commands go to the bank by gRPC under the
//! request id that the form carries, so that sending a form twice is one command.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use look::{Language, Link, Page, Posted, Problem, amount, html};
use proto::codebank::v1::card_account_service_client::CardAccountServiceClient;
use proto::codebank::v1::{BlockCardRequest, UnblockCardRequest};
use serde::Deserialize;
use serde_json::json;
use tonic::{Code, Request, Status};
use tracing::warn;
use uuid::Uuid;

use crate::bank::facts::{Account, AccountStatus, Card, CardStatus, Money};
use crate::bank::queries::{CARDS, CardsAnswer};
use crate::cardholder::Cardholder;
use crate::settings::App;
use crate::words;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Parts of a whole, as a meter draws them.
const WHOLE: i64 = 1000;

/// The limit as a page shows it.
pub(crate) struct Limit {
    pub(crate) whole: String,
    pub(crate) used: String,
    pub(crate) available: String,
    /// How much of it is used, in thousandths.
    pub(crate) used_part: i64,
    pub(crate) is_nearly_used: bool,
}

impl Limit {
    pub(crate) fn new(language: Language, account: &Account) -> Self {
        let text = |money: &Money| amount(language, money.minor_units, &money.currency);
        let used_part = part(account.outstanding.minor_units, account.credit_limit.minor_units);
        Self {
            whole: text(&account.credit_limit),
            used: text(&account.outstanding),
            available: text(&account.available),
            used_part,
            is_nearly_used: used_part >= WHOLE / 10 * 9,
        }
    }
}

/// A part of a whole in thousandths: drawn, never counted with.
pub(crate) fn part(some: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return if some > 0 { WHOLE } else { 0 };
    }
    let part = i128::from(some.max(0)) * i128::from(WHOLE) / i128::from(whole);
    i64::try_from(part).unwrap_or(WHOLE).min(WHOLE)
}

struct CardView {
    id: String,
    last_four: String,
    expiry: String,
    status: &'static str,
    chip: &'static str,
    is_active: bool,
    is_blocked: bool,
    request_id: String,
}

impl CardView {
    fn new(language: Language, card: Card) -> Self {
        let (status, chip) = words::card_status(language, card.status);
        Self {
            id: card.id,
            last_four: card.last_four,
            expiry: format!("{:02}/{:02}", card.expiry_month, card.expiry_year % 100),
            status,
            chip,
            is_active: card.status == CardStatus::Active,
            is_blocked: card.status == CardStatus::Blocked,
            request_id: Uuid::now_v7().to_string(),
        }
    }
}

#[derive(Template)]
#[template(path = "cards.html")]
struct Cards {
    page: Page,
    label: String,
    limit: Limit,
    is_closed: bool,
    views: Vec<CardView>,
}

pub(crate) async fn page(State(app): State<Arc<App>>, holder: Cardholder) -> Response {
    let variables = json!({ "account": holder.account_id, "version": holder.at_least_version });
    let answer: CardsAnswer = match app.bank.ask(CARDS, variables).await {
        Ok(answer) => answer,
        Err(failure) => return holder.failed(&failure),
    };
    let language = holder.visitor.language;
    let template = Cards {
        page: holder.page(holder.t("Cards", "Cartões")).with_back("/cards"),
        label: holder.label.clone(),
        limit: Limit::new(language, &answer.account),
        is_closed: answer.account.status == AccountStatus::Closed,
        views: answer
            .cards
            .nodes
            .into_iter()
            .map(|card| CardView::new(language, card))
            .collect(),
    };
    html(StatusCode::OK, &template)
}

#[derive(Debug, Deserialize)]
pub(crate) struct CardForm {
    card_id: String,
    request_id: String,
}

pub(crate) async fn block(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Posted(form): Posted<CardForm>,
) -> Response {
    let mut request = Request::new(BlockCardRequest {
        request_id: form.request_id,
        account_id: holder.account_id.clone(),
        card_id: form.card_id,
    });
    request.set_timeout(ANSWER_WITHIN);
    let mut bank = CardAccountServiceClient::new(app.settings.commands.clone());
    let answer = bank.block_card(request).await;
    done(&holder, answer.map(|answer| answer.into_inner().account_version))
}

pub(crate) async fn unblock(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Posted(form): Posted<CardForm>,
) -> Response {
    let mut request = Request::new(UnblockCardRequest {
        request_id: form.request_id,
        account_id: holder.account_id.clone(),
        card_id: form.card_id,
    });
    request.set_timeout(ANSWER_WITHIN);
    let mut bank = CardAccountServiceClient::new(app.settings.commands.clone());
    let answer = bank.unblock_card(request).await;
    done(&holder, answer.map(|answer| answer.into_inner().account_version))
}

/// Back to the cards, which then show at least what the command made.
fn done(holder: &Cardholder, answer: Result<u64, Status>) -> Response {
    let status = match answer {
        Ok(version) => return Redirect::to(&format!("/cards?version={version}")).into_response(),
        Err(status) => status,
    };
    let back = Link::new("/cards", "Back to your cards", "Voltar aos seus cartões");
    let problem = match status.code() {
        Code::FailedPrecondition | Code::AlreadyExists => Problem::new(
            StatusCode::CONFLICT,
            (
                "The card has changed meanwhile",
                "O cartão mudou nesse meio-tempo",
            ),
            (
                "It was blocked or unblocked from another page. Look at how it stands now.",
                "Ele foi bloqueado ou desbloqueado em outra página. Veja como está agora.",
            ),
        ),
        Code::NotFound => Problem::new(
            StatusCode::NOT_FOUND,
            ("You have no such card", "Você não tem este cartão"),
            ("Nothing was changed.", "Nada foi alterado."),
        ),
        Code::InvalidArgument => Problem::unreadable_form(),
        _ => {
            warn!(
                error = &status as &dyn std::error::Error,
                "a card's command has no answer"
            );
            Problem::unavailable()
        }
    };
    holder.visitor.problem(&problem.with_next(back))
}
