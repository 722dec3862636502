use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::ScramError;

/// The first message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// Who it says that it is.
    pub user: String,
    pub(super) nonce: String,
    /// What stands in front: that there is no channel binding.
    pub(super) header: String,
    /// What stands behind that.
    pub(super) bare: String,
}

impl ClientFirst {
    /// Reads the message.
    ///
    /// # Errors
    /// When it is none, or asks for what there is not.
    pub fn parse(message: &[u8]) -> Result<Self, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::NotText)?;
        let mut parts = text.splitn(3, ',');
        let (flag, other, bare) = match (parts.next(), parts.next(), parts.next()) {
            (Some(flag), Some(other), Some(bare)) => (flag, other, bare),
            _ => return Err(ScramError::Malformed("a header and a message, with commas between them")),
        };
        match flag {
            "n" | "y" => {}
            flag if flag.starts_with("p=") => return Err(ScramError::ChannelBinding),
            _ => return Err(ScramError::Malformed("n, y or p in front")),
        }
        let mut fields = bare.split(',');
        let first = fields.next().unwrap_or_default();
        if first.starts_with("m=") {
            return Err(ScramError::Extension);
        }
        let user = first.strip_prefix("n=").ok_or(ScramError::Malformed("n= and a name"))?;
        let user = unescaped(user)?;
        let nonce = fields.next().and_then(|field| field.strip_prefix("r="));
        let nonce = nonce.filter(|nonce| is_nonce(nonce)).ok_or(ScramError::Malformed("r= and a nonce"))?;
        // Kafka's clients say so when the name is that of a delegation token, of which there are none here.
        if fields.any(|field| field.eq_ignore_ascii_case("tokenauth=true")) {
            return Err(ScramError::Extension);
        }
        match other.strip_prefix("a=") {
            None if other.is_empty() => {}
            Some(other) if unescaped(other)? == user => {}
            Some(_) => return Err(ScramError::OtherUser),
            None => return Err(ScramError::Malformed("a= and a name, or nothing")),
        }
        let header = format!("{flag},{other},");
        Ok(Self { user, nonce: nonce.to_owned(), header, bare: bare.to_owned() })
    }
}

/// A name as it stands in a message.
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn unescaped(text: &str) -> Result<String, ScramError> {
    let malformed = ScramError::Malformed("a name, with =2C and =3D in it for a comma and an equals sign");
    let mut parts = text.split('=');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => {
                name.push(',');
                rest
            }
            (_, Some(rest)) => {
                name.push('=');
                rest
            }
            (None, None) => return Err(malformed),
        };
        name.push_str(rest);
    }
    // A null byte is in no name, and no store is asked for one.
    if name.is_empty() || name.contains('\0') { Err(malformed) } else { Ok(name) }
}

/// Printable, without a comma.
pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b',')
}

/// The fields of a message, which stand in this order, and what else there may be behind them is left out.
pub(super) fn fields<'a, const N: usize>(
    message: &'a [u8],
    names: [&'static str; N],
) -> Result<[&'a str; N], ScramError> {
    let text = std::str::from_utf8(message).map_err(|_| ScramError::NotText)?;
    let mut found = [""; N];
    let mut parts = text.split(',');
    for (found, name) in found.iter_mut().zip(names) {
        let value = parts.next().and_then(|part| part.strip_prefix(name));
        *found = value.ok_or(ScramError::Malformed(name))?;
    }
    Ok(found)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, ScramError> {
    BASE64_STANDARD.decode(text).map_err(|_| ScramError::Malformed("base64"))
}
