//! The stub: one account per id, each with words of its own, so that a page that shows another's is seen.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Json, State};
use axum::response::Response;
use axum::routing::post;
use proto::codebank::v1 as bank;
use proto::codebank::v1::card_account_service_server::{CardAccountService, CardAccountServiceServer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Server};
use tonic::{Request, Status};

pub(crate) const MINE: &str = "0190f000-0000-7000-8000-000000000001";
pub(crate) const OTHERS: &str = "0190f000-0000-7000-8000-000000000002";
/// The version the stub's accounts are at.
const VERSION: u64 = 7;
/// The number of `card-a`, which is on the first account,
pub(crate) const VISA: &str = "4111111111111111";
/// of a card that is on the other one,
pub(crate) const OTHERS_CARD: &str = "5555555555554444";
/// of a card of an account that no pages here are for,
pub(crate) const STRANGERS: &str = "378282246310005";
/// and of no card.
pub(crate) const NOBODYS: &str = "4242424242424242";

/// What reached the stub.
#[derive(Debug, Default, Clone)]
pub(crate) struct Heard {
    /// The variables of every GraphQL operation.
    pub(crate) asked: Arc<Mutex<Vec<Value>>>,
    /// Request id, account and card of every command.
    pub(crate) commands: Arc<Mutex<Vec<(String, String, String)>>>,
}

pub(crate) struct Stub {
    pub(crate) graphql: String,
    pub(crate) commands: Channel,
    pub(crate) heard: Heard,
}

pub(crate) async fn start() -> Stub {
    let heard = Heard::default();
    let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let graphql = format!("http://{}/graphql", http.local_addr().unwrap());
    let routes = axum::Router::new()
        .route("/graphql", post(answer).get(socket))
        .with_state(heard.clone());
    tokio::spawn(async move { axum::serve(http, routes).await });

    let grpc = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", grpc.local_addr().unwrap());
    let service = CardAccountServiceServer::new(heard.clone());
    let incoming = TcpListenerStream::new(grpc);
    tokio::spawn(
        Server::builder()
            .add_service(service)
            .serve_with_incoming(incoming),
    );
    Stub {
        graphql,
        commands: Channel::from_shared(address).unwrap().connect_lazy(),
        heard,
    }
}

fn refused(code: &str) -> Value {
    json!({ "data": null, "errors": [{ "message": code, "extensions": { "code": code } }] })
}

async fn answer(State(heard): State<Heard>, Json(question): Json<Value>) -> Json<Value> {
    let variables = question["variables"].clone();
    heard.asked.lock().unwrap().push(variables.clone());
    let query = question["query"].as_str().unwrap();
    if query.contains("query CardInvoices") {
        return Json(json!({ "data": { "statement": { "lines": invoices(&variables) } } }));
    }
    if query.contains("query Operations") || query.contains("query Pipeline") {
        return Json(json!({ "data": operations() }));
    }
    let account = variables["account"].as_str().unwrap();
    if variables["version"]
        .as_u64()
        .is_some_and(|version| version > VERSION)
    {
        return Json(refused("VERSION_NOT_YET_VISIBLE"));
    }
    match variables["cycle"].as_str() {
        None | Some("2026-12") => {}
        Some("2026-13") => return Json(refused("BAD_USER_INPUT")),
        Some(_) => return Json(refused("NOT_FOUND")),
    }
    if variables["before"] == "nonsense" {
        return Json(refused("BAD_USER_INPUT"));
    }
    let data = if query.contains("query CardStatements") {
        json!({ "statements": { "nodes": [{ "cycle": "2026-12" }, { "cycle": "2026-11" }] } })
    } else if query.contains("query OpenCycle") {
        json!({ "statement": { "cycle": "2026-12" } })
    } else if query.contains("query Statement") || query.contains("query Lines") {
        json!({
            "account": balance(), "statement": statement(account),
            "statements": { "nodes": [{ "cycle": "2026-12", "closesOn": "2026-12-10" }, { "cycle": "2026-11", "closesOn": "2026-11-10" }] },
            "merchants": { "nodes": [{ "merchant": merchant(account), "purchaseCount": 2, "amount": money(12_840) }] },
        })
    } else if query.contains("query Activity") {
        json!({ "activity": { "accountVersion": VERSION, "nodes": [declined(account), approved(account)], "pageInfo": page_info() } })
    } else if query.contains("query Cards") {
        let card = |id: &str, status: &str| json!({ "id": id, "lastFour": "1111", "expiryMonth": 12, "expiryYear": 2035, "status": status });
        json!({ "account": balance(), "cards": { "nodes": [card("card-a", "ACTIVE"), card("card-b", "BLOCKED")] } })
    } else {
        json!({ "account": balance() })
    };
    Json(json!({ "data": data }))
}

async fn socket(State(heard): State<Heard>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols(["graphql-transport-ws"])
        .on_upgrade(|socket| subscription(socket, heard))
}

