//! The framework as a user of it sets it up: one command in, the event it recorded out, lost races tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cqrs_es::{AggregateError, EventEnvelope, Query};
use domain::account::{CardAccount, Command, Event, Rejection};
use domain::{AccountId, RequestId};
use postgres_es::{PostgresCqrs, postgres_cqrs};
use sqlx::PgPool;
use sqlx::types::Json;
use tonic::Status;

/// How often a command that lost a race is decided anew before the caller is told.
const TRIES_MAX: usize = 10;
/// Where the framework keeps it, with the event.
const REQUEST_ID: &str = "request_id";
const FIND_REQUEST: &str =
    "select aggregate_id, sequence, payload from events where metadata ->> 'request_id' = $1";

#[derive(Clone)]
pub(super) struct Ledger {
    framework: Arc<PostgresCqrs<CardAccount>>,
    committed: Committed,
    pool: PgPool,
}

/// What a request recorded: every answer is made of it.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) account_id: String,
    pub(super) version: u64,
    pub(super) event: Event,
    pub(super) is_repeat: bool,
}

impl Ledger {
    pub(super) fn new(pool: PgPool) -> Self {
        let committed = Committed::default();
        let queries: Vec<Box<dyn Query<CardAccount>>> = vec![Box::new(committed.clone())];
        Self {
            framework: Arc::new(postgres_cqrs(pool.clone(), queries, ())),
            committed,
            pool,
        }
    }

    /// Decides a command and records the decision, or finds what the request recorded before.
    pub(super) async fn execute(
        &self,
        account_id: AccountId,
        request_id: RequestId,
        command: Command,
    ) -> Result<Recorded, Status> {
        let request_id = request_id.to_string();
        let account_id = account_id.to_string();
        for _ in 0..TRIES_MAX {
            if let Some(recorded) = self.find(&request_id).await? {
                return Ok(recorded);
            }
            let metadata = HashMap::from([(REQUEST_ID.to_owned(), request_id.clone())]);
            let executed = self
                .framework
                .execute_with_metadata(&account_id, command.clone(), metadata)
                .await;
            match executed {
                Ok(()) => return self.committed.take(&request_id),
                Err(AggregateError::AggregateConflict) => {}
                Err(error) => return Err(refused(&error)),
            }
        }
        Err(Status::aborted("other requests changed the account each time"))
    }

    async fn find(&self, request_id: &str) -> Result<Option<Recorded>, Status> {
        let row: Option<(String, i64, Json<Event>)> = sqlx::query_as(FIND_REQUEST)
            .bind(request_id)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        Ok(row.map(|(account_id, sequence, event)| Recorded {
            account_id,
            version: sequence.unsigned_abs(), // the table holds none below zero
            event: event.0,
            is_repeat: true,
        }))
    }
}

fn refused(error: &AggregateError<Rejection>) -> Status {
    match error {
        AggregateError::UserError(rejection) => Status::failed_precondition(rejection.code()),
        other => Status::unavailable(other.to_string()),
    }
}

/// A query of the framework: it is told what was committed, and keeps it for the call that waits.
#[derive(Debug, Clone, Default)]
struct Committed {
    by_request: Arc<Mutex<HashMap<String, Recorded>>>,
}

impl Committed {
    fn take(&self, request_id: &str) -> Result<Recorded, Status> {
        let mut by_request = self.by_request.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = by_request.remove(request_id);
        recorded.ok_or_else(|| Status::internal("nothing was committed"))
    }
}

#[tonic::async_trait]
impl Query<CardAccount> for Committed {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<CardAccount>]) {
        let Some(last) = events.last() else { return };
        let Some(request_id) = last.metadata.get(REQUEST_ID) else {
            return;
        };
        let recorded = Recorded {
            account_id: aggregate_id.to_owned(),
            version: last.sequence as u64,
            event: last.payload.clone(),
            is_repeat: false,
        };
        let mut by_request = self.by_request.lock().unwrap_or_else(PoisonError::into_inner);
        by_request.insert(request_id.clone(), recorded);
    }
}
