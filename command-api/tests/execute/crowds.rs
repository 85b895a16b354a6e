//! Many at once: on one card, on many accounts, from rival processes.

use command_api::execute::ExecuteError;
use domain::account::{BlockCard, Command, Rejection, UnblockCard};
use futures::future::join_all;

use crate::table::{Fault, Table, is_approved, now, purchase, request};

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_on_one_card_spends_the_limit_exactly() {
    let table = Table::set().await;
    let card = table.account(500).await;
    let answers = join_all((0..2_000).map(|_| table.bank.execute(purchase(card, 1)))).await;
    assert_eq!(answers.iter().filter(|answer| is_approved(answer)).count(), 500);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(table.tally(card.0).await, (500, 1_500));
}

/// What stands at the gate keeps its own account waiting, and nobody else.
#[tokio::test]
async fn a_batch_goes_out_beside_another_that_has_none_of_its_accounts() {
    let table = Table::where_two_go_beside().await;
    let cards = join_all((0..3).map(|_| table.account(100))).await;
    table.log.next_append(Fault::Gate);
    let start = |card| {
        let bank = table.bank.clone();
        tokio::spawn(async move { bank.execute(purchase(card, 60)).await })
    };
    let first = start(cards[0]);
    table.log.gate_is_taken().await;
    let second = start(cards[0]);
    let beside = join_all(
        cards[1..]
            .iter()
            .map(|card| table.bank.execute(purchase(*card, 60))),
    )
    .await;
    assert!(beside.iter().all(is_approved), "{beside:?}");
    assert!(!first.is_finished() && !second.is_finished());
    table.log.open_gate();
    assert!(is_approved(&first.await.expect("no panic")));
    let second = second.await.expect("no panic").expect("answered");
    assert_eq!(
        second.event.name, "purchase_declined",
        "the limit was spent by the first"
    );
    assert_eq!(table.tally(cards[0].0).await, (60, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_accounts_do_not_mix() {
    let table = Table::set().await;
    let cards = join_all((0..50).map(|number| table.account(100 * number))).await;
    let purchases = cards
        .iter()
        .flat_map(|card| (0..20).map(|_| purchase(*card, 100)));
    join_all(purchases.map(|purchase| table.bank.execute(purchase))).await;
    for (number, card) in (0..).zip(&cards) {
        assert_eq!(
            table.tally(card.0).await.0,
            100 * number.min(20),
            "account {number}"
        );
    }
}

/// Rivals hold states in memory that the other overtakes: the unique key judges, the loser decides again.
#[tokio::test(flavor = "multi_thread")]
async fn rival_processes_on_the_same_accounts_keep_the_limit() {
    let table = Table::set().await;
    let cards = join_all((0..3).map(|_| table.account(100))).await;
    let rivals = [table.bank.clone(), table.rival(), table.rival()];
    let mut approved = vec![0; cards.len()];
    // One after the other for each rival, all rivals at once: every purchase meets a state that may be stale.
    let runs = rivals.iter().map(|rival| {
        let cards = &cards;
        async move {
            let mut own = vec![0; cards.len()];
            for round in 0..150 {
                let which = round % cards.len();
                let answer = rival.execute(purchase(cards[which], 1)).await;
                own[which] += usize::from(is_approved(&answer));
                answer.expect("answered");
            }
            own
        }
    });
    for own in join_all(runs).await {
        approved.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    for (card, approved) in cards.iter().zip(approved) {
        assert_eq!(approved, 100);
        assert_eq!(table.tally(card.0).await, (100, 50));
    }
}

/// Nothing is appended, so that no conflict tells: the loser of a rejection looks again before it says no.
#[tokio::test]
async fn a_rejection_is_checked_against_what_a_rival_recorded() {
    let table = Table::set().await;
    let (account_id, card_id) = table.account(100).await;
    let rival = table.rival();
    let block = |at| Command::BlockCard(BlockCard { at, card_id });
    let unblock = |at| Command::UnblockCard(UnblockCard { at, card_id });
    for _ in 0..3 {
        table
            .bank
            .execute(request(account_id, block(now())))
            .await
            .expect("it was active");
        rival
            .execute(request(account_id, unblock(now())))
            .await
            .expect("it was blocked");
    }
    let refused = table
        .bank
        .execute(request(account_id, unblock(now())))
        .await
        .expect_err("it is active");
    assert!(
        matches!(refused, ExecuteError::Rejected(Rejection::CardNotBlocked)),
        "{refused:?}"
    );
}
