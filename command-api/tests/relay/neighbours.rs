//! Neighbours that are away: named, waited for, and the work goes on by itself when they are back.

use std::net::SocketAddr;
use std::sync::Arc;

use command_api::relay::{Relay, Role};
use sqlx::postgres::PgConnectOptions;
use test_support::{free_port, require};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::bank::{Bank, Running};
use super::order::{assert_in_order, published_to_the_end, sequences};

/// Something that stands before a server and can be taken away.
struct Door(JoinSet<()>);

impl Door {
    async fn open(at: SocketAddr, server: String) -> Self {
        let listener = TcpListener::bind(at).await.expect("the port is free");
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Dropped with this task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((mut visitor, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut visitor, &mut server).await;
                    }
                });
            }
        });
        Self(tasks)
    }

    async fn close(mut self) {
        self.0.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_away_at_the_start_is_named_and_waited_for() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let mut bank = Bank::open(&postgres, &kafka).await;
    let account = Uuid::now_v7();
    bank.append(account, 1, 3).await;
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    bank.brokers = address.to_string();
    let mut relay = Running::start(bank.relay(bank.settings()));
    let status = relay
        .until("the relay complains", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.clone().unwrap_or_default();
    assert!(
        error.starts_with(&format!("Kafka at {address} is out of reach: ")),
        "{error}"
    );
    assert!(!status.is_ready());

    let door = Door::open(address, kafka.clone()).await;
    relay
        .until("the relay works", |status| status.role == Role::Active)
        .await;
    bank.brokers = kafka;
    let seen = bank.published(3).await;
    relay.stop().await;
    door.close().await;
    assert_in_order(&sequences(&seen)[&account], 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_is_named_and_waited_for_at_the_start_and_later() {
    let (postgres, kafka) = (require!(postgres), require!(kafka));
    let bank = Bank::open(&postgres, &kafka).await;
    let account = Uuid::now_v7();
    bank.append(account, 1, 3).await;
    let direct: PgConnectOptions = bank.database.url().parse().expect("a database URL");
    let server = format!("{}:{}", direct.get_host(), direct.get_port());
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let options = direct.host("127.0.0.1").port(address.port());
    let mut relay = Running::start(Relay::new(Arc::new(bank.log.clone()), options, bank.settings()));
    let status = relay
        .until("the relay complains", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.unwrap_or_default();
    assert!(
        error.starts_with(&format!("the event log's database at {address}/")),
        "{error}"
    );

    let door = Door::open(address, server.clone()).await;
    relay
        .until("the relay works", |status| status.role == Role::Active)
        .await;
    bank.published(3).await;
    door.close().await;
    relay
        .until("the relay has noticed", |status| status.role == Role::Starting)
        .await;
    bank.append(account, 4, 3).await;
    let door = Door::open(address, server).await;
    let sequences = published_to_the_end(&bank, &[account], 6).await;
    relay.stop().await;
    door.close().await;
    assert_in_order(&sequences[&account], 6);
}