/// One event right after the version asked for, and then silence.
async fn subscription(mut socket: WebSocket, heard: Heard) {
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        let said: Value = serde_json::from_str(&text).unwrap();
        let answer = match said["type"].as_str().unwrap() {
            "connection_init" => json!({ "type": "connection_ack" }),
            "subscribe" => {
                let variables = said["payload"]["variables"].clone();
                let after = variables["version"].as_u64().unwrap();
                let mut activity = approved(variables["account"].as_str().unwrap());
                activity["version"] = json!(after + 1);
                heard.asked.lock().unwrap().push(variables);
                json!({ "id": "1", "type": "next", "payload": { "data": { "activity": activity } } })
            }
            _ => continue,
        };
        socket.send(Message::text(answer.to_string())).await.unwrap();
    }
}

fn money(minor_units: i64) -> Value {
    json!({ "minorUnits": minor_units.to_string(), "currency": "BRL" })
}

fn merchant(account: &str) -> Value {
    json!({ "id": "m-1", "name": format!("Livraria de {account}"), "mcc": "5942" })
}

fn page_info() -> Value {
    json!({ "hasPreviousPage": true, "hasNextPage": false, "startCursor": "older+cursor", "endCursor": "newer" })
}

fn balance() -> Value {
    json!({
        "accountVersion": VERSION, "status": "OPEN", "creditLimit": money(500_000),
        "outstanding": money(12_840), "available": money(487_160),
    })
}

fn statement(account: &str) -> Value {
    let line = |version: u64, description: &str, minor_units: i64| {
        json!({
            "version": version, "occurredAt": "2026-11-26T01:30:00Z", "description": description,
            "cardLastFour": "1111", "merchant": merchant(account), "amount": money(minor_units),
        })
    };
    json!({
        "accountVersion": VERSION, "cycle": "2026-12", "status": "OPEN", "opensOn": "2026-11-10",
        "closesOn": "2026-12-10", "dueOn": "2026-12-17", "lineCount": 2, "total": money(12_840),
        "lines": {
            "nodes": [line(5, "Dom Casmurro <b>", 4_990), line(6, "=1+1", 7_850)],
            "pageInfo": page_info(),
        },
    })
}

/// Of December two pages, and of November one.
fn invoices(variables: &Value) -> Value {
    let account = variables["account"].as_str().unwrap();
    let line = |version: u64, card: &str, minor_units: i64, currency: &str| {
        json!({
            "id": format!("{account}-{version}"), "occurredAt": "2026-11-26T01:30:00.677Z",
            "authorizationId": format!("decision-{version}"), "cardId": card, "description": "Dom Casmurro",
            "merchant": merchant(account), "amount": { "minorUnits": minor_units.to_string(), "currency": currency },
        })
    };
    let page = |nodes: Vec<Value>, has_more: bool| {
        json!({
            "nodes": nodes,
            "pageInfo": { "hasPreviousPage": has_more, "hasNextPage": false, "startCursor": "older", "endCursor": "x" },
        })
    };
    match (variables["cycle"].as_str().unwrap(), variables["before"].as_str()) {
        ("2026-12", None) => page(
            vec![line(4, "card-a", 4_990, "BRL"), line(5, "card-b", 1, "BRL")],
            true,
        ),
        ("2026-12", Some("older")) => page(vec![line(3, "card-a", 5, "BRL")], false),
        _ => page(
            vec![
                line(2, "card-a", 900_719_925_474_099_301, "BRL"),
                line(1, "card-a", 700, "JPY"),
            ],
            false,
        ),
    }
}

fn approved(account: &str) -> Value {
    json!({
        "id": format!("{account}-6"), "version": 6, "kind": "PURCHASE_APPROVED", "occurredAt": "2026-11-26T01:30:00Z",
        "cardId": "card-a", "cardLastFour": "1111", "authorizationId": "decision-6", "description": "Dom Casmurro",
        "declineReason": null, "cycle": "2026-12", "merchant": merchant(account), "amount": money(4_990), "creditLimit": null,
    })
}

fn declined(account: &str) -> Value {
    let mut activity = approved(account);
    activity["version"] = json!(7);
    activity["kind"] = json!("PURCHASE_DECLINED");
    activity["declineReason"] = json!("OVER_LIMIT");
    activity["amount"] = money(900_000);
    activity
}

