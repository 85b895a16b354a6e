//! The idiomatic peer: the bank that one would write with cqrs-es and postgres-es by following their documentation, to compare with.
//!
//! The same on both sides: the aggregate (`domain::account::CardAccount`, through `Aggregate::handle` and `apply`), the gRPC contract and
//! its generated server, the vault with its keyed lookup and its memory of known cards, the check of the security code, a durable
//! commit before each answer, and the allocator. A command goes through `CqrsFramework` over `PostgresEventRepository`: load every
//! event of the account, decide, insert, commit, one transaction per command. A lost race (`AggregateConflict`) is tried again.
//!
//! In its favour: its event table has one unique index more than postgres-es makes, over the request id in the metadata, so that a
//! repeat is found without a table and a transaction of its own; a query of the framework hands the committed event to the call, which
//! need not read it back.
//!
//! Not in its favour: each command first asks whether its request id is known, as an ordinary user would write it. It could leave
//! that to the unique index and ask only after a conflict, which would save it one indexed select per command.
//!
//! What it does not have: the comparison of a repeated request's body with the first; a record of attempts with unknown numbers; an
//! outbox or any order of events across accounts; bounded queues (calls wait for a connection of the pool); deadlines; metrics,
//! health and tracing; history; and of `CardAccountService` all that opening accounts for a run does not need.

mod accounts;
mod authorizations;
mod ledger;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use command_api::vault::{self, PostgresVaultStore, Vault, VaultKeys};
use proto::codebank::v1::authorization_service_server::AuthorizationServiceServer;
use proto::codebank::v1::card_account_service_server::CardAccountServiceServer;
use sqlx::Executor as _;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use ledger::Ledger;

/// On two cores with 128 in flight, one round of 4 s each: 10, 16, 32 and 64 connections carried 2,883, 2,887, 2,973 and 2,763 per
/// second. That is less apart than rounds of one size are, so the size matters little; `--peer-connections` tries another.
pub(crate) const CONNECTIONS: u32 = 32;
/// The bank's own vault has as many.
const VAULT_CONNECTIONS: u32 = 8;
/// Calls in flight wait here for a connection; none is to fail for that.
const CONNECTION_WITHIN: Duration = Duration::from_secs(10);
const TABLES: &str = include_str!("peer/tables.sql");

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The events' PostgreSQL database, of its own: the tables are made in it.
    #[arg(long, value_name = "URL")]
    database_url: String,
    /// Connections to it.
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS)]
    connections: u32,
    /// The card vault's PostgreSQL database.
    #[arg(long, value_name = "URL")]
    vault_database_url: String,
    /// The vault's keys: a JSON file that only its owner may read.
    #[arg(long, env = "CODEBANK_VAULT_KEYS_FILE", value_name = "FILE")]
    vault_keys_file: PathBuf,
    /// Where the gRPC services listen.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50061")]
    grpc_address: SocketAddr,
}

/// What the services stand on.
#[derive(Clone)]
struct Peer {
    ledger: Ledger,
    vault: Vault,
}

/// Serves until it is ended.
pub(crate) async fn serve(args: Args) -> Result<()> {
    let pool = PgPoolOptions::new()
        .max_connections(args.connections)
        .min_connections(args.connections)
        .acquire_timeout(CONNECTION_WITHIN)
        .test_before_acquire(false)
        .connect(&args.database_url)
        .await
        .context("the events' database")?;
    pool.execute(TABLES).await.context("the tables of postgres-es")?;
    let keys = VaultKeys::load(&args.vault_keys_file)?;
    let options = args.vault_database_url.parse().context("the vault's database")?;
    let store = PostgresVaultStore::new(options, VAULT_CONNECTIONS);
    store.migrate().await.context("the vault's tables")?;
    let peer = Peer {
        ledger: Ledger::new(pool),
        vault: Vault::new(store, &keys, &vault::Settings::default()),
    };
    let listener = TcpListener::bind(args.grpc_address)
        .await
        .with_context(|| format!("cannot listen at {}", args.grpc_address))?;
    eprintln!("the peer serves at {}", listener.local_addr()?);
    Server::builder()
        .add_service(AuthorizationServiceServer::new(peer.clone()))
        .add_service(CardAccountServiceServer::new(peer))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await
        .context("the peer's server")
}
