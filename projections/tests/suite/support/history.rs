//! Random histories of many accounts: what a bank might have recorded, made without its rules.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::account::{DeclineReason, Event};
use domain::{AccountId, CardId};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::events;
use super::feed::Log;

const SHOPS: [(&str, &str); 5] = [
    ("livraria-01", "Livraria São João"),
    ("cafe-01", "Café"),
    ("cafe-01", "CAFÉ & CIA"),
    ("mercado_77", "Mercado 100%"),
    ("100", "Posto"),
];

/// Makes histories, one event at a time, and appends them to a log.
pub(crate) struct Historian {
    random: StdRng,
    accounts: u128,
    now: DateTime<Utc>,
    pub(crate) histories: BTreeMap<AccountId, Vec<Event>>,
}

impl Historian {
    pub(crate) fn new(seed: u64, accounts: u128) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            accounts,
            now: events::at("2026-11-01T12:00:00.123456Z"),
            histories: BTreeMap::new(),
        }
    }

    /// Appends so many events of random accounts.
    pub(crate) fn write(&mut self, log: &Log, count: usize) {
        for _ in 0..count {
            let account = events::account(self.random.random_range(0..self.accounts));
            self.now += TimeDelta::minutes(self.random.random_range(0..240));
            let event = self.next_event(account);
            let history = self.histories.entry(account).or_default();
            history.push(event);
            log.append(account, history.len() as u64, &history[history.len() - 1]);
        }
    }

    fn next_event(&mut self, account: AccountId) -> Event {
        let when = self.now.to_rfc3339();
        let (events_so_far, cards) = match self.histories.get(&account) {
            None => return events::opened(&when, 500_000),
            Some(history) => (history.len(), cards(history)),
        };
        if cards.is_empty() || (events_so_far < 40 && self.random.random_ratio(1, 12)) {
            let number = account.as_uuid().as_u128() % 1_000 * 100 + cards.len() as u128;
            return events::issued(&when, events::card(number));
        }
        let card = *cards.choose(&mut self.random).unwrap();
        match self.random.random_range(0..20) {
            0 => events::limit_changed(&when, self.random.random_range(0..900_000)),
            1 => events::activated(&when, card),
            2 => events::blocked(&when, card),
            3 => events::unblocked(&when, card),
            4 => events::cancelled(&when, card),
            5 if self.random.random_ratio(1, 10) => events::closed(&when),
            5..=9 => self.declined(&when, card),
            _ => self.approved(&when, card),
        }
    }

    fn approved(&mut self, when: &str, card: CardId) -> Event {
        let (id, name) = *SHOPS.choose(&mut self.random).unwrap();
        let amount = events::reais(self.random.random_range(1..50_000));
        events::approved(
            when,
            card,
            amount,
            events::merchant(id, name),
            "Dom Casmurro, 2ª edição \"capa\"",
        )
    }

    fn declined(&mut self, when: &str, card: CardId) -> Event {
        let (id, name) = *SHOPS.choose(&mut self.random).unwrap();
        let amount = events::reais(self.random.random_range(1..5_000_000));
        let reason = *DeclineReason::LADDER.choose(&mut self.random).unwrap();
        events::declined(when, card, amount, events::merchant(id, name), reason)
    }
}

fn cards(history: &[Event]) -> Vec<CardId> {
    let issued = history.iter().filter_map(|event| match event {
        Event::CardIssued(issued) => Some(issued.card_id),
        _ => None,
    });
    issued.collect()
}

/// Writes one account's history to a log.
pub(crate) fn write(log: &Log, account: AccountId, events: &[Event]) {
    for (event, sequence) in events.iter().zip(1..) {
        log.append(account, sequence, event);
    }
}
