//! Issuing cards: once per request, one card per number, and whole again after a failure half-way.

use prost::Message as _;
use proto::codebank::v1;
use proto::codebank::v1::{Decision, DeclineReason};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::bank::{Bank, Card, MASTERCARD, NOBODYS, VISA, check, faults, new_id};
use crate::moody_log::Mood;

fn issue(account_id: &str, number: &str) -> v1::IssueCardRequest {
    v1::IssueCardRequest {
        request_id: new_id(),
        account_id: account_id.to_owned(),
        expiry_month: 12,
        expiry_year: 50,
        card_number: number.to_owned(),
    }
}

#[tokio::test]
async fn a_card_is_issued_once_per_request() {
    let bank = Bank::start().await;
    let account_id = bank.open_account(10_000).await;
    for number in [VISA, ""] {
        let request = issue(&account_id, number);
        let first = bank.accounts().issue_card(request.clone()).await.expect("issued");
        let repeat = bank
            .accounts()
            .issue_card(request.clone())
            .await
            .expect("the first answer");
        assert!(repeat.metadata().contains_key(proto::REPLAYED_HEADER));
        assert_eq!(repeat.get_ref().encode_to_vec(), first.get_ref().encode_to_vec());
        for other in [
            v1::IssueCardRequest {
                card_number: MASTERCARD.to_owned(),
                ..request.clone()
            },
            v1::IssueCardRequest {
                expiry_month: 11,
                ..request.clone()
            },
        ] {
            let status = bank.accounts().issue_card(other).await.expect_err("refused");
            check(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");
        }
        let card_id = first.into_inner().card_id;
        let revealed = bank
            .accounts()
            .reveal_card(v1::RevealCardRequest { card_id })
            .await
            .expect("revealed");
        let expected = if number.is_empty() { "999999" } else { number };
        assert!(revealed.get_ref().card_number.starts_with(expected));
        assert_eq!(
            (revealed.get_ref().expiry_month, revealed.get_ref().expiry_year),
            (12, 2050)
        );
    }
    let status = bank
        .accounts()
        .issue_card(issue(&account_id, VISA))
        .await
        .expect_err("refused");
    check(&status, Code::FailedPrecondition, "CARD_NUMBER_IN_USE");
    let cards = bank
        .events()
        .await
        .iter()
        .filter(|event| event.name == "card_issued")
        .count();
    assert_eq!(cards, 2);
}

#[tokio::test]
async fn an_account_that_takes_no_cards_does_not_use_a_number_up() {
    let bank = Bank::start().await;
    let status = bank
        .accounts()
        .issue_card(issue(&new_id(), VISA))
        .await
        .expect_err("refused");
    check(&status, Code::NotFound, "ACCOUNT_NOT_FOUND");

    let account_id = bank.open_account(10_000).await;
    let request = issue(&account_id, MASTERCARD);
    let first = bank
        .accounts()
        .issue_card(request.clone())
        .await
        .expect("issued")
        .into_inner();
    let close = v1::CloseAccountRequest {
        request_id: new_id(),
        account_id: account_id.clone(),
    };
    bank.accounts().close_account(close).await.expect("closed");
    let status = bank
        .accounts()
        .issue_card(issue(&account_id, VISA))
        .await
        .expect_err("refused");
    check(&status, Code::FailedPrecondition, "ACCOUNT_CLOSED");
    let repeat = bank
        .accounts()
        .issue_card(request)
        .await
        .expect("the first answer, closed or not");
    assert_eq!(repeat.into_inner(), first);

    let card = bank.card(10_000, VISA).await;
    assert_eq!(
        bank.authorize(card.purchase(100)).await.decision(),
        Decision::Approved
    );
}

/// The vault has the row, the log not the event: the purchase is declined, and a repeat finishes the work.
#[tokio::test]
async fn a_card_whose_issuing_was_interrupted_is_finished_by_a_repeat() {
    let bank = Bank::start().await;
    let account_id = bank.open_account(10_000).await;
    let request = issue(&account_id, VISA);
    bank.log.set(Mood::ReadOnly);
    let status = bank
        .accounts()
        .issue_card(request.clone())
        .await
        .expect_err("not recorded");
    check(&status, Code::Unavailable, "OUTCOME_UNKNOWN");
    bank.log.set(Mood::Well);

    let mut orphan = bank.card(10_000, MASTERCARD).await;
    VISA.clone_into(&mut orphan.credentials.number);
    let declined = bank.authorize(orphan.purchase(100)).await;
    assert_eq!(declined.decline_reason(), DeclineReason::CardNotRecognized);
    assert_eq!(declined.account_id, "");

    let other_account = v1::IssueCardRequest {
        account_id: orphan.account_id,
        ..request.clone()
    };
    let status = bank
        .accounts()
        .issue_card(other_account)
        .await
        .expect_err("refused");
    check(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");

    let issued = bank
        .accounts()
        .issue_card(request.clone())
        .await
        .expect("finished")
        .into_inner();
    let again = bank
        .accounts()
        .issue_card(request)
        .await
        .expect("the first answer")
        .into_inner();
    assert_eq!(issued, again);
    let revealed = v1::RevealCardRequest {
        card_id: issued.card_id.clone(),
    };
    let revealed = bank
        .accounts()
        .reveal_card(revealed)
        .await
        .expect("revealed")
        .into_inner();
    assert_eq!(revealed.card_number, VISA);
    let card = Card {
        account_id,
        id: issued.card_id,
        token: issued.card_token,
        credentials: v1::CardCredentials {
            number: revealed.card_number,
            expiry_month: revealed.expiry_month,
            expiry_year: revealed.expiry_year,
            security_code: revealed.security_code,
        },
    };
    bank.accounts()
        .activate_card(card.activation())
        .await
        .expect("activated");
    assert_eq!(
        bank.authorize(card.purchase(100)).await.decision(),
        Decision::Approved
    );
}

#[tokio::test]
async fn a_card_is_found_by_its_number_which_no_answer_repeats() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let before = bank.events().await.len();
    let find = async |number: &str| {
        let request = v1::FindCardRequest {
            card_number: number.to_owned(),
        };
        bank.accounts().find_card(request).await
    };
    for typed in [VISA, "4111 1111 1111 1111", "4111-1111-1111-1111"] {
        let found = find(typed).await.expect("found").into_inner();
        let expected = v1::FindCardResponse {
            account_id: card.account_id.clone(),
            card_id: card.id.clone(),
            masked_number: "************1111".to_owned(),
        };
        assert_eq!(found, expected);
    }

    let unknown = find(NOBODYS).await.expect_err("not found");
    check(&unknown, Code::NotFound, "CARD_NOT_FOUND");
    let resource = unknown.get_details_resource_info().expect("what");
    assert_eq!(
        (resource.resource_type.as_str(), resource.resource_name.as_str()),
        ("card", "")
    );
    let mistyped = "4242424242424241";
    for (status, number) in [
        (unknown, NOBODYS),
        (find(mistyped).await.expect_err("refused"), mistyped),
        (find("").await.expect_err("refused"), mistyped),
    ] {
        if status.code() != Code::NotFound {
            check(&status, Code::InvalidArgument, "INVALID_FIELDS");
            assert_eq!(faults(&status), ["card_number"]);
        }
        let told = format!("{status:?} {}", String::from_utf8_lossy(status.details()));
        assert!(!told.contains(number), "{told}");
    }
    assert_eq!(bank.events().await.len(), before, "nothing is stored");
}
