//! What operators ask of every role: is it alive, is it ready, what has it counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;

/// What a role waits for before it is ready, by name; each part says why it is not there yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<Mutex<Parts>>);

#[derive(Debug, Clone, Default)]
struct Parts {
    states: BTreeMap<&'static str, Result<(), String>>,
    /// What operators should know although the role goes on serving.
    notes: Vec<String>,
}

impl Readiness {
    /// Ready once every one of `parts` was reported so.
    pub(crate) fn waiting_for(parts: &[&'static str]) -> Self {
        let states = parts
            .iter()
            .map(|part| (*part, Err("starting".to_owned())))
            .collect();
        Self(Arc::new(Mutex::new(Parts {
            states,
            notes: Vec::new(),
        })))
    }

    pub(crate) fn report(&self, part: &'static str, state: Result<(), String>) {
        self.parts().states.insert(part, state);
    }

    /// Replaces what operators should know although the role goes on serving.
    pub(crate) fn note(&self, notes: Vec<String>) {
        self.parts().notes = notes;
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.parts().states.values().all(Result::is_ok)
    }

    /// A panic elsewhere leaves the map as whole as it was.
    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone)]
struct Operations {
    readiness: Readiness,
    metrics: PrometheusHandle,
}

/// `/livez`, `/readyz` and `/metrics`.
pub(crate) fn router(readiness: Readiness, metrics: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route(
            "/metrics",
            get(async |State(operations): State<Operations>| operations.metrics.render()),
        )
        .with_state(Operations { readiness, metrics })
}

async fn readyz(State(operations): State<Operations>) -> Response {
    let parts = operations.readiness.parts().clone();
    let ready = parts.states.values().all(Result::is_ok);
    let shown: BTreeMap<_, _> = parts
        .states
        .into_iter()
        .map(|(part, state)| (part, state.err().unwrap_or_else(|| "ready".to_owned())))
        .collect();
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(serde_json::json!({ "ready": ready, "parts": shown, "notes": parts.notes })),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_ready_when_every_part_is() {
        let readiness = Readiness::waiting_for(&["event log", "vault"]);
        assert!(!readiness.is_ready());
        readiness.report("event log", Ok(()));
        assert!(!readiness.is_ready());
        readiness.report("vault", Ok(()));
        assert!(readiness.is_ready());
        readiness.report("event log", Err("connection refused".to_owned()));
        assert!(!readiness.is_ready());
    }
}
