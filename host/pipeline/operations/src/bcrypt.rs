//! bcrypt, as far as it takes to compare: a hash says itself at which cost and with which salt it was made.

use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use blowfish::Blowfish;

use crate::auth::is_same;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// How many characters the salt has, and the digest behind it.
const SALT: usize = 22;
const DIGEST: usize = 31;
/// More of a password than this does not count.
const LONGEST: usize = 72;
/// A higher cost would keep the server busy for minutes.
const HIGHEST_COST: u32 = 16;
/// What is encrypted: `OrpheanBeholderScryDoubt`.
const TEXT: [[u32; 2]; 3] =
    [[0x4f72_7068, 0x6561_6e42], [0x6568_6f6c, 0x6465_7253], [0x6372_7944, 0x6f75_6274]];

/// Whether a hash was made of this password; no, where it is no hash.
pub(crate) fn fits(password: &[u8], hash: &[u8]) -> bool {
    std::str::from_utf8(hash).ok().and_then(parts).is_some_and(|(cost, salt, digest)| {
        let made = make(cost, &salt, password);
        // The last byte is not part of a hash.
        is_same(&made[..made.len() - 1], &digest)
    })
}

fn parts(hash: &str) -> Option<(u32, Vec<u8>, Vec<u8>)> {
    let mut fields = hash.strip_prefix("$2")?.splitn(3, '$');
    let is_known = matches!(fields.next()?, "" | "a" | "b" | "x" | "y");
    let cost = fields.next()?.parse().ok().filter(|cost| is_known && (4..=HIGHEST_COST).contains(cost))?;
    let (salt, digest) = fields.next()?.split_at_checked(SALT)?;
    let digest = Some(digest).filter(|digest| digest.len() == DIGEST)?;
    Some((cost, BASE64.decode(salt).ok()?, BASE64.decode(digest).ok()?))
}

fn make(cost: u32, salt: &[u8], password: &[u8]) -> [u8; 24] {
    let mut key = password.to_vec();
    key.push(0);
    key.truncate(LONGEST);
    let mut state = Blowfish::bc_init_state();
    state.salted_expand_key(salt, &key);
    for _ in 0..1_u32 << cost {
        state.bc_expand_key(&key);
        state.bc_expand_key(salt);
    }
    let mut made = [0; 24];
    for (block, out) in TEXT.into_iter().zip(made.chunks_exact_mut(8)) {
        let [left, right] = (0..64).fold(block, |block, _| state.bc_encrypt(block));
        out[..4].copy_from_slice(&left.to_be_bytes());
        out[4..].copy_from_slice(&right.to_be_bytes());
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_other_programs_are_understood() {
        let hash = b"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        assert!(fits(b"U*U", hash));
        assert!(!fits(b"U*V", hash));
        for malformed in
            ["", "$2a$05$CC", "$2a$99$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$3$"]
        {
            assert!(!fits(b"U*U", malformed.as_bytes()), "{malformed}");
        }
    }
}
