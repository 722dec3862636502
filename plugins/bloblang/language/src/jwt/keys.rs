//! Keys, out of the text that configurations hold.

use super::algorithm::{Algorithm, Family};
use super::certificate;
use super::der::{self, Der};
use super::ecdsa::{Curve, PrivatePoint, PublicPoint};
use super::pem;
use super::rsa::{PrivateNumbers, PublicNumbers};

/// What a token is signed with.
#[derive(Debug)]
pub(crate) enum SigningKey {
    Secret(Vec<u8>),
    Rsa(PrivateNumbers),
    Ecdsa(PrivatePoint),
}

/// What a signature is checked with.
#[derive(Debug)]
pub(crate) enum VerifyingKey {
    Secret(Vec<u8>),
    Rsa(PublicNumbers),
    Ecdsa(PublicPoint),
}

/// A private key of some kind.
pub(super) enum Private {
    Rsa(PrivateNumbers),
    Ecdsa(PrivatePoint),
    Other,
}

/// A public key of some kind.
pub(super) enum Public {
    Rsa(PublicNumbers),
    Ecdsa(PublicPoint),
    Other,
}

pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
pub(super) const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const NULL: &[u8] = &[5, 0];
const NO_PEM: &str = "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key";

impl SigningKey {
    /// # Errors
    /// Why the text holds no key for the algorithm.
    pub(crate) fn read(text: &str, algorithm: Algorithm) -> Result<Self, String> {
        let block = || pem::decode(text).ok_or(NO_PEM);
        match algorithm.family() {
            Family::Hmac => Ok(Self::Secret(text.as_bytes().to_vec())),
            Family::Rsa => {
                let block = block()?;
                match pkcs1(&block).map(Private::Rsa).or_else(|_| pkcs8(&block))? {
                    Private::Rsa(numbers) => Ok(Self::Rsa(numbers)),
                    _ => Err("key is not a valid RSA private key".to_owned()),
                }
            }
            Family::Ecdsa => {
                let block = block()?;
                match sec1(&block, None).map(Private::Ecdsa).or_else(|_| pkcs8(&block))? {
                    Private::Ecdsa(point) => Ok(Self::Ecdsa(point)),
                    _ => Err("key is not a valid ECDSA private key".to_owned()),
                }
            }
        }
    }
}

impl VerifyingKey {
    /// # Errors
    /// Why the text holds no key for the algorithm.
    pub(crate) fn read(text: &str, algorithm: Algorithm) -> Result<Self, String> {
        let block = || pem::decode(text).ok_or(NO_PEM);
        match algorithm.family() {
            Family::Hmac => Ok(Self::Secret(text.as_bytes().to_vec())),
            Family::Rsa => {
                let block = block()?;
                let found = pkix(&block).or_else(|_| certificate::public_key(&block));
                match found.or_else(|_| pkcs1_public(&block).map(Public::Rsa))? {
                    Public::Rsa(numbers) => Ok(Self::Rsa(numbers)),
                    _ => Err("key is not a valid RSA public key".to_owned()),
                }
            }
            Family::Ecdsa => {
                let block = block()?;
                match pkix(&block).or_else(|_| certificate::public_key(&block))? {
                    Public::Ecdsa(point) => Ok(Self::Ecdsa(point)),
                    _ => Err("key is not a valid ECDSA public key".to_owned()),
                }
            }
        }
    }
}

/// The numbers of a private key in the form of PKCS #1.
struct Pkcs1<'b> {
    /// n, d, p and q.
    numbers: [Option<&'b [u8]>; 4],
    exponent: i64,
    /// dP, dQ and qInv, if they are there.
    precomputed: Option<[Option<&'b [u8]>; 3]>,
    /// Whether n has more than two factors.
    several: bool,
}

fn pkcs1_parts(bytes: &[u8]) -> Result<Pkcs1<'_>, String> {
    let mut outer = Der::new(bytes);
    let mut key = outer.sequence("pkcs1PrivateKey")?;
    let version = key.small()?;
    let modulus = key.big()?;
    let exponent = key.small()?;
    let numbers = [modulus, key.big()?, key.big()?, key.big()?];
    let precomputed = if key.rest().is_empty() { None } else { Some([key.big()?, key.big()?, key.big()?]) };
    if !outer.rest().is_empty() {
        return Err("asn1: syntax error: trailing data".to_owned());
    }
    Ok(Pkcs1 { numbers, exponent, precomputed, several: version > 0 })
}

