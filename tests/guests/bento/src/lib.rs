//! A module for Bento's processor `wasm`, as its Rust example is one: with `allocate` and
//! `deallocate`, and without anything of WASI.
//!
//! It puts the payload in capital letters, with the metadata value `mark` behind it, and keeps what
//! it was in the metadata value `before`. The payload `trap` it does not survive.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![cfg(target_arch = "wasm32")]
#![expect(unsafe_code, reason = "the ABI is one of addresses")]

extern crate alloc;

mod memory;

use alloc::vec::Vec;

#[link(wasm_import_module = "bento_wasm")]
unsafe extern "C" {
    fn v0_msg_set_bytes(at: *const u8, length: usize);
    fn v0_msg_as_bytes() -> u64;
    fn v0_msg_set_meta(key: *const u8, key_length: usize, at: *const u8, length: usize);
    fn v0_msg_get_meta(key: *const u8, key_length: usize) -> u64;
}

#[unsafe(no_mangle)]
extern "C" fn process() {
    // SAFETY: the host gives what `allocate` gave it, and this module owns it from then on.
    let (before, mark) = unsafe {
        let (key, length) = memory::give(b"mark");
        (memory::take(v0_msg_as_bytes()), memory::take(v0_msg_get_meta(key, length)))
    };
    assert!(before != b"trap", "trapped on purpose");
    let mut after: Vec<u8> = before.to_ascii_uppercase();
    after.extend_from_slice(&mark);
    // SAFETY: what is given away is the host's to deallocate.
    unsafe {
        let ((key, key_length), (value, length)) = (memory::give(b"before"), memory::give(&before));
        v0_msg_set_meta(key, key_length, value, length);
        let (after, length) = memory::give(&after);
        v0_msg_set_bytes(after, length);
    }
}
