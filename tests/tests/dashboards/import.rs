//! `codebank dashboards import`, against a stub that answers as Kibana does.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};
use tests::command::{self, Said};

use crate::bundle;

/// A request as it came.
#[derive(Debug, Clone)]
struct Seen {
    uri: String,
    headers: HeaderMap,
    body: String,
}

#[derive(Clone)]
struct Stub {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// In turn; the last one again and again.
    answers: Arc<Vec<(u16, String)>>,
    url: String,
}

impl Stub {
    async fn answering(answers: &[(u16, String)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            seen: Arc::default(),
            answers: Arc::new(answers.to_vec()),
            url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let router = Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        stub
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(stub): State<Stub>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let mut seen = stub.seen.lock().unwrap();
    seen.push(Seen {
        uri: uri.to_string(),
        headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let turn = (seen.len() - 1).min(stub.answers.len() - 1);
    let (status, text) = &stub.answers[turn];
    (StatusCode::from_u16(*status).unwrap(), text.clone())
}

fn all_taken() -> (u16, String) {
    let count = bundle::objects().len();
    (
        200,
        json!({ "success": true, "successCount": count, "warnings": [], "successResults": [] }).to_string(),
    )
}

async fn import(url: &str, more: &[&str], variables: &[(&str, &str)]) -> Said {
    let arguments = [&["dashboards", "import", "--kibana", url], more].concat();
    command::run(&arguments, variables).await
}

/// The only part of a form, by the boundary that its header names.
fn file_of(seen: &Seen) -> (String, String) {
    let kind = seen.headers["content-type"].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let inner = seen.body.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    let inner = inner.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
    let (head, file) = inner.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), file.to_owned())
}

#[tokio::test]
async fn the_whole_bundle_is_sent_as_kibana_wants_it_and_may_be_sent_again() {
    if command::binary().is_none() {
        return;
    }
    let stub = Stub::answering(&[all_taken()]).await;
    for _ in 0..2 {
        let said = import(&stub.url, &[], &[]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(
            said.out
                .contains(&format!("{} objects imported", bundle::objects().len())),
            "{said:?}"
        );
    }
    let seen = stub.seen();
    assert_eq!(seen.len(), 2);
    for request in &seen {
        assert_eq!(request.uri, "/api/saved_objects/_import?overwrite=true");
        assert!(request.headers.contains_key("kbn-xsrf"));
        assert!(!request.headers.contains_key("authorization"));
        let (head, file) = file_of(request);
        assert!(
            head.contains("form-data; name=\"file\"; filename=\"codebank.ndjson\""),
            "{head}"
        );
        assert!(file == bundle::text(), "what is sent is not the committed bundle");
    }
    assert_eq!(seen[0].body, seen[1].body);
}

#[tokio::test]
async fn credentials_and_the_space_are_used_and_never_shown() {
    if command::binary().is_none() {
        return;
    }
    let stub = Stub::answering(&[
        all_taken(),
        all_taken(),
        (401, json!({ "message": "no" }).to_string()),
    ])
    .await;
    let basic = [
        ("CODEBANK_KIBANA_USER", "elastic"),
        ("CODEBANK_KIBANA_PASSWORD", "hunter2"),
    ];
    let key = [("CODEBANK_KIBANA_API_KEY", "c2VjcmV0")];
    let first = import(&stub.url, &["--space", "staff"], &basic).await;
    let second = import(&stub.url, &[], &key).await;
    let refused = import(&stub.url, &[], &basic).await;
    assert_eq!(
        (first.code, second.code, refused.code),
        (Some(0), Some(0), Some(1))
    );
    assert!(refused.err.contains("refused the credentials"), "{refused:?}");
    for said in [first, second, refused] {
        let all = format!("{}{}", said.out, said.err);
        assert!(!all.contains("hunter2") && !all.contains("c2VjcmV0"), "{all}");
    }
    let seen = stub.seen();
    assert_eq!(seen[0].uri, "/s/staff/api/saved_objects/_import?overwrite=true");
    // elastic:hunter2, in base 64.
    assert_eq!(seen[0].headers["authorization"], "Basic ZWxhc3RpYzpodW50ZXIy");
    assert_eq!(seen[1].headers["authorization"], "ApiKey c2VjcmV0");
}

#[tokio::test]
async fn what_kibana_does_not_take_is_told_object_by_object() {
    if command::binary().is_none() {
        return;
    }
    let failure = json!({ "success": false, "successCount": 22, "errors": [
        { "id": "codebank-health", "type": "dashboard",
          "error": { "type": "missing_references", "references": [{ "type": "search", "id": "codebank-account-events" }] } },
        { "id": "codebank-totals", "type": "visualization", "error": { "type": "unknown", "message": "too new" } },
    ] });
    let answers: [(u16, Value, &[&str]); 4] = [
        (
            200,
            failure,
            &[
                "dashboard codebank-health: missing_references: search codebank-account-events",
                "visualization codebank-totals: unknown: too new",
            ],
        ),
        (
            400,
            json!({ "message": "Request must contain a kbn-xsrf header." }),
            &["400", "kbn-xsrf"],
        ),
        (404, json!({ "message": "Not Found" }), &["no such space"]),
        (200, json!({ "anything": 1 }), &["no answer of Kibana's"]),
    ];
    for (status, body, told) in answers {
        let stub = Stub::answering(&[(status, body.to_string())]).await;
        let said = import(&stub.url, &[], &[]).await;
        assert_eq!(said.code, Some(1), "{said:?}");
        for words in told {
            assert!(said.err.contains(words), "{words}: {said:?}");
        }
    }
}

#[tokio::test]
async fn a_kibana_that_is_away_is_told_and_one_that_starts_is_waited_for() {
    if command::binary().is_none() {
        return;
    }
    let nobody = format!("http://127.0.0.1:{}", test_support::free_port());
    let said = import(&nobody, &[], &[]).await;
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("no Kibana answers at") && said.err.contains(&nobody),
        "{said:?}"
    );

    let starting = (503, "Kibana server is not ready yet".to_owned());
    let stub = Stub::answering(std::slice::from_ref(&starting)).await;
    let said = import(&stub.url, &[], &[]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("not ready yet"), "{said:?}");

    let stub = Stub::answering(&[starting, all_taken()]).await;
    let said = import(&stub.url, &["--wait", "30"], &[]).await;
    assert_eq!((said.code, stub.seen().len()), (Some(0), 2), "{said:?}");
}
