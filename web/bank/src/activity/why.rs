//! `/activity/{version}`: why a line is there. The event that made it, what it meant, and what the account and the card had
//! been through before.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use look::{Language, Page, amount, html, moment, month};
use serde_json::json;

use super::CHANGES;
use super::view::{EventView, event};
use crate::bank::Failure;
use crate::bank::facts::{Activity, ActivityKind};
use crate::bank::queries::{ACCOUNT, ACTIVITY, AccountAnswer, ActivityAnswer};
use crate::cardholder::Cardholder;
use crate::settings::App;
use crate::words;

/// How far back the history is shown.
const BEFORE_MAX: i32 = 20;

/// A line of the table of facts.
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

struct Before {
    at: String,
    event: EventView,
    kind: &'static str,
}

#[derive(Template)]
#[template(path = "why.html")]
struct Why {
    page: Page,
    label: String,
    kind: &'static str,
    event: EventView,
    is_charged: bool,
    statement_href: String,
    statement_month: String,
    facts: Vec<Fact>,
    before: Vec<Before>,
}

pub(crate) async fn why(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    Path(version): Path<String>,
) -> Response {
    let Some(version) = version.parse::<u64>().ok().filter(|version| *version > 0) else {
        return look::not_found(holder.visitor).await;
    };
    match ask(&app, &holder, version).await {
        Ok((activity, before)) => html(StatusCode::OK, &template(&holder, &activity, &before)),
        Err(failure) => holder.failed(&failure),
    }
}

/// The event itself, and what happened to account and card before it.
async fn ask(app: &App, holder: &Cardholder, version: u64) -> Result<(Activity, Vec<Activity>), Failure> {
    let account = &holder.account_id;
    // The bank would wait for an event that is still to come.
    let now: AccountAnswer = app.bank.ask(ACCOUNT, json!({ "account": account })).await?;
    if version > now.account.version {
        return Err(Failure::NotFound);
    }
    let activity = app.bank.event(account, version).await?.ok_or(Failure::NotFound)?;
    let variables = json!({
        "account": account,
        "filter": { "kinds": CHANGES, "until": activity.occurred_at },
        "first": BEFORE_MAX,
    });
    let before: ActivityAnswer = app.bank.ask(ACTIVITY, variables).await?;
    let mut before = before.activity.listed.nodes;
    before.retain(|earlier| {
        earlier.version < version && (earlier.card_id.is_none() || earlier.card_id == activity.card_id)
    });
    Ok((activity, before))
}

fn template(holder: &Cardholder, activity: &Activity, before: &[Activity]) -> Why {
    let language = holder.visitor.language;
    let kind = words::kind(language, activity.kind);
    let cycle = activity.cycle.clone().unwrap_or_default();
    let statement_month = format!("{cycle}-01")
        .parse()
        .map(|day| month(language, day))
        .unwrap_or_default();
    Why {
        page: holder.page(kind),
        label: holder.label.clone(),
        kind,
        event: event(language, activity),
        is_charged: activity.kind == ActivityKind::PurchaseApproved,
        statement_href: format!("/statements/{cycle}"),
        statement_month,
        facts: facts(language, activity),
        before: before
            .iter()
            .map(|earlier| Before {
                at: moment(language, earlier.occurred_at),
                kind: words::kind(language, earlier.kind),
                event: event(language, earlier),
            })
            .collect(),
    }
}

fn facts(language: Language, activity: &Activity) -> Vec<Fact> {
    let mut facts = vec![Fact {
        name: language.t("When", "Quando"),
        value: moment(language, activity.occurred_at),
        is_code: false,
    }];
    let mut add = |name, value: Option<String>, is_code| {
        if let Some(value) = value {
            facts.push(Fact { name, value, is_code });
        }
    };
    let money = |money: &crate::bank::facts::Money| amount(language, money.minor_units, &money.currency);
    add(
        language.t("Amount", "Valor"),
        activity.amount.as_ref().map(money),
        false,
    );
    let limit = activity.credit_limit.as_ref().map(money);
    add(
        language.t("Credit limit from then on", "Limite de crédito desde então"),
        limit,
        false,
    );
    let store = activity
        .merchant
        .as_ref()
        .map(|merchant| format!("{} ({})", merchant.name, merchant.mcc));
    add(
        language.t("Store and category code", "Loja e código do ramo"),
        store,
        false,
    );
    add(
        language.t("Description", "Descrição"),
        activity.description.clone(),
        false,
    );
    let card = activity
        .card_last_four
        .as_ref()
        .map(|last_four| format!("•••• {last_four}"));
    add(language.t("Card", "Cartão"), card, false);
    add(
        language.t("Decision", "Decisão"),
        activity.authorization_id.clone(),
        true,
    );
    add(language.t("Event", "Evento"), Some(activity.id.clone()), true);
    let version = activity.version.to_string();
    add(
        language.t("Account version", "Versão da conta"),
        Some(version),
        false,
    );
    facts
}
