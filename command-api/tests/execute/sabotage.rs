//! What is done to a bank's database while it works.

use std::sync::Arc;

use std::time::Duration;

use command_api::execute::{Executor, Request};
use domain::account::Command;
use domain::text::Description;
use sqlx::{Executor as _, PgPool};
use test_support::proxy::{Mode, Proxy};

use crate::witness::Witness;

/// The row that the database will not have.
const FORBIDDEN: &str = "Livro proibido";

/// One way to break a batch in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Another process writes to the same accounts, and under the same request ids.
    Rivals,
    /// A row breaks a constraint that is none of the log's own.
    RefusedAtInsert,
    /// The same, found out only when the transaction commits: all rows had been answered.
    RefusedAtCommit,
    /// Every connection breaks, and new ones are refused for a moment.
    CutConnections,
    /// The server obeys, and its answers are lost with the connections.
    LostAnswers,
    /// The server ends the sessions.
    KilledBackends,
}

impl Sabotage {
    /// So many answers that say what became of the request lie between two blows, at most: however slow the machine is, the bank
    /// comes to work in between.
    pub(crate) fn known_between(self) -> u64 {
        match self {
            Self::Rivals => 11,
            _ => 97,
        }
    }
}

/// Does it.
pub(crate) struct Saboteur<'a> {
    pub(crate) sabotage: Sabotage,
    pub(crate) proxy: &'a Proxy,
    /// Past the proxy.
    pub(crate) pool: &'a PgPool,
    /// Another process.
    pub(crate) rival: &'a Executor,
    pub(crate) witness: &'a Witness,
}

impl Saboteur<'_> {
    pub(crate) async fn begin(&self) {
        let forbid = match self.sabotage {
            Sabotage::RefusedAtInsert => format!(
                "alter table events add constraint no_such_books check (payload ->> 'description' <> '{FORBIDDEN}')"
            ),
            Sabotage::RefusedAtCommit => format!(
                "create function refuse() returns trigger language plpgsql as $$ begin \
                     raise exception 'no such books'; \
                 end $$; \
                 create constraint trigger no_such_books after insert on events deferrable initially deferred \
                 for each row when (new.payload ->> 'description' = '{FORBIDDEN}') execute function refuse()"
            ),
            _ => return,
        };
        let forbidden = self.pool.execute(forbid.as_str()).await;
        forbidden.expect("the table is altered");
    }

    /// One blow. `under_way` is a request that somebody has just sent.
    pub(crate) async fn strike(&self, turn: u64, under_way: Option<Request>) {
        let moment = Duration::from_millis(turn % 7);
        match self.sabotage {
            Sabotage::Rivals => {
                let Some(mut request) = under_way else { return };
                if turn.is_multiple_of(2) {
                    request.key.fingerprint = [9; 32];
                }
                self.witness.ask(self.rival, &request).await;
            }
            Sabotage::CutConnections => {
                self.proxy.turn_to(Mode::Refuse);
                tokio::time::sleep(moment).await;
                self.proxy.turn_to(Mode::Pass);
            }
            Sabotage::LostAnswers => {
                self.proxy.turn_to(Mode::LoseAnswers);
                tokio::time::sleep(moment).await;
                self.proxy.turn_to(Mode::Pass);
            }
            Sabotage::KilledBackends => {
                let kill = "select pg_terminate_backend(pid) from pg_stat_activity \
                            where datname = current_database() and application_name = 'codebank'";
                self.pool.execute(kill).await.expect("the sessions are ended");
            }
            // It strikes by itself, whenever somebody asks for the book.
            Sabotage::RefusedAtInsert | Sabotage::RefusedAtCommit => {}
        }
    }

    pub(crate) async fn end(&self) {
        let allow = match self.sabotage {
            Sabotage::RefusedAtInsert => "alter table events drop constraint no_such_books",
            Sabotage::RefusedAtCommit => "drop trigger no_such_books on events",
            _ => return,
        };
        self.pool.execute(allow).await.expect("the table is altered");
    }
}

/// The purchase that the database will not have, where it is told so.
pub(crate) fn forbidden(mut request: Request) -> Request {
    if let Command::AuthorizePurchase(purchase) = Arc::make_mut(&mut request.command) {
        purchase.description = Description::parse(FORBIDDEN).expect("a description");
    }
    request
}
