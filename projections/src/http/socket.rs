//! `GET /graphql`: subscriptions (and queries) over a socket, in the graphql-transport-ws protocol
//! (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>).

use async_graphql_axum::{GraphQLProtocol, GraphQLWebSocket};
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

use super::{Shared, origin};

const PROTOCOL: &str = "graphql-transport-ws";
/// A socket on which nothing is heard for so long is closed; clients ping.
const SILENCE_MAX: Duration = Duration::from_mins(1);

pub(super) async fn graphql(
    State(shared): State<Shared>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
    protocol: GraphQLProtocol,
) -> Response {
    if !origin::is_own(&headers) {
        return (
            StatusCode::FORBIDDEN,
            "sockets are open to pages of this host only",
        )
            .into_response();
    }
    let bytes_max = shared.settings.body_bytes_max;
    upgrade
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max)
        .protocols([PROTOCOL])
        .on_upgrade(move |socket| {
            GraphQLWebSocket::new(socket, shared.executor, protocol)
                .keepalive_timeout(SILENCE_MAX)
                .serve()
        })
}
