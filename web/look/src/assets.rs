//! Files that pages load: compiled in, named by their content, kept by browsers for ever. Also the switch of languages, which
//! every page carries.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::{Cookie, SameSite};
use sha2::{Digest as _, Sha256};
use tower_http::compression::CompressionLayer;

use crate::visit::local_path;
use crate::{Language, csrf, security};

const HASH_BYTES: usize = 6;
const KEPT: &str = "public, max-age=31536000, immutable";
const LANGUAGE_SECONDS: i64 = 365 * 24 * 60 * 60;

#[derive(Debug)]
struct Asset {
    bytes: &'static [u8],
    kind: &'static str,
}

/// Files under one path.
#[derive(Debug, Clone)]
pub struct Assets {
    prefix: &'static str,
    urls: Arc<HashMap<&'static str, String>>,
    files: Arc<HashMap<String, Asset>>,
}

impl Assets {
    /// `files` are names such as `shop.js` and contents; they are served as `<prefix>/shop.<hash>.js`.
    pub fn new(prefix: &'static str, files: &[(&'static str, &'static [u8])]) -> Self {
        let mut urls = HashMap::new();
        let mut served = HashMap::new();
        for (name, bytes) in files {
            let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "bin"));
            let file = format!("{stem}.{}.{ending}", hash(bytes));
            urls.insert(*name, format!("{prefix}/{file}"));
            let kind = content_type(ending);
            served.insert(file, Asset { bytes, kind });
        }
        Self {
            prefix,
            urls: Arc::new(urls),
            files: Arc::new(served),
        }
    }

    /// Where a file is served; nothing is at the empty address of an unknown one.
    pub fn url(&self, name: &str) -> &str {
        self.urls.get(name).map_or("", String::as_str)
    }

    /// The route that serves them.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let path = format!("{}/{{file}}", self.prefix);
        Router::new()
            .route(&path, get(file))
            .layer(CompressionLayer::new().gzip(true))
            .layer(middleware::map_response(security::headers))
            .with_state(self.clone())
    }
}

async fn file(State(assets): State<Assets>, Path(name): Path<String>) -> Response {
    match assets.files.get(&name) {
        Some(asset) => ([(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, KEPT)], asset.bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(HASH_BYTES) {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
    }
    text
}

fn content_type(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

pub(crate) static OWN: LazyLock<Assets> = LazyLock::new(|| {
    Assets::new(
        "/assets",
        &[
            ("look.css", include_bytes!("../assets/look.css")),
            ("look.svg", include_bytes!("../assets/look.svg")),
            ("htmx.js", include_bytes!("../assets/vendor/htmx-2.0.11.min.js")),
            (
                "htmx-sse.js",
                include_bytes!("../assets/vendor/htmx-ext-sse-2.2.4.min.js"),
            ),
        ],
    )
});

/// `/assets/…` and `POST /language`: once per address, however many faces it serves.
pub fn router() -> Router {
    let language = Router::new()
        .route("/language", post(switch_language))
        .layer(middleware::map_response(security::headers));
    OWN.router().merge(language)
}

#[derive(Debug, serde::Deserialize)]
struct Choice {
    language: String,
    #[serde(default)]
    back: String,
}

/// Remembers the language and goes back to the page; a choice that is none changes nothing.
async fn switch_language(headers: HeaderMap, Form(choice): Form<Choice>) -> Response {
    let mut response = Redirect::to(local_path(&choice.back)).into_response();
    let language = Language::parse(&choice.language).filter(|_| csrf::is_from_own_page(&headers));
    let Some(language) = language else {
        return response;
    };
    let cookie = Cookie::build((Language::COOKIE, language.code()))
        .path("/")
        .same_site(SameSite::Lax)
        .http_only(true)
        .build();
    // The lifetime is written by hand: the cookie crate would want a second crate of times for it.
    if let Ok(value) = format!("{cookie}; Max-Age={LANGUAGE_SECONDS}").parse() {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}
