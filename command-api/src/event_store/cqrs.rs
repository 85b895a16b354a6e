//! The event log as cqrs-es sees it: whatever is written against that crate runs on our log.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::{Aggregate as _, AggregateContext, AggregateError, EventEnvelope, EventStore};
use domain::account::{CardAccount, Event, Rejection, replay};
use uuid::Uuid;

use super::{ACCOUNT_STREAM, Append, EventLog, Metadata, NewEvent, Outcome, Recorded, StoreError};

/// The metadata key that is kept of what a caller hands over, besides the event's own time. Others have no place in the log.
const TRACEPARENT: &str = "traceparent";
const OCCURRED_AT: &str = "occurred_at";

type Error = AggregateError<Rejection>;

/// The accounts' events through the seam of cqrs-es. One command at a time and without request ids: the bank's own commands
/// go through `execute`.
#[derive(Debug, Clone)]
pub struct AccountEvents {
    log: Arc<dyn EventLog>,
}

/// An account as it was loaded, and how many events it had then.
#[derive(Debug)]
pub struct AccountContext {
    account_id: Uuid,
    account: CardAccount,
    version: u64,
}

impl AccountEvents {
    pub fn new(log: Arc<dyn EventLog>) -> Self {
        Self { log }
    }

    async fn load(&self, account_id: Uuid) -> Result<Vec<(Recorded, Event)>, Error> {
        let recorded = self
            .log
            .load(ACCOUNT_STREAM, &[(account_id, 0)])
            .await
            .map_err(store_error)?;
        (1..)
            .zip(recorded)
            .map(|(sequence, recorded)| {
                if recorded.sequence != sequence {
                    return Err(damaged(&recorded, "the event before it is missing"));
                }
                let event = recorded.account_event()?;
                Ok((recorded, event))
            })
            .collect::<Result<_, _>>()
            .map_err(store_error)
    }
}

impl AggregateContext<CardAccount> for AccountContext {
    fn aggregate(&mut self) -> &mut CardAccount {
        &mut self.account
    }
}

impl EventStore<CardAccount> for AccountEvents {
    type AC = AccountContext;

    async fn load_events(&self, aggregate_id: &str) -> Result<Vec<EventEnvelope<CardAccount>>, Error> {
        let events = self.load(parse_id(aggregate_id)?).await?;
        Ok(events
            .into_iter()
            .map(|(recorded, event)| envelope(&recorded, event))
            .collect())
    }

    /// Refuses a history that cannot be, where cqrs-es would go on with what it makes of it.
    async fn load_aggregate(&self, aggregate_id: &str) -> Result<AccountContext, Error> {
        let account_id = parse_id(aggregate_id)?;
        let events = self.load(account_id).await?;
        let state = replay(events.iter().map(|(_, event)| event)).map_err(|error| {
            let last = events
                .last()
                .map_or_else(|| account_id.to_string(), |(recorded, _)| recorded.event_id());
            store_error(StoreError::Damaged {
                event_id: last,
                reason: format!("up to here: {error}"),
            })
        })?;
        Ok(AccountContext {
            account_id,
            account: CardAccount { state },
            version: events.len() as u64,
        })
    }

    async fn commit(
        &self,
        events: Vec<Event>,
        context: AccountContext,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<CardAccount>>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let append = Append {
            stream_type: CardAccount::TYPE,
            stream_id: context.account_id,
            first_sequence: context.version + 1,
            events: events
                .iter()
                .map(|event| new_event(event, &metadata))
                .collect::<Result<_, _>>()?,
            request: None,
        };
        match self.log.append(vec![append]).await.map_err(store_error)?.pop() {
            Some(Outcome::Recorded(recorded)) => Ok(recorded
                .iter()
                .zip(events)
                .map(|(recorded, event)| envelope(recorded, event))
                .collect()),
            // Without a request id nothing is ever repeated.
            Some(Outcome::Stale | Outcome::Repeated(_)) | None => Err(AggregateError::AggregateConflict),
        }
    }
}

fn parse_id(aggregate_id: &str) -> Result<Uuid, Error> {
    aggregate_id
        .parse::<domain::AccountId>()
        .map(domain::AccountId::as_uuid)
        .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))
}

fn new_event(event: &Event, metadata: &HashMap<String, String>) -> Result<NewEvent, Error> {
    Ok(NewEvent {
        name: event.name(),
        version: domain::account::EVENT_VERSION,
        payload: serde_json::to_string(event)?,
        metadata: Metadata {
            occurred_at: event.occurred_at(),
            traceparent: metadata.get(TRACEPARENT).cloned(),
        },
    })
}

fn envelope(recorded: &Recorded, event: Event) -> EventEnvelope<CardAccount> {
    let occurred_at = (OCCURRED_AT.to_owned(), recorded.metadata.occurred_at.to_rfc3339());
    let traceparent = recorded
        .metadata
        .traceparent
        .clone()
        .map(|value| (TRACEPARENT.to_owned(), value));
    EventEnvelope {
        aggregate_id: recorded.stream_id.to_string(),
        sequence: usize::try_from(recorded.sequence).unwrap_or(usize::MAX),
        payload: event,
        metadata: [occurred_at].into_iter().chain(traceparent).collect(),
    }
}

fn damaged(recorded: &Recorded, reason: &str) -> StoreError {
    StoreError::Damaged {
        event_id: recorded.event_id(),
        reason: reason.to_owned(),
    }
}

fn store_error(error: StoreError) -> Error {
    match error {
        StoreError::Unavailable(_) => AggregateError::DatabaseConnectionError(Box::new(error)),
        StoreError::Damaged { .. } => AggregateError::DeserializationError(Box::new(error)),
    }
}
