//! What methods with a zone as an argument share.

use crate::eval::Call;
use crate::failure::Failure;
use crate::time::Zone;
use crate::value::{Timestamp, Value};

/// Refuses an optional second argument that names no zone.
pub(super) fn check(arguments: &[Option<&Value>]) -> Result<(), String> {
    check_first(arguments.get(1..).unwrap_or_default())
}

/// Refuses a first argument that names no zone.
pub(super) fn check_first(arguments: &[Option<&Value>]) -> Result<(), String> {
    match arguments {
        [Some(Value::String(name)), ..] if name.as_str() != "Local" => load(name).map(|_| ()),
        _ => Ok(()),
    }
}

/// The time as the zone named by an argument shows it, if that is given.
pub(super) fn shown(call: &Call<'_>, at: &Timestamp, index: usize) -> Result<Timestamp, Failure> {
    let Some(name) = call.optional_text(index)? else { return Ok(*at) };
    let zone = if name.as_str() == "Local" {
        call.frame.run.local()
    } else {
        load(&name).map_err(Failure::plain)?
    };
    Ok(at.shown_in(zone))
}

fn load(name: &str) -> Result<Zone, String> {
    Zone::load(name).map_err(|reason| format!("failed to parse timezone location name: {reason}"))
}
