//! A database that goes away under the write side: callers are told to come back, nothing is half done, an answer that was lost
//! is found again, and the bank recovers by itself.

use std::time::{Duration, Instant};

use proto::codebank::v1::AuthorizeRequest;
use reqwest::StatusCode;
use test_support::eventually;
use tests::bank::{Bank, Role, Servers};
use tests::proxy::{Mode, Proxy};
use tests::teller::{Card, Teller, decision, purchase};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{CALM, SOON};

/// A caller that waits long enough to be told what is wrong.
const PATIENT: Duration = Duration::from_secs(20);
/// A caller that does not wait for a database that hangs.
const HURRIED: Duration = Duration::from_secs(2);

/// Told by the bank, or by the caller's own clock where the two run out together: tonic's client calls that a cancellation.
fn gave_up(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::DeadlineExceeded | Code::Unavailable | Code::Cancelled
    )
}

struct Serving {
    bank: Bank,
    proxy: Proxy,
    teller: Teller,
    card: Card,
}

/// A write side with a proxy before its event log, and a card to buy with.
async fn serving(test: &str) -> Option<Serving> {
    let servers = Servers::find()?;
    let mut bank = Bank::open(&servers, test).await;
    let proxy = Proxy::before(&bank.events.url(), Mode::Pass).await;
    let url = proxy.instead(&bank.events.url());
    bank.set(Role::CommandApi, "CODEBANK_DATABASE_URL", url);
    bank.start_all(&[Role::CommandApi]).await;
    let teller = bank.teller();
    let account = teller.open_account(1_000_000, 10).await;
    let card = teller.active_card(&account).await;
    Some(Serving {
        bank,
        proxy,
        teller,
        card,
    })
}

impl Serving {
    fn purchase(&self, description: &str) -> AuthorizeRequest {
        purchase(self.card.typed_in(), 1_000, description)
    }

    async fn refused(&self, request: &AuthorizeRequest, deadline: Duration) -> Status {
        let answer = self.teller.authorize(request, deadline).await;
        answer.expect_err("there is no database to decide with")
    }

    /// The request again until it is decided, as a checkout does.
    async fn decided(&self, request: &AuthorizeRequest) -> (bool, String) {
        let answer = eventually("the purchase is decided", SOON, async || {
            self.teller.authorize(request, CALM).await
        })
        .await;
        let replayed = answer.metadata().contains_key(proto::REPLAYED_HEADER);
        (replayed, decision(answer).authorization_id)
    }

    async fn approved(&self) -> usize {
        let events = self.teller.account_events(&self.card.account_id).await;
        let events = events.expect("a history");
        let approved = events.iter().filter(|event| event.r#type == "purchase_approved");
        approved.count()
    }

    async fn when_unready(&self) {
        let operations = self.bank.operations(Role::CommandApi);
        eventually("the write side is not ready", SOON, async || {
            match operations.get("/readyz").await {
                Some((StatusCode::SERVICE_UNAVAILABLE, _)) => Ok(()),
                found => Err(found),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_database_that_is_cut_off_is_unavailable_and_comes_back_by_itself() {
    let Some(mut serving) = serving("cut-off").await else {
        return;
    };
    let before = serving.purchase("Antes");
    let (_, first) = serving.decided(&before).await;

    serving.proxy.turn_to(Mode::Refuse);
    let during = serving.purchase("Durante");
    let begun = Instant::now();
    let status = serving.refused(&during, PATIENT).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
    assert!(status.get_details_error_info().is_some(), "{status:?}");
    assert!(begun.elapsed() < PATIENT, "told only after {:?}", begun.elapsed());
    // Neither is a repeat, nor a question about one, answered with something that is not known.
    let status = serving.refused(&before, PATIENT).await;
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let asked = serving.teller.outcome(&before.request_id, PATIENT).await;
    assert_eq!(
        asked.as_ref().map_err(Status::code).err(),
        Some(Code::Unavailable),
        "{asked:?}"
    );
    serving.when_unready().await;

    serving.proxy.turn_to(Mode::Pass);
    serving.bank.when_ready(Role::CommandApi).await;
    assert_eq!(serving.decided(&before).await, (true, first));
    assert!(!serving.decided(&during).await.0, "nothing was half done");
    assert_eq!(serving.approved().await, 2);
    assert!(serving.bank.stop(Role::CommandApi).await.success());
}

#[tokio::test]
async fn a_database_that_hangs_costs_a_caller_no_more_than_its_deadline() {
    let Some(mut serving) = serving("hanging").await else {
        return;
    };
    serving.proxy.turn_to(Mode::Hang);
    let during = serving.purchase("Durante");
    let begun = Instant::now();
    let status = serving.refused(&during, HURRIED).await;
    assert!(gave_up(&status), "{status:?}");
    assert!(
        begun.elapsed() < HURRIED * 2,
        "told only after {:?}",
        begun.elapsed()
    );

    serving.proxy.turn_to(Mode::Pass);
    serving.bank.when_ready(Role::CommandApi).await;
    serving.decided(&during).await;
    assert_eq!(serving.approved().await, 1);
    assert!(serving.bank.stop(Role::CommandApi).await.success());
}

/// The nastiest: the commit is done and nobody is told.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_again_and_not_made_twice() {
    let Some(mut serving) = serving("lost-answer").await else {
        return;
    };
    serving.proxy.turn_to(Mode::LoseAnswers);
    let during = serving.purchase("Durante");
    let status = serving.refused(&during, HURRIED).await;
    assert!(gave_up(&status), "{status:?}");

    serving.proxy.turn_to(Mode::Pass);
    serving.bank.when_ready(Role::CommandApi).await;
    let (_, authorization_id) = serving.decided(&during).await;
    let outcome = eventually("GetOutcome knows", SOON, async || {
        serving.teller.outcome(&during.request_id, CALM).await
    })
    .await;
    assert_eq!(
        outcome.map(|outcome| outcome.authorization_id),
        Some(authorization_id)
    );
    assert_eq!(serving.approved().await, 1);
    assert!(serving.bank.stop(Role::CommandApi).await.success());
}
