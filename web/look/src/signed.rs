//! Small texts that go through a reader's hands and come back unchanged, such as a hidden field. Signed, not secret.

use axum_extra::extract::cookie::Key;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The text with a signature that holds for this purpose only.
pub fn seal(key: &Key, purpose: &str, text: &str) -> String {
    let signature = mac(key, purpose, text).finalize().into_bytes();
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(text),
        URL_SAFE_NO_PAD.encode(signature)
    )
}

/// The text again, if this server sealed it for this purpose. Compares in constant time.
pub fn open(key: &Key, purpose: &str, sealed: &str) -> Option<String> {
    let (text, signature) = sealed.split_once('.')?;
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    mac(key, purpose, &text).verify_slice(&signature).ok()?;
    Some(text)
}

pub(crate) fn mac(key: &Key, purpose: &str, text: &str) -> Hmac<Sha256> {
    let mut mac = keyed(key.signing());
    // The length keeps purpose and text apart.
    mac.update(&purpose.len().to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(text.as_bytes());
    mac
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_for_its_purpose_only() {
        let key = Key::generate();
        let sealed = seal(&key, "order", "ação 42");
        assert_eq!(open(&key, "order", &sealed).as_deref(), Some("ação 42"));
        assert_eq!(open(&key, "basket", &sealed), None);
        assert_eq!(open(&Key::generate(), "order", &sealed), None);
        for damaged in [
            "",
            ".",
            "x",
            "NDI.",
            "NDI.AAAA",
            &sealed[1..],
            &format!("{sealed}A"),
        ] {
            assert_eq!(open(&key, "order", damaged), None, "{damaged}");
        }
    }
}
