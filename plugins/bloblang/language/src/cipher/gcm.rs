//! Galois counter mode, with a tag of 16 bytes behind the text and no further data.

use ghash::GHash;
use ghash::universal_hash::UniversalHash as _;
use subtle::ConstantTimeEq as _;

use super::{BLOCK, Key};

/// The bytes of a nonce; others are not supported by Go either.
const NONCE: usize = 12;

/// Encrypts and appends the tag.
pub(super) fn seal(key: &Key, nonce: &[u8], text: &[u8]) -> Result<Vec<u8>, String> {
    let first = counter(nonce)?;
    let mut sealed = stream(key, first, text);
    let tag = tag(key, first, &sealed);
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Checks the tag and decrypts.
pub(super) fn open(key: &Key, nonce: &[u8], text: &[u8]) -> Result<Vec<u8>, String> {
    let refused = || "gcm decrypting failed: cipher: message authentication failed".to_owned();
    let first = counter(nonce)?;
    let (sealed, given) = text.split_last_chunk::<BLOCK>().ok_or_else(refused)?;
    if !bool::from(tag(key, first, sealed).ct_eq(given)) {
        return Err(refused());
    }
    Ok(stream(key, first, sealed))
}

/// The nonce as a counter that stands at one.
fn counter(nonce: &[u8]) -> Result<[u8; BLOCK], String> {
    if nonce.len() != NONCE {
        return Err("crypto/cipher: incorrect nonce length given to GCM".to_owned());
    }
    let mut counter = [0; BLOCK];
    counter.iter_mut().zip(nonce).for_each(|(slot, byte)| *slot = *byte);
    counter[BLOCK - 1] = 1;
    Ok(counter)
}

/// The text with the key stream from the second block on; only the last four bytes count.
fn stream(key: &Key, first: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let mut block = first;
    let mut count: u32 = 1;
    let mut out = Vec::with_capacity(text.len() + BLOCK);
    for chunk in text.chunks(BLOCK) {
        count = count.wrapping_add(1);
        block.iter_mut().rev().zip(count.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
        let pad = key.encrypt(block);
        out.extend(chunk.iter().zip(pad).map(|(byte, pad)| byte ^ pad));
    }
    out
}

fn tag(key: &Key, first: [u8; BLOCK], sealed: &[u8]) -> [u8; BLOCK] {
    let mut hash = GHash::new(&key.encrypt([0; BLOCK]).into());
    hash.update_padded(sealed);
    let bits = (sealed.len() as u128) * 8;
    hash.update(&[bits.to_be_bytes().into()]);
    let sum: [u8; BLOCK] = hash.finalize().into();
    let mask = key.encrypt(first);
    (u128::from_ne_bytes(sum) ^ u128::from_ne_bytes(mask)).to_ne_bytes()
}
