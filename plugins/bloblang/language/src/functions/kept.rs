//! What a call fetches from the outside once and keeps.

use crate::eval::{Call, Site};
use crate::failure::Failure;
use crate::spec::Evaluated;
use crate::value::Value;
use crate::world::Outside;

/// What `fetch` gives, from before if it may be kept.
pub(super) fn once(call: &Call<'_>, keep: bool, fetch: impl FnOnce() -> Evaluated) -> Evaluated {
    if !keep {
        return fetch();
    }
    let site = call.state()?;
    if let Site::Fetched(value) = &*site.borrow() {
        return Ok(value.clone());
    }
    let value = fetch()?;
    *site.borrow_mut() = Site::Fetched(value.clone());
    Ok(value)
}

/// The content of the file that the first argument names, kept unless the second forbids it.
pub(super) fn read(
    call: &Call<'_>,
    read: impl FnOnce(&dyn Outside, &str) -> Result<Vec<u8>, String>,
) -> Evaluated {
    let keep = call.is_fixed(0) && !call.boolean(1)?;
    once(call, keep, || {
        let path = call.text(0)?;
        read(call.frame.run.outside, &path).map(|content| Value::bytes(&content)).map_err(Failure::new)
    })
}
