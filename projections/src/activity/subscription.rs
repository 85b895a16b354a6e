//! `activity`, followed: what happens to an account, as it happens.

use std::collections::VecDeque;

use async_graphql::{Context, ID, Result, Subscription};
use domain::AccountId;
use futures::{Stream, stream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, sleep};

use super::graphql::Activity;
use super::query::{self, Row};
use crate::graphql::{Failure, Settings, Subscriptions, Version};
use crate::store::{News, ReadStore};

/// Rows read at a time for a subscriber who has much to catch up.
const ROWS_MAX: i64 = 100;

#[derive(Debug, Default)]
pub(crate) struct ActivitySubscription;

#[Subscription]
impl ActivitySubscription {
    /// What happens to an account after a version; after the present one, if none is given. Each event comes once, in
    /// order. Who was cut off goes on with the last version they saw.
    async fn activity(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        after_version: Option<Version>,
    ) -> Result<impl Stream<Item = Result<Activity>> + use<>> {
        let store: &ReadStore = ctx.data_unchecked();
        let settings: &Settings = ctx.data_unchecked();
        let subscriptions: &Subscriptions = ctx.data_unchecked();
        let account = crate::graphql::account_id(&account_id)?;
        let place = subscriptions.enter()?;
        let version = match after_version {
            Some(Version(version)) => version,
            None => query::version(store, account)
                .await?
                .ok_or(Failure::NotFound("account"))?,
        };
        let follower = Follower {
            news: store.news(account),
            store: store.clone(),
            account,
            version,
            rows: VecDeque::new(),
            look_interval: settings.subscription_look_interval,
            _place: place,
        };
        Ok(stream::try_unfold(follower, |mut follower| async move {
            let activity = follower.next().await?;
            Ok(Some((activity, follower)))
        }))
    }
}

/// Where one subscriber stands.
#[derive(Debug)]
struct Follower {
    store: ReadStore,
    account: AccountId,
    /// The last version that was sent.
    version: i64,
    /// Read and not sent yet.
    rows: VecDeque<Row>,
    news: News,
    look_interval: Duration,
    _place: OwnedSemaphorePermit,
}

impl Follower {
    async fn moved_on(&mut self) -> Result<(), Failure> {
        while self.news.version() <= self.version {
            tokio::select! {
                () = self.news.next() => {}
                () = sleep(self.look_interval) => self.store.look(self.look_interval).await?,
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Result<Activity, Failure> {
        loop {
            if let Some(row) = self.rows.pop_front() {
                self.version = row.version;
                return Activity::read(self.account, row);
            }
            let said = self.news.version();
            self.rows = query::after(&self.store, self.account, self.version, ROWS_MAX)
                .await?
                .into();
            if self.rows.is_empty() && said > self.version {
                // The tables are behind what was applied to them: somebody put them back.
                sleep(self.look_interval).await;
            } else if self.rows.is_empty() {
                self.moved_on().await?;
            }
        }
    }
}
