//! Variables of the environment of the process. Natively, in tests, there are none.

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
