//! Products in and out of their table.

use uuid::Uuid;

use super::{Database, DatabaseError, all, execute, now_micros, optional};
use crate::catalogue::{Category, Product};
use crate::price::Price;

/// More than anybody scrolls through; past it there is the search.
const PRODUCTS_MAX: i64 = 200;

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: String,
    slug: String,
    category: String,
    name_en: String,
    name_pt: String,
    description_en: String,
    description_pt: String,
    image_url: String,
    price_minor_units: i64,
}

const COLUMNS: &str =
    "id, slug, category, name_en, name_pt, description_en, description_pt, image_url, price_minor_units";

impl TryFrom<Row> for Product {
    type Error = DatabaseError;

    fn try_from(row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: Uuid::parse_str(&row.id).map_err(|_| DatabaseError::Damaged("a product's id"))?,
            slug: row.slug,
            category: Category::from_key(&row.category),
            name_en: row.name_en,
            name_pt: row.name_pt,
            description_en: row.description_en,
            description_pt: row.description_pt,
            image_url: row.image_url,
            price: Price::try_new(row.price_minor_units)
                .map_err(|_| DatabaseError::Damaged("a product's price"))?,
        })
    }
}

impl Database {
    /// Adds a product. `false`: one of the same slug is there already, and stays as it is.
    pub(crate) async fn add_product(&self, product: &Product) -> Result<bool, DatabaseError> {
        let added = execute!(
            self,
            "insert into products (id, slug, category, name_en, name_pt, description_en, description_pt, image_url,
                 price_minor_units, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing",
            product.id.to_string(),
            &product.slug,
            product.category.key(),
            &product.name_en,
            &product.name_pt,
            &product.description_en,
            &product.description_pt,
            &product.image_url,
            product.price.minor_units(),
            now_micros(),
        )?;
        Ok(added == 1)
    }

    pub(crate) async fn product(&self, slug: &str) -> Result<Option<Product>, DatabaseError> {
        let sql = format!("select {COLUMNS} from products where slug = $1");
        optional!(self, Row, &sql, slug)?
            .map(Product::try_from)
            .transpose()
    }

    pub(crate) async fn product_by_id(&self, id: Uuid) -> Result<Option<Product>, DatabaseError> {
        let sql = format!("select {COLUMNS} from products where id = $1");
        optional!(self, Row, &sql, id.to_string())?
            .map(Product::try_from)
            .transpose()
    }

    /// The catalogue, or a category of it, in the order in which it was made.
    pub(crate) async fn products(&self, category: Option<Category>) -> Result<Vec<Product>, DatabaseError> {
        let sql = format!(
            "select {COLUMNS} from products where ($1 = '' or category = $1) order by created_at, slug limit $2"
        );
        let category = category.map_or("", Category::key);
        let rows = all!(self, Row, &sql, category, PRODUCTS_MAX)?;
        rows.into_iter().map(Product::try_from).collect()
    }
}
