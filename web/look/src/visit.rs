//! Who looks at a page: their language, their session and what was asked. A session is a random id in a signed cookie; it
//! proves nothing but that two requests come from one browser.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use axum_extra::extract::SignedCookieJar;
use axum_extra::extract::cookie::Key;
use tower_http::compression::CompressionLayer;
use uuid::Uuid;

use crate::page::NavLink;
use crate::{Frame, Language, Page, Problem, cookies, csrf, problem, security};

/// What the pages of a face have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    pub key: Key,
    /// Whether the public address is https: cookies are sent over nothing else then.
    pub secure: bool,
    /// The session's cookie. Faces at one host with keys of their own need names of their own, since cookies know no ports.
    pub session_cookie: &'static str,
    /// Longer request bodies are refused.
    pub body_bytes_max: usize,
    pub frame: Frame,
}

impl Settings {
    pub fn new(key: Key, frame: Frame) -> Self {
        Self {
            key,
            secure: false,
            session_cookie: "session",
            body_bytes_max: 64 * 1024,
            frame,
        }
    }
}

#[derive(Debug, Clone)]
struct Session {
    id: String,
}

/// Everything a handler needs to know of its reader. Found only on routes that went through [`dress`].
#[derive(Debug, Clone)]
pub struct Visitor {
    pub language: Language,
    settings: Arc<Settings>,
    session: Session,
    path: String,
    back: String,
}

impl Visitor {
    /// A page of this face, in the reader's language.
    pub fn page(&self, title: impl Into<String>) -> Page {
        let frame = &self.settings.frame;
        let current = frame
            .links
            .iter()
            .filter(|link| leads_to(&link.href, &self.path))
            .map(|link| link.href.len())
            .max();
        let nav = frame
            .links
            .iter()
            .map(|link| NavLink {
                label: self.language.t(link.en, link.pt),
                is_current: leads_to(&link.href, &self.path) && Some(link.href.len()) == current,
                href: link.href.clone(),
            })
            .collect();
        Page {
            title: title.into(),
            language: self.language,
            brand: frame.brand,
            home: frame.home.clone(),
            nav,
            note: self.language.t(frame.note.0, frame.note.1),
            csrf: csrf::token(&self.settings.key, &self.session.id),
            back: self.back.clone(),
            styles: Vec::new(),
            scripts: Vec::new(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// A designed page for something that went wrong.
    pub fn problem(&self, problem: &Problem) -> Response {
        problem::page(self, problem)
    }

    /// The random id of the reader's session. Not for showing.
    pub fn session(&self) -> &str {
        &self.session.id
    }

    /// Whether a CSRF token is this session's.
    pub(crate) fn owns(&self, token: &str) -> bool {
        csrf::is_token(&self.settings.key, &self.session.id, token.as_bytes())
    }

    pub(crate) fn home(&self) -> &str {
        &self.settings.frame.home
    }
}

fn leads_to(href: &str, path: &str) -> bool {
    path.strip_prefix(href)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || href.ends_with('/') && href.len() > 1)
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let found = (
            parts.extensions.get::<Arc<Settings>>(),
            parts.extensions.get::<Session>(),
        );
        let (Some(settings), Some(session)) = found else {
            tracing::error!(path = parts.uri.path(), "a page is served without being dressed");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        let back = match (&parts.method, parts.uri.path_and_query()) {
            (&Method::GET | &Method::HEAD, Some(path)) => path.as_str(),
            _ => settings.frame.home.as_str(),
        };
        Ok(Self {
            language: Language::of(&parts.headers),
            settings: Arc::clone(settings),
            session: session.clone(),
            path: parts.uri.path().to_owned(),
            back: local_path(back).to_owned(),
        })
    }
}

/// Puts what every page needs around a face's routes: session, security headers, body limit, compression.
pub fn dress(router: Router, settings: Settings) -> Router {
    let body_limit = DefaultBodyLimit::max(settings.body_bytes_max);
    let settings = Arc::new(settings);
    router
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(
            Arc::clone(&settings),
            with_session,
        ))
        .layer(Extension(settings))
        .layer(body_limit)
        .layer(middleware::map_response(security::headers))
        // Leaves server-sent events and what is compressed already as they are.
        .layer(CompressionLayer::new().gzip(true))
}

async fn with_session(State(settings): State<Arc<Settings>>, mut request: Request, next: Next) -> Response {
    let jar = SignedCookieJar::from_headers(request.headers(), settings.key.clone());
    let name = settings.session_cookie;
    let known = cookies::read_cookie(&jar, name);
    let id = known.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    request.extensions_mut().insert(Session { id: id.clone() });
    let response = next.run(request).await;
    if known.is_some() {
        response
    } else {
        let jar = SignedCookieJar::new(settings.key.clone());
        (cookies::write_cookie(jar, name, &id, settings.secure), response).into_response()
    }
}

/// The path if it is one of this host, else its root: nobody is sent elsewhere.
pub fn local_path(path: &str) -> &str {
    let mut characters = path.chars();
    let is_local = characters.next() == Some('/')
        && !matches!(characters.next(), Some('/' | '\\'))
        && path.chars().all(|character| character.is_ascii_graphic());
    if is_local { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host() {
        for path in ["/", "/statements/2026-12?page=2", "/a//b"] {
            assert_eq!(local_path(path), path);
        }
        for elsewhere in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/\tb",
            "x",
        ] {
            assert_eq!(local_path(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_link_leads_to_what_lies_below_it() {
        assert!(leads_to("/statements", "/statements/2026-12"));
        assert!(leads_to("/statements", "/statements"));
        assert!(!leads_to("/statements", "/statements.old"));
        assert!(leads_to("/", "/"));
        assert!(!leads_to("/", "/cards"));
    }
}
