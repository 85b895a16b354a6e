//! `/products`: what the shop sells.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use look::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::Body;
use super::decimal::Decimal;
use super::problem::{FieldError, Problem};
use crate::Shop;
use crate::catalogue::{Category, Product, slug};
use crate::price::Price;

/// Characters of a name; it also has to fit on a statement.
const NAME_CHARS_MAX: usize = 120;
const DESCRIPTION_CHARS_MAX: usize = 2_000;
const URL_CHARS_MAX: usize = 2_000;
/// Products of one name that get a number behind their slug, at most.
const SAME_NAME_MAX: u32 = 50;

/// A product. Name and description are in the language the caller accepts, English or Portuguese.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(super) struct ProductBody {
    id: Uuid,
    #[schema(example = "dom-casmurro")]
    slug: String,
    name: String,
    description: String,
    image_url: String,
    price: Decimal,
}

/// A product to be sold.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewProduct {
    #[schema(max_length = 120)]
    name: String,
    #[schema(max_length = 2000)]
    description: String,
    image_url: String,
    price: Decimal,
}

impl ProductBody {
    fn new(product: Product, language: Language) -> Self {
        Self {
            id: product.id,
            name: product.name(language).to_owned(),
            description: product.description(language).to_owned(),
            slug: product.slug,
            image_url: product.image_url,
            price: product.price.into(),
        }
    }
}

#[utoipa::path(
    get, path = "/products", tag = "products",
    responses((status = 200, description = "All products.", body = Vec<ProductBody>))
)]
pub(super) async fn list(
    State(shop): State<Shop>,
    language: Language,
) -> Result<Json<Vec<ProductBody>>, Problem> {
    let products = shop.database.products(None).await?;
    let bodies = products
        .into_iter()
        .map(|product| ProductBody::new(product, language));
    Ok(Json(bodies.collect()))
}

#[utoipa::path(
    get, path = "/products/{slug}", tag = "products",
    params(("slug" = String, Path, description = "The product's slug.")),
    responses(
        (status = 200, description = "The product.", body = ProductBody),
        (status = 404, description = "There is no such product.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn find(
    State(shop): State<Shop>,
    Path(slug): Path<String>,
    language: Language,
) -> Result<Json<ProductBody>, Problem> {
    match shop.database.product(&slug).await? {
        Some(product) => Ok(Json(ProductBody::new(product, language))),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "There is no such product.")),
    }
}

#[utoipa::path(
    post, path = "/products", tag = "products", request_body = NewProduct,
    responses(
        (status = 201, description = "It is on the shelves.", body = ProductBody),
        (status = 400, description = "Fields that cannot be used.", body = Problem, content_type = "application/problem+json")
    )
)]
pub(super) async fn create(
    State(shop): State<Shop>,
    language: Language,
    Body(new): Body<NewProduct>,
) -> Result<(StatusCode, Json<ProductBody>), Problem> {
    let mut product = read(&new)?;
    let base = slug(&product.name_en);
    let base = if base.is_empty() {
        "product".to_owned()
    } else {
        base
    };
    for number in 1..=SAME_NAME_MAX {
        product.slug = match number {
            1 => base.clone(),
            _ => format!("{base}-{number}"),
        };
        if shop.database.add_product(&product).await? {
            return Ok((StatusCode::CREATED, Json(ProductBody::new(product, language))));
        }
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "There are too many products of this name.",
    ))
}

fn read(new: &NewProduct) -> Result<Product, Problem> {
    let mut errors = Vec::new();
    let mut text = |field: &str, text: &str, chars_min: usize, chars_max: usize| {
        let text = text.trim().to_owned();
        if !(chars_min..=chars_max).contains(&text.chars().count()) {
            errors.push(FieldError::new(
                format!("/{field}"),
                format!("must have {chars_min} to {chars_max} characters"),
            ));
        }
        text
    };
    let name = text("name", &new.name, 1, NAME_CHARS_MAX);
    let description = text("description", &new.description, 0, DESCRIPTION_CHARS_MAX);
    let image_url = text("image_url", &new.image_url, 0, URL_CHARS_MAX);
    let price = match new.price.price() {
        Ok(price) if errors.is_empty() => price,
        Ok(_) => return Err(Problem::fields(errors)),
        Err(error) => {
            errors.push(FieldError::new("/price", error.to_string()));
            return Err(Problem::fields(errors));
        }
    };
    Ok(product(name, description, image_url, price))
}

/// A product of this API has one language, which both readers get.
fn product(name: String, description: String, image_url: String, price: Price) -> Product {
    Product {
        id: Uuid::now_v7(),
        slug: String::new(),
        category: Category::Other,
        name_en: name.clone(),
        name_pt: name,
        description_en: description.clone(),
        description_pt: description,
        image_url,
        price,
    }
}
