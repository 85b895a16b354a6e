//! The key that signs cookies and hidden fields: a file that only its owner may read, made on first use.

use std::fs::{self, OpenOptions};
use std::io::{Error, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::Key;

const KEY_BYTES: usize = 64;
const OWNER_ONLY: u32 = 0o600;

/// Reads the key, or makes one where there is none. A key that others may read is refused.
pub fn load_or_make_key(path: &Path) -> Result<Key, Error> {
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(path)
    {
        Ok(mut file) => {
            let key = Key::generate();
            file.write_all(key.master())?;
            file.sync_all()?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => load(path),
        Err(error) => Err(error),
    }
}

fn load(path: &Path) -> Result<Key, Error> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!(
            "{} may be read by others (mode {mode:o}): set 600",
            path.display()
        );
        return Err(Error::new(ErrorKind::PermissionDenied, message));
    }
    let bytes = fs::read(path)?;
    if bytes.len() != KEY_BYTES {
        let message = format!("{} is no key: {KEY_BYTES} bytes are wanted", path.display());
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    Ok(Key::from(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pages.key");
        let made = load_or_make_key(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            OWNER_ONLY
        );
        assert!(load_or_make_key(&path).unwrap() == made);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            load_or_make_key(&path).unwrap_err().kind(),
            ErrorKind::PermissionDenied
        );

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short").unwrap();
        assert_eq!(
            load_or_make_key(&path).unwrap_err().kind(),
            ErrorKind::InvalidData
        );
    }
}
