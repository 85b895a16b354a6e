//! The page of a statement over GraphQL with nothing behind it: the fields that the statement page asks for, by the same engine,
//! of one account that is always the same.

use anyhow::{Context, Result};
use async_graphql::{EmptyMutation, EmptySubscription, ID, Object, Schema, SimpleObject};
use async_graphql_axum::GraphQL;
use axum::Router;
use axum::routing::post_service;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

/// What each line is of.
const AMOUNT: i64 = 4_990;
const LIMIT: i64 = 500_000;

pub(super) async fn serve(listener: TcpListener) -> Result<()> {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let app = Router::new().route("/graphql", post_service(GraphQL::new(schema)));
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    axum::serve(listener, app).await.context("the GraphQL face")
}

struct Query;

#[Object]
impl Query {
    async fn account(&self, id: ID) -> Account {
        Account {
            id,
            version: 23,
            status: "OPEN",
            credit_limit: Money::of(LIMIT),
            outstanding: Money::of(AMOUNT * 20),
            available: Money::of(LIMIT - AMOUNT * 20),
        }
    }

    async fn statement(&self, account_id: ID) -> Statement {
        Statement {
            account_id,
            version: 23,
            cycle: "2026-12",
            status: "OPEN",
            opens_on: "2026-11-10",
            closes_on: "2026-12-10",
            due_on: "2026-12-17",
            line_count: 20,
            total: Money::of(AMOUNT * 20),
        }
    }
}

#[derive(SimpleObject)]
struct Account {
    id: ID,
    #[graphql(name = "accountVersion")]
    version: i32,
    status: &'static str,
    credit_limit: Money,
    outstanding: Money,
    available: Money,
}

#[derive(SimpleObject)]
#[graphql(complex)]
struct Statement {
    account_id: ID,
    #[graphql(name = "accountVersion")]
    version: i32,
    cycle: &'static str,
    status: &'static str,
    opens_on: &'static str,
    closes_on: &'static str,
    due_on: &'static str,
    line_count: i32,
    total: Money,
}

#[async_graphql::ComplexObject]
impl Statement {
    async fn lines(&self, first: i32) -> Lines {
        Lines {
            nodes: (0..first).map(Line::numbered).collect(),
            page_info: PageInfo {
                has_previous_page: false,
                has_next_page: false,
                start_cursor: "4",
                end_cursor: "23",
            },
        }
    }
}

#[derive(SimpleObject)]
struct Lines {
    nodes: Vec<Line>,
    page_info: PageInfo,
}

#[derive(SimpleObject)]
struct PageInfo {
    has_previous_page: bool,
    has_next_page: bool,
    start_cursor: &'static str,
    end_cursor: &'static str,
}

#[derive(SimpleObject)]
struct Line {
    version: i32,
    occurred_at: &'static str,
    description: &'static str,
    card_last_four: &'static str,
    merchant: Merchant,
    amount: Money,
}

impl Line {
    fn numbered(number: i32) -> Self {
        Self {
            version: 4 + number,
            occurred_at: "2026-11-22T15:33:50.677291Z",
            description: "Dom Casmurro",
            card_last_four: "1111",
            merchant: Merchant {
                id: "livraria-01",
                name: "Livraria",
            },
            amount: Money::of(AMOUNT),
        }
    }
}

#[derive(SimpleObject)]
struct Merchant {
    id: &'static str,
    name: &'static str,
}

#[derive(SimpleObject)]
struct Money {
    minor_units: String,
    currency: &'static str,
}

impl Money {
    fn of(minor_units: i64) -> Self {
        Self {
            minor_units: minor_units.to_string(),
            currency: "BRL",
        }
    }
}
