//! The same request id again: the first answer byte for byte, or the news that it was another request's.

use futures::future::join_all;
use prost::Message as _;
use proto::codebank::v1;
use proto::codebank::v1::{Decision, DeclineReason};
use tonic::{Code, Response};
use tonic_types::StatusExt as _;

use crate::bank::{Bank, NOBODYS, VISA, brl, check, new_id};

fn is_replay<T>(response: &Response<T>) -> bool {
    response
        .metadata()
        .get(proto::REPLAYED_HEADER)
        .is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let typed_otherwise = |request: &v1::AuthorizeRequest| {
        let mut request = request.clone();
        if let Some(v1::authorize_request::Card::Credentials(credentials)) = &mut request.card {
            credentials.number.insert(4, ' ');
        }
        request
    };
    let requests = [
        card.purchase(100),
        card.purchase_by_token(100),
        card.purchase(1_000_000),
        nobodys.purchase(100),
    ];
    for request in requests {
        let first = bank
            .authorizations()
            .authorize(request.clone())
            .await
            .expect("an answer");
        assert!(!is_replay(&first));
        let events = bank.events().await.len();
        // Something happens in between, so that the account is not what it was.
        bank.authorize(card.purchase(1)).await;
        for again in [request.clone(), typed_otherwise(&request)] {
            let repeat = bank.authorizations().authorize(again).await.expect("an answer");
            assert!(is_replay(&repeat));
            assert_eq!(repeat.get_ref().encode_to_vec(), first.get_ref().encode_to_vec());
        }
        assert_eq!(bank.events().await.len(), events + 1, "a repeat records nothing");

        let asked = v1::GetOutcomeRequest {
            request_id: request.request_id,
        };
        let outcome = bank
            .authorizations()
            .get_outcome(asked)
            .await
            .expect("an answer")
            .into_inner();
        assert_eq!(outcome.authorization, first.into_inner().authorization);
    }
}

#[tokio::test]
async fn a_request_sent_many_times_at_once_is_one_purchase() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let request = card.purchase(100);
    let calls = (0..16).map(|_| {
        let (mut client, request) = (bank.authorizations(), request.clone());
        async move { client.authorize(request).await.expect("an answer") }
    });
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| !is_replay(answer)).count(), 1);
    let first = answers[0].get_ref().encode_to_vec();
    assert!(
        answers
            .iter()
            .all(|answer| answer.get_ref().encode_to_vec() == first)
    );
    let purchases = bank
        .events()
        .await
        .iter()
        .filter(|event| event.name == "purchase_approved")
        .count();
    assert_eq!(purchases, 1);
}

#[tokio::test]
async fn the_same_id_with_another_body_is_refused_with_the_first_ones_id() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let request = card.purchase(100);
    let first = bank.authorize(request.clone()).await;
    let events = bank.events().await.len();
    let same_id = |other: v1::AuthorizeRequest| v1::AuthorizeRequest {
        request_id: request.request_id.clone(),
        ..other
    };
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let expiry = card.changed(|credentials| credentials.expiry_month = 11);
    let others = [
        card.purchase(101),
        card.purchase_by_token(100),
        nobodys.purchase(100),
        expiry.purchase(100),
        v1::AuthorizeRequest {
            description: "Quincas Borba".to_owned(),
            ..request.clone()
        },
        v1::AuthorizeRequest {
            merchant: Some(v1::Merchant::default()),
            ..request.clone()
        },
    ];
    let (malformed, others) = others.split_last().expect("some");
    for other in others {
        let status = bank.refusal(same_id(other.clone())).await;
        check(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
        let resource = status.get_details_resource_info().expect("the first");
        assert_eq!(resource.resource_type, "authorization");
        assert_eq!(resource.resource_name, first.authorization_id);
        let info = status.get_details_error_info().expect("always");
        assert_eq!(info.metadata.get("first_id"), Some(&first.authorization_id));
        assert_eq!(info.metadata.get("request_id"), Some(&request.request_id));
    }
    let status = bank.refusal(malformed.clone()).await;
    check(&status, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(bank.events().await.len(), events, "nothing is stored");
}

/// Otherwise the refusal would tell the right code to whoever tries them all under one request id.
#[tokio::test]
async fn the_right_code_after_a_wrong_one_gets_the_first_answer() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let wrong = card.with_wrong_code().purchase(100);
    let declined = bank.authorize(wrong.clone()).await;
    assert_eq!(declined.decline_reason(), DeclineReason::CardNotRecognized);
    let right = v1::AuthorizeRequest {
        request_id: wrong.request_id,
        ..card.purchase(100)
    };
    assert_eq!(bank.authorize(right.clone()).await, declined);
    let with_an_id_of_its_own = v1::AuthorizeRequest {
        request_id: new_id(),
        ..right
    };
    assert_eq!(
        bank.authorize(with_an_id_of_its_own).await.decision(),
        Decision::Approved
    );
}

#[tokio::test]
async fn an_id_is_one_request_whatever_the_method() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let opened = v1::OpenAccountRequest {
        request_id: new_id(),
        credit_limit: Some(brl(100)),
        closing_day: 1,
    };
    let first = bank
        .accounts()
        .open_account(opened.clone())
        .await
        .expect("opened");
    let repeat = bank
        .accounts()
        .open_account(opened.clone())
        .await
        .expect("the first answer");
    assert!(is_replay(&repeat) && !is_replay(&first));
    assert_eq!(repeat.get_ref().encode_to_vec(), first.get_ref().encode_to_vec());

    let purchase = v1::AuthorizeRequest {
        request_id: opened.request_id.clone(),
        ..card.purchase(100)
    };
    let status = bank.refusal(purchase).await;
    check(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
    let resource = status.get_details_resource_info().expect("the first");
    assert_eq!(
        resource.resource_name,
        format!("{}-1", first.get_ref().account_id)
    );

    let asked = v1::GetOutcomeRequest {
        request_id: opened.request_id,
    };
    let status = bank
        .authorizations()
        .get_outcome(asked)
        .await
        .expect_err("refused");
    check(&status, Code::FailedPrecondition, "NOT_AN_AUTHORIZATION");

    let activation = card.activation();
    let status = bank
        .accounts()
        .activate_card(activation.clone())
        .await
        .expect_err("it is active");
    check(&status, Code::FailedPrecondition, "CARD_ALREADY_ACTIVE");
    let block = v1::BlockCardRequest {
        request_id: activation.request_id,
        account_id: card.account_id,
        card_id: card.id,
    };
    let first = bank
        .accounts()
        .block_card(block.clone())
        .await
        .expect("the id is free: nothing was recorded");
    let repeat = bank.accounts().block_card(block).await.expect("the first answer");
    assert!(is_replay(&repeat));
    assert_eq!(repeat.get_ref().encode_to_vec(), first.get_ref().encode_to_vec());
}
