//! Purchases decided: approved, or declined with what the merchant may know of the reason.

use domain::account::Event;
use proto::codebank::v1;
use proto::codebank::v1::{Decision, DeclineReason};

use crate::bank::{Bank, Card, MASTERCARD, NOBODYS, VISA, new_id};

#[tokio::test]
async fn a_purchase_is_approved_with_credentials_and_by_token() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    for (request, version) in [(card.purchase(4_990), 4), (card.purchase_by_token(5_010), 5)] {
        let authorization = bank.authorize(request).await;
        assert_eq!(authorization.decision(), Decision::Approved);
        assert_eq!(authorization.decline_reason(), DeclineReason::Unspecified);
        assert_eq!(
            (&authorization.account_id, authorization.account_version),
            (&card.account_id, version)
        );
    }
    let over = bank.authorize(card.purchase(1)).await;
    assert_eq!(
        over.decline_reason(),
        DeclineReason::OverLimit,
        "the limit is used to the cent"
    );
    assert_eq!((over.account_id, over.account_version), (card.account_id, 6));
}

#[tokio::test]
async fn each_state_of_card_and_account_declines_with_its_reason() {
    let bank = Bank::start().await;
    let account_id = bank.open_account(10_000).await;
    let card = bank.issue(&account_id, VISA, (12, 2050)).await;
    declined(&bank, &card, DeclineReason::CardNotActivated).await;

    bank.accounts()
        .activate_card(card.activation())
        .await
        .expect("activated");
    let request = v1::BlockCardRequest {
        request_id: new_id(),
        account_id: account_id.clone(),
        card_id: card.id.clone(),
    };
    bank.accounts().block_card(request).await.expect("blocked");
    declined(&bank, &card, DeclineReason::CardBlocked).await;

    let request = v1::CancelCardRequest {
        request_id: new_id(),
        account_id: account_id.clone(),
        card_id: card.id.clone(),
    };
    bank.accounts().cancel_card(request).await.expect("cancelled");
    declined(&bank, &card, DeclineReason::CardCancelled).await;

    let expired = bank.issue(&account_id, MASTERCARD, (1, 2020)).await;
    bank.accounts()
        .activate_card(expired.activation())
        .await
        .expect("activated");
    declined(&bank, &expired, DeclineReason::CardExpired).await;

    let request = v1::CloseAccountRequest {
        request_id: new_id(),
        account_id,
    };
    bank.accounts().close_account(request).await.expect("closed");
    declined(&bank, &expired, DeclineReason::AccountClosed).await;
}

async fn declined(bank: &Bank, card: &Card, reason: DeclineReason) {
    for request in [card.purchase(100), card.purchase_by_token(100)] {
        let authorization = bank.authorize(request).await;
        assert_eq!(authorization.decision(), Decision::Declined);
        assert_eq!(authorization.decline_reason(), reason);
        assert_eq!(authorization.account_id, card.account_id);
        assert!(authorization.account_version > 0);
    }
}

/// The answer without what is new in every answer.
fn shape(authorization: v1::Authorization) -> v1::Authorization {
    assert!(!authorization.authorization_id.is_empty() && authorization.decided_at.is_some());
    v1::Authorization {
        authorization_id: String::new(),
        decided_at: None,
        ..authorization
    }
}

#[tokio::test]
async fn a_wrong_number_expiry_or_code_look_the_same_and_cost_the_same() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let expiry = card.changed(|credentials| credentials.expiry_month = 11);
    let both = card
        .with_wrong_code()
        .changed(|credentials| credentials.expiry_year = 2049);

    let mut shapes = Vec::new();
    for (presented, recorded_as) in [
        (&nobodys, "card_not_recognized"),
        (&expiry, "expiry_mismatch"),
        (&card.with_wrong_code(), "security_code_mismatch"),
        (&both, "expiry_mismatch"),
    ] {
        let before = (bank.events().await.len(), bank.log.appends());
        let authorization = bank.authorize(presented.purchase(100)).await;
        assert_eq!(authorization.decline_reason(), DeclineReason::CardNotRecognized);
        assert_eq!(
            (authorization.account_id.as_str(), authorization.account_version),
            ("", 0)
        );
        let events = bank.events().await;
        let after = (events.len(), bank.log.appends());
        assert_eq!(
            after,
            (before.0 + 1, before.1 + 1),
            "one event in one append: {recorded_as}"
        );
        assert_eq!(reason_in(events.last().expect("the decline")), recorded_as);
        shapes.push(shape(authorization));
    }
    assert!(shapes.iter().all(|other| *other == shapes[0]), "{shapes:?}");
}

fn reason_in(recorded: &command_api::event_store::Recorded) -> String {
    match recorded.account_event() {
        Ok(Event::PurchaseDeclined(declined)) => declined.reason.to_string(),
        _ => recorded.name.to_string(),
    }
}

/// A rejection would tell that the number is somebody's, so it is told to nobody but who holds the card.
#[tokio::test]
async fn a_wrong_currency_does_not_tell_a_prober_that_the_number_exists() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    let euros = v1::Money {
        minor_units: 100,
        currency_code: "EUR".to_owned(),
    };
    let mut shapes = Vec::new();
    for presented in [&nobodys, &card.with_wrong_code()] {
        let request = v1::AuthorizeRequest {
            amount: Some(euros.clone()),
            ..presented.purchase(1)
        };
        shapes.push(shape(bank.authorize(request).await));
    }
    assert_eq!(shapes[0], shapes[1]);
}

#[tokio::test]
async fn no_card_number_leaves_the_vault() {
    let bank = Bank::start().await;
    let card = bank.card(10_000, VISA).await;
    let nobodys = card.changed(|credentials| NOBODYS.clone_into(&mut credentials.number));
    bank.authorize(card.purchase(100)).await;
    let mut talkative = nobodys.purchase(100);
    talkative.description = format!("paid with {VISA} and {NOBODYS}");
    bank.authorize(talkative).await;

    let mut bytes_read = 0;
    for file in std::fs::read_dir(bank.folder.path()).expect("ours") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        bytes_read += bytes.len();
        for number in [VISA, NOBODYS] {
            let found = bytes
                .windows(number.len())
                .any(|window| window == number.as_bytes());
            assert!(!found, "a number is in {}", path.display());
        }
    }
    assert!(bytes_read > 10_000, "the files are where they are looked for");
}
