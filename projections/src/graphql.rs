//! The GraphQL API: the schema merges the read models' own files, and adds what they share.

mod error;
mod executor;
mod limits;
mod page;
mod reads;
mod scalars;
mod schema;
mod settings;
mod values;
mod visible;

pub(crate) use error::{Code, Failure};
pub(crate) use executor::Executor;
pub(crate) use limits::Subscriptions;
pub(crate) use page::{Cursor, Page, page_cost};
pub(crate) use reads::Reads;
pub(crate) use scalars::{Date, MinorUnits, Version};
pub use schema::sdl;
pub(crate) use schema::{Schema, schema};
pub use settings::Settings;
pub(crate) use values::{Merchant, Money, account_id, instant, like, money};
pub(crate) use visible::{Seen, at_least};