fn pkcs1(bytes: &[u8]) -> Result<PrivateNumbers, String> {
    let Pkcs1 { numbers, exponent, precomputed, several } = match pkcs1_parts(bytes) {
        Ok(parts) => parts,
        Err(_) if sec1_parts(bytes).is_ok() => return Err(instead("private", "ParseECPrivateKey")),
        Err(_) if pkcs8_parts(bytes).is_ok() => return Err(instead("private", "ParsePKCS8PrivateKey")),
        Err(error) => return Err(error),
    };
    let zero = || "x509: private key contains zero or negative value".to_owned();
    let [Some(modulus), Some(private), Some(first), Some(second)] = numbers else { return Err(zero()) };
    let factors = match precomputed {
        Some([Some(dp), Some(dq), Some(inverse)]) if !several => Some([first, second, dp, dq, inverse]),
        Some([Some(_), Some(_), Some(_)]) | None => None,
        Some(_) => return Err(zero()),
    };
    PrivateNumbers::new(modulus, exponent, private, factors)
}

/// The algorithm of a key: its name, and its parameters.
struct Identifier<'b> {
    name: &'b [u8],
    parameters: &'b [u8],
}

fn identifier<'b>(der: &mut Der<'b>) -> Result<Identifier<'b>, String> {
    let mut identifier = der.sequence("AlgorithmIdentifier")?;
    let name = identifier.expect(der::OBJECT, "ObjectIdentifier")?;
    let parameters = if identifier.rest().is_empty() { &[] } else { identifier.next()?.whole };
    Ok(Identifier { name, parameters })
}

fn pkcs8_parts(bytes: &[u8]) -> Result<(Identifier<'_>, &[u8]), String> {
    let mut key = Der::new(bytes).sequence("pkcs8")?;
    key.small()?;
    let identifier = identifier(&mut key)?;
    Ok((identifier, key.expect(der::OCTETS, "")?))
}

fn pkcs8(bytes: &[u8]) -> Result<Private, String> {
    let (identifier, key) = match pkcs8_parts(bytes) {
        Ok(parts) => parts,
        Err(_) if sec1_parts(bytes).is_ok() => return Err(instead("private", "ParseECPrivateKey")),
        Err(_) if pkcs1_parts(bytes).is_ok() => return Err(instead("private", "ParsePKCS1PrivateKey")),
        Err(error) => return Err(error),
    };
    match identifier.name {
        RSA => pkcs1(key)
            .map(Private::Rsa)
            .map_err(|error| format!("x509: failed to parse RSA private key embedded in PKCS#8: {error}")),
        ECDSA => sec1(key, Der::new(identifier.parameters).expect(der::OBJECT, "").ok())
            .map(Private::Ecdsa)
            .map_err(|error| format!("x509: failed to parse EC private key embedded in PKCS#8: {error}")),
        ED25519 | X25519 => Ok(Private::Other),
        other => Err(format!(
            "x509: PKCS#8 wrapping contained private key with unknown algorithm: {}",
            dotted(other)
        )),
    }
}

/// The version, the secret and the name of the curve.
type Sec1<'b> = (i64, &'b [u8], Option<&'b [u8]>);

fn sec1_parts(bytes: &[u8]) -> Result<Sec1<'_>, String> {
    const CURVE: u8 = 0xa0;
    let mut key = Der::new(bytes).sequence("ecPrivateKey")?;
    let version = key.small()?;
    let secret = key.expect(der::OCTETS, "")?;
    let mut curve = None;
    if !key.rest().is_empty() {
        let element = key.next()?;
        if element.tag == CURVE {
            curve = Some(Der::new(element.content).expect(der::OBJECT, "ObjectIdentifier")?);
        }
    }
    Ok((version, secret, curve))
}

