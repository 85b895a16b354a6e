//! Bad input on the pages: a designed page with the right status, what was typed is kept except the card's secrets, nothing is charged.

use axum::http::StatusCode;

use crate::browser::{Checkout, GOOD, Page, Typed};
use crate::opened::Shop;

#[track_caller]
fn designed(page: &Page, status: StatusCode, words: &str) {
    assert_eq!(page.status, status, "{}", page.text);
    page.says("<html lang=");
    page.says("class=\"button");
    page.says(words);
}

async fn nothing_happened(shop: &Shop) {
    assert_eq!((shop.bank.asked().len(), shop.orders().await), (0, 0));
}

#[tokio::test]
async fn an_empty_form_names_every_field() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    let bare = [("csrf", &checkout.csrf[..]), ("order", &checkout.order)];
    let page = visitor.post("/shop/checkout", &bare).await;
    designed(&page, StatusCode::UNPROCESSABLE_ENTITY, "role=\"alert\"");
    for (id, words) in [
        ("number", "Enter the card number."),
        ("name", "Enter the name on the card"),
        ("expiry", "Enter the month and year"),
        ("security-code", "Enter the security code"),
    ] {
        page.says(&format!("aria-describedby=\"{id}-error\" aria-invalid=\"true\""));
        page.says(&format!("<a href=\"#{id}\">"));
        page.says(words);
    }
    visitor.language = "pt-BR";
    let page = visitor.post("/shop/checkout", &bare).await;
    page.says("Digite o número do cartão.");
    nothing_happened(&shop).await;
}

#[tokio::test]
async fn what_was_typed_is_kept_but_for_the_secrets() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    for (typed, words) in [
        (
            Typed {
                number: "4111111111111112",
                ..GOOD
            },
            "a digit is wrong",
        ),
        (
            Typed {
                number: "4111",
                ..GOOD
            },
            "13 to 19 digits",
        ),
        (Typed { code: "98", ..GOOD }, "The code has 3 digits"),
        (
            Typed {
                expiry: "01/20",
                ..GOOD
            },
            "This card has expired",
        ),
        (
            Typed {
                expiry: "35-99",
                ..GOOD
            },
            "such as 08/29",
        ),
    ] {
        let page = visitor.post("/shop/checkout", &checkout.with(typed)).await;
        designed(&page, StatusCode::UNPROCESSABLE_ENTITY, words);
        page.says("value=\"M DE ASSIS\"");
        page.says(&format!("value=\"{}\"", typed.expiry));
        page.says_nothing_of(typed.number);
        page.says_nothing_of(&format!("value=\"{}\"", typed.code));
        assert_eq!(page.hidden("order"), checkout.order, "it is the same order still");
    }
    nothing_happened(&shop).await;
    // The form that was drawn with the faults works.
    visitor.pay_and_look().await.1.says("it is paid");
}

#[tokio::test]
async fn a_tampered_field_is_refused() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    for order in ["", "x", "a.b", &checkout.order[1..], &checkout.csrf] {
        let tampered = Checkout {
            order: order.to_owned(),
            ..checkout.clone()
        };
        let page = visitor.post("/shop/checkout", &tampered.with(GOOD)).await;
        designed(&page, StatusCode::BAD_REQUEST, "This form is not as we made it");
    }
    // A price is no field at all: one that is sent changes nothing.
    let mut form = checkout.with(GOOD).to_vec();
    form.extend([("price", "1"), ("total", "1"), ("price_minor_units", "1")]);
    let path = visitor.post("/shop/checkout", &form).await;
    visitor.get(path.location()).await.says("R$39.90");
    assert_eq!(shop.bank.asked()[0].amount.as_ref().unwrap().minor_units, 3_990);
}

#[tokio::test]
async fn a_form_without_its_token_changes_nothing() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("dom-casmurro", "1").await;
    let checkout = visitor.checkout().await;
    let without = Checkout {
        csrf: String::new(),
        ..checkout.clone()
    };
    let others = shop.visitor().get("/shop/products/trena").await.hidden("csrf");
    let foreign = Checkout {
        csrf: others,
        ..checkout
    };
    for form in [without, foreign] {
        let page = visitor.post("/shop/checkout", &form.with(GOOD)).await;
        designed(&page, StatusCode::FORBIDDEN, "This form has expired");
    }
    let page = visitor.post("/shop/cart", &[("product", "x")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    nothing_happened(&shop).await;
}

#[tokio::test]
async fn what_is_not_there_is_said_on_a_page() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    let page = visitor.get("/shop/products/nothing-like-it").await;
    designed(&page, StatusCode::NOT_FOUND, "We do not sell this");
    let page = visitor.get("/shop/orders/nonsense").await;
    designed(&page, StatusCode::NOT_FOUND, "There is no such order");
    let page = visitor.get("/shop/nowhere").await;
    designed(&page, StatusCode::NOT_FOUND, "There is no such page");
    let page = visitor.get("/shop?category=nothing&q=%FF").await;
    assert_eq!(page.status, StatusCode::OK);
    let page = visitor.get("/shop?q=zzzz").await;
    designed(&page, StatusCode::OK, "Nothing on our shelves is called that");
    assert_eq!(visitor.get("/shop/checkout").await.location(), "/shop/cart");
    let page = visitor.post("/shop", &[]).await;
    designed(&page, StatusCode::METHOD_NOT_ALLOWED, "cannot be used that way");

    let csrf = visitor.get("/shop/products/trena").await.hidden("csrf");
    for product in ["nonsense", "00000000-0000-7000-8000-000000000009"] {
        let page = visitor
            .post("/shop/cart", &[("csrf", &csrf), ("product", product)])
            .await;
        designed(&page, StatusCode::NOT_FOUND, "We do not sell this");
    }
    let long = "x".repeat(20_000);
    let page = visitor
        .post("/shop/checkout", &[("csrf", &csrf), ("name", &long)])
        .await;
    designed(&page, StatusCode::PAYLOAD_TOO_LARGE, "That was too much at once");
    nothing_happened(&shop).await;
}

#[tokio::test]
async fn a_cart_counts_what_it_can_have() {
    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    visitor.add("trena", "98").await;
    visitor.add("trena", "98").await;
    let cart = visitor.get("/shop/cart").await;
    cart.says("value=\"99\"");
    // 99 × 32.90
    cart.says("R$3,257.10");
    let (csrf, product) = (
        cart.hidden("csrf"),
        visitor.get("/shop/products/trena").await.hidden("product"),
    );
    let path = format!("/shop/cart/{product}");
    visitor.post(&path, &[("csrf", &csrf), ("quantity", "2")]).await;
    visitor.get("/shop/cart").await.says("R$65.80");
    let removed = [("csrf", &csrf[..]), ("quantity", "2"), ("remove", "1")];
    visitor.post(&path, &removed).await;
    visitor.get("/shop/cart").await.says("Your cart is empty");
}
