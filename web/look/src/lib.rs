//! The one visual language of the pages, and what every page needs. It knows nothing of cards or purchases.
