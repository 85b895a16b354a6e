//! What every page of every face gets by being dressed, asked for over HTTP. A face of three routes stands for them all.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly, in its helpers too")]

use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use look::{Frame, Key, Link, Page, Posted, Settings, Visitor, dress, html};
use serde::Deserialize;
use tower::ServiceExt as _;

#[derive(Template)]
#[template(
    source = "{% extends \"layout.html\" %}{% block content %}<form method=post><input name=csrf value=\"{{ page.csrf }}\"></form>{% endblock %}",
    ext = "html"
)]
struct FormPage {
    page: Page,
}

#[derive(Deserialize)]
struct Answer {
    name: String,
}

async fn form(visitor: Visitor) -> Response {
    let page = visitor.page(visitor.language.t("A form", "Um formulário"));
    html(StatusCode::OK, &FormPage { page })
}

async fn answer(Posted(answer): Posted<Answer>) -> String {
    answer.name
}

fn face() -> Router {
    let frame = Frame {
        brand: "Face",
        home: "/".to_owned(),
        links: vec![
            Link::new("/form", "Form", "Formulário"),
            Link::new("/other", "Other", "Outro"),
        ],
        note: ("a test", "um teste"),
    };
    let settings = Settings {
        body_bytes_max: 1024,
        ..Settings::new(Key::from(&[7; 64]), frame)
    };
    let routes = Router::new().route("/form", get(form).post(answer));
    dress(routes, settings.clone())
        .merge(look::router())
        .fallback_service(look::fallback(settings))
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answered {
    fn cookie(&self) -> String {
        let set = self.headers[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().to_owned()
    }

    fn csrf(&self) -> String {
        let after = self.body.split("name=csrf value=\"").nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    }
}

async fn ask(request: Request<Body>) -> Answered {
    let response = face().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    Answered {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(path: &str, cookie: &str, body: String) -> Request<Body> {
    Request::post(path)
        .header(header::HOST, "bank.example")
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn every_answer_is_guarded() {
    for path in ["/form", "/nowhere"] {
        let answered = ask(get_request(path)).await;
        let policy = answered.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(answered.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answered.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(answered.headers[header::REFERRER_POLICY], "same-origin");
        for inline in ["<script>", "style=", "onclick", "<style"] {
            assert!(!answered.body.contains(inline), "{inline} on {path}");
        }
        let set = answered.headers[header::SET_COOKIE].to_str().unwrap();
        for attribute in ["session=", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(set.contains(attribute), "{set}");
        }
    }
}

#[tokio::test]
async fn pages_are_in_the_readers_language() {
    let mut request = get_request("/form");
    request
        .headers_mut()
        .insert(header::ACCEPT_LANGUAGE, "pt-BR,en;q=0.5".parse().unwrap());
    let answered = ask(request).await;
    assert!(answered.body.contains("<html lang=\"pt-BR\">"));
    assert!(answered.body.contains("Um formulário"));
    assert!(
        answered
            .body
            .contains("<a href=\"/form\" aria-current=\"page\">Formulário</a>")
    );
    assert!(answered.body.contains("<a href=\"/other\">Outro</a>"));
}

#[tokio::test]
async fn the_switch_returns_to_the_page_and_nowhere_else() {
    for (back, location) in [("/form?a=1", "/form?a=1"), ("//evil.example", "/")] {
        let answered = ask(post("/language", "", format!("language=pt&back={back}"))).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER);
        assert_eq!(answered.headers[header::LOCATION], location);
        assert_eq!(answered.cookie(), "lang=pt");
    }
    let answered = ask(post("/language", "", "language=xx&back=/form".to_owned())).await;
    assert!(!answered.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn a_form_is_taken_once_it_carries_its_sessions_token() {
    let shown = ask(get_request("/form")).await;
    let (cookie, csrf) = (shown.cookie(), shown.csrf());
    let sent = ask(post("/form", &cookie, format!("name=ana&csrf={csrf}"))).await;
    assert_eq!((sent.status, sent.body.as_str()), (StatusCode::OK, "ana"));
    assert!(
        !sent.headers.contains_key(header::SET_COOKIE),
        "the session goes on"
    );

    let other = ask(get_request("/form")).await.cookie();
    for (cookie, body) in [
        (cookie.as_str(), "name=ana".to_owned()),
        (&cookie, "name=ana&csrf=".to_owned()),
        (&other, format!("name=ana&csrf={csrf}")),
        ("", format!("name=ana&csrf={csrf}")),
        ("session=session:forged", format!("name=ana&csrf={csrf}")),
    ] {
        let refused = ask(post("/form", cookie, body)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.body.contains("This form has expired"));
    }

    let mut foreign = post("/form", &cookie, format!("name=ana&csrf={csrf}"));
    foreign
        .headers_mut()
        .insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    assert_eq!(ask(foreign).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn bad_input_gets_a_designed_page() {
    let shown = ask(get_request("/form")).await;
    let (cookie, csrf) = (shown.cookie(), shown.csrf());
    let check = async |request, status: StatusCode, words: &str| {
        let answered = ask(request).await;
        assert_eq!(answered.status, status);
        assert!(answered.body.contains(words), "{}", answered.body);
        assert!(answered.body.contains("<h1>"));
    };
    let missing_field = post("/form", &cookie, format!("csrf={csrf}"));
    check(missing_field, StatusCode::BAD_REQUEST, "cannot be read").await;
    let oversized = post("/form", &cookie, "a".repeat(2000));
    check(oversized, StatusCode::PAYLOAD_TOO_LARGE, "too much at once").await;
    let mut json = post("/form", &cookie, "{}".to_owned());
    json.headers_mut()
        .insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
    check(json, StatusCode::UNSUPPORTED_MEDIA_TYPE, "cannot be read").await;
    check(get_request("/nowhere"), StatusCode::NOT_FOUND, "no such page").await;
    let other_method = Request::delete("/form").body(Body::empty()).unwrap();
    check(
        other_method,
        StatusCode::METHOD_NOT_ALLOWED,
        "cannot be used that way",
    )
    .await;
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_pages_are_small() {
    let mut request = get_request("/form");
    request
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
    let page = ask(get_request("/form")).await;
    let packed = ask(request).await;
    assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
    let style = page.body.split("rel=\"stylesheet\" href=\"").nth(1).unwrap();
    let style = ask(get_request(style.split('"').next().unwrap())).await;
    assert_eq!(style.status, StatusCode::OK);
    assert_eq!(style.headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(
        style.headers[header::CACHE_CONTROL],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        ask(get_request("/assets/look.css")).await.status,
        StatusCode::NOT_FOUND
    );
}
