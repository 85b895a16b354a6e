//! A browser without scripts: it keeps cookies, reads hidden fields, and sends forms.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use tower::ServiceExt as _;

/// No page is longer.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A visitor's browser. A clone is another tab of it as long as no new cookies come.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text);
        self.headers[header::LOCATION].to_str().unwrap()
    }

    /// The value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> String {
        let field = format!("name=\"{name}\" value=\"");
        let (_, rest) = self
            .text
            .split_once(&field)
            .unwrap_or_else(|| panic!("no field {name} in {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(self.text.contains(words), "no {words:?} in {}", self.text);
    }

    #[track_caller]
    pub(crate) fn says_nothing_of(&self, words: &str) {
        assert!(!self.text.contains(words), "{words:?} in {}", self.text);
    }
}

impl Browser {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            cookies: BTreeMap::new(),
            language: "en",
        }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let headers = request.headers_mut();
        headers.insert(header::HOST, "shop.example".parse().unwrap());
        headers.insert(header::ACCEPT_LANGUAGE, self.language.parse().unwrap());
        headers.insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
        Page {
            status,
            headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    /// A program's request with a JSON body.
    pub(crate) async fn json(&mut self, path: &str, body: &str, headers: &[(&str, &str)]) -> Page {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
            .await
    }

    /// Puts a product into the cart, from its page.
    pub(crate) async fn add(&mut self, slug: &str, quantity: &str) {
        let page = self.get(&format!("/shop/products/{slug}")).await;
        let fields = [
            ("csrf", &page.hidden("csrf")[..]),
            ("product", &page.hidden("product")),
            ("quantity", quantity),
        ];
        assert_eq!(self.post("/shop/cart", &fields).await.location(), "/shop/cart");
    }

    /// Opens the checkout.
    pub(crate) async fn checkout(&mut self) -> Checkout {
        let page = self.get("/shop/checkout").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        Checkout {
            csrf: page.hidden("csrf"),
            order: page.hidden("order"),
        }
    }

    /// Opens the checkout and pays with a good card.
    pub(crate) async fn pay(&mut self) -> Page {
        let checkout = self.checkout().await;
        self.post("/shop/checkout", &checkout.with(GOOD)).await
    }

    /// The same, and looks at the order it leads to. Gives the order's path too.
    pub(crate) async fn pay_and_look(&mut self) -> (String, Page) {
        let path = self.pay().await.location().to_owned();
        let page = self.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        (path, page)
    }
}

/// A checkout form as it was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkout {
    pub(crate) csrf: String,
    pub(crate) order: String,
}

/// What is typed into a checkout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typed {
    pub(crate) number: &'static str,
    pub(crate) name: &'static str,
    pub(crate) expiry: &'static str,
    pub(crate) code: &'static str,
}

pub(crate) const GOOD: Typed = Typed {
    number: "4111 1111 1111 1111",
    name: "M DE ASSIS",
    expiry: "12/35",
    code: "123",
};

impl Checkout {
    pub(crate) fn with(&self, typed: Typed) -> [(&str, &str); 6] {
        [
            ("csrf", &self.csrf),
            ("order", &self.order),
            ("number", typed.number),
            ("name", typed.name),
            ("expiry", typed.expiry),
            ("security_code", typed.code),
        ]
    }
}
