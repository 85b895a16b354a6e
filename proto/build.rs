//! Compiles the .proto files in pure Rust (no protoc needed) and keeps the descriptors for server reflection.

use std::path::PathBuf;

const FILES: [&str; 5] = [
    "codebank/v1/common.proto",
    "codebank/v1/authorization.proto",
    "codebank/v1/card_account.proto",
    "codebank/v1/history.proto",
    "payment/payment.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"])?;
    let path = PathBuf::from(std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(path, prost::Message::encode_to_vec(&descriptors))?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
