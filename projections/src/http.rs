//! The HTTP door to GraphQL: `POST /graphql`, `GET /graphql` as a socket (graphql-transport-ws), and `/graphiql` where it is
//! switched on. Whoever mounts it adds health, metrics and the listener. No CORS headers: a page of another origin gets
//! nothing, by socket neither.

mod explorer;
mod origin;
mod post;
mod socket;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::graphql::{Executor, Settings, schema};
use crate::store::ReadStore;

/// What the handlers share.
#[derive(Clone)]
struct Shared {
    executor: Executor,
    settings: Arc<Settings>,
}

/// The routes over a store.
pub fn router(store: &ReadStore, settings: Settings) -> Router {
    let body_limit = DefaultBodyLimit::max(settings.body_bytes_max);
    let explorer = settings.explorer;
    let shared = Shared {
        executor: Executor::new(schema(store, &settings)),
        settings: Arc::new(settings),
    };
    let mut router = Router::new().route(
        "/graphql",
        post(post::graphql).get(socket::graphql).layer(body_limit),
    );
    if explorer {
        router = router
            .route("/graphiql", get(explorer::page))
            .route("/graphiql/explorer.js", get(explorer::script))
            .route("/graphiql/explorer.css", get(explorer::style));
    }
    router.with_state(shared)
}
