//! What every call goes through before its handler: the trace and the deadline are read, a place among the calls in flight
//! is taken or the caller is told to come back, and what became of it is counted.
//!
//! The span of a call names the method and the trace, never anything of the message.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use metrics::{Counter, Histogram};
use prost::Message as _;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::call::Call;
use super::{explain, status};

/// The label of a method that is not the bank's own: whoever calls must not be able to make up new time series.
const OTHER_METHOD: &str = "other";

const REQUESTS: &str = "codebank_grpc_requests_total";
const DURATION_SECONDS: &str = "codebank_grpc_request_duration_seconds";

/// Puts `Calls` around the services.
#[derive(Debug, Clone)]
pub(super) struct CallLayer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Each method of the bank by its path.
    methods: HashMap<String, Method>,
    other: Method,
    in_flight: Arc<Semaphore>,
    call_time_max: Duration,
}

impl CallLayer {
    pub(super) fn new(in_flight_max: usize, call_time_max: Duration) -> Self {
        Self(Arc::new(Shared {
            methods: methods(),
            other: Method::new(OTHER_METHOD),
            in_flight: Arc::new(Semaphore::new(in_flight_max)),
            call_time_max,
        }))
    }
}

/// A method and what is counted of it, kept at hand because every call counts.
#[derive(Debug, Clone)]
struct Method {
    name: Arc<str>,
    duration_seconds: Histogram,
    answered_ok: Counter,
}

impl Method {
    fn new(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self {
            duration_seconds: metrics::histogram!(DURATION_SECONDS, "method" => Arc::clone(&name)),
            answered_ok: requests(&name, Code::Ok),
            name,
        }
    }
}

fn requests(method: &Arc<str>, code: Code) -> Counter {
    metrics::counter!(REQUESTS, "method" => Arc::clone(method), "code" => code_name(code))
}

/// Every method in the contracts by its path.
fn methods() -> HashMap<String, Method> {
    let files = prost_types::FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap_or_default();
    let mut methods = HashMap::new();
    for file in &files.file {
        for service in &file.service {
            for method in &service.method {
                let name = format!("{}.{}/{}", file.package(), service.name(), method.name());
                methods.insert(format!("/{name}"), Method::new(&name));
            }
        }
    }
    methods
}

impl Layer<Routes> for CallLayer {
    type Service = Calls;

    fn layer(&self, services: Routes) -> Calls {
        Calls {
            services,
            shared: Arc::clone(&self.0),
        }
    }
}

/// The services, each call of which is limited, timed and counted.
#[derive(Debug, Clone)]
pub(super) struct Calls {
    services: Routes,
    shared: Arc<Shared>,
}

impl Service<Request<Body>> for Calls {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Body>>::poll_ready(&mut self.services, context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let received = Instant::now();
        let Some(method) = self.shared.methods.get(request.uri().path()).cloned() else {
            // Health and reflection answer from memory; they must work most of all when the bank is busy.
            let other = self.shared.other.clone();
            let answer = self.services.call(request);
            return async move { Ok(counted(&other, received, explain::explained(answer.await?))) }.boxed();
        };
        let call = Call::from_headers(request.headers(), received, self.shared.call_time_max);
        request.extensions_mut().insert(call);
        let span = tracing::info_span!("call", method = %method.name, trace_id = %call.trace.trace_id());
        let place = Arc::clone(&self.shared.in_flight).try_acquire_owned();
        let answer = self.services.call(request);
        let limited = async move {
            let Ok(_place) = place else {
                return Ok(counted(
                    &method,
                    received,
                    status::too_many_in_flight().into_http(),
                ));
            };
            let answered = match call.deadline {
                Some(deadline) => timeout_at(deadline, answer).await,
                None => Ok(answer.await),
            };
            let response = match answered {
                Ok(response) => explain::explained(response?),
                Err(_) => status::deadline_exceeded().into_http(),
            };
            Ok(counted(&method, received, response))
        };
        limited.instrument(span).boxed()
    }
}

/// Counts a call by what it was answered with. A stream that began well counts as OK: how it ended is known to its reader.
fn counted(method: &Method, received: Instant, response: Response<Body>) -> Response<Body> {
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
    tracing::debug!(code = code_name(code), "answered");
    match code {
        Code::Ok => method.answered_ok.increment(1),
        _ => requests(&method.name, code).increment(1),
    }
    method.duration_seconds.record(received.elapsed());
    response
}

/// The canonical name of a status code.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests;
