//! Pages for what went wrong: what happened, what it means for the reader, and what to do next. Never a cause from the inside.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;

use crate::{Link, Page, Settings, Visitor, dress, html};

/// A text in English and in Portuguese.
type Words = (&'static str, &'static str);

/// Something that went wrong, in both languages.
#[derive(Debug, Clone)]
pub struct Problem {
    pub status: StatusCode,
    /// What happened.
    pub title: Words,
    /// What it means.
    pub what: Words,
    /// What to do next; the face's home if there is nothing better.
    pub next: Option<Link>,
}

impl Problem {
    pub fn new(status: StatusCode, title: Words, what: Words) -> Self {
        Self {
            status,
            title,
            what,
            next: None,
        }
    }

    #[must_use]
    pub fn with_next(mut self, next: Link) -> Self {
        self.next = Some(next);
        self
    }

    /// A form without its token, or one of another site.
    pub fn not_from_our_page() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            ("This form has expired", "Este formulário expirou"),
            (
                "Nothing was changed. The form was open for too long, or it did not come from this site. Open the page again and send it once more.",
                "Nada foi alterado. O formulário ficou aberto por muito tempo ou não veio deste site. Abra a página de novo e envie mais uma vez.",
            ),
        )
    }

    /// A form with fields missing or of the wrong kind.
    pub fn unreadable_form() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ("This form cannot be read", "Não foi possível ler o formulário"),
            (
                "Nothing was changed. Something in the form is missing or has another shape than the page gave it. Open the page again and send it once more.",
                "Nada foi alterado. Falta algo no formulário, ou algo mudou de forma. Abra a página de novo e envie mais uma vez.",
            ),
        )
    }

    /// The bank or something else behind the page does not answer.
    pub fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            (
                "We cannot reach the bank right now",
                "Não conseguimos falar com o banco agora",
            ),
            (
                "Nothing was lost. It usually takes a moment: try again shortly.",
                "Nada se perdeu. Costuma durar pouco: tente de novo em instantes.",
            ),
        )
    }

    /// What may be said of a bare status.
    pub fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(
                status,
                ("There is no such page", "Esta página não existe"),
                (
                    "The address may be mistyped, or the page has moved.",
                    "O endereço pode estar errado, ou a página mudou de lugar.",
                ),
            ),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                (
                    "This page cannot be used that way",
                    "Esta página não pode ser usada assim",
                ),
                (
                    "Nothing was changed. It was probably opened again after a form was sent.",
                    "Nada foi alterado. Ela provavelmente foi reaberta depois do envio de um formulário.",
                ),
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                ("That was too much at once", "Foi demais de uma vez"),
                (
                    "Nothing was changed. What was sent is longer than any of our forms can be. Shorten it and send it again.",
                    "Nada foi alterado. O que foi enviado é mais longo que qualquer formulário nosso. Encurte e envie de novo.",
                ),
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self {
                status,
                ..Self::unreadable_form()
            },
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Self {
                status,
                ..Self::unavailable()
            },
            _ if status.is_client_error() => Self {
                status,
                ..Self::unreadable_form()
            },
            _ => Self::new(
                status,
                (
                    "Something went wrong on our side",
                    "Algo deu errado do nosso lado",
                ),
                (
                    "It is not your doing, and it has been noted. Try again in a moment.",
                    "Não foi culpa sua, e já ficou registrado. Tente de novo em instantes.",
                ),
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    status: u16,
    what: &'static str,
    next_href: String,
    next_label: &'static str,
}

pub(crate) fn page(visitor: &Visitor, problem: &Problem) -> Response {
    let language = visitor.language;
    let (next_href, next_label) = match &problem.next {
        Some(next) => (next.href.clone(), language.t(next.en, next.pt)),
        None => (
            visitor.home().to_owned(),
            language.t("Back to the start", "Voltar ao início"),
        ),
    };
    let template = ProblemPage {
        page: visitor.page(language.t(problem.title.0, problem.title.1)),
        status: problem.status.as_u16(),
        what: language.t(problem.what.0, problem.what.1),
        next_href,
        next_label,
    };
    html(problem.status, &template)
}

/// For addresses that lead nowhere.
pub async fn not_found(visitor: Visitor) -> Response {
    visitor.problem(&Problem::of(StatusCode::NOT_FOUND))
}

/// For pages asked for in another way than they can answer.
pub async fn method_not_allowed(visitor: Visitor) -> Response {
    visitor.problem(&Problem::of(StatusCode::METHOD_NOT_ALLOWED))
}

/// What answers where no route does: for `Router::fallback_service` of whoever serves the faces.
pub fn fallback(settings: Settings) -> Router {
    dress(Router::new().fallback(not_found), settings)
}
