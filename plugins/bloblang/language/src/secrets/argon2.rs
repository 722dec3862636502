//! Argon2: a hash that takes memory and time, both of which are a part of it.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;

use crate::text::base64;

/// The most memory in KiB that a hash may ask for, and the most it may write in all its passes.
const MEMORY: u32 = 256 * 1024;
const WORK: u64 = 16 * 1024 * 1024;

/// The parts of a hash as it is stored.
struct Stored {
    algorithm: Algorithm,
    memory: u32,
    passes: u32,
    lanes: u8,
    salt: Vec<u8>,
    key: Vec<u8>,
}

/// Whether `hash` was made of `secret`.
///
/// # Errors
/// What is wrong with the hash.
pub(crate) fn compare(hash: &str, secret: &[u8]) -> Result<bool, String> {
    let Stored { algorithm, memory, passes, lanes, salt, key } = Stored::read(hash)?;
    let lanes = u32::from(lanes);
    if passes == 0 {
        return Err("argon2: number of rounds too small".to_owned());
    }
    if lanes == 0 {
        return Err("argon2: parallelism degree too low".to_owned());
    }
    // Too little memory is rounded up, as in Go.
    let memory = memory.max(8 * lanes);
    if memory > MEMORY || u64::from(memory) * u64::from(passes) > WORK {
        return Err(format!("an argon2 hash of {memory} KiB and {passes} passes takes too much"));
    }
    let params =
        Params::new(memory, passes, lanes, Some(key.len())).map_err(|error| format!("argon2: {error}"))?;
    let mut made = vec![0; key.len()];
    Argon2::new(algorithm, Version::V0x13, params)
        .hash_password_into(secret, &salt, &mut made)
        .map_err(|error| format!("argon2: {error}"))?;
    Ok(bool::from(made.ct_eq(&key)))
}

impl Stored {
    fn read(hash: &str) -> Result<Self, String> {
        let parts: Vec<_> = hash.split('$').collect();
        let [_, format, version, settings, salt, key] = parts.as_slice() else { return Err(invalid("")) };
        let algorithm = match *format {
            "argon2i" => Algorithm::Argon2i,
            "argon2id" => Algorithm::Argon2id,
            _ => return Err(invalid(": unrecognised argon2 format")),
        };
        scan_version(version).map_err(|error| invalid(&format!(": failed to parse version; {error}")))?;
        let (memory, passes, lanes) = scan_settings(settings)?;
        let decode = |text: &str, name: &str| {
            base64::decode(text.as_bytes(), [b'+', b'/'], false)
                .map_err(|error| invalid(&format!(": failed to parse base64 {name}; {error}")))
        };
        Ok(Self { algorithm, memory, passes, lanes, salt: decode(salt, "salt")?, key: decode(key, "key")? })
    }
}

fn invalid(detail: &str) -> String {
    format!("invalid argon2 hash{detail}")
}

/// Any version is taken for the latest.
fn scan_version(text: &str) -> Result<(), &'static str> {
    match text.strip_prefix("v=") {
        Some("") => Err("EOF"),
        Some(_) => Ok(()),
        None if "v=".starts_with(text) => Err("unexpected EOF"),
        None => Err("input does not match format"),
    }
}

/// `m=1,t=2,p=3` and nothing after it.
fn scan_settings(text: &str) -> Result<(u32, u32, u8), String> {
    let mut rest = text;
    let mut values = [0; 3];
    for (value, (label, maximum)) in
        values.iter_mut().zip([("m=", u32::MAX), (",t=", u32::MAX), (",p=", u32::from(u8::MAX))])
    {
        let scanned = scan_number(&mut rest, label, maximum);
        *value = scanned.map_err(|error| invalid(&format!(": failed to parse parameters; {error}")))?;
    }
    if !rest.trim_start_matches(' ').is_empty() {
        return Err(invalid(": excess characters in parameters segment"));
    }
    let [memory, passes, lanes] = values;
    Ok((memory, passes, u8::try_from(lanes).unwrap_or(u8::MAX)))
}

fn scan_number(rest: &mut &str, label: &str, maximum: u32) -> Result<u32, String> {
    let after = rest.strip_prefix(label).ok_or("input does not match format")?.trim_start_matches(' ');
    let length = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    let (digits, after) = after.split_at(length);
    if digits.is_empty() {
        return Err("expected integer".to_owned());
    }
    *rest = after;
    let value: u64 =
        digits.parse().map_err(|_| format!("strconv.ParseUint: parsing \"{digits}\": value out of range"))?;
    u32::try_from(value)
        .ok()
        .filter(|value| *value <= maximum)
        .ok_or_else(|| format!("unsigned integer overflow on token {digits}"))
}
