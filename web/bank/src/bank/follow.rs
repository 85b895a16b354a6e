//! A subscription at the bank: an account's events after a version, over a socket in the graphql-transport-ws protocol
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>). One socket follows one account; whoever drops it ends it.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::facts::Activity;
use super::queries::{FOLLOW, Followed};
use super::{Bank, Complaint, Failure};

const PROTOCOL: &str = "graphql-transport-ws";
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The bank closes a socket on which it hears nothing for a minute.
const PING_EVERY: Duration = Duration::from_secs(20);

/// An account that is followed.
#[derive(Debug)]
pub(crate) struct Follower {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Told {
    ConnectionAck,
    Ping,
    Pong,
    Next { payload: Box<Next> },
    Error { payload: Vec<Complaint> },
    Complete,
}

#[derive(Deserialize)]
struct Next {
    data: Option<Followed>,
    #[serde(default)]
    errors: Vec<Complaint>,
}

impl From<tungstenite::Error> for Failure {
    fn from(error: tungstenite::Error) -> Self {
        Self::Unavailable(format!("the subscription's socket: {error}"))
    }
}

impl Bank {
    /// Follows an account from a version on.
    pub(crate) async fn follow(&self, account: &str, after_version: u64) -> Result<Follower, Failure> {
        let mut request = self.socket_url().into_client_request()?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
        let (socket, _) = within(connect_async(request)).await??;
        let mut follower = Follower { socket };
        follower.say(&json!({ "type": "connection_init" })).await?;
        while !matches!(within(follower.hear()).await??, Some(Told::ConnectionAck)) {}
        let variables = json!({ "account": account, "version": after_version });
        let subscribe = json!({
            "id": "1", "type": "subscribe", "payload": { "query": FOLLOW, "variables": variables },
        });
        follower.say(&subscribe).await?;
        Ok(follower)
    }

    /// The event that made a version, if the account has come so far.
    pub(crate) async fn event(&self, account: &str, version: u64) -> Result<Option<Activity>, Failure> {
        let mut follower = self.follow(account, version.saturating_sub(1)).await?;
        within(follower.next()).await?
    }
}

async fn within<T>(waiting: impl Future<Output = T>) -> Result<T, Failure> {
    timeout(ANSWER_WITHIN, waiting)
        .await
        .map_err(|_| Failure::Unavailable("the subscription says nothing".to_owned()))
}

impl Follower {
    /// The next event; nothing when the bank ended the subscription.
    pub(crate) async fn next(&mut self) -> Result<Option<Activity>, Failure> {
        loop {
            let Ok(heard) = timeout(PING_EVERY, self.hear()).await else {
                self.say(&json!({ "type": "ping" })).await?;
                continue;
            };
            match heard? {
                Some(Told::Next { payload }) => return payload.activity().map(Some),
                Some(Told::Error { payload }) => return Err(first(payload)),
                Some(Told::Ping) => self.say(&json!({ "type": "pong" })).await?,
                Some(Told::ConnectionAck | Told::Pong) => {}
                Some(Told::Complete) | None => return Ok(None),
            }
        }
    }

    async fn say(&mut self, message: &Value) -> Result<(), Failure> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    /// What the bank says; nothing when it hung up.
    async fn hear(&mut self) -> Result<Option<Told>, Failure> {
        while let Some(message) = self.socket.next().await {
            match message? {
                Message::Text(text) => {
                    let told = serde_json::from_str(text.as_str());
                    return told
                        .map_err(|error| Failure::Unreadable(error.to_string()))
                        .map(Some);
                }
                Message::Close(_) => return Ok(None),
                // Answered by the library.
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => {}
            }
        }
        Ok(None)
    }
}

impl Next {
    fn activity(self) -> Result<Activity, Failure> {
        match self.data {
            Some(followed) if self.errors.is_empty() => Ok(followed.activity),
            _ => Err(first(self.errors)),
        }
    }
}

fn first(complaints: Vec<Complaint>) -> Failure {
    complaints.into_iter().next().map_or_else(
        || Failure::Unreadable("an event without content".to_owned()),
        Failure::from,
    )
}
