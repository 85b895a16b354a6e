//! The bank under load on a real PostgreSQL while its batches break in the middle: whatever breaks them, every caller has a true
//! answer or the honest one that nobody knows, and nothing of what was thrown away is ever decided upon.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use command_api::event_store::postgres::{self, PostgresEventLog};
use command_api::execute::{Executor, Request, Settings};
use domain::account::{BlockCard, Command, Rejection, UnblockCard};
use domain::{AccountId, CardId};
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use test_support::proxy::{Mode, Proxy};
use test_support::{Database, eventually};
use tokio::time::Instant;

use crate::sabotage::{Sabotage, Saboteur, forbidden};
use crate::table::{account, now, purchase, request};
use crate::witness::{Claim, Log, Witness, kind};

/// Some are spent in a moment, some last for the whole storm.
const LIMITS: [i64; 5] = [500, 3_000, 10_000, 200_000, 10_000_000];
const SHOPPERS: usize = 64;
/// A storm lasts for so many answers that say what became of the request.
const KNOWN: u64 = 2_500;
/// So often at least the guards block and unblock their cards in it.
const ROUNDS: usize = 20;
/// So many at once ask what became of their requests.
const ASKED_AGAIN_AT_ONCE: usize = 16;
/// One in so many asks for what the saboteur may have forbidden.
const FORBIDDEN_EVERY: usize = 151;
const CONNECTIONS: u32 = 4;
const STORM_WITHIN: Duration = Duration::from_mins(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_rival_that_takes_sequences_and_request_ids() {
    storm(Sabotage::Rivals).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_when_it_is_inserted() {
    storm(Sabotage::RefusedAtInsert).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_when_it_is_committed() {
    storm(Sabotage::RefusedAtCommit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut() {
    storm(Sabotage::CutConnections).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_lost_after_the_commit() {
    storm(Sabotage::LostAnswers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_are_killed() {
    storm(Sabotage::KilledBackends).await;
}

async fn storm(sabotage: Sabotage) {
    let server = test_support::require!(postgres);
    let bank = Bank::open(&server).await;
    let saboteur = Saboteur {
        sabotage,
        proxy: &bank.proxy,
        pool: bank.database.pool(),
        rival: &bank.rival,
        witness: &bank.witness,
    };
    saboteur.begin().await;
    tokio::join!(
        join_all((0..SHOPPERS).map(|number| bank.shop(number))),
        join_all(bank.cards.iter().map(|card| bank.guard(*card))),
        bank.is_struck(&saboteur)
    );
    saboteur.end().await;

    bank.witness.check(&bank.read().await);
    bank.settle().await;
    let log = bank.read().await;
    bank.witness.check(&log);
    for card in &bank.cards {
        bank.serves_on(*card, &log).await;
    }
    bank.was_worth_it(sabotage);
}

struct Bank {
    database: Database,
    proxy: Proxy,
    executor: Executor,
    rival: Executor,
    cards: Vec<(AccountId, CardId)>,
    witness: Witness,
    under_way: Mutex<Option<Request>>,
    known: AtomicU64,
    rounds: AtomicUsize,
    over: AtomicBool,
}

impl Bank {
    async fn open(server: &str) -> Self {
        let migrate = async |pool| PostgresEventLog::migrate(&pool).await;
        let database = test_support::database(server, "storm", migrate).await;
        let proxy = Proxy::before(&database.url(), Mode::Pass).await;
        let pool = postgres::connect(&proxy.instead(&database.url()), CONNECTIONS).await;
        let log = PostgresEventLog::new(pool.expect("a pool"));
        let executor = Executor::start(
            Arc::new(log),
            &Settings {
                beside_min: 1,
                ..Settings::default()
            },
        );
        let direct = PostgresEventLog::new(database.pool().clone());
        let rival = Executor::start(Arc::new(direct), &Settings::default());
        let cards = join_all(LIMITS.map(|limit| account(&executor, limit))).await;
        Self {
            database,
            proxy,
            executor,
            rival,
            cards,
            witness: Witness::default(),
            under_way: Mutex::new(None),
            known: AtomicU64::new(0),
            rounds: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }
    }

    async fn read(&self) -> Log {
        let log = PostgresEventLog::new(self.database.pool().clone());
        Log::read(&log, self.cards.iter().map(|(account_id, _)| *account_id)).await
    }

    async fn ask(&self, request: &Request) -> Claim {
        *self.under_way.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        let claim = self.witness.ask(&self.executor, request).await;
        if !matches!(claim, Claim::Unknown | Claim::Nothing) {
            self.known.fetch_add(1, Ordering::Relaxed);
        }
        claim
    }

    /// Again under the same request id until somebody knows.
    async fn insist(&self, request: &Request) -> Claim {
        eventually("the bank knows", SETTLED_WITHIN, async || {
            match self.ask(request).await {
                nobody_knows @ (Claim::Unknown | Claim::Nothing) => Err(nobody_knows),
                known => Ok(known),
            }
        })
        .await
    }

    async fn is_struck(&self, saboteur: &Saboteur<'_>) {
        let (mut turn, limit) = (0, Instant::now() + STORM_WITHIN);
        while self.known.load(Ordering::Relaxed) < KNOWN || self.rounds.load(Ordering::Relaxed) < ROUNDS {
            let calm_until =
                self.known.load(Ordering::Relaxed) + turn * 37 % saboteur.sabotage.known_between();
            while self.known.load(Ordering::Relaxed) < calm_until {
                assert!(Instant::now() < limit, "nobody is answered any more");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // Somewhere in the batch that is under way by now.
            tokio::time::sleep(Duration::from_millis(turn % 11)).await;
            let under_way = self
                .under_way
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            saboteur.strike(turn, under_way).await;
            assert!(Instant::now() < limit, "the guards make no rounds any more");
            turn += 1;
        }
        self.over.store(true, Ordering::Relaxed);
    }

    /// Buys without end, in every manner there is.
    async fn shop(&self, number: usize) {
        for turn in (0..).take_while(|_| !self.over.load(Ordering::Relaxed)) {
            let card = self.cards[(number + turn) % self.cards.len()];
            let amount = i64::try_from(1 + (number * 7 + turn * 13) % 40).expect("a small number");
            let mut asked = purchase(card, amount);
            if (number * 40 + turn).is_multiple_of(FORBIDDEN_EVERY) {
                asked = forbidden(asked);
            }
            match (number + turn) % 9 {
                0 => {
                    tokio::join!(self.ask(&asked), self.ask(&asked));
                }
                1 => {
                    let first = self.ask(&asked).await;
                    let again = self.ask(&asked).await;
                    let known = matches!(first, Claim::Recorded(_) | Claim::Taken);
                    assert!(
                        !known || [first, Claim::Nothing, Claim::Unknown].contains(&again),
                        "{first:?}, {again:?}"
                    );
                }
                2 => {
                    asked.deadline = Some(Instant::now() + Duration::from_millis(turn as u64 % 6));
                    self.ask(&asked).await;
                }
                3 => {
                    let free = self.ask(&purchase(card, 0)).await;
                    let refused = Claim::Rejected(Rejection::AmountNotPositive);
                    assert!(
                        [refused, Claim::Nothing, Claim::Unknown].contains(&free),
                        "{free:?}"
                    );
                }
                _ => {
                    self.ask(&asked).await;
                }
            }
        }
    }

    /// Blocks and unblocks a card, which nobody else does, until the storm is over.
    async fn guard(&self, card: (AccountId, CardId)) {
        while !self.over.load(Ordering::Relaxed) {
            self.block_and_unblock(card).await;
            self.rounds.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The card is as the last one left it, whatever was thrown away since.
    async fn block_and_unblock(&self, card: (AccountId, CardId)) {
        let (account_id, card_id) = card;
        let block = Command::BlockCard(BlockCard { at: now(), card_id });
        let unblock = Command::UnblockCard(UnblockCard { at: now(), card_id });
        for (asked, recorded) in [
            (request(account_id, block), "card_blocked"),
            (purchase(card, 1), "purchase_declined"),
            (request(account_id, unblock), "card_unblocked"),
        ] {
            let claim = self.insist(&asked).await;
            // Where a rival took the request id, it was for the same.
            assert!(
                claim == Claim::Recorded(recorded) || claim == Claim::Taken,
                "{claim:?} where {recorded} was to be"
            );
        }
    }

    /// Who was told that nobody knows asks, and is told one or the other.
    async fn settle(&self) {
        stream::iter(self.witness.unsettled())
            .for_each_concurrent(ASKED_AGAIN_AT_ONCE, |asked| self.settle_one(asked))
            .await;
    }

    /// A repeat is answered with what was found.
    async fn settle_one(&self, mut asked: Request) {
        asked.deadline = None;
        let found = eventually("the log is read", SETTLED_WITHIN, async || {
            self.executor.find_request(asked.key.id).await
        })
        .await;
        let claim = self.insist(&asked).await;
        match found {
            Some(first) if first.request == Some(asked.key) => {
                assert_eq!(claim, Claim::Recorded(kind(&first)));
            }
            Some(_) => assert_eq!(claim, Claim::Taken),
            None => assert!(!matches!(claim, Claim::Taken), "{claim:?}"),
        }
    }

    /// What it holds in memory is what the log says.
    async fn serves_on(&self, card: (AccountId, CardId), log: &Log) {
        self.block_and_unblock(card).await;
        let state = log.state(card.0);
        let available = state.account().expect("it is open").available().minor_units();
        let declined = Claim::Recorded("purchase_declined");
        assert_eq!(self.ask(&purchase(card, available + 1)).await, declined);
        if available > 0 {
            let approved = Claim::Recorded("purchase_approved");
            assert_eq!(self.ask(&purchase(card, available)).await, approved);
        }
        assert_eq!(self.ask(&purchase(card, 1)).await, declined);
    }

    /// Something of everything happened.
    fn was_worth_it(&self, sabotage: Sabotage) {
        let count = |claim| self.witness.count(claim);
        let recorded = |kind| count(Claim::Recorded(kind));
        let (unknown, taken) = (count(Claim::Unknown), count(Claim::Taken));
        let (approved, declined) = (recorded("purchase_approved"), recorded("purchase_declined"));
        let (rejected, unblocked) = (
            count(Claim::Rejected(Rejection::AmountNotPositive)),
            recorded("card_unblocked"),
        );
        println!(
            "{sabotage:?}: {approved} approved, {declined} declined, {rejected} rejected, {unblocked} unblocked, \
             {taken} ids taken, {unknown} unknown"
        );
        let broken = if sabotage == Sabotage::Rivals {
            taken
        } else {
            unknown
        };
        assert!(broken > 10 && approved > 10 && declined > 10 && rejected > 10 && unblocked > 10);
    }
}
