//! One order, at most one charge: double submit, two tabs, the back button, and a cart that changed meanwhile.

use axum::http::StatusCode;

use crate::bank::{ACCOUNT, VERSION};
use crate::browser::{Checkout, GOOD, Typed};
use crate::opened::{Shop, on_both_databases};

on_both_databases!(
    a_purchase_is_paid_in_the_same_turn,
    a_form_sent_twice_at_once_is_one_order,
    two_tabs_make_one_order,
    going_back_leads_to_the_order,
    a_changed_cart_is_looked_at_again,
    a_changed_price_is_looked_at_again,
    orders_are_shown_where_they_were_made,
);

async fn a_purchase_is_paid_in_the_same_turn(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "2").await;
    visitor.add("trena", "1").await;
    let (path, page) = visitor.pay_and_look().await;
    page.says("Thank you, it is paid");
    // 2 × 39.90 and 32.90, as the catalogue has it.
    page.says("R$112.70");
    page.says(&format!("/statements?account={ACCOUNT}&amp;version={VERSION}").replace("&amp;", "&#38;"));

    let asked = shop.bank.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(path, format!("/shop/orders/{}", asked[0].request_id));
    let amount = asked[0].amount.clone().unwrap();
    assert_eq!(
        (amount.minor_units, amount.currency_code.as_str()),
        (11_270, "BRL")
    );
    assert_eq!(asked[0].description, "2× Dom Casmurro, Trena, 5 m");
    assert_eq!(asked[0].merchant.as_ref().unwrap().name, store::MERCHANT_NAME);

    visitor.get("/shop/cart").await.says("Your cart is empty");
    let history = visitor.get("/shop/orders").await;
    history.says(&path);
    history.says("Paid");
}

async fn a_form_sent_twice_at_once_is_one_order(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    let (mut first, mut second, mut third) = (visitor.clone(), visitor.clone(), visitor);
    let form = checkout.with(GOOD);
    let (first, second, third) = tokio::join!(
        first.post("/shop/checkout", &form),
        second.post("/shop/checkout", &form),
        third.post("/shop/checkout", &form)
    );
    assert_eq!(first.location(), second.location());
    assert_eq!(first.location(), third.location());
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

async fn two_tabs_make_one_order(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let (one_tab, other_tab) = (visitor.checkout().await, visitor.checkout().await);
    let first = visitor.post("/shop/checkout", &one_tab.with(GOOD)).await;
    let second = visitor.post("/shop/checkout", &other_tab.with(GOOD)).await;
    assert_eq!(first.location(), second.location());
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

async fn going_back_leads_to_the_order(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    let paid = visitor.post("/shop/checkout", &checkout.with(GOOD)).await;
    // Browsers forget number and code when they go back; the empty form is not complained about.
    let empty = Typed {
        number: "",
        name: "",
        expiry: "",
        code: "",
    };
    let again = visitor.post("/shop/checkout", &checkout.with(empty)).await;
    assert_eq!(paid.location(), again.location());
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}

async fn a_changed_cart_is_looked_at_again(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    visitor.add("cadeira-de-balanco", "1").await;
    let page = visitor.post("/shop/checkout", &checkout.with(GOOD)).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    page.says("Your cart has changed");
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (0, 0));
    visitor.pay_and_look().await.1.says("R$1,329.90");
}

async fn a_changed_price_is_looked_at_again(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    shop.execute("update products set price_minor_units = 5990 where slug = 'dom-casmurro'")
        .await;
    let page = visitor.post("/shop/checkout", &checkout.with(GOOD)).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (0, 0));

    let (_, page) = visitor.pay_and_look().await;
    page.says("R$59.90");
    // What was ordered keeps its price.
    shop.execute("update products set price_minor_units = 1 where slug = 'dom-casmurro'")
        .await;
    let history = visitor.get("/shop/orders").await;
    history.says("R$59.90");
}

async fn orders_are_shown_where_they_were_made(shop: Shop) {
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let theirs = visitor.checkout().await;
    let (path, _) = visitor.pay_and_look().await;

    let mut other = shop.visitor();
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    other
        .get("/shop/orders")
        .await
        .says("You have not ordered anything yet");
    // Nor can another visitor's form be sent with a token of one's own.
    other.add("trena", "1").await;
    let own = other.checkout().await;
    let borrowed = Checkout {
        order: theirs.order,
        ..own
    };
    let page = other.post("/shop/checkout", &borrowed.with(GOOD)).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (1, 1));
}
