//! What the vault does with its keys: index, encrypt, derive, fingerprint. No I/O.

use std::fmt;

use aes_gcm::aead::{Aead, AeadCore, OsRng, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use domain::CardId;
use domain::card::Expiry;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::VaultError;
use super::card_number::CardNumber;
use super::keys::VaultKeys;
use super::security_code::SecurityCode;

type HmacSha256 = Hmac<Sha256>;

/// What a number is found by: its HMAC-SHA-256. Without the key it says nothing; with a plain hash, the few numbers of an
/// issuer could all be tried.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct NumberIndex(pub(super) [u8; 32]);

impl fmt::Debug for NumberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NumberIndex(…)")
    }
}

impl fmt::Display for NumberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

/// A number at rest: AES-256-GCM under the key of a version, bound to its card so that two rows cannot be exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SealedNumber {
    pub(super) key_version: u32,
    pub(super) nonce: [u8; 12],
    pub(super) ciphertext: Vec<u8>,
}

/// The vault's functions under its keys.
pub(super) struct Ciphers {
    key_version: u32,
    index: HmacSha256,
    fingerprint: HmacSha256,
    security_code: HmacSha256,
    encryption: Aes256Gcm,
}

impl Ciphers {
    pub(super) fn new(keys: &VaultKeys) -> Self {
        let index = keyed(keys.index.as_slice());
        // A key of its own, so that no body can be chosen whose fingerprint is the index of a number.
        let fingerprint_key = Zeroizing::<[u8; 32]>::new(digest(&index, &[b"codebank request fingerprint"]));
        Self {
            key_version: keys.version,
            index,
            fingerprint: keyed(fingerprint_key.as_slice()),
            security_code: keyed(keys.security_code.as_slice()),
            encryption: Aes256Gcm::new(keys.encryption.as_slice().into()),
        }
    }

    pub(super) fn number_index(&self, number: &CardNumber) -> NumberIndex {
        NumberIndex(digest(&self.index, &[number.expose().as_bytes()]))
    }

    /// The security code of a number that expires then. Without an expiry it belongs to no card: the same work for nothing.
    pub(super) fn security_code(&self, number: &CardNumber, expiry: Option<Expiry>) -> SecurityCode {
        let (year, month) = expiry.map_or((0, 0), |expiry| (expiry.year(), expiry.month()));
        let printed = format!("|{year:04}-{month:02}");
        let derived = digest(
            &self.security_code,
            &[number.expose().as_bytes(), printed.as_bytes()],
        );
        // The digest as one number of 256 bits, modulo a thousand: no code is likelier than another to speak of.
        let code = derived
            .iter()
            .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % 1_000);
        SecurityCode::of_three_digits(u16::try_from(code).unwrap_or_default())
    }

    pub(super) fn fingerprint(&self, method: &str, body: &[u8]) -> [u8; 32] {
        // No method has a zero byte in its name, so the two parts cannot be moved against each other.
        digest(&self.fingerprint, &[method.as_bytes(), &[0], body])
    }

    pub(super) fn seal(&self, number: &CardNumber, card_id: CardId) -> Result<SealedNumber, VaultError> {
        let nonce = Aes256Gcm::generate_nonce(OsRng);
        let card = card_id.as_uuid();
        let payload = Payload {
            msg: number.expose().as_bytes(),
            aad: card.as_bytes(),
        };
        let ciphertext = self
            .encryption
            .encrypt(&nonce, payload)
            .map_err(|_| VaultError::Damaged {
                reason: "the number could not be encrypted".to_owned(),
            })?;
        Ok(SealedNumber {
            key_version: self.key_version,
            nonce: nonce.into(),
            ciphertext,
        })
    }

    pub(super) fn open(&self, sealed: &SealedNumber, card_id: CardId) -> Result<CardNumber, VaultError> {
        let damaged = |reason: &str| VaultError::Damaged {
            reason: format!("card {card_id}: {reason}"),
        };
        if sealed.key_version != self.key_version {
            return Err(damaged("encrypted under a key of another version"));
        }
        let card = card_id.as_uuid();
        let payload = Payload {
            msg: &sealed.ciphertext,
            aad: card.as_bytes(),
        };
        let digits = self
            .encryption
            .decrypt(Nonce::from_slice(&sealed.nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| damaged("not encrypted with this key for this card"))?;
        let digits = std::str::from_utf8(&digits).map_err(|_| damaged("not a number"))?;
        CardNumber::parse(digits).map_err(|_| damaged("not a number"))
    }
}

