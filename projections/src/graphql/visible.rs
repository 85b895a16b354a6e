//! Read your own write: a query may ask for at least some version of an account, and waits for it, but not for ever.

use std::future::Future;

use async_graphql::Context;
use domain::AccountId;
use tokio::time::{Instant, sleep_until};

use super::{Failure, Settings, Version};
use crate::store::{News, ReadStore};

/// An answer, and the account's version that it shows: both from one statement of the database, so that they agree.
#[derive(Debug)]
pub(crate) struct Seen<T> {
    pub(crate) version: i64,
    pub(crate) value: T,
}

/// Answers with what `read` gives once it shows version `wanted` or a later one; nothing of a version before it leaves here.
/// `read` gives nothing where the account is not known (yet).
pub(crate) async fn at_least<T, Read, Reading>(
    ctx: &Context<'_>,
    account: AccountId,
    wanted: Option<Version>,
    read: Read,
) -> Result<Seen<T>, Failure>
where
    Read: Fn() -> Reading,
    Reading: Future<Output = Result<Option<Seen<T>>, Failure>>,
{
    let Some(Version(wanted)) = wanted else {
        return read().await?.ok_or(Failure::NotFound("account"));
    };
    let store: &ReadStore = ctx.data_unchecked();
    let settings: &Settings = ctx.data_unchecked();
    let deadline = Instant::now() + settings.version_wait_max;
    // Subscribed before the first look, so that nothing applied in between is missed.
    let mut news = store.news(account);
    // Without news there is nothing new to read: a thousand who wait must not be a thousand who ask. Of an account that this
    // process did not apply lately there is none.
    if news.version() > 0 {
        heard(store, settings, &mut news, wanted, deadline).await?;
    }
    loop {
        let said = news.version();
        let seen = read().await?;
        let version = seen.as_ref().map_or(0, |seen| seen.version);
        if let Some(seen) = seen
            && seen.version >= wanted
        {
            return Ok(seen);
        }
        if Instant::now() >= deadline {
            return Err(Failure::VersionNotYetVisible {
                wanted,
                seen: version,
            });
        }
        if said >= wanted {
            // The tables are behind what was applied to them: somebody put them back.
            sleep_until(deadline.min(Instant::now() + settings.look_interval)).await;
        }
        heard(store, settings, &mut news, wanted, deadline).await?;
    }
}

/// Waits until the account is said to be at a version, or until the deadline.
async fn heard(
    store: &ReadStore,
    settings: &Settings,
    news: &mut News,
    wanted: i64,
    deadline: Instant,
) -> Result<(), Failure> {
    while news.version() < wanted && Instant::now() < deadline {
        tokio::select! {
            () = news.next() => {}
            () = sleep_until(deadline.min(Instant::now() + settings.look_interval)) => {
                store.look(settings.look_interval).await?;
            }
        }
    }
    Ok(())
}
