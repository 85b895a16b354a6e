//! The schema: merges what the read models answer, and sets the limits.

use async_graphql::{EmptyMutation, MergedObject, MergedSubscription};

use super::reads::reads;
use super::{Settings, Subscriptions};
use crate::account_balance::graphql::AccountQuery;
use crate::activity::graphql::ActivityQuery;
use crate::activity::subscription::ActivitySubscription;
use crate::card::graphql::CardQuery;
use crate::merchant_spend::graphql::MerchantQuery;
use crate::operations::graphql::OperationsQuery;
use crate::operations::pipeline::graphql::PipelineQuery;
use crate::operations::upstream::Watched;
use crate::statement::graphql::StatementQuery;
use crate::store::ReadStore;

/// Everything that may be asked.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct Query(
    AccountQuery,
    CardQuery,
    ActivityQuery,
    StatementQuery,
    MerchantQuery,
    OperationsQuery,
    PipelineQuery,
);

/// Everything that may be followed.
#[derive(Debug, Default, MergedSubscription)]
pub(crate) struct Subscription(ActivitySubscription);

pub(crate) type Schema = async_graphql::Schema<Query, EmptyMutation, Subscription>;

/// The schema over a store.
pub(crate) fn schema(store: &ReadStore, settings: &Settings) -> Schema {
    let mut builder = builder()
        .data(store.clone())
        .data(settings.clone())
        .data(reads(store))
        .data(Watched::new(settings.upstream.clone()))
        .data(Subscriptions::new(settings.subscriptions_max))
        .limit_depth(settings.depth_max)
        .limit_complexity(settings.complexity_max)
        .limit_directives(8);
    if !settings.explorer {
        builder = builder.disable_introspection().disable_suggestions();
    }
    builder.finish()
}

/// The schema in the definition language, as it is committed.
pub fn sdl() -> String {
    builder().finish().sdl()
}

fn builder() -> async_graphql::SchemaBuilder<Query, EmptyMutation, Subscription> {
    async_graphql::Schema::build(Query::default(), EmptyMutation, Subscription::default())
}
