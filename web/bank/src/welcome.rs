//! The first page: what this is, whose pages can be seen, and where something can be bought.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use look::{Page, Visitor, html};

use crate::cardholder::chosen;
use crate::settings::App;

/// A demo card, grouped for reading.
struct CardToTry {
    number: String,
    expiry: String,
    security_code: String,
    is_blocked: bool,
}

struct HolderToTry {
    account_id: String,
    label: String,
    is_chosen: bool,
    cards: Vec<CardToTry>,
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    page: Page,
    holders: Vec<HolderToTry>,
    shop_url: String,
    operations: bool,
}

pub(crate) async fn page(State(app): State<Arc<App>>, visitor: Visitor, parts: Parts) -> Response {
    let chosen = chosen(&app, &parts).map(|holder| holder.account_id.as_str());
    let holders = app
        .settings
        .holders
        .iter()
        .map(|holder| HolderToTry {
            account_id: holder.account_id.clone(),
            label: holder.label(visitor.language).to_owned(),
            is_chosen: chosen == Some(&holder.account_id),
            cards: holder
                .cards
                .iter()
                .map(|card| CardToTry {
                    number: grouped(&card.number),
                    expiry: card.expiry.clone(),
                    security_code: card.security_code.clone(),
                    is_blocked: card.is_blocked,
                })
                .collect(),
        })
        .collect();
    let template = Welcome {
        page: visitor.page(visitor.language.t("Welcome", "Boas-vindas")),
        holders,
        shop_url: app.settings.shop_url.clone().unwrap_or_default(),
        operations: app.settings.operations,
    };
    html(StatusCode::OK, &template)
}

fn grouped(number: &str) -> String {
    let mut text = String::new();
    for (place, digit) in number.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}
