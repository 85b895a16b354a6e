//! What the read models cannot know of themselves: how far the feed goes, and what the search sink put aside. Asked on demand,
//! for people who look; nothing that applies or answers for accounts waits for it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use proto::feed::FeedUnavailable;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tracing::debug;

/// How long an answer is good for, so that many who look ask no more than one does.
const FRESH: Duration = Duration::from_secs(2);
/// How long it may take; a page that waits for a broker which is away helps nobody.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Where the feed ends: the offset that the next event gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// Each partition counts for itself, as in Kafka.
    ByPartition(BTreeMap<i32, i64>),
    /// All partitions share one count, and what is read is read in its order, as in the event table.
    Shared(i64),
}

/// What a source of events says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    pub ends: Ends,
    /// Messages that the search sink could not index, where there is a topic for them.
    pub dead_letters: Option<i64>,
}

/// A source of events that can say how far it goes.
#[async_trait]
pub trait Upstream: fmt::Debug + Send + Sync {
    async fn ahead(&self) -> Result<Ahead, FeedUnavailable>;
}

/// An upstream with its last answer.
#[derive(Debug)]
pub(crate) struct Watched {
    upstream: Option<Arc<dyn Upstream>>,
    fresh: Duration,
    answer_within: Duration,
    /// Held while it is asked: whoever comes meanwhile has the same answer.
    last: Mutex<Option<(Instant, Option<Ahead>)>>,
}

impl Watched {
    pub(crate) fn new(upstream: Option<Arc<dyn Upstream>>) -> Self {
        Self {
            upstream,
            fresh: FRESH,
            answer_within: ANSWER_WITHIN,
            last: Mutex::new(None),
        }
    }

    /// What was so within the last two seconds; nothing where there is no upstream, or none that answers.
    pub(crate) async fn ahead(&self) -> Option<Ahead> {
        let upstream = self.upstream.as_ref()?;
        let mut last = self.last.lock().await;
        if let Some((at, ahead)) = &*last
            && at.elapsed() < self.fresh
        {
            return ahead.clone();
        }
        let ahead = match timeout(self.answer_within, upstream.ahead()).await {
            Ok(Ok(ahead)) => Some(ahead),
            Ok(Err(error)) => {
                debug!(
                    error = &error as &dyn std::error::Error,
                    "the feed does not say how far it goes"
                );
                None
            }
            Err(_) => {
                debug!("the feed does not say in time how far it goes");
                None
            }
        };
        *last = Some((Instant::now(), ahead.clone()));
        ahead
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Counting(AtomicI64);

    #[async_trait]
    impl Upstream for Counting {
        async fn ahead(&self) -> Result<Ahead, FeedUnavailable> {
            let asked = self.0.fetch_add(1, Ordering::SeqCst);
            match asked {
                1 => Err(FeedUnavailable("away".into())),
                2 => std::future::pending().await,
                _ => Ok(Ahead {
                    ends: Ends::Shared(asked),
                    dead_letters: None,
                }),
            }
        }
    }

    /// The ends that four questions in a row are answered with.
    async fn ends(fresh: Duration) -> [Option<Ends>; 4] {
        let watched = Watched {
            fresh,
            answer_within: Duration::from_millis(20),
            ..Watched::new(Some(Arc::new(Counting::default())))
        };
        let mut answers = [const { None }; 4];
        for answer in &mut answers {
            *answer = watched.ahead().await.map(|ahead| ahead.ends);
        }
        answers
    }

    #[tokio::test]
    async fn an_upstream_that_is_away_or_silent_is_not_waited_for() {
        let (first, last) = (Some(Ends::Shared(0)), Some(Ends::Shared(3)));
        assert_eq!(ends(Duration::ZERO).await, [first, None, None, last]);
    }

    #[tokio::test]
    async fn an_answer_is_good_for_a_while() {
        let answers = ends(Duration::from_hours(1)).await;
        assert!(
            answers.iter().all(|answer| *answer == Some(Ends::Shared(0))),
            "{answers:?}"
        );
    }

    #[tokio::test]
    async fn without_an_upstream_nothing_is_known() {
        assert_eq!(Watched::new(None).ahead().await, None);
    }
}
