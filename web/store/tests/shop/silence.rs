//! The bank does not answer, or not in time: the order is never lost and never charged twice, and its end is found out.

use std::time::Duration;

use test_support::{eventually, holds};

use crate::bank::Mood;
use crate::browser::{Browser, Page};
use crate::opened::{Shop, on_both_databases};

on_both_databases!(
    a_charge_whose_answer_was_lost_is_found_at_once,
    silence_with_nothing_recorded_ends_as_not_charged,
    a_charge_that_came_late_is_written_down,
    a_bank_that_is_down_leaves_the_order_waiting,
    what_the_bank_cannot_read_is_not_charged,
);

const FOUND_WITHIN: Duration = Duration::from_secs(20);

async fn shows(visitor: &mut Browser, path: &str, words: &str) -> Page {
    eventually(words, FOUND_WITHIN, async || {
        let page = visitor.get(path).await;
        if page.text.contains(words) {
            Ok(page)
        } else {
            Err(page.text)
        }
    })
    .await
}

async fn a_charge_whose_answer_was_lost_is_found_at_once(shop: Shop) {
    shop.bank.feels(Mood::ApprovesInSilence);
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let (_, page) = visitor.pay_and_look().await;
    page.says("Thank you, it is paid");
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

async fn silence_with_nothing_recorded_ends_as_not_charged(shop: Shop) {
    shop.bank.feels(Mood::Silent);
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "3").await;
    let (path, page) = visitor.pay_and_look().await;
    page.says("We are waiting for the bank");
    page.says("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>");
    page.says("hx-trigger=\"every 2s\"");
    visitor.get("/shop/cart").await.says("Your cart is empty");

    let ended = shows(&mut visitor, &path, "Nothing was charged").await;
    ended.says_nothing_of("refresh");
    // Everything is there for another try, under another id.
    shop.bank.feels(Mood::Approves);
    let (other, page) = visitor.pay_and_look().await;
    page.says("R$119.70");
    assert_ne!(path, other);
    let asked = shop.bank.asked();
    assert_eq!(asked.len(), 2);
    assert_ne!(asked[0].request_id, asked[1].request_id);
}

async fn a_charge_that_came_late_is_written_down(shop: Shop) {
    shop.bank.feels(Mood::Silent);
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let (path, _) = visitor.pay_and_look().await;
    shows(&mut visitor, &path, "Nothing was charged").await;
    visitor.add("trena", "1").await;

    shop.bank.records(&shop.bank.asked()[0].request_id);
    shows(&mut visitor, &path, "Thank you, it is paid").await;
    // What was put back for another try is taken out again; what the visitor added stays.
    let cart = visitor.get("/shop/cart").await;
    cart.says("Tape measure");
    cart.says_nothing_of("Dom Casmurro");
    assert_eq!(shop.bank.asked().len(), 1);
}

async fn a_bank_that_is_down_leaves_the_order_waiting(shop: Shop) {
    shop.bank.feels(Mood::Down);
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let (path, page) = visitor.pay_and_look().await;
    page.says("We are waiting for the bank");
    // Past the grace it still waits: nobody has said that nothing is recorded.
    eventually("the reconciler has asked", FOUND_WITHIN, async || {
        let asked = "select count(*) from orders where looked_at > created_at + 1500000";
        holds(shop.number(asked).await == 1)
    })
    .await;
    visitor.get(&path).await.says("We are waiting for the bank");

    shop.bank.records(&shop.bank.asked()[0].request_id);
    shop.bank.feels(Mood::Approves);
    shows(&mut visitor, &path, "Thank you, it is paid").await;
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

async fn what_the_bank_cannot_read_is_not_charged(shop: Shop) {
    shop.bank.feels(Mood::Refuses);
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let (_, page) = visitor.pay_and_look().await;
    page.says("Nothing was charged");
    visitor.get("/shop/cart").await.says("Dom Casmurro");
}
