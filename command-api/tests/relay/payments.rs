//! The compatibility topic: off unless asked for, and then approved purchases only.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use command_api::event_store::{ACCOUNT_STREAM, NewEvent};
use command_api::relay::{CardNumbers, CardNumbersUnavailable};
use domain::CardId;
use test_support::require;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::bank::{Bank, Running, new_event};

const NUMBER: &str = "5555555555554444";

#[derive(Debug)]
struct Numbers(HashMap<CardId, &'static str>);

#[async_trait]
impl CardNumbers for Numbers {
    async fn number_of(&self, card_id: CardId) -> Result<Option<Zeroizing<String>>, CardNumbersUnavailable> {
        Ok(self
            .0
            .get(&card_id)
            .map(|number| Zeroizing::new((*number).to_owned())))
    }
}

fn purchase(card: Uuid, approved: bool) -> NewEvent {
    let at: DateTime<Utc> = "2026-11-22T15:33:50.677291015Z".parse().expect("a time");
    let cycle = r#""billing_cycle":{"opens_on":"2026-11-11","closes_on":"2026-12-11","due_on":"2026-12-18"}"#;
    let (name, last) = if approved {
        ("purchase_approved", cycle)
    } else {
        ("purchase_declined", r#""reason":"over_limit""#)
    };
    let fields = format!(
        r#""authorization_id":"01939c5e-7a6b-7c00-8000-0000000000a1","card_id":"{card}","card_last_four":"4444","#
    ) + r#""amount":{"minor_units":4990,"currency":"BRL"},"description":"Dom Casmurro","#
        + r#""merchant":{"id":"livraria-01","name":"Livraria","mcc":"5942"},"#
        + last;
    new_event(name, at, &fields)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approved_purchases_are_published_with_their_number_when_asked_for() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let (account, stranger, card) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let payments = bank.settings().payments_topic;

    // Without being asked.
    let relay = bank.start().await;
    bank.append_events(ACCOUNT_STREAM, account, 1, vec![purchase(card, true)])
        .await;
    bank.published(1).await;
    relay.stop().await;
    assert!(bank.published_to(&payments, 0).await.is_empty());

    let numbers = Numbers(HashMap::from([(CardId::new(card), NUMBER)]));
    let mut relay = Running::start(bank.relay(bank.settings()).with_payments(Arc::new(numbers)));
    let events = vec![purchase(card, false), purchase(card, true), purchase(card, false)];
    bank.append_events(ACCOUNT_STREAM, account, 2, events).await;
    // A card without a number: its account waits rather than losing a charge.
    bank.append_events(ACCOUNT_STREAM, stranger, 1, vec![purchase(Uuid::now_v7(), true)])
        .await;
    let seen = bank.published_to(&payments, 1).await;
    let events = bank.published(4).await;
    relay
        .until("the account is held back", |status| status.held_accounts == 1)
        .await;
    relay.stop().await;

    let [payment] = seen.as_slice() else {
        panic!("one purchase was approved: {seen:?}")
    };
    assert_eq!(
        payment.value,
        concat!(
            r#"{"transaction_id":"01939c5e-7a6b-7c00-8000-0000000000a1","credit_card_number":"5555555555554444","#,
            r#""status":"approved","amount":49.9,"store":"Livraria","description":"Dom Casmurro","#,
            r#""payment_date":"2026-11-22T15:33:50.677291015Z"}"#
        )
    );
    assert_eq!(bank.published_to(&payments, 1).await.len(), 1);
    assert_eq!(events.len(), 4);
    assert!(events.iter().all(|event| !event.value.contains(NUMBER)));
    assert_eq!(bank.held().await, [(stranger, 1)]);
}
