//! The schema as a contract: what is committed is what is served.

use std::path::Path;

/// After a change that is meant, `CODEBANK_UPDATE_CONTRACTS=1` writes the file anew.
#[test]
fn the_committed_schema_is_the_one_that_is_served() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let served = projections::graphql::sdl();
    if std::env::var_os("CODEBANK_UPDATE_CONTRACTS").is_some() {
        std::fs::write(&file, &served).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == served,
        "projections/schema.graphql differs; if that is meant, run this test with CODEBANK_UPDATE_CONTRACTS=1"
    );
}

#[test]
fn no_amount_is_a_float_and_no_card_number_has_a_place() {
    let served = projections::graphql::sdl();
    for absent in ["Float", "cardNumber", "pan", "cvv", "securityCode:"] {
        assert!(!served.contains(absent), "{absent}");
    }
}