fn keyed(key: &[u8]) -> HmacSha256 {
    #[expect(
        clippy::expect_used,
        reason = "HMAC is defined for keys of any length (RFC 2104)"
    )]
    <HmacSha256 as Mac>::new_from_slice(key).expect("a key of any length")
}

fn digest(keyed: &HmacSha256, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn number(text: &str) -> CardNumber {
        CardNumber::parse(text).expect("a documented test number")
    }

    #[test]
    fn a_sealed_number_opens_for_its_own_card_and_key_alone() {
        let ciphers = Ciphers::new(&VaultKeys::random());
        let card_id = CardId::new(Uuid::now_v7());
        let sealed = ciphers
            .seal(&number("4111111111111111"), card_id)
            .expect("sealed");
        assert!(!sealed.ciphertext.windows(4).any(|window| window == b"1111"));
        assert_eq!(
            ciphers.open(&sealed, card_id).expect("its own").expose(),
            "4111111111111111"
        );
        let again = ciphers
            .seal(&number("4111111111111111"), card_id)
            .expect("sealed");
        assert_ne!(sealed, again, "a nonce is never used twice");

        let other_card = ciphers.open(&sealed, CardId::new(Uuid::now_v7()));
        assert!(
            matches!(other_card, Err(VaultError::Damaged { .. })),
            "{other_card:?}"
        );
        let other_key = Ciphers::new(&VaultKeys::random()).open(&sealed, card_id);
        assert!(
            matches!(other_key, Err(VaultError::Damaged { .. })),
            "{other_key:?}"
        );
        let other_version = ciphers.open(
            &SealedNumber {
                key_version: 2,
                ..sealed
            },
            card_id,
        );
        assert!(
            matches!(other_version, Err(VaultError::Damaged { .. })),
            "{other_version:?}"
        );
    }

    #[test]
    fn codes_and_indexes_depend_on_key_number_and_expiry() {
        let (ciphers, others) = (
            Ciphers::new(&VaultKeys::random()),
            Ciphers::new(&VaultKeys::random()),
        );
        let (visa, mastercard) = (number("4111111111111111"), number("5555555555554444"));
        assert_eq!(
            ciphers.number_index(&visa),
            ciphers.number_index(&number("4111 1111 1111 1111"))
        );
        assert_ne!(ciphers.number_index(&visa), ciphers.number_index(&mastercard));
        assert_ne!(ciphers.number_index(&visa), others.number_index(&visa));

        // A code has three digits, so a single one may agree by chance; twelve months of them do not.
        let codes = |ciphers: &Ciphers, number: &CardNumber, year| -> Vec<String> {
            let month = |month| Expiry::try_new(month, year).expect("an expiry");
            (1..=12)
                .map(|at| ciphers.security_code(number, Some(month(at))).expose().to_owned())
                .collect()
        };
        let expected = codes(&ciphers, &visa, 2030);
        assert_eq!(expected, codes(&ciphers, &visa, 2030));
        assert_ne!(expected, codes(&ciphers, &visa, 2031));
        assert_ne!(expected, codes(&ciphers, &mastercard, 2030));
        assert_ne!(expected, codes(&others, &visa, 2030));
        assert!(expected.iter().all(|code| code.len() == 3));
    }

    #[test]
    fn a_fingerprint_tells_methods_and_bodies_apart() {
        let ciphers = Ciphers::new(&VaultKeys::random());
        let fingerprint = ciphers.fingerprint("Authorize", b"body");
        assert_eq!(fingerprint, ciphers.fingerprint("Authorize", b"body"));
        assert_ne!(fingerprint, ciphers.fingerprint("Authorize", b"bodY"));
        assert_ne!(fingerprint, ciphers.fingerprint("Authorizeb", b"ody"));
    }
}
