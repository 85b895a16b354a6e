//! What `layout.html` needs to draw a page around its content.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use tracing::error;

use crate::Language;
use crate::assets::OWN;

/// A way to another page, in both languages.
#[derive(Debug, Clone)]
pub struct Link {
    pub href: String,
    pub en: &'static str,
    pub pt: &'static str,
}

impl Link {
    pub fn new(href: impl Into<String>, en: &'static str, pt: &'static str) -> Self {
        Self {
            href: href.into(),
            en,
            pt,
        }
    }
}

/// What all pages of one face share.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The face's name, at the top left.
    pub brand: &'static str,
    /// Where the name leads.
    pub home: String,
    /// The navigation.
    pub links: Vec<Link>,
    /// Two words that say what this is, at the bottom.
    pub note: (&'static str, &'static str),
}

/// A link of the navigation as it is drawn.
#[derive(Debug, Clone)]
pub struct NavLink {
    pub href: String,
    pub label: &'static str,
    pub is_current: bool,
}

/// The page around a template. Templates have it as `page`, and say `{% extends "layout.html" %}`.
#[derive(Debug, Clone)]
pub struct Page {
    pub title: String,
    pub language: Language,
    pub brand: &'static str,
    pub home: String,
    pub nav: Vec<NavLink>,
    pub note: &'static str,
    /// For the hidden field `csrf` of every form.
    pub csrf: String,
    /// Where the language switch returns to: this page, unless it was made by a form. Set it then.
    pub back: String,
    pub styles: Vec<String>,
    pub scripts: Vec<String>,
    /// The program's version.
    pub version: &'static str,
}

impl Page {
    /// The text in the page's language.
    pub fn t(&self, en: &'static str, pt: &'static str) -> &'static str {
        self.language.t(en, pt)
    }

    /// With htmx and its extension for server-sent events.
    #[must_use]
    pub fn with_htmx(self) -> Self {
        self.with_script(OWN.url("htmx.js"))
            .with_script(OWN.url("htmx-sse.js"))
    }

    #[must_use]
    pub fn with_script(mut self, url: &str) -> Self {
        self.scripts.push(url.to_owned());
        self
    }

    #[must_use]
    pub fn with_style(mut self, url: &str) -> Self {
        self.styles.push(url.to_owned());
        self
    }

    /// A page that a form made has no address of its own: the language switch goes here instead.
    #[must_use]
    pub fn with_back(mut self, path: &str) -> Self {
        path.clone_into(&mut self.back);
        self
    }

    pub fn style_url(&self) -> &'static str {
        OWN.url("look.css")
    }

    pub fn icon_url(&self) -> &'static str {
        OWN.url("look.svg")
    }
}

/// Draws a template.
pub fn html(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            // Only a formatter that fails gets here; there is no page to say it on.
            error!(error = &error as &dyn std::error::Error, "a template failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
