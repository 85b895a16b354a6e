//! What the cardholder and the operator look at. It knows the bank by GraphQL, and by gRPC for commands: nothing that any
//! other front end could not know. Whose statement is shown is a signed cookie that names an account; every query is made for
//! that account and no other.

mod settings;

mod activity;
mod asked;
mod bank;
mod cardholder;
mod cards;
mod facade;
mod live;
mod operations;
mod search;
mod sign_in;
mod statement;
mod welcome;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use look::dress;

pub use search::SearchIndex;
pub use settings::{DemoCard, Holder, Settings};

use crate::live::Seats;
use crate::settings::App;

/// The routes of `/`, `/sign-in`, `/statements…`, `/activity…`, `/cards…`, `/live` and `/operations`. Whoever mounts them adds
/// `look::router()` and `look::fallback(…)`, once per address. Where the settings ask for it, those of `/credit-cards…` too.
pub fn router(settings: Settings) -> Router {
    let look = settings.look();
    let legacy_rest = settings.legacy_rest;
    let app = Arc::new(App {
        bank: bank::Bank::new(settings.graphql.clone()),
        seats: Seats::new(settings.live_max),
        search: settings.search.as_ref().map(search::Search::new),
        settings,
    });
    let routes = Router::new()
        .route("/", get(welcome::page))
        .route("/sign-in", get(sign_in::page).post(sign_in::choose))
        .route("/sign-out", post(sign_in::leave))
        .route("/statements", get(statement::current))
        .route("/statements/{cycle}", get(statement::of_cycle))
        .route("/activity", get(activity::page))
        .route("/activity/{version}", get(activity::why))
        .route("/cards", get(cards::page))
        .route("/cards/block", post(cards::block))
        .route("/cards/unblock", post(cards::unblock))
        .route("/live", get(live::events))
        .route("/operations", get(operations::page))
        .with_state(Arc::clone(&app));
    let pages = dress(routes, look);
    if legacy_rest {
        pages.merge(facade::router(app))
    } else {
        pages
    }
}
