//! Kibana's bundle, held to everything that can be had without Kibana: its form, the mapping it relies on, a real Elasticsearch that
//! answers its queries, the read models that must say the same, and Vega that draws the answers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "tests may fail loudly; Elasticsearch and Vega answer in floats, and these are rounded to whole cents"
)]

mod bundle;
mod form;
mod mapping;

mod drawing;
mod history;
mod index;
mod kibana;
mod read_models;

mod health;
mod transactions;

mod import;
