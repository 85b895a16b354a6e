//! `/live`: tells an open page that its account has moved on. The server follows the account at the bank; the page then asks
//! for its region again, so what is drawn is always drawn by the page's own handler.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::asked::Asked;
use crate::bank::follow::Follower;
use crate::cardholder::Cardholder;
use crate::settings::App;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// What a browser waits before it comes again.
const RETRY: Duration = Duration::from_secs(2);

/// The pages that may be kept up to date at a time.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Semaphore>);

impl Seats {
    pub(crate) fn new(max: usize) -> Self {
        Self(Arc::new(Semaphore::new(max)))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Question {
    /// The version that the page shows.
    after: u64,
}

struct Following {
    follower: Follower,
    stop: CancellationToken,
    is_first: bool,
    _seat: OwnedSemaphorePermit,
}

pub(crate) async fn events(
    State(app): State<Arc<App>>,
    holder: Cardholder,
    headers: HeaderMap,
    Asked(question): Asked<Question>,
) -> Response {
    let Ok(seat) = Arc::clone(&app.seats.0).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // A browser that was cut off says what it saw last.
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .unwrap_or(question.after);
    let follower = match app.bank.follow(&holder.account_id, after).await {
        Ok(follower) => follower,
        Err(failure) => {
            debug!(
                error = &failure as &dyn std::error::Error,
                "an account cannot be followed"
            );
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    let following = Following {
        follower,
        stop: app.settings.stop.clone(),
        is_first: true,
        _seat: seat,
    };
    Sse::new(stream::unfold(following, next))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}

/// Ends with the bank's subscription; the browser comes again by itself.
async fn next(mut following: Following) -> Option<(Result<Event, Infallible>, Following)> {
    if following.is_first {
        following.is_first = false;
        return Some((Ok(Event::default().retry(RETRY).comment("following")), following));
    }
    let activity = tokio::select! {
        activity = following.follower.next() => activity,
        () = following.stop.cancelled() => return None,
    };
    let version = activity.ok()??.version.to_string();
    let event = Event::default().event("changed").id(&version).data(&version);
    Some((Ok(event), following))
}
