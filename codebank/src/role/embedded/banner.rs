//! What a person sees when the embedded bank is up: where it listens, cards to pay with, and what to try next.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::DEFAULT_DATA;
use super::demo::DemoCard;

/// The addresses the bank is served at.
pub(crate) struct Addresses {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
}

/// The banner, with commands that work as they stand.
pub(crate) fn render(addresses: &Addresses, data: &Path, cards: &[DemoCard]) -> String {
    let mut text = format!(
        "\ncodebank is open (embedded: one process, SQLite, for trying out and small tests; not to be reached from a network)\n\n  \
         Open      http://{}  a shop, your statement, the operators' page\n\n  \
         gRPC      {}\n  GraphQL   http://{}/graphql\n  GraphiQL  http://{}/graphiql\n  data      {}\n\nDemo cards\n",
        addresses.http,
        addresses.grpc,
        addresses.http,
        addresses.http,
        data.display(),
    );
    for card in cards {
        let _ = writeln!(
            text,
            "  {}  {}  CVV {}  account {}  ({})",
            grouped(&card.number),
            card.expiry,
            card.security_code,
            card.account_id,
            card.note,
        ); // writing to a string cannot fail
    }
    if let Some(card) = cards.first() {
        let _ = write!(
            text,
            "\nTry next, from a second terminal\n{}",
            commands(addresses, data, card)
        );
    }
    text.push_str("\nCtrl-C closes the bank; everything is kept.\n");
    text
}

fn commands(addresses: &Addresses, data: &Path, card: &DemoCard) -> String {
    let program = program();
    let grpc = if addresses.grpc.port() == super::DEFAULT_GRPC_PORT {
        String::new()
    } else {
        format!(" --grpc http://{}", addresses.grpc)
    };
    let http = if addresses.http.port() == super::DEFAULT_HTTP_PORT {
        String::new()
    } else {
        format!(" --http http://{}", addresses.http)
    };
    let data = if data == Path::new(DEFAULT_DATA) {
        String::new()
    } else {
        format!(" --data {}", data.display())
    };
    let account = &card.account_id;
    format!(
        "  {program} pay --card {} --amount 49.90 --store \"Livraria\" --description \"Dom Casmurro\"{grpc}{data}\n  \
         {program} statement {account}{http}\n  \
         {program} history {account}{grpc}\n",
        card.number
    )
}

/// How this program was called, so that the commands can be pasted.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "codebank".to_owned())
}

fn grouped(number: &str) -> String {
    number
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}
