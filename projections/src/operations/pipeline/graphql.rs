//! `pipeline`: how far the read models are, how late, and what was put aside on the way to the search index.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::super::graphql::enabled;
use super::super::upstream::Watched;
use super::{Place, Stage};
use crate::graphql::{Failure, instant};
use crate::store::ReadStore;

/// How far the read models are.
#[derive(Debug, SimpleObject)]
pub(crate) struct Pipeline {
    /// The moment of the latest purchase that is applied; absent where there is none.
    latest_purchase_at: Option<DateTime<Utc>>,
    /// How many places are stopped at an event that cannot be applied.
    stopped_count: i64,
    /// Messages that the search sink could not index and put aside, as of a few seconds ago. Absent where there is no such topic,
    /// as in an embedded bank, and while Kafka does not answer.
    dead_letter_count: Option<i64>,
    /// By name of the read model.
    stages: Vec<PipelineStage>,
    /// By partition and name of the read model.
    places: Vec<PipelinePlace>,
}

/// How far one read model is over all partitions, and how late.
#[derive(Debug, SimpleObject)]
pub(crate) struct PipelineStage {
    /// The read model's stable name.
    projection: String,
    /// Events that are recorded and not applied, as of a few seconds ago; 0 is caught up. In full mode recorded means in Kafka,
    /// and each partition counts, stopped ones too. The embedded bank counts from the furthest event that any partition has
    /// applied. Absent where the feed does not say how far it goes.
    waiting_count: Option<i64>,
    /// When the last event was applied; absent before the first.
    applied_at: Option<DateTime<Utc>>,
    /// How long that event took from the moment the bank decided to its being applied, in milliseconds. It says nothing of
    /// events that still wait: those are `waitingCount`.
    delay_millis: Option<i64>,
}

/// How far one read model has applied one partition of the event feed.
#[derive(Debug, SimpleObject)]
pub(crate) struct PipelinePlace {
    /// The read model's stable name.
    projection: String,
    partition: i64,
    /// Everything before this offset is applied.
    next_offset: i64,
    /// The event at which it had to stop, if it did.
    stopped: Option<PipelineStop>,
}

/// Why a partition is not applied any further.
#[derive(Debug, SimpleObject)]
pub(crate) struct PipelineStop {
    event_id: String,
    reason: String,
}

#[derive(Debug, Default)]
pub(crate) struct PipelineQuery;

#[Object]
impl PipelineQuery {
    /// How far the read models are, how late, and where one had to stop. For staff, as `operations`.
    #[graphql(complexity = "1 + 60 * child_complexity")]
    async fn pipeline(&self, ctx: &Context<'_>) -> Result<Option<Pipeline>> {
        enabled(ctx)?;
        let store: &ReadStore = ctx.data_unchecked();
        let watched: &Watched = ctx.data_unchecked();
        // First how far the feed goes, then how far it is applied: the other way round, what is applied in between would wait.
        let ahead = watched.ahead().await;
        let latest = super::latest_purchase_micros(store).await?;
        let places = super::places(store).await?;
        let stages = super::stages(&places, ahead.as_ref().map(|ahead| &ahead.ends));
        let stopped = places
            .iter()
            .filter(|place| place.stopped_event_id.is_some())
            .count();
        Ok(Some(Pipeline {
            latest_purchase_at: latest.map(instant).transpose()?,
            stopped_count: i64::try_from(stopped).unwrap_or(i64::MAX),
            dead_letter_count: ahead.and_then(|ahead| ahead.dead_letters),
            stages: stages.into_iter().map(stage).collect::<Result<_, _>>()?,
            places: places.into_iter().map(place).collect(),
        }))
    }
}

fn stage(stage: Stage) -> Result<PipelineStage, Failure> {
    Ok(PipelineStage {
        projection: stage.projection,
        waiting_count: stage.waiting_count,
        applied_at: stage.applied_at_micros.map(instant).transpose()?,
        delay_millis: stage.delay_micros.map(|micros| micros / 1_000),
    })
}

fn place(place: Place) -> PipelinePlace {
    let stopped = place.stopped_event_id.zip(place.stopped_reason);
    PipelinePlace {
        projection: place.projection,
        partition: place.feed_partition,
        next_offset: place.next_offset,
        stopped: stopped.map(|(event_id, reason)| PipelineStop { event_id, reason }),
    }
}
