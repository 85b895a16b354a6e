//! How far the read models are: what every worker has applied, when, and where one had to stop. How far the feed goes is the
//! upstream's to say.

pub(crate) mod graphql;

use std::collections::BTreeMap;

use super::upstream::Ends;
use crate::graphql::Failure;
use crate::store::{ReadStore, all, optional};

/// One read model's place in one partition.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Place {
    pub(crate) projection: String,
    pub(crate) feed_partition: i64,
    pub(crate) next_offset: i64,
    pub(crate) stopped_event_id: Option<String>,
    pub(crate) stopped_reason: Option<String>,
    pub(crate) event_time_micros: Option<i64>,
    pub(crate) applied_at_micros: Option<i64>,
}

/// One read model over all partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) projection: String,
    pub(crate) waiting_count: Option<i64>,
    pub(crate) applied_at_micros: Option<i64>,
    pub(crate) delay_micros: Option<i64>,
}

/// Every place, by partition and name.
pub(crate) async fn places(store: &ReadStore) -> Result<Vec<Place>, Failure> {
    Ok(all!(
        store,
        Place,
        "select projection, feed_partition, next_offset, stopped_event_id, stopped_reason, event_time_micros,
                applied_at_micros
         from projection_checkpoint order by feed_partition, projection"
    )?)
}

/// The stages by name. What waits is counted where it is known how far the feed goes.
pub(crate) fn stages(places: &[Place], ends: Option<&Ends>) -> Vec<Stage> {
    let mut by_name: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    for place in places {
        by_name.entry(&place.projection).or_default().push(place);
    }
    by_name
        .into_iter()
        .map(|(projection, places)| {
            let last = places
                .iter()
                .filter_map(|place| place.applied_at_micros.zip(place.event_time_micros))
                .max();
            Stage {
                projection: projection.to_owned(),
                waiting_count: ends.map(|ends| waiting(&places, ends)),
                applied_at_micros: last.map(|(applied_at, _)| applied_at),
                // Of two clocks, the later one may be behind.
                delay_micros: last.map(|(applied_at, event_time)| (applied_at - event_time).max(0)),
            }
        })
        .collect()
}

fn waiting(places: &[&Place], ends: &Ends) -> i64 {
    match ends {
        Ends::ByPartition(ends) => ends
            .iter()
            .map(|(partition, end)| {
                let here = places
                    .iter()
                    .find(|place| place.feed_partition == i64::from(*partition));
                (end - here.map_or(0, |place| place.next_offset)).max(0)
            })
            .sum(),
        // Partitions without events of their own lag behind the count without anything waiting: the furthest one tells.
        Ends::Shared(end) => {
            let furthest = places.iter().map(|place| place.next_offset).max().unwrap_or(0);
            (end - furthest).max(0)
        }
    }
}

/// The latest purchase that is applied.
pub(crate) async fn latest_purchase_micros(store: &ReadStore) -> Result<Option<i64>, Failure> {
    let row = optional!(
        store,
        (i64,),
        "select occurred_at_micros from activity where authorization_id is not null
         order by occurred_at_micros desc limit 1"
    )?;
    Ok(row.map(|(micros,)| micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Partition, next offset, and when its last event happened and was applied.
    type Row = (i64, i64, Option<(i64, i64)>);

    fn places(rows: &[Row]) -> Vec<Place> {
        let place = |(feed_partition, next_offset, last): &Row| Place {
            projection: "statement".to_owned(),
            feed_partition: *feed_partition,
            next_offset: *next_offset,
            stopped_event_id: None,
            stopped_reason: None,
            event_time_micros: last.map(|(event_time, _)| event_time),
            applied_at_micros: last.map(|(_, applied_at)| applied_at),
        };
        rows.iter().map(place).collect()
    }

    #[test]
    fn the_delay_is_that_of_the_event_applied_last() {
        let cases: [(&[Row], Option<i64>, Option<i64>); 4] = [
            (&[(0, 0, None)], None, None),
            (&[(0, 3, Some((100, 140))), (1, 0, None)], Some(140), Some(40)),
            (
                &[(0, 3, Some((100, 900))), (1, 2, Some((950, 955)))],
                Some(955),
                Some(5),
            ),
            // Applied by a clock that is behind.
            (&[(0, 3, Some((100, 90)))], Some(90), Some(0)),
        ];
        for (rows, applied_at, delay) in cases {
            let stages = stages(&places(rows), None);
            assert_eq!(stages.len(), 1);
            assert_eq!(stages[0].applied_at_micros, applied_at, "{rows:?}");
            assert_eq!(stages[0].delay_micros, delay, "{rows:?}");
            assert_eq!(stages[0].waiting_count, None, "{rows:?}");
        }
    }

    #[test]
    fn what_waits_is_counted_as_the_feed_counts() {
        let rows: &[Row] = &[(0, 3, None), (1, 9, None)];
        let kafka = |ends: &[(i32, i64)]| Ends::ByPartition(ends.iter().copied().collect());
        let cases = [
            (kafka(&[(0, 3), (1, 9)]), 0),
            (kafka(&[(0, 5), (1, 9)]), 2),
            // A partition in which nothing was applied yet, and an end that was asked for before the last batch.
            (kafka(&[(0, 3), (1, 8), (2, 4)]), 4),
            (Ends::Shared(9), 0),
            (Ends::Shared(12), 3),
            (Ends::Shared(7), 0),
        ];
        for (ends, waiting) in cases {
            let stages = stages(&places(rows), Some(&ends));
            assert_eq!(stages[0].waiting_count, Some(waiting), "{ends:?}");
        }
    }
}
