//! What surrounds a plugin: variables, the machine, randomness. Natively, in tests, there are no
//! variables, and random bytes are zeros.

use crate::Error;

/// The value of a variable; absent when it is not set.
///
/// # Errors
/// Names the grant that is missing.
#[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "asked of a host only"))]
pub fn get(name: &str) -> Result<Option<String>, Error> {
    #[cfg(target_arch = "wasm32")]
    {
        crate::bindings::capabilities::forebay::environment::environment::get(name).map_err(Error::new)
    }
    #[cfg(not(target_arch = "wasm32"))]
    Ok(None)
}

/// The name of the machine.
///
/// # Errors
/// Names the grant that is missing.
pub fn hostname() -> Result<String, Error> {
    #[cfg(target_arch = "wasm32")]
    {
        crate::bindings::capabilities::forebay::environment::environment::hostname().map_err(Error::new)
    }
    #[cfg(not(target_arch = "wasm32"))]
    Ok("localhost".to_owned())
}

/// Fills a buffer with random bytes that nobody can foresee.
pub fn random(buffer: &mut [u8]) {
    #[cfg(target_arch = "wasm32")]
    for part in buffer.chunks_mut(MOST_RANDOM) {
        let length = u32::try_from(part.len()).expect("a part is short");
        let bytes = crate::bindings::capabilities::forebay::environment::environment::random(length);
        part.copy_from_slice(&bytes);
    }
    #[cfg(not(target_arch = "wasm32"))]
    buffer.fill(0);
}

/// The most random bytes that the host gives at once.
#[cfg(target_arch = "wasm32")]
const MOST_RANDOM: usize = 64 << 10;
