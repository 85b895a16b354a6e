//! The vault's keys and the file they come from.
//!
//! The file is JSON: a version and three different keys of 32 bytes in hexadecimal. The version is stored with every number
//! that is encrypted, so that a later release can hold an old encryption key beside a new one. The index key can never
//! change: numbers are found, and repeated requests recognized, by what it made of them.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aes_gcm::aead::OsRng;
use aes_gcm::aead::rand_core::RngCore;
use serde::Deserialize;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

pub(super) type Key = Zeroizing<[u8; 32]>;

/// The version that `VaultKeys::generate` writes.
const FIRST_VERSION: u32 = 1;

/// The keys of one vault.
pub struct VaultKeys {
    pub(super) version: u32,
    /// Finds a number without knowing it, and tells request bodies apart.
    pub(super) index: Key,
    /// Encrypts numbers at rest.
    pub(super) encryption: Key,
    /// Makes security codes.
    pub(super) security_code: Key,
}

/// Why there are no keys.
#[derive(Debug, Error)]
pub enum KeysError {
    #[error("the vault's keys at {path} cannot be read")]
    Read { path: PathBuf, source: io::Error },
    #[error("the vault's keys at {path} cannot be written")]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "there already are vault keys at {path}; without them no card can be used, so they are not overwritten"
    )]
    Exists { path: PathBuf },
    #[error("the vault's keys at {path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`")]
    ReadableByOthers { path: PathBuf, mode: u32 },
    /// Says what is wrong, never what is there.
    #[error("the vault's keys at {path} are not usable: {reason}")]
    Malformed { path: PathBuf, reason: &'static str },
}

/// The file before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    version: u32,
    number_index_key: String,
    number_encryption_key: String,
    security_code_key: String,
}

impl Drop for KeysFile {
    fn drop(&mut self) {
        self.number_index_key.zeroize();
        self.number_encryption_key.zeroize();
        self.security_code_key.zeroize();
    }
}

impl VaultKeys {
    /// Reads the keys; refuses a file that anyone but its owner may read.
    pub fn load(path: &Path) -> Result<Self, KeysError> {
        let unreadable = |source| KeysError::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(unreadable)?;
        refuse_readable_by_others(path, &file.metadata().map_err(unreadable)?)?;
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(unreadable)?;
        Self::parse(&text).map_err(|reason| KeysError::Malformed {
            path: path.to_owned(),
            reason,
        })
    }

    /// Makes new keys and writes them to a file that did not exist, readable by its owner alone.
    pub fn generate(path: &Path) -> Result<Self, KeysError> {
        let unwritable = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => KeysError::Exists {
                path: path.to_owned(),
            },
            _ => KeysError::Write {
                path: path.to_owned(),
                source,
            },
        };
        let keys = Self::random();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(unwritable)?;
        file.write_all(keys.to_file().as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(unwritable)?;
        tracing::warn!(
            path = %path.display(),
            "new vault keys were made; whoever reads this file can read every card number, and without it no card can be used"
        );
        Ok(keys)
    }

    /// Keys that are written nowhere, for a vault that ends with its process.
    pub fn random() -> Self {
        let key = || {
            let mut key: Key = Zeroizing::new([0; 32]);
            OsRng.fill_bytes(key.as_mut_slice());
            key
        };
        Self {
            version: FIRST_VERSION,
            index: key(),
            encryption: key(),
            security_code: key(),
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        // serde's own message would quote the text.
        let file: KeysFile = serde_json::from_str(text).map_err(
            |_| "not JSON with version, number_index_key, number_encryption_key and security_code_key",
        )?;
        let keys = Self {
            version: file.version,
            index: from_hex(&file.number_index_key)?,
            encryption: from_hex(&file.number_encryption_key)?,
            security_code: from_hex(&file.security_code_key)?,
        };
        if keys.version == 0 || i32::try_from(keys.version).is_err() {
            return Err("the version must be 1 or more");
        }
        if keys.index == keys.encryption
            || keys.index == keys.security_code
            || keys.encryption == keys.security_code
        {
            return Err("the three keys must differ");
        }
        Ok(keys)
    }

    fn to_file(&self) -> Zeroizing<String> {
        Zeroizing::new(format!(
            "{{\n  \"version\": {},\n  \"number_index_key\": \"{}\",\n  \"number_encryption_key\": \"{}\",\n  \"security_code_key\": \"{}\"\n}}\n",
            self.version,
            *to_hex(self.index.as_slice()),
            *to_hex(self.encryption.as_slice()),
            *to_hex(self.security_code.as_slice()),
        ))
    }
}

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultKeys")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
#[expect(clippy::verbose_bit_mask, reason = "file modes are read in octal")]
fn refuse_readable_by_others(path: &Path, metadata: &std::fs::Metadata) -> Result<(), KeysError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(KeysError::ReadableByOthers {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_path: &Path, _metadata: &std::fs::Metadata) -> Result<(), KeysError> {
    Ok(())
}

pub(super) fn to_hex(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(bytes))
}

fn from_hex(text: &str) -> Result<Key, &'static str> {
    let mut key: Key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text, key.as_mut_slice()).map_err(|_| "a key must be 64 hexadecimal digits")?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_are_read_back_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault-keys.json");
        let made = VaultKeys::generate(&path).expect("written");
        let read = VaultKeys::load(&path).expect("read");
        assert_eq!(made.index, read.index);
        assert_eq!(made.encryption, read.encryption);
        assert_eq!(made.security_code, read.security_code);
        let again = VaultKeys::generate(&path);
        assert!(matches!(again, Err(KeysError::Exists { .. })), "{again:?}");
        assert_eq!(format!("{read:?}"), "VaultKeys { version: 1, .. }");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault-keys.json");
        VaultKeys::generate(&path).expect("written");
        let mode = std::fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o600);
        for mode in [0o644, 0o640, 0o604] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
            let error = VaultKeys::load(&path).expect_err("refused");
            assert!(matches!(error, KeysError::ReadableByOthers { .. }), "{error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_malformed_file_is_refused_without_quoting_it() {
        let (one, two, three) = ("11".repeat(32), "22".repeat(32), "33".repeat(32));
        let file = |version: &str, index: &str, encryption: &str, code: &str| {
            format!(
                r#"{{"version":{version},"number_index_key":"{index}","number_encryption_key":"{encryption}","security_code_key":"{code}"}}"#
            )
        };
        assert!(VaultKeys::parse(&file("1", &one, &two, &three)).is_ok());
        for text in [
            String::new(),
            "{}".to_owned(),
            file("0", &one, &two, &three),
            file("1", &one, &one, &three),
            file("1", &one[2..], &two, &three),
            file("1", &one.replace('1', "é"), &two, &three),
            file("1", &"zz".repeat(32), &two, &three),
        ] {
            let reason = VaultKeys::parse(&text).expect_err("refused");
            assert!(!reason.contains("1111") && !reason.contains("zz"), "{reason}");
        }
    }
}
