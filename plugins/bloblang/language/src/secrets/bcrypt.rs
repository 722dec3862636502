//! bcrypt: a hash whose cost is a part of it.

use base64::alphabet::BCRYPT;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _};
use blowfish::Blowfish;
use subtle::ConstantTimeEq as _;

use crate::failure::Failure;

/// The shortest hash.
const LENGTH: usize = 59;
const SALT: usize = 22;
const HASH: usize = 31;
/// What is encrypted: "OrpheanBeholderScryDoubt".
const TEXT: [u32; 6] = [0x4f72_7068, 0x6561_6e42, 0x6568_6f6c, 0x6465_7253, 0x6372_7944, 0x6f75_6274];
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Whether `hash` was made of `secret`. `step` is called again and again, and ends the work when it fails.
///
/// # Errors
/// Outside: what `step` says. Inside: what is wrong with the hash, in Go's words.
pub(crate) fn compare(
    hash: &[u8],
    secret: &[u8],
    step: &dyn Fn() -> Result<(), Failure>,
) -> Result<Result<bool, String>, Failure> {
    let (cost, salt, wanted) = match parts(hash) {
        Ok(parts) => parts,
        Err(error) => return Ok(Err(error)),
    };
    let made = make(cost, &salt, secret, step)?;
    Ok(Ok(bool::from(made.as_bytes().ct_eq(&wanted))))
}

/// The cost, the salt and the encoded hash.
fn parts(hash: &[u8]) -> Result<(u32, Vec<u8>, Vec<u8>), String> {
    let [first, major, minor, rest @ ..] = hash else { return Err(too_short()) };
    if hash.len() < LENGTH {
        return Err(too_short());
    }
    if *first != b'$' {
        let found = char::from(*first);
        return Err(format!(
            "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '{found}'"
        ));
    }
    if *major > b'2' {
        let found = char::from(*major);
        return Err(format!(
            "crypto/bcrypt: bcrypt algorithm version '{found}' requested is newer than current version '2'"
        ));
    }
    let rest = if *minor == b'$' { rest } else { rest.get(1..).unwrap_or_default() };
    let (digits, rest) = rest.split_at_checked(2).unwrap_or_default();
    let cost = cost(digits)?;
    let (salt, found) = rest.get(1..).unwrap_or_default().split_at_checked(SALT).unwrap_or_default();
    let salt = ENGINE.decode(salt).map_err(|error| match error {
        DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol(at, _) => {
            format!("illegal base64 data at input byte {at}")
        }
        _ => "unexpected EOF".to_owned(),
    })?;
    let mut wanted = found.to_vec();
    wanted.resize(HASH, 0);
    Ok((cost, salt, wanted))
}

fn too_short() -> String {
    "crypto/bcrypt: hashedSecret too short to be a bcrypted password".to_owned()
}

fn cost(digits: &[u8]) -> Result<u32, String> {
    let text = String::from_utf8_lossy(digits);
    let cost: i32 = text
        .parse()
        .map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", crate::value::quoted(&text)))?;
    u32::try_from(cost)
        .ok()
        .filter(|cost| (4..=31).contains(cost))
        .ok_or_else(|| format!("crypto/bcrypt: cost {cost} is outside allowed inclusive range 4..31"))
}

fn make(
    cost: u32,
    salt: &[u8],
    secret: &[u8],
    step: &dyn Fn() -> Result<(), Failure>,
) -> Result<String, Failure> {
    let mut key = secret.to_vec();
    key.push(0);
    let mut cipher = Blowfish::bc_init_state();
    cipher.salted_expand_key(salt, &key);
    for _ in 0..1_u64 << cost {
        // Each of these is as much work as some hundred nodes of a mapping.
        for _ in 0..STEPS {
            step()?;
        }
        cipher.bc_expand_key(&key);
        cipher.bc_expand_key(salt);
    }
    let mut bytes = Vec::with_capacity(TEXT.len() * 4);
    let (pairs, _) = TEXT.as_chunks::<2>();
    for pair in pairs {
        let mut pair = *pair;
        for _ in 0..64 {
            pair = cipher.bc_encrypt(pair);
        }
        bytes.extend(pair.iter().flat_map(|word| word.to_be_bytes()));
    }
    bytes.pop();
    Ok(ENGINE.encode(bytes))
}

/// How many steps one round counts for.
const STEPS: usize = 200;
