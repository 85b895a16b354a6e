//! Canaries: a number and a code that no other text has pass through the shop by every way, and are looked for where they must not be.

use std::io;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::bank::Mood;
use crate::browser::{GOOD, Typed};
use crate::opened::Shop;

/// A documented test number, and a code that is nowhere in the shop's own texts.
const NUMBER: &str = "6011111111111117";
const CODE: &str = "9173";

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A test has one thread: what its tasks log is all in this log.
#[tokio::test(flavor = "current_thread")]
async fn no_number_and_no_code_stays_behind() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let shop = Shop::on_sqlite().await;
    let mut visitor = shop.visitor();
    let mut answers = String::new();
    let typed = Typed {
        number: NUMBER,
        code: CODE,
        ..GOOD
    };
    for mood in [Mood::Refuses, Mood::Down, Mood::Silent, Mood::Approves] {
        shop.bank.feels(mood);
        visitor.add("dom-casmurro", "1").await;
        let checkout = visitor.checkout().await;
        let path = visitor.post("/shop/checkout", &checkout.with(typed)).await;
        answers.push_str(&visitor.get(path.location()).await.text);
    }
    visitor.add("trena", "1").await;
    let checkout = visitor.checkout().await;
    for faulty in [
        Typed { expiry: "x", ..typed },
        Typed {
            expiry: NUMBER,
            name: NUMBER,
            ..typed
        },
    ] {
        let page = visitor.post("/shop/checkout", &checkout.with(faulty)).await;
        answers.push_str(&page.text);
    }
    let product = visitor.get("/shop/products/trena").await.hidden("product");
    let order = format!(
        r#"{{"credit_card":{{"number":"{NUMBER}","name":"x","expiration_month":12,"expiration_year":2035,"cvv":"{CODE}"}},"items":[{{"quantity":1,"product_id":"{product}"}}]}}"#
    );
    for body in [order.as_str(), &order.replace("12,", "\"12\",")] {
        answers.push_str(&visitor.json("/orders", body, &[]).await.text);
    }
    assert!(shop.orders().await >= 5 && shop.bank.asked().len() >= 5);

    let folder = shop.folder().unwrap();
    let mut kept: Vec<u8> = log.0.lock().unwrap().clone();
    assert!(!kept.is_empty(), "the log is looked at");
    for file in std::fs::read_dir(folder).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let kept = String::from_utf8_lossy(&kept);
    for (place, text) in [("database or log", &*kept), ("answers", &answers)] {
        for secret in [NUMBER, "6011 1111 1111 1117", "601111111111"] {
            assert!(!text.contains(secret), "{secret} in {place}");
        }
    }
    assert!(!answers.contains(CODE));
    let code_alone = |text: &str| {
        text.match_indices(CODE).any(|(at, _)| {
            let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
            let bytes = text.as_bytes();
            !digit(at.checked_sub(1).and_then(|before| bytes.get(before)))
                && !digit(bytes.get(at + CODE.len()))
        })
    };
    assert!(!code_alone(&kept), "the code is in the database or the log");
}
