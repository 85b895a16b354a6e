//! `codebank.v1.HistoryService`: the events themselves, as auditors read them.
//!
//! A stream is fed by a task of its own through a short queue, as fast as its reader takes it; it ends with the log, with a
//! failure, or with its reader.

use std::sync::Arc;

use domain::AccountId;
use proto::codebank::v1::history_service_server::HistoryService;
use proto::codebank::v1::{AccountEventsRequest, AccountEventsResponse, AllEventsRequest, AllEventsResponse};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, async_trait};
use tracing::Instrument as _;

use crate::event_store::{ACCOUNT_STREAM, EventLog, Position};

use super::{parse, reply, status};

/// Events read from the log at once.
const PAGE_EVENTS: usize = 500;

/// Events on their way to one reader.
const QUEUE_EVENTS_MAX: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Histories {
    pub(super) log: Arc<dyn EventLog>,
    /// Streams open at once: an audit must not take the database from the checkouts.
    pub(super) streams: Arc<Semaphore>,
}

type Events<T> = ReceiverStream<Result<T, Status>>;

#[async_trait]
impl HistoryService for Histories {
    type AccountEventsStream = Events<AccountEventsResponse>;
    type AllEventsStream = Events<AllEventsResponse>;

    async fn account_events(
        &self,
        request: Request<AccountEventsRequest>,
    ) -> Result<Response<Self::AccountEventsStream>, Status> {
        let message = request.into_inner();
        let account_id: AccountId = parse::only("account_id", &message.account_id)?;
        let place = self.place()?;
        let stream = account_id.as_uuid();
        let load = async |after| {
            self.log
                .load(ACCOUNT_STREAM, &[(stream, after)])
                .await
                .map_err(|error| status::of_store(&error))
        };
        let wanted = load(message.from_sequence.saturating_sub(1)).await?;
        if wanted.is_empty() && (message.from_sequence <= 1 || load(0).await?.is_empty()) {
            return Err(status::account_not_found(account_id));
        }
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS_MAX);
        let feed = async move {
            let _place = place;
            for event in wanted {
                let event = Some(reply::recorded_event(event));
                if sender.send(Ok(AccountEventsResponse { event })).await.is_err() {
                    return; // the reader left
                }
            }
        };
        tokio::spawn(feed.in_current_span());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn all_events(
        &self,
        request: Request<AllEventsRequest>,
    ) -> Result<Response<Self::AllEventsStream>, Status> {
        let message = request.into_inner();
        let after = match message.after_position.as_str() {
            "" => Position::default(),
            text => parse::only("after_position", text)?,
        };
        let place = self.place()?;
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS_MAX);
        tokio::spawn(feed_all(Arc::clone(&self.log), after, sender, place).in_current_span());
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

impl Histories {
    fn place(&self) -> Result<OwnedSemaphorePermit, Status> {
        let place = Arc::clone(&self.streams).try_acquire_owned();
        place.map_err(|_| status::too_many_in_flight())
    }
}

/// Sends page after page until the log ends, where it ends while this runs.
async fn feed_all(
    log: Arc<dyn EventLog>,
    mut after: Position,
    reader: mpsc::Sender<Result<AllEventsResponse, Status>>,
    _place: OwnedSemaphorePermit,
) {
    loop {
        let page = match log.read_committed(after, PAGE_EVENTS).await {
            Ok(page) => page,
            Err(error) => {
                // What was sent is right; the reader goes on from its last position.
                let _ = reader.send(Err(status::of_store(&error))).await; // it may have left
                return;
            }
        };
        let Some(last) = page.last() else { return };
        after = last.position;
        for event in page {
            let event = Some(reply::recorded_event(event));
            if reader.send(Ok(AllEventsResponse { event })).await.is_err() {
                return; // the reader left
            }
        }
    }
}
