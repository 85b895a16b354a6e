//! Subscriptions over a real socket, in the graphql-transport-ws protocol.

use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use projections::graphql::Settings;
use projections::{ReadStore, Worker};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tokio_util::sync::CancellationToken;

use crate::support::api::settings;
use crate::support::events::{self, account, approved, card, merchant, reais};
use crate::support::feed::Log;
use crate::support::history::write;
use crate::support::stores::{TestStore, on_each_store};

on_each_store!(
    a_subscriber_sees_each_event_once_and_in_order,
    a_subscriber_sees_what_another_process_applies,
    there_are_only_so_many_subscriptions,
);

struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

async fn serve(store: &ReadStore, settings: Settings) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = projections::http::router(store, settings);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Socket {
    async fn open(address: SocketAddr) -> Self {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (stream, response) = connect_async(request).await.unwrap();
        assert_eq!(
            response.headers()["sec-websocket-protocol"],
            "graphql-transport-ws"
        );
        let mut socket = Self { stream };
        socket.send(json!({ "type": "connection_init" })).await;
        assert_eq!(socket.receive().await["type"], "connection_ack");
        socket
    }

    async fn subscribe(&mut self, id: &str, after: Option<u64>) {
        let query = "subscription($id: ID!, $after: Version) { activity(accountId: $id, afterVersion: $after) { version kind } }";
        let variables = json!({ "id": account(1).to_string(), "after": after });
        let payload = json!({ "query": query, "variables": variables });
        self.send(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    async fn send(&mut self, message: Value) {
        self.stream
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn receive(&mut self) -> Value {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), self.stream.next()).await;
            let message = next.expect("a message in time").expect("an open socket");
            if let Message::Text(text) = message.unwrap() {
                return serde_json::from_str(&text).unwrap();
            }
        }
    }

    async fn versions(&mut self, count: usize) -> Vec<u64> {
        let mut versions = Vec::new();
        while versions.len() < count {
            let message = self.receive().await;
            assert_eq!(message["type"], "next", "{message}");
            versions.push(
                message["payload"]["data"]["activity"]["version"]
                    .as_u64()
                    .unwrap(),
            );
        }
        versions
    }
}

fn purchase() -> domain::account::Event {
    approved(
        "2026-11-20T12:00:00Z",
        card(1),
        reais(100),
        merchant("livraria-01", "Livraria"),
        "Dom Casmurro",
    )
}

async fn follow(test: &TestStore, worker: Worker, settings: Settings) {
    let log = Log::default();
    write(&log, account(1), &events::active_account(card(1), []));
    let cancel = CancellationToken::new();
    let worker = tokio::spawn(worker.run(log.feed(3), cancel.clone()));
    test.reaches(account(1), 3).await;
    let address = serve(&test.store, settings).await;

    let mut from_now = Socket::open(address).await;
    from_now.subscribe("now", None).await;
    let mut from_start = Socket::open(address).await;
    from_start.subscribe("start", Some(0)).await;
    assert_eq!(from_start.versions(3).await, [1, 2, 3]);
    // The first subscription has begun once the socket answers a query that came after it.
    from_now.send(json!({ "type": "ping" })).await;
    assert_eq!(from_now.receive().await["type"], "pong");
    tokio::time::sleep(Duration::from_millis(50)).await;

    for sequence in 4..=160 {
        log.append(account(1), sequence, &purchase());
    }
    let expected: Vec<u64> = (4..=160).collect();
    assert_eq!(from_start.versions(expected.len()).await, expected);
    let seen_from_now = from_now.versions(expected.len()).await;
    assert_eq!(seen_from_now, expected);

    // Who was cut off goes on where they were.
    drop(from_start);
    let mut again = Socket::open(address).await;
    again.subscribe("again", Some(158)).await;
    assert_eq!(again.versions(2).await, [159, 160]);
    cancel.cancel();
    worker.await.unwrap();
}

async fn a_subscriber_sees_each_event_once_and_in_order(test: TestStore) {
    // So long between looks that only the news of the worker can have woken it.
    let deaf = Settings {
        subscription_look_interval: Duration::from_mins(1),
        ..settings()
    };
    follow(&test, Worker::new(test.store.clone()), deaf).await;
}

async fn a_subscriber_sees_what_another_process_applies(test: TestStore) {
    follow(&test, Worker::new(test.another()), settings()).await;
}

async fn there_are_only_so_many_subscriptions(test: TestStore) {
    let address = serve(
        &test.store,
        Settings {
            subscriptions_max: 2,
            ..settings()
        },
    )
    .await;
    let mut socket = Socket::open(address).await;
    for id in ["1", "2", "3"] {
        socket.subscribe(id, Some(0)).await;
    }
    let refused = socket.receive().await;
    assert!(refused.to_string().contains("LIMIT_EXCEEDED"), "{refused}");
    let refused_id = refused["id"].as_str().unwrap().to_owned();
    // A place becomes free when a subscription ends.
    let other = ["1", "2", "3"].into_iter().find(|id| *id != refused_id).unwrap();
    socket.send(json!({ "id": other, "type": "complete" })).await;
    test_support::eventually("a place is free", Duration::from_secs(20), async || {
        let mut late = Socket::open(address).await;
        late.subscribe("late", None).await;
        let answer = late.receive().await;
        if answer.to_string().contains("NOT_FOUND") {
            Ok(())
        } else {
            Err(answer)
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_open_a_socket() {
    let test = TestStore::sqlite().await;
    let address = serve(&test.store, settings()).await;
    for (origin, allowed) in [
        (format!("http://{address}"), true),
        ("https://shop.example".to_owned(), false),
    ] {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert(
            "sec-websocket-protocol",
            HeaderValue::from_static("graphql-transport-ws"),
        );
        headers.insert("origin", origin.parse().unwrap());
        assert_eq!(connect_async(request).await.is_ok(), allowed, "{origin}");
    }
}
