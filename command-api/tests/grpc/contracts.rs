//! What tools find: health, reflection, and contracts that pass the linter.

use std::process::Command;

use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::bank::{Bank, check};

#[tokio::test]
async fn health_follows_readiness() {
    let bank = Bank::start().await;
    let mut health = HealthClient::new(bank.channel.clone());
    for service in ["", "codebank.v1.AuthorizationService", "payment.PaymentService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let mut watched = health.watch(request).await.expect("known").into_inner();
        for (ready, expected) in [(true, ServingStatus::Serving), (false, ServingStatus::NotServing)] {
            bank.ready.send_replace(ready);
            loop {
                let told = watched.next().await.expect("goes on").expect("told");
                if told.status() == expected {
                    break;
                }
            }
        }
    }
    let request = HealthCheckRequest {
        service: "codebank.v1.NoService".to_owned(),
    };
    let status = health.check(request).await.expect_err("unknown");
    check(&status, Code::NotFound, "NOT_FOUND");
}

#[tokio::test]
async fn reflection_lists_the_services() {
    let bank = Bank::start().await;
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(bank.channel.clone());
    let answers = reflection
        .server_reflection_info(tokio_stream::iter([asked]))
        .await
        .expect("served");
    let answer = answers
        .into_inner()
        .next()
        .await
        .expect("an answer")
        .expect("told");
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("a list of services");
    };
    let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in [
        "codebank.v1.AuthorizationService",
        "codebank.v1.CardAccountService",
        "codebank.v1.HistoryService",
        "payment.PaymentService",
        "grpc.health.v1.Health",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

#[test]
fn the_contracts_pass_the_linter() {
    let buf = test_support::require!(buf);
    let contracts = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto/proto");
    let linted = Command::new(buf)
        .arg("lint")
        .arg(contracts)
        .output()
        .expect("runs");
    assert!(
        linted.status.success(),
        "{}",
        String::from_utf8_lossy(&linted.stdout)
    );
}
