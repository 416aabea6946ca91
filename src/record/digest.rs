//! The digest of a record's key and value, which checks compare instead of bytes.

use xxhash_rust::xxh64::xxh64;

use crate::ids::Digest;

/// Digests a record's content: equal key and value give equal digests. A null is not an empty value, and a byte moved
/// from key to value is a different record.
#[must_use]
pub fn digest(key: Option<&[u8]>, value: Option<&[u8]>) -> Digest {
    Digest(mix(mix(0, key), value))
}

/// xxh64 takes the length of its input in; the seed carries what came before, and whether this is null.
fn mix(seed: u64, part: Option<&[u8]>) -> u64 {
    match part {
        Some(bytes) => xxh64(bytes, seed),
        None => xxh64(b"null", !seed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_empty_and_shifted_bytes_are_told_apart() {
        let all = [
            digest(None, None),
            digest(Some(b""), None),
            digest(None, Some(b"")),
            digest(Some(b""), Some(b"")),
            digest(Some(b"ab"), Some(b"c")),
            digest(Some(b"a"), Some(b"bc")),
            digest(Some(b"null"), Some(b"null")),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(all.iter().take(place).all(|other| other != one), "{place}");
        }
        assert_eq!(digest(Some(b"k"), Some(b"v")), digest(Some(b"k"), Some(b"v")));
    }
}
