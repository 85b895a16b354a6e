//! How many subscriptions there may be at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Failure;

#[derive(Debug, Clone)]
pub(crate) struct Subscriptions {
    places: Arc<Semaphore>,
}

impl Subscriptions {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(max)),
        }
    }

    /// A place, for as long as it is held; refused at once when there is none, since one may not be free for hours.
    pub(crate) fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            Failure::LimitExceeded("there are too many subscriptions; try again later".to_owned())
        })
    }
}
