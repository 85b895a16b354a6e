//! Many purchases in one call: each gets what it would have got alone.

use std::collections::HashSet;

use command_api::grpc::Settings;
use prost::Message as _;
use proto::codebank::v1;
use proto::codebank::v1::authorize_batch_result::Outcome;
use proto::codebank::v1::{AuthorizeBatchRequest, AuthorizeBatchResult, Decision, DeclineReason};
use tonic::{Code, Status};

use crate::bank::{Bank, VISA, check, faults};
use crate::moody_log::Mood;

async fn batch(
    bank: &Bank,
    requests: Vec<v1::AuthorizeRequest>,
) -> Result<Vec<AuthorizeBatchResult>, Status> {
    let answer = bank
        .authorizations()
        .authorize_batch(AuthorizeBatchRequest { requests })
        .await?;
    Ok(answer.into_inner().results)
}

fn authorization(result: &AuthorizeBatchResult) -> &v1::Authorization {
    match &result.outcome {
        Some(Outcome::Authorization(authorization)) => authorization,
        other => panic!("no decision: {other:?}"),
    }
}

/// The code of a failure and the reason in its `ErrorInfo`.
fn failure(result: &AuthorizeBatchResult) -> (Code, String) {
    let Some(Outcome::Failure(failure)) = &result.outcome else {
        panic!("no failure: {result:?}")
    };
    let reason = failure
        .details
        .iter()
        .find(|detail| detail.type_url.ends_with("/google.rpc.ErrorInfo"))
        .map(|detail| tonic_types::pb::ErrorInfo::decode(detail.value.as_slice()).expect("an ErrorInfo"))
        .expect("always");
    (Code::from(failure.code), reason.reason)
}

#[tokio::test]
async fn each_purchase_of_a_batch_is_decided_as_it_would_be_alone() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let before = card.purchase(50);
    let first = bank.authorize(before.clone()).await;
    let mut reused = before.clone();
    reused.description = "Quincas Borba".to_owned();
    let mut faulty = card.purchase(100);
    faulty.amount = None;
    let results = batch(
        &bank,
        vec![
            card.purchase(100),
            card.purchase(1_000_000),
            faulty,
            before,
            card.purchase_by_token(200),
            reused,
            card.with_wrong_code().purchase(300),
        ],
    )
    .await
    .expect("an answer");

    assert_eq!(results.len(), 7);
    assert_eq!(authorization(&results[0]).decision(), Decision::Approved);
    assert_eq!(
        authorization(&results[1]).decline_reason(),
        DeclineReason::OverLimit
    );
    assert_eq!(
        failure(&results[2]),
        (Code::InvalidArgument, "INVALID_FIELDS".to_owned())
    );
    assert_eq!(authorization(&results[3]), &first);
    assert_eq!(authorization(&results[4]).decision(), Decision::Approved);
    assert_eq!(
        failure(&results[5]),
        (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned())
    );
    assert_eq!(
        authorization(&results[6]).decline_reason(),
        DeclineReason::CardNotRecognized
    );
    let replayed: Vec<bool> = results.iter().map(|result| result.replayed).collect();
    assert_eq!(replayed, [false, false, false, true, false, false, false]);
}

#[tokio::test]
async fn the_limit_is_exact_however_many_come_in_one_batch() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let purchases: Vec<_> = (0..200).map(|_| card.purchase(100)).collect();
    let results = batch(&bank, purchases.clone()).await.expect("an answer");
    let approved = |results: &[AuthorizeBatchResult]| {
        results
            .iter()
            .filter(|result| authorization(result).decision() == Decision::Approved)
            .count()
    };
    assert_eq!(approved(&results), 100);
    let versions: HashSet<u64> = results
        .iter()
        .map(|result| authorization(result).account_version)
        .collect();
    assert_eq!(versions.len(), 200, "each is an event of its own");

    let events = bank.events().await.len();
    let again = batch(&bank, purchases).await.expect("an answer");
    assert!(again.iter().all(|result| result.replayed));
    let outcomes = |results: Vec<AuthorizeBatchResult>| -> Vec<_> {
        results.into_iter().map(|result| result.outcome).collect()
    };
    assert_eq!(outcomes(again), outcomes(results), "in the order of the requests");
    assert_eq!(bank.events().await.len(), events, "a repeat records nothing");
}

#[tokio::test]
async fn the_same_request_twice_in_one_batch_is_one_purchase() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let purchase = card.purchase(100);
    let events = bank.events().await.len();
    let results = batch(&bank, vec![purchase.clone(), purchase])
        .await
        .expect("an answer");
    assert_eq!(authorization(&results[0]), authorization(&results[1]));
    assert_ne!(results[0].replayed, results[1].replayed);
    assert_eq!(bank.events().await.len(), events + 1);
}

/// What the account says of them must not be told, so each becomes an attempt; they share commits as others do.
#[tokio::test]
async fn attempts_of_one_batch_do_not_wait_for_each_other() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let in_euros = || {
        let mut purchase = card.with_wrong_code().purchase(100);
        purchase.amount = Some(v1::Money {
            minor_units: 100,
            currency_code: "EUR".to_owned(),
        });
        purchase
    };
    let before = bank.log.appends();
    let requests: Vec<_> = (0..100).map(|_| in_euros()).chain([card.purchase(1)]).collect();
    let results = batch(&bank, requests).await.expect("an answer");
    for attempt in &results[..100] {
        let told = authorization(attempt);
        assert_eq!(told.decline_reason(), DeclineReason::CardNotRecognized);
        assert_eq!((told.account_id.as_str(), told.account_version), ("", 0));
    }
    assert_eq!(authorization(&results[100]).decision(), Decision::Approved);
    let commits = bank.log.appends() - before;
    assert!(commits < 20, "{commits} commits for a hundred attempts");
}

#[tokio::test]
async fn a_batch_is_bounded() {
    let bank = Bank::start_with(&Settings {
        batch_requests_max: 2,
        ..Settings::default()
    })
    .await;
    let card = bank.card(10_000, VISA).await;
    for requests in [vec![], vec![card.purchase(1), card.purchase(1), card.purchase(1)]] {
        let status = batch(&bank, requests).await.expect_err("refused");
        check(&status, Code::InvalidArgument, "INVALID_FIELDS");
        assert_eq!(faults(&status), ["requests"]);
    }
    let mut large = card.purchase(1);
    large.description = "m".repeat(64 * 1024);
    let results = batch(&bank, vec![large.clone(), card.purchase(1)])
        .await
        .expect("an answer");
    assert_eq!(
        failure(&results[0]),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE".to_owned())
    );
    assert_eq!(authorization(&results[1]).decision(), Decision::Approved);
    large.description = "m".repeat(1024 * 1024);
    let status = batch(&bank, vec![large]).await.expect_err("refused");
    check(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn with_the_log_away_each_purchase_says_so() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    bank.log.set(Mood::Away);
    let results = batch(&bank, vec![card.purchase(1), card.purchase(2)])
        .await
        .expect("an answer");
    for result in &results {
        assert_eq!(failure(result).0, Code::Unavailable);
    }
}