fn sec1(bytes: &[u8], curve: Option<&[u8]>) -> Result<PrivatePoint, String> {
    let (version, secret, named) = match sec1_parts(bytes) {
        Ok(parts) => parts,
        Err(_) if pkcs8_parts(bytes).is_ok() => return Err(instead("private", "ParsePKCS8PrivateKey")),
        Err(_) if pkcs1_parts(bytes).is_ok() => return Err(instead("private", "ParsePKCS1PrivateKey")),
        Err(error) => return Err(format!("x509: failed to parse EC private key: {error}")),
    };
    if version != 1 {
        return Err(format!("x509: unknown EC private key version {version}"));
    }
    let curve = curve.or(named).and_then(Curve::find);
    PrivatePoint::new(curve.ok_or("x509: unknown elliptic curve")?, secret)
}

fn pkix_parts(bytes: &[u8]) -> Result<(Identifier<'_>, &[u8], bool), String> {
    let mut outer = Der::new(bytes);
    let mut key = outer.sequence("publicKeyInfo")?;
    let identifier = identifier(&mut key)?;
    Ok((identifier, key.bits("BitString")?, outer.rest().is_empty()))
}

/// A public key with the name of its algorithm.
pub(super) fn pkix(bytes: &[u8]) -> Result<Public, String> {
    let (identifier, key, whole) = match pkix_parts(bytes) {
        Ok(parts) => parts,
        Err(_) if pkcs1_public_parts(bytes).is_ok() => {
            return Err(instead("public", "ParsePKCS1PublicKey"));
        }
        Err(error) => return Err(error),
    };
    if !whole {
        return Err("x509: trailing data after ASN.1 of public-key".to_owned());
    }
    match identifier.name {
        RSA if identifier.parameters != NULL => Err("x509: RSA key missing NULL parameters".to_owned()),
        RSA => {
            let mut key = Der::new(key).sequence("").map_err(|_| "x509: invalid RSA public key")?;
            let modulus = key.big().map_err(|_| "x509: invalid RSA modulus")?;
            let exponent = key.small().map_err(|_| "x509: invalid RSA public exponent")?;
            let modulus = modulus.ok_or("x509: RSA modulus is not a positive number")?;
            if exponent <= 0 {
                return Err("x509: RSA public exponent is not a positive number".to_owned());
            }
            PublicNumbers::new(modulus, exponent).map(Public::Rsa)
        }
        ECDSA => {
            let name = Der::new(identifier.parameters).expect(der::OBJECT, "");
            let name = name.map_err(|_| "x509: invalid ECDSA parameters")?;
            let curve = Curve::find(name).ok_or("x509: unsupported elliptic curve")?;
            PublicPoint::new(curve, key).map(Public::Ecdsa)
        }
        ED25519 | X25519 => Ok(Public::Other),
        _ => Err("x509: unknown public key algorithm".to_owned()),
    }
}

/// The modulus, the exponent, and whether nothing follows them.
type Pkcs1Public<'b> = (Option<&'b [u8]>, i64, bool);

fn pkcs1_public_parts(bytes: &[u8]) -> Result<Pkcs1Public<'_>, String> {
    let mut outer = Der::new(bytes);
    let mut key = outer.sequence("pkcs1PublicKey")?;
    let modulus = key.big()?;
    Ok((modulus, key.small()?, outer.rest().is_empty()))
}

fn pkcs1_public(bytes: &[u8]) -> Result<PublicNumbers, String> {
    match pkcs1_public_parts(bytes) {
        Ok((_, _, false)) => Err("asn1: syntax error: trailing data".to_owned()),
        Ok((Some(modulus), exponent @ 1.., true)) => match i32::try_from(exponent) {
            Ok(_) => PublicNumbers::new(modulus, exponent),
            Err(_) => Err("x509: public key contains large public exponent".to_owned()),
        },
        Ok(_) => Err("x509: public key contains zero or negative value".to_owned()),
        Err(_) if pkix_parts(bytes).is_ok() => Err(instead("public", "ParsePKIXPublicKey")),
        Err(error) => Err(error),
    }
}

fn instead(kind: &str, function: &str) -> String {
    format!("x509: failed to parse {kind} key (use {function} instead for this key format)")
}

/// The name of an algorithm as numbers.
fn dotted(name: &[u8]) -> String {
    let mut numbers = Vec::new();
    let mut number = 0_u64;
    for byte in name {
        number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                let first = (number / 40).min(2);
                numbers.push(first.to_string());
                number -= first * 40;
            }
            numbers.push(number.to_string());
            number = 0;
        }
    }
    numbers.join(".")
}
