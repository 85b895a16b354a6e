//! The pages of an embedded bank, at the address of its GraphQL, with the demo cardholders to choose from.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use axum::Router;
use bank_pages::{Holder, Settings};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::demo::DemoCard;

/// What answers to every path that is not GraphQL's or the operator's.
pub(crate) fn router(settings: Settings) -> Router {
    let fallback = look::fallback(settings.look());
    bank_pages::router(settings)
        .merge(look::router())
        .fallback_service(fallback)
}

pub(crate) fn settings(
    data: &Path,
    http: SocketAddr,
    commands: Channel,
    cards: &[DemoCard],
    stop: &CancellationToken,
) -> anyhow::Result<Settings> {
    let key = look::load_or_make_key(&data.join("pages.key")).context("the pages' key")?;
    Ok(Settings {
        operations: true,
        shop_url: Some("/shop".to_owned()),
        stop: stop.clone(),
        ..Settings::new(format!("http://{http}/graphql"), commands, key, holders(cards))
    })
}

/// An account per cardholder, in the order in which they were opened.
fn holders(cards: &[DemoCard]) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    for card in cards {
        let printed = bank_pages::DemoCard {
            number: card.number.clone(),
            expiry: card.expiry.clone(),
            security_code: card.security_code.clone(),
            is_blocked: card.is_blocked,
        };
        match holders
            .iter_mut()
            .find(|holder| holder.account_id == card.account_id)
        {
            Some(holder) => holder.cards.push(printed),
            None => holders.push(Holder {
                account_id: card.account_id.clone(),
                label: (card.holder.0.to_owned(), card.holder.1.to_owned()),
                cards: vec![printed],
            }),
        }
    }
    holders
}
