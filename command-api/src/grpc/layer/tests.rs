//! The layer around a service that never answers.

use super::*;
use proto::codebank::v1::authorization_service_client::AuthorizationServiceClient;
use proto::codebank::v1::authorization_service_server::{AuthorizationService, AuthorizationServiceServer};
use proto::codebank::v1::{
    AuthorizeBatchRequest, AuthorizeBatchResponse, AuthorizeRequest, AuthorizeResponse, GetOutcomeRequest,
    GetOutcomeResponse,
};
use tonic::async_trait;
use tonic_types::StatusExt as _;

struct Busy;

#[async_trait]
impl AuthorizationService for Busy {
    async fn authorize(
        &self,
        request: tonic::Request<AuthorizeRequest>,
    ) -> Result<tonic::Response<AuthorizeResponse>, Status> {
        assert!(
            Call::of(&request).deadline.is_some(),
            "the handler knows the deadline"
        );
        std::future::pending().await
    }

    async fn authorize_batch(
        &self,
        _request: tonic::Request<AuthorizeBatchRequest>,
    ) -> Result<tonic::Response<AuthorizeBatchResponse>, Status> {
        Ok(tonic::Response::new(AuthorizeBatchResponse::default()))
    }

    async fn get_outcome(
        &self,
        _request: tonic::Request<GetOutcomeRequest>,
    ) -> Result<tonic::Response<GetOutcomeResponse>, Status> {
        Ok(tonic::Response::new(GetOutcomeResponse::default()))
    }
}

const CALL_TIME_MAX: Duration = Duration::from_secs(2);

fn calls() -> Calls {
    let services = Routes::new(AuthorizationServiceServer::new(Busy));
    CallLayer::new(1, CALL_TIME_MAX).layer(services)
}

fn check(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code);
    assert_eq!(status.get_details_error_info().expect("always").reason, reason);
}

#[test]
fn the_methods_are_those_of_the_contracts() {
    let methods = methods();
    let label = methods.get("/codebank.v1.AuthorizationService/Authorize");
    assert_eq!(
        label.map(|method| &*method.name),
        Some("codebank.v1.AuthorizationService/Authorize")
    );
    assert!(methods.contains_key("/payment.PaymentService/Payment"));
    assert_eq!(methods.len(), 16);
}

#[tokio::test]
async fn the_deadline_in_the_header_is_honoured() {
    let mut client = AuthorizationServiceClient::new(calls());
    let mut request = tonic::Request::new(AuthorizeRequest::default());
    request
        .metadata_mut()
        .insert("grpc-timeout", "200m".parse().expect("a value"));
    let begun = Instant::now();
    let status = client.authorize(request).await.expect_err("never answered");
    check(&status, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    let elapsed = begun.elapsed();
    assert!(
        elapsed >= Duration::from_millis(195) && elapsed < CALL_TIME_MAX,
        "{elapsed:?}"
    );
}

#[tokio::test]
async fn past_the_calls_in_flight_one_is_told_to_come_back() {
    let calls = calls();
    let mut client = AuthorizationServiceClient::new(calls.clone());
    let waiting = tokio::spawn(async move { client.authorize(AuthorizeRequest::default()).await });
    while calls.shared.in_flight.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let mut other = AuthorizationServiceClient::new(calls);
    let status = other
        .get_outcome(GetOutcomeRequest::default())
        .await
        .expect_err("no place");
    check(&status, Code::ResourceExhausted, "TOO_MANY_IN_FLIGHT");
    assert!(status.get_details_retry_info().is_some());

    let status = waiting
        .await
        .expect("no panic")
        .expect_err("the deadline of who brings none");
    check(&status, Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    other
        .get_outcome(GetOutcomeRequest::default())
        .await
        .expect("its place is free again");
}

async fn raw(path: &str, body: &str) -> Status {
    let request = Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/grpc")
        .body(Body::new(body.to_owned()))
        .expect("a request");
    let response = calls().call(request).await.expect("cannot fail");
    Status::from_header_map(response.headers()).expect("a status")
}

#[tokio::test]
async fn what_is_no_message_is_the_callers_fault_and_what_is_no_method_is_said() {
    let authorize = "/codebank.v1.AuthorizationService/Authorize";
    for body in ["", "\0\0\0\0\u{5}garbage", "\0\0\0\0\u{2}\u{f}\u{f}"] {
        check(
            &raw(authorize, body).await,
            Code::InvalidArgument,
            "MESSAGE_UNREADABLE",
        );
    }
    check(
        &raw("/codebank.v1.NoService/Nothing", "").await,
        Code::Unimplemented,
        "NOT_IMPLEMENTED",
    );
}
