//! Choosing whose pages to see. Not an identity: it stands where one will, and offers only accounts of the settings.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use look::{Link, Page, Posted, Problem, SignedCookieJar, Visitor, html, local_path};
use serde::Deserialize;

use crate::asked::Asked;
use crate::cardholder::{COOKIE, chosen};
use crate::settings::App;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Question {
    #[serde(default)]
    back: String,
    /// The account that a link from elsewhere named.
    #[serde(default)]
    account: String,
}

/// A cardholder to be chosen.
pub(crate) struct Choice {
    pub(crate) account_id: String,
    pub(crate) label: String,
    pub(crate) is_chosen: bool,
    pub(crate) is_wanted: bool,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    page: Page,
    choices: Vec<Choice>,
    back: String,
    is_signed_in: bool,
}

pub(crate) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Asked(question): Asked<Question>,
    parts: Parts,
) -> Response {
    let chosen = chosen(&app, &parts).map(|holder| holder.account_id.clone());
    let choices = app
        .settings
        .holders
        .iter()
        .map(|holder| Choice {
            account_id: holder.account_id.clone(),
            label: holder.label(visitor.language).to_owned(),
            is_chosen: chosen.as_ref() == Some(&holder.account_id),
            is_wanted: question.account == holder.account_id,
        })
        .collect();
    let template = SignIn {
        page: visitor.page(visitor.language.t("Who are you today?", "Quem é você hoje?")),
        choices,
        back: statement_or(&question.back).to_owned(),
        is_signed_in: chosen.is_some(),
    };
    html(StatusCode::OK, &template)
}

fn statement_or(back: &str) -> &str {
    match local_path(back) {
        "/" => "/statements",
        path => path,
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    account: String,
    #[serde(default)]
    back: String,
}

pub(crate) async fn choose(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Posted(choice): Posted<Chosen>,
) -> Response {
    let Some(holder) = app.settings.holder(&choice.account) else {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            (
                "This account cannot be chosen",
                "Esta conta não pode ser escolhida",
            ),
            (
                "Choose one of the cardholders that are offered.",
                "Escolha um dos titulares oferecidos.",
            ),
        );
        return visitor.problem(&problem.with_next(Link::new(
            "/sign-in",
            "Choose again",
            "Escolher de novo",
        )));
    };
    let jar = SignedCookieJar::new(app.settings.key.clone());
    let jar = look::write_cookie(jar, COOKIE, &holder.account_id, app.settings.secure);
    (jar, Redirect::to(statement_or(&choice.back))).into_response()
}

#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

pub(crate) async fn leave(State(app): State<Arc<App>>, parts: Parts, _: Posted<Nothing>) -> Response {
    let jar = SignedCookieJar::from_headers(&parts.headers, app.settings.key.clone());
    let jar = look::forget_cookie(jar, COOKIE, app.settings.secure);
    (jar, Redirect::to("/")).into_response()
}