fn operations() -> Value {
    let volume = |count: i64, minor_units: i64| json!({ "count": count, "amount": money(minor_units) });
    let decided = json!({ "approved": volume(1_500, 7_485_000), "declined": volume(500, 900_000) });
    let bucket =
        |start: &str| json!({ "start": start, "approved": volume(3, 14_970), "declined": volume(1, 4_990) });
    let hour = |weekday: i64| json!({ "weekday": weekday, "hour": 9, "approved": volume(weekday, 1), "declined": volume(0, 0) });
    let product = json!({ "description": "Dom Casmurro", "count": 3, "amount": money(14_970), "averageAmount": money(4_990) });
    let place = |partition: i64, stopped: Value| json!({ "projection": "statement", "partition": partition, "nextOffset": 700, "stopped": stopped });
    json!({
        "operations": {
            "totals": decided,
            "overTime": [bucket("2026-11-25T12:00:00Z"), bucket("2026-11-25T13:00:00Z")],
            "hoursOfWeek": [hour(1), hour(7)],
            "declineReasons": [{ "reason": "OVER_LIMIT", "count": 500, "amount": money(900_000) }],
            "topMerchants": [{ "merchant": { "id": "m-1", "name": "Livraria" }, "count": 3, "amount": money(14_970) }],
            "topDescriptions": [product], "descriptions": [product],
            "amountPercentiles": [{ "percent": 99, "amount": money(18_901) }],
        },
        "pipeline": {
            "latestPurchaseAt": "2026-11-26T01:30:00Z", "stoppedCount": 1, "deadLetterCount": 3,
            "stages": [
                { "projection": "statement", "waitingCount": 12, "appliedAt": "2026-11-26T01:30:00Z", "delayMillis": 42 },
                { "projection": "unfed", "waitingCount": null, "appliedAt": null, "delayMillis": null },
            ],
            "places": [place(0, json!(null)), place(1, json!({ "eventId": "a-9", "reason": "an unknown event" }))],
        },
    })
}

impl Heard {
    /// A card that the stub has not is refused as the bank does it.
    fn command(&self, request_id: String, account: String, card: String) -> Result<(), Status> {
        if !card.starts_with("card-") {
            return Err(Status::not_found("no such card"));
        }
        if card == "card-b" && account == OTHERS {
            return Err(Status::failed_precondition("blocked already"));
        }
        self.commands.lock().unwrap().push((request_id, account, card));
        Ok(())
    }
}

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<tonic::Response<T>, Status>> + Send + 'a>>;

/// As `async_trait` writes it, which does not look into macros.
macro_rules! not_asked {
    ($($call:ident: $request:ident -> $response:ident),*) => {
        $(fn $call<'own, 'answer>(&'own self, _: Request<bank::$request>) -> Answering<'answer, bank::$response>
        where
            'own: 'answer,
            Self: 'answer,
        {
            Box::pin(async { Err(Status::unimplemented("the pages do not ask this")) })
        })*
    };
}

#[tonic::async_trait]
impl CardAccountService for Heard {
    async fn block_card(
        &self,
        request: Request<bank::BlockCardRequest>,
    ) -> Result<tonic::Response<bank::BlockCardResponse>, Status> {
        let request = request.into_inner();
        self.command(request.request_id, request.account_id, request.card_id)?;
        Ok(tonic::Response::new(bank::BlockCardResponse {
            account_version: VERSION,
            recorded_at: None,
        }))
    }

    async fn unblock_card(
        &self,
        request: Request<bank::UnblockCardRequest>,
    ) -> Result<tonic::Response<bank::UnblockCardResponse>, Status> {
        let request = request.into_inner();
        self.command(request.request_id, request.account_id, request.card_id)?;
        Ok(tonic::Response::new(bank::UnblockCardResponse {
            account_version: VERSION,
            recorded_at: None,
        }))
    }

    async fn find_card(
        &self,
        request: Request<bank::FindCardRequest>,
    ) -> Result<tonic::Response<bank::FindCardResponse>, Status> {
        let number = request.into_inner().card_number.replace(' ', "");
        let (account_id, card_id) = match number.as_str() {
            VISA => (MINE, "card-a"),
            OTHERS_CARD => (OTHERS, "card-c"),
            STRANGERS => ("0190f000-0000-7000-8000-00000000ffff", "card-d"),
            NOBODYS => return Err(Status::not_found(format!("no card has the number {number}"))),
            // As a stranger at the bank's address might.
            "0" => return Err(Status::internal(format!("what is {number}{VISA}?"))),
            _ => return Err(Status::invalid_argument("this is no number")),
        };
        Ok(tonic::Response::new(bank::FindCardResponse {
            account_id: account_id.to_owned(),
            card_id: card_id.to_owned(),
            masked_number: String::new(),
        }))
    }

    async fn issue_card(
        &self,
        request: Request<bank::IssueCardRequest>,
    ) -> Result<tonic::Response<bank::IssueCardResponse>, Status> {
        let request = request.into_inner();
        let issued = (request.request_id, request.account_id, request.card_number);
        self.commands.lock().unwrap().push(issued);
        Ok(tonic::Response::new(bank::IssueCardResponse {
            account_version: VERSION,
            ..bank::IssueCardResponse::default()
        }))
    }

    not_asked! {
        open_account: OpenAccountRequest -> OpenAccountResponse,
        change_credit_limit: ChangeCreditLimitRequest -> ChangeCreditLimitResponse,
        activate_card: ActivateCardRequest -> ActivateCardResponse,
        cancel_card: CancelCardRequest -> CancelCardResponse,
        close_account: CloseAccountRequest -> CloseAccountResponse,
        reveal_card: RevealCardRequest -> RevealCardResponse
    }
}
