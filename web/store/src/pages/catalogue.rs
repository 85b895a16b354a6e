//! The shelves: all products, a category, a search, and one product.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use look::{Language, Page, Visitor, html};
use serde::Deserialize;

use super::{Answer, Around, amount, failed, no_such_product};
use crate::Shop;
use crate::catalogue::{Category, Product};

/// Nobody searches for more.
const SEARCH_CHARS_MAX: usize = 100;
/// Products shown beside one.
const RELATED_MAX: usize = 4;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    q: String,
    category: String,
}

struct Tab {
    href: String,
    name: &'static str,
    is_current: bool,
}

pub(super) struct Tile {
    href: String,
    picture: String,
    name: String,
    category: &'static str,
    price: String,
}

impl Tile {
    fn new(product: &Product, language: Language) -> Self {
        Self {
            href: format!("/shop/products/{}", product.slug),
            picture: format!("/shop/pictures/{}.svg", product.slug),
            name: product.name(language).to_owned(),
            category: product.category.name(language),
            price: amount(language, product.price),
        }
    }
}

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage {
    page: Page,
    cart_count: i64,
    search: String,
    category: &'static str,
    tabs: Vec<Tab>,
    tiles: Vec<Tile>,
    is_filtered: bool,
}

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage {
    page: Page,
    cart_count: i64,
    product_id: String,
    category: &'static str,
    category_href: String,
    tile: Tile,
    description: String,
    related: Vec<Tile>,
}

pub(super) async fn list(
    State(shop): State<Shop>,
    visitor: Visitor,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Answer {
    let language = visitor.language;
    // A query that cannot be read filters nothing.
    let Query(filter) = filter.unwrap_or_default();
    let search: String = filter.q.trim().chars().take(SEARCH_CHARS_MAX).collect();
    let category = Category::parse(&filter.category);
    let products = shop.database.products(None).await;
    let products = products.map_err(|error| failed(&visitor, &error))?;
    let shown = products.iter().filter(|product| {
        category.is_none_or(|category| product.category == category) && product.matches(&search)
    });
    let title = match category {
        Some(category) => category.name(language),
        None => language.t("Everything for the house", "Tudo para a casa"),
    };
    let around = Around::of(&shop, &visitor, title).await?;
    let template = CataloguePage {
        tiles: shown.map(|product| Tile::new(product, language)).collect(),
        tabs: tabs(&products, category, language),
        is_filtered: category.is_some() || !search.is_empty(),
        category: category.map_or("", Category::key),
        search,
        page: around.page,
        cart_count: around.cart_count,
    };
    Ok(html(StatusCode::OK, &template))
}

/// The categories that have something in them.
fn tabs(products: &[Product], current: Option<Category>, language: Language) -> Vec<Tab> {
    let all = Tab {
        href: "/shop".to_owned(),
        name: language.t("All", "Tudo"),
        is_current: current.is_none(),
    };
    let stocked = Category::ALL
        .into_iter()
        .filter(|category| products.iter().any(|product| product.category == *category));
    let categories = stocked.map(|category| Tab {
        href: category_href(category),
        name: category.name(language),
        is_current: current == Some(category),
    });
    std::iter::once(all).chain(categories).collect()
}

fn category_href(category: Category) -> String {
    format!("/shop?category={}", category.key())
}

pub(super) async fn product(State(shop): State<Shop>, visitor: Visitor, Path(slug): Path<String>) -> Answer {
    let language = visitor.language;
    let product = shop.database.product(&slug).await;
    let Some(product) = product.map_err(|error| failed(&visitor, &error))? else {
        return Err(visitor.problem(&no_such_product()));
    };
    let neighbours = shop.database.products(Some(product.category)).await;
    let neighbours = neighbours.map_err(|error| failed(&visitor, &error))?;
    let related = neighbours
        .iter()
        .filter(|other| other.id != product.id)
        .take(RELATED_MAX);
    let around = Around::of(&shop, &visitor, product.name(language)).await?;
    let template = ProductPage {
        page: around.page,
        cart_count: around.cart_count,
        product_id: product.id.to_string(),
        category: product.category.name(language),
        category_href: category_href(product.category),
        related: related.map(|other| Tile::new(other, language)).collect(),
        tile: Tile::new(&product, language),
        description: product.description(language).to_owned(),
    };
    Ok(html(StatusCode::OK, &template))
}
