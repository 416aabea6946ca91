//! Variable-length integers: seven bits a byte, the lowest first, the top bit of a byte saying that another follows.
//!
//! Signed ones are folded first (zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …), so that small numbers of either sign are short.
//!
//! Invariant: reading takes at most 5 (or 10) bytes and refuses what does not fit the type.
//!
//! Source: Kafka's `ByteUtils`; KIP-482 for the unsigned form.

use crate::error::Fault;

/// Appends a signed 32-bit number.
pub(super) fn put_varint(value: i32, out: &mut Vec<u8>) {
    put_varlong(i64::from(value), out);
}

/// Appends a signed 64-bit number. (A 32-bit number has the same form at either width.)
pub(super) fn put_varlong(value: i64, out: &mut Vec<u8>) {
    put_unsigned(fold(value), out);
}

/// Appends an unsigned number.
pub(super) fn put_unsigned(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(low_seven(value) | 0x80);
        value >>= 7;
    }
    out.push(low_seven(value));
}

/// Takes a signed 32-bit number off the front.
/// Errors: [`Fault::Truncated`], or [`Fault::Corrupt`] when it has more than 32 bits.
pub(super) fn take_varint(input: &mut &[u8]) -> Result<i32, Fault> {
    i32::try_from(take_varlong(input)?).map_err(|_| too_long())
}

/// Takes a signed 64-bit number off the front.
/// Errors: [`Fault::Truncated`], or [`Fault::Corrupt`] when it has more than 64 bits.
pub(super) fn take_varlong(input: &mut &[u8]) -> Result<i64, Fault> {
    let folded = take_unsigned(input)?;
    Ok((folded >> 1).cast_signed() ^ -((folded & 1).cast_signed()))
}

/// Takes an unsigned number off the front.
/// Errors: [`Fault::Truncated`], or [`Fault::Corrupt`] when it has more than 64 bits.
pub(super) fn take_unsigned(input: &mut &[u8]) -> Result<u64, Fault> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = input.split_first().ok_or(Fault::Truncated("varint"))?;
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return Err(too_long());
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(too_long())
}

/// How many bytes a signed number takes.
pub(super) fn size_of_varlong(value: i64) -> usize {
    let bits = 64 - fold(value).leading_zeros();
    usize::try_from(bits.div_ceil(7).max(1)).expect("at most 10")
}

fn fold(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn low_seven(value: u64) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits fit a byte")
}

fn too_long() -> Fault {
    Fault::Corrupt { what: "varint", why: "more bits than the number may have".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_of_either_sign_are_short() {
        for (value, bytes) in [(0, &[0u8][..]), (-1, &[1]), (1, &[2]), (63, &[0x7e]), (-64, &[0x7f]), (64, &[0x80, 1])] {
            let mut out = Vec::new();
            put_varint(value, &mut out);
            assert_eq!(out, bytes, "{value}");
            assert_eq!(size_of_varlong(i64::from(value)), bytes.len(), "{value}");
        }
    }

    #[test]
    fn what_was_put_is_taken_and_measured() {
        for value in [i64::MIN, i64::MIN + 1, -300, -1, 0, 1, 127, 128, 1 << 35, i64::MAX] {
            let mut out = Vec::new();
            put_varlong(value, &mut out);
            assert_eq!(out.len(), size_of_varlong(value), "{value}");
            assert_eq!(take_varlong(&mut &out[..]), Ok(value));
        }
    }

    #[test]
    fn a_number_without_an_end_is_refused() {
        assert!(matches!(take_varlong(&mut &[0xff; 11][..]), Err(Fault::Corrupt { .. })));
        assert_eq!(take_varlong(&mut &[0x80][..]), Err(Fault::Truncated("varint")));
        assert!(take_varint(&mut &[0xff, 0xff, 0xff, 0xff, 0x7f][..]).is_err(), "36 bits");
    }
}
