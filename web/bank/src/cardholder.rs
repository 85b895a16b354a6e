//! Whose pages are asked for: the account that the signed cookie names, and no other. A link that names another account (a
//! shop's "see it on my statement") gets an offer to change, never the other's page.

use std::sync::Arc;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use look::{Link, Page, Problem, SignedCookieJar, Visitor, html};

use crate::asked::address;
use crate::bank::{Failure, bad_address};
use crate::settings::{App, Holder};

pub(crate) const COOKIE: &str = "cardholder";
/// Versions are whole numbers that every reader of JSON keeps exactly.
const VERSION_MAX: u64 = (1 << 53) - 1;

/// A reader who has chosen an account.
#[derive(Debug, Clone)]
pub(crate) struct Cardholder {
    pub(crate) visitor: Visitor,
    pub(crate) account_id: String,
    pub(crate) label: String,
    /// The version that the page has to show, as an answer to a purchase gave it.
    pub(crate) at_least_version: Option<u64>,
    /// The address that was asked for.
    pub(crate) address: String,
}

impl Cardholder {
    pub(crate) fn t(&self, en: &'static str, pt: &'static str) -> &'static str {
        self.visitor.language.t(en, pt)
    }

    /// A page with the reader's name on it.
    pub(crate) fn page(&self, title: impl Into<String>) -> Page {
        self.visitor.page(title)
    }

    pub(crate) fn failed(&self, failure: &Failure) -> Response {
        self.visitor.problem(&failure.problem(&self.address))
    }
}

/// The holder that the cookie names, if there is one with that account still.
pub(crate) fn chosen<'app>(app: &'app App, parts: &Parts) -> Option<&'app Holder> {
    let jar = SignedCookieJar::from_headers(&parts.headers, app.settings.key.clone());
    app.settings.holder(&look::read_cookie(&jar, COOKIE)?)
}

/// What a link from elsewhere says in its query.
#[derive(Debug, Default)]
struct Named {
    account: Option<String>,
    version: Option<String>,
}

fn named(parts: &Parts) -> Named {
    let mut named = Named::default();
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        match name.as_ref() {
            "account" => named.account = Some(value.into_owned()),
            "version" => named.version = Some(value.into_owned()),
            _ => {}
        }
    }
    named
}

impl FromRequestParts<Arc<App>> for Cardholder {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, app).await?;
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let address = look::local_path(here).to_owned();
        let named = named(parts);
        let wanted = named.account.as_deref().filter(|account| !account.is_empty());
        let Some(holder) = chosen(app, parts) else {
            return Err(to_sign_in(&address, wanted));
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != holder.account_id) {
            return Err(other_account(app, &visitor, holder, wanted, address));
        }
        let at_least_version = match named.version.as_deref().filter(|version| !version.is_empty()) {
            None => None,
            Some(version) => match version.parse() {
                Ok(version) if version <= VERSION_MAX => Some(version),
                _ => return Err(visitor.problem(&bad_address())),
            },
        };
        Ok(Self {
            account_id: holder.account_id.clone(),
            label: holder.label(visitor.language).to_owned(),
            visitor,
            at_least_version,
            address,
        })
    }
}

fn to_sign_in(back: &str, wanted: Option<&str>) -> Response {
    let fields = [("back", back), ("account", wanted.unwrap_or_default())];
    Redirect::to(&address("/sign-in", &fields)).into_response()
}

#[derive(Template)]
#[template(path = "other_account.html")]
struct OtherAccount {
    page: Page,
    /// Who is looking,
    label: String,
    /// and whose page was asked for.
    wanted: String,
    account_id: String,
    back: String,
}

fn other_account(app: &App, visitor: &Visitor, holder: &Holder, wanted: &str, back: String) -> Response {
    let language = visitor.language;
    let Some(other) = app.settings.holder(wanted) else {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            (
                "This is another cardholder's page",
                "Esta página é de outro titular",
            ),
            (
                "The link belongs to an account that cannot be looked at here. Your own pages are as they were.",
                "O link é de uma conta que não pode ser vista aqui. Suas páginas continuam como estavam.",
            ),
        );
        let next = Link::new("/statements", "To your statement", "Ir para a sua fatura");
        return visitor.problem(&problem.with_next(next));
    };
    let template = OtherAccount {
        page: visitor.page(language.t(
            "This is another cardholder's page",
            "Esta página é de outro titular",
        )),
        label: holder.label(language).to_owned(),
        wanted: other.label(language).to_owned(),
        account_id: other.account_id.clone(),
        back,
    };
    html(StatusCode::FORBIDDEN, &template)
}
