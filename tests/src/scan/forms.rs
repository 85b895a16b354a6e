//! The forms in which a card number may have been written down.

/// Between groups: as people type it, as pages show it, and as URLs and forms carry it.
const SEPARATORS: [&str; 8] = [" ", "-", ".", "_", "\u{a0}", "\u{2013}", "%20", "+"];

/// Each form with its name. Several forms may have the same name.
pub(super) fn of(number: &str) -> Vec<(&'static str, Vec<u8>)> {
    let digits = number.as_bytes();
    let mut forms = vec![
        ("digits", digits.to_vec()),
        ("hex of the digits", hex(digits).into_bytes()),
        ("hex of packed digits", hex(&packed(digits)).into_bytes()),
        ("packed digits", packed(digits)),
        ("UTF-16", digits.iter().flat_map(|digit| [*digit, 0]).collect()),
    ];
    for separator in SEPARATORS {
        let fours: Vec<String> = digits.chunks(4).map(text).collect();
        forms.push(("groups of four", fours.join(separator).into_bytes()));
        if let (15, Some((first, rest))) = (digits.len(), digits.split_at_checked(4)) {
            let (second, third) = rest.split_at(6);
            let groups = [first, second, third].map(text).join(separator);
            forms.push(("groups of American Express", groups.into_bytes()));
        }
    }
    // Three bytes become four characters, so the same digits look different at each of three offsets. Characters that depend on
    // what stands beside the number are left out.
    for offset in 0..3 {
        let mut shifted = vec![0; offset];
        shifted.extend(digits);
        let encoded = base64(&shifted);
        let whole = encoded.len() - usize::from(!shifted.len().is_multiple_of(3)) * 4;
        let begin = [0, 2, 3][offset];
        forms.push(("base64", encoded[begin..whole].to_vec()));
    }
    if let Ok(integer) = number.parse::<u64>() {
        forms.push(("a big-endian integer", integer.to_be_bytes().to_vec()));
        forms.push(("a little-endian integer", integer.to_le_bytes().to_vec()));
        forms.push(("hex of the integer", format!("{integer:x}").into_bytes()));
    }
    forms
}

fn text(digits: &[u8]) -> String {
    digits.iter().copied().map(char::from).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
        text
    })
}

/// Two digits in a byte, as on magnetic stripes and in ISO 8583.
fn packed(digits: &[u8]) -> Vec<u8> {
    let value = |digit: &u8| digit - b'0';
    digits
        .chunks(2)
        .map(|two| value(&two[0]) << 4 | two.get(1).map_or(0xf, value))
        .collect()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 0x3f;
            text.push(ALPHABET[index as usize]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        assert_eq!(base64(b"foobar"), b"Zm9vYmFy");
        assert_eq!(base64(b"foo"), b"Zm9v");
    }

    #[test]
    fn digits_are_packed_in_pairs() {
        assert_eq!(packed(b"123"), [0x12, 0x3f]);
        assert_eq!(hex(&[0, 0xff]), "00ff");
    }
}
