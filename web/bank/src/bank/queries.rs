//! What the pages ask, in GraphQL, with the shapes of the answers. Every query takes the account as a variable.

use serde::Deserialize;

use super::facts::{Account, Activity, Card, Listed, Nodes, Operations, Pipeline, Spend, Statement, Summary};

macro_rules! money {
    () => {
        "{ minorUnits currency }"
    };
}

macro_rules! account {
    () => {
        concat!(
            "account(id: $account, atLeastVersion: $version) { accountVersion status creditLimit ",
            money!(),
            " outstanding ",
            money!(),
            " available ",
            money!(),
            " }"
        )
    };
}

macro_rules! activity {
    () => {
        concat!(
            "{ id version kind occurredAt cardId cardLastFour authorizationId description declineReason cycle \
               merchant { id name mcc } amount ",
            money!(),
            " creditLimit ",
            money!(),
            " }"
        )
    };
}

/// Which cycle is open now.
pub(crate) const OPEN_CYCLE: &str = "
query OpenCycle($account: ID!, $version: Version) {
  statement(accountId: $account, atLeastVersion: $version) { cycle }
}";

#[derive(Debug, Deserialize)]
pub(crate) struct OpenCycle {
    pub(crate) statement: Cycle,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cycle {
    pub(crate) cycle: String,
}

pub(crate) const STATEMENT: &str = concat!(
    "
query Statement($account: ID!, $cycle: String!, $version: Version, $filter: StatementLineFilter,
                $first: Int, $after: String, $last: Int, $before: String) {
  ",
    account!(),
    "
  statement(accountId: $account, cycle: $cycle, atLeastVersion: $version) {
    accountVersion cycle status opensOn closesOn dueOn lineCount total ",
    money!(),
    "
    lines(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { version occurredAt description cardLastFour merchant { id name } amount ",
    money!(),
    " }
      pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
    }
  }
  statements(accountId: $account) { nodes { cycle closesOn } }
  merchants(accountId: $account, cycle: $cycle, first: 50) { nodes { purchaseCount merchant { id name } amount ",
    money!(),
    " } }
}"
);

#[derive(Debug, Deserialize)]
pub(crate) struct StatementAnswer {
    pub(crate) account: Account,
    pub(crate) statement: Statement,
    pub(crate) statements: Nodes<Summary>,
    pub(crate) merchants: Nodes<Spend>,
}

/// The lines alone, for files.
pub(crate) const LINES: &str = concat!(
    "
query Lines($account: ID!, $cycle: String!, $after: String) {
  statement(accountId: $account, cycle: $cycle) {
    accountVersion cycle status opensOn closesOn dueOn lineCount total ",
    money!(),
    "
    lines(first: 200, after: $after) {
      nodes { version occurredAt description cardLastFour merchant { id name } amount ",
    money!(),
    " }
      pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
    }
  }
}"
);

#[derive(Debug, Deserialize)]
pub(crate) struct LinesAnswer {
    pub(crate) statement: Statement,
}

pub(crate) const ACCOUNT: &str = concat!(
    "
query Account($account: ID!, $version: Version) { ",
    account!(),
    " }"
);

#[derive(Debug, Deserialize)]
pub(crate) struct AccountAnswer {
    pub(crate) account: Account,
}

pub(crate) const ACTIVITY: &str = concat!(
    "
query Activity($account: ID!, $version: Version, $filter: ActivityFilter,
               $first: Int, $after: String, $last: Int, $before: String) {
  activity(accountId: $account, atLeastVersion: $version, filter: $filter,
           first: $first, after: $after, last: $last, before: $before) {
    accountVersion
    nodes ",
    activity!(),
    "
    pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
  }
}"
);

#[derive(Debug, Deserialize)]
pub(crate) struct ActivityAnswer {
    pub(crate) activity: ActivityPage,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ActivityPage {
    pub(crate) account_version: u64,
    #[serde(flatten)]
    pub(crate) listed: Listed<Activity>,
}

pub(crate) const CARDS: &str = concat!(
    "
query Cards($account: ID!, $version: Version) {
  ",
    account!(),
    "
  cards(accountId: $account, atLeastVersion: $version) { nodes { id lastFour expiryMonth expiryYear status } }
}"
);

#[derive(Debug, Deserialize)]
pub(crate) struct CardsAnswer {
    pub(crate) account: Account,
    pub(crate) cards: Nodes<Card>,
}

/// What happens after a version.
pub(crate) const FOLLOW: &str = concat!(
    "
subscription Follow($account: ID!, $version: Version) {
  activity(accountId: $account, afterVersion: $version) ",
    activity!(),
    "
}"
);

#[derive(Debug, Deserialize)]
pub(crate) struct Followed {
    pub(crate) activity: Activity,
}

macro_rules! volume {
    () => {
        concat!("{ count amount ", money!(), " }")
    };
}

macro_rules! decided {
    () => {
        concat!("approved ", volume!(), " declined ", volume!())
    };
}

macro_rules! pipeline {
    () => {
        "pipeline { latestPurchaseAt stoppedCount deadLetterCount \
           stages { projection waitingCount appliedAt delayMillis } \
           places { projection partition nextOffset stopped { eventId reason } } }"
    };
}

/// The questions of the operators' page, across accounts.
pub(crate) const OPERATIONS: &str = concat!(
    "
query Operations($since: DateTime!, $width: BucketWidth!) {
  operations(since: $since) {
    totals { ",
    decided!(),
    " }
    overTime(width: $width) { start ",
    decided!(),
    " }
    hoursOfWeek { weekday hour ",
    decided!(),
    " }
    declineReasons { reason count amount ",
    money!(),
    " }
    topMerchants { merchant { id name } count amount ",
    money!(),
    " }
    topDescriptions { description count amount ",
    money!(),
    " averageAmount ",
    money!(),
    " }
    descriptions(first: 20) { description count amount ",
    money!(),
    " averageAmount ",
    money!(),
    " }
    amountPercentiles { percent amount ",
    money!(),
    " }
  }
  ",
    pipeline!(),
    "
}"
);

/// The read models' health alone, where the figures come from the search index.
pub(crate) const PIPELINE: &str = concat!("query Pipeline { ", pipeline!(), " }");

#[derive(Debug, Deserialize)]
pub(crate) struct PipelineAnswer {
    pub(crate) pipeline: Pipeline,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OperationsAnswer {
    pub(crate) operations: Operations,
    pub(crate) pipeline: Pipeline,
}
