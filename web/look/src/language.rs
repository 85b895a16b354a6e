//! The two languages of the pages, and which one a reader gets: what they chose, else what their browser asks for, else
//! English. Not a catalogue of texts: both languages of a text stand where it is used.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT_LANGUAGE, COOKIE};
use axum::http::request::Parts;

/// What a reader reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    Pt,
    #[default]
    En,
}

impl Language {
    pub(crate) const COOKIE: &'static str = "lang";

    /// The text in this language.
    pub fn t(self, en: &'static str, pt: &'static str) -> &'static str {
        match self {
            Self::Pt => pt,
            Self::En => en,
        }
    }

    /// As `lang` attributes have it.
    pub fn tag(self) -> &'static str {
        self.t("en", "pt-BR")
    }

    /// The short name, as in the cookie.
    pub fn code(self) -> &'static str {
        self.t("en", "pt")
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Pt => Self::En,
            Self::En => Self::Pt,
        }
    }

    /// The language's name in itself.
    pub fn own_name(self) -> &'static str {
        self.t("English", "Português")
    }

    /// `pt`, `pt-BR`, `en`, `en-GB`, …
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        if primary.eq_ignore_ascii_case("pt") {
            Some(Self::Pt)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// What a request asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        chosen(headers).or_else(|| accepted(headers)).unwrap_or_default()
    }
}

fn chosen(headers: &HeaderMap) -> Option<Language> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == Language::COOKIE)
        .and_then(|(_, value)| Language::parse(value))
}

/// The language with the highest weight; of equal ones the first.
fn accepted(headers: &HeaderMap) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    let ranges = headers
        .get_all(ACCEPT_LANGUAGE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for range in ranges {
        let mut parts = range.split(';');
        let Some(language) = parts.next().and_then(Language::parse) else {
            continue;
        };
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q=").map(thousandths))
            .unwrap_or(1000);
        if weight > 0 && best.is_none_or(|(known, _)| weight > known) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// A weight such as `0.8` in thousandths (RFC 9110 allows three digits); what is none counts as nothing.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.trim().split_once('.').unwrap_or((weight.trim(), ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u16>(), fraction.parse::<u16>()) {
        (Ok(0), Ok(fraction)) => fraction,
        (Ok(1), Ok(0)) => 1000,
        _ => 0,
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cookie: Option<&str>, accept: Option<&str>, expected: Language) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(COOKIE, cookie), (ACCEPT_LANGUAGE, accept)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        assert_eq!(Language::of(&headers), expected, "{cookie:?} {accept:?}");
    }

    #[test]
    fn a_reader_gets_what_they_ask_for() {
        check(None, None, Language::En);
        check(None, Some("pt-BR,pt;q=0.9,en;q=0.8"), Language::Pt);
        check(None, Some("en-GB"), Language::En);
        check(None, Some("en;q=0.3, PT;q=0.7"), Language::Pt);
        check(None, Some("de, fr;q=0.9, pt;q=0.1"), Language::Pt);
        check(None, Some("pt;q=0, en;q=0.001"), Language::En);
        check(None, Some("pt;q=0"), Language::En);
        check(None, Some("pt;q=nonsense, en;q=0.5"), Language::En);
        check(None, Some("ja"), Language::En);
    }

    #[test]
    fn what_they_chose_comes_first() {
        check(Some("lang=en"), Some("pt-BR"), Language::En);
        check(Some("session=x; lang=pt"), Some("en"), Language::Pt);
        check(Some("lang=xx"), Some("pt"), Language::Pt);
    }
}
