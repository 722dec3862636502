//! Modes that need nothing but the cipher.

use super::{BLOCK, Key};

fn xor(left: [u8; BLOCK], right: &[u8]) -> impl Iterator<Item = u8> {
    left.into_iter().zip(right.iter().copied()).map(|(left, right)| left ^ right)
}

fn xored(left: [u8; BLOCK], right: &[u8; BLOCK]) -> [u8; BLOCK] {
    (u128::from_ne_bytes(left) ^ u128::from_ne_bytes(*right)).to_ne_bytes()
}

/// Counter mode; both directions are the same.
pub(super) fn ctr(key: &Key, vector: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let mut counter = u128::from_be_bytes(vector);
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.chunks(BLOCK) {
        out.extend(xor(key.encrypt(counter.to_be_bytes()), chunk));
        counter = counter.wrapping_add(1);
    }
    out
}

/// Output feedback; both directions are the same.
pub(super) fn ofb(key: &Key, vector: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let mut stream = vector;
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.chunks(BLOCK) {
        stream = key.encrypt(stream);
        out.extend(xor(stream, chunk));
    }
    out
}

pub(super) fn encrypt_cbc(key: &Key, vector: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let mut last = vector;
    let mut out = Vec::with_capacity(text.len());
    for block in text.as_chunks().0 {
        last = key.encrypt(xored(last, block));
        out.extend_from_slice(&last);
    }
    out
}

pub(super) fn decrypt_cbc(key: &Key, vector: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let mut last = vector;
    let mut out = Vec::with_capacity(text.len());
    for block in text.as_chunks().0 {
        out.extend_from_slice(&xored(last, &key.decrypt(*block)));
        last = *block;
    }
    out
}
