//! The gRPC server: all services on one listener, with health and reflection.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use proto::codebank::v1::authorization_service_server::AuthorizationServiceServer;
use proto::codebank::v1::card_account_service_server::CardAccountServiceServer;
use proto::codebank::v1::history_service_server::HistoryServiceServer;
use proto::payment::payment_service_server::PaymentServiceServer;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::Services;
use super::authorization::Authorizations;
use super::card_account::CardAccounts;
use super::coalescing::accept;
use super::decisions::Decisions;
use super::history::Histories;
use super::layer::CallLayer;
use super::payment::Payments;

/// How often an idle connection is asked whether its other end is still there.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// The bank's services, as health knows them; the empty name stands for the server as a whole.
const SERVICES: [&str; 5] = [
    "",
    AuthorizationServiceServer::<Authorizations>::NAME,
    CardAccountServiceServer::<CardAccounts>::NAME,
    HistoryServiceServer::<Histories>::NAME,
    PaymentServiceServer::<Payments>::NAME,
];

/// What the server takes at once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The largest message that is read, but for a batch. A purchase has less than two kilobytes.
    pub message_bytes_max: usize,
    /// The largest batch of purchases that is read.
    pub batch_bytes_max: usize,
    /// Purchases in one batch, at most.
    pub batch_requests_max: usize,
    /// Calls in flight; past it the caller is told to come back.
    pub in_flight_max: usize,
    /// History streams open at once.
    pub history_streams_max: usize,
    /// The deadline of a call that brings none.
    pub call_time_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            message_bytes_max: 64 * 1024,
            batch_bytes_max: 1024 * 1024,
            batch_requests_max: 1_000,
            in_flight_max: 4_096,
            history_streams_max: 8,
            call_time_max: Duration::from_secs(30),
        }
    }
}

/// Why the server ended.
#[derive(Debug, Error)]
pub enum ServeError {
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    #[error("the contracts cannot be served by reflection")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until `shutdown`, then lets the calls in flight end. Health says SERVING while `ready` does; the services answer
/// either way, and say UNAVAILABLE themselves where they cannot.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    settings: &Settings,
    ready: watch::Receiver<bool>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (health, routes) = routes(services, settings)?;
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .layer(CallLayer::new(settings.in_flight_max, settings.call_time_max))
        .add_routes(routes)
        .serve_with_incoming_shutdown(accept(listener), shutdown);
    tokio::select! {
        ended = server => Ok(ended?),
        never = report(health, ready) => match never {},
    }
}

fn routes(services: Services, settings: &Settings) -> Result<(HealthReporter, Routes), ServeError> {
    let bytes_max = settings.message_bytes_max;
    let (health, health_service) = health_reporter();
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let histories = Histories {
        log: Arc::clone(&services.log),
        streams: Arc::new(Semaphore::new(settings.history_streams_max)),
    };
    let decisions = Decisions::none_yet();
    let authorizations = Authorizations {
        services: services.clone(),
        decisions: decisions.clone(),
        purchase_bytes_max: bytes_max,
        batch_requests_max: settings.batch_requests_max,
    };
    let card_accounts = CardAccounts {
        services: services.clone(),
    };
    let mut routes = RoutesBuilder::default();
    routes
        .add_service(health_service)
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?) // what older tools ask for
        .add_service(
            AuthorizationServiceServer::new(authorizations)
                .max_decoding_message_size(settings.batch_bytes_max.max(bytes_max)),
        )
        .add_service(CardAccountServiceServer::new(card_accounts).max_decoding_message_size(bytes_max))
        .add_service(HistoryServiceServer::new(histories).max_decoding_message_size(bytes_max))
        .add_service(
            PaymentServiceServer::new(Payments { services, decisions }).max_decoding_message_size(bytes_max),
        );
    Ok((health, routes.routes()))
}

/// Tells health what readiness says, for as long as the server runs.
async fn report(health: HealthReporter, mut ready: watch::Receiver<bool>) -> std::convert::Infallible {
    loop {
        let serving = if *ready.borrow_and_update() {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        for service in SERVICES {
            health.set_service_status(service, serving).await;
        }
        if ready.changed().await.is_err() {
            // Whoever knew is gone; what it said last stands until the server ends.
            std::future::pending::<()>().await;
        }
    }
}
