//! A decline says what the shopper can do, in their language, with no more of the reason than the bank tells a merchant.

use proto::codebank::v1::DeclineReason;

use crate::bank::Mood;
use crate::opened::{Shop, on_both_databases};

on_both_databases!(
    every_decline_says_what_to_do,
    after_a_decline_another_card_is_another_order
);

async fn every_decline_says_what_to_do(shop: Shop) {
    let cases = [
        (
            DeclineReason::CardNotRecognized,
            "Check the number, the expiry and the security code",
            "Confira o número, a validade e o código",
        ),
        (
            DeclineReason::AccountClosed,
            "no longer in use",
            "não está mais em uso",
        ),
        (
            DeclineReason::CardCancelled,
            "no longer in use",
            "não está mais em uso",
        ),
        (DeclineReason::CardNotActivated, "Activate it", "Ative o cartão"),
        (DeclineReason::CardBlocked, "Unblock it", "Desbloqueie o cartão"),
        (DeclineReason::CardExpired, "has expired", "está vencido"),
        (
            DeclineReason::OverLimit,
            "above what is left",
            "acima do que resta",
        ),
        (
            DeclineReason::Unspecified,
            "Use another card, or call your bank",
            "Use outro cartão ou ligue",
        ),
    ];
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    for (reason, english, portuguese) in cases {
        shop.bank.feels(Mood::Declines(reason));
        let (path, page) = visitor.pay_and_look().await;
        page.says(english);
        page.says("Nothing was charged");
        page.says("role=\"alert\"");
        page.says_nothing_of("/statements?");
        visitor.language = "pt-BR";
        visitor.get(&path).await.says(portuguese);
        visitor.language = "en";
    }
}

async fn after_a_decline_another_card_is_another_order(shop: Shop) {
    shop.bank.feels(Mood::Declines(DeclineReason::OverLimit));
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "2").await;
    let (declined, _) = visitor.pay_and_look().await;
    shop.bank.feels(Mood::Approves);
    let (paid, page) = visitor.pay_and_look().await;
    assert_ne!(declined, paid);
    page.says("R$79.80");
    let history = visitor.get("/shop/orders").await;
    history.says("Declined");
    history.says("Paid");
    visitor.get("/shop/cart").await.says("Your cart is empty");
}
