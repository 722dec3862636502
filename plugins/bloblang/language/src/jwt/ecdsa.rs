//! Signatures on elliptic curves. What is random elsewhere comes from the key and the text, by RFC 6979.

use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};

use super::algorithm::{Algorithm, Hash};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    /// Known, though no token is signed with it.
    P224,
    P256,
    P384,
    P521,
}

pub(crate) struct PrivatePoint {
    curve: Curve,
    secret: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct PublicPoint {
    curve: Curve,
    point: Vec<u8>,
}

impl std::fmt::Debug for PrivatePoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivatePoint").field("curve", &self.curve).finish_non_exhaustive()
    }
}

impl Curve {
    /// The curve with that name in DER.
    pub(super) fn find(name: &[u8]) -> Option<Self> {
        match name {
            [0x2b, 0x81, 0x04, 0x00, 0x21] => Some(Self::P224),
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => Some(Self::P256),
            [0x2b, 0x81, 0x04, 0x00, 0x22] => Some(Self::P384),
            [0x2b, 0x81, 0x04, 0x00, 0x23] => Some(Self::P521),
            _ => None,
        }
    }

    /// The curve whose keys an algorithm takes.
    fn of(algorithm: Algorithm) -> Self {
        match algorithm.hash() {
            Hash::Sha256 => Self::P256,
            Hash::Sha384 => Self::P384,
            Hash::Sha512 => Self::P521,
        }
    }

    /// The bytes of a coordinate.
    fn size(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

impl PrivatePoint {
    /// Zeros in front of the secret may be missing, or too many.
    pub(super) fn new(curve: Curve, secret: &[u8]) -> Result<Self, String> {
        let start = secret.iter().position(|byte| *byte != 0).unwrap_or(secret.len());
        let digits = secret.get(start..).unwrap_or_default();
        let zeros = curve.size().checked_sub(digits.len()).ok_or("x509: invalid private key length")?;
        let mut secret = vec![0; zeros];
        secret.extend_from_slice(digits);
        let known = match curve {
            Curve::P224 => start < secret.len(),
            Curve::P256 => p256::ecdsa::SigningKey::from_slice(&secret).is_ok(),
            Curve::P384 => p384::ecdsa::SigningKey::from_slice(&secret).is_ok(),
            Curve::P521 => p521::ecdsa::SigningKey::from_slice(&secret).is_ok(),
        };
        if known { Ok(Self { curve, secret }) } else { Err("ecdsa: invalid private key".to_owned()) }
    }

    /// # Errors
    /// The key is on another curve than that of the algorithm.
    pub(super) fn sign(&self, algorithm: Algorithm, text: &[u8]) -> Result<Vec<u8>, String> {
        let invalid = || "key is invalid".to_owned();
        if Curve::of(algorithm) != self.curve {
            return Err(invalid());
        }
        let hash = algorithm.hash().of(text);
        let signature = match self.curve {
            Curve::P224 => None,
            Curve::P256 => p256::ecdsa::SigningKey::from_slice(&self.secret)
                .and_then(|key| key.sign_prehash(&hash))
                .map(|signature: p256::ecdsa::Signature| signature.to_bytes().to_vec())
                .ok(),
            Curve::P384 => p384::ecdsa::SigningKey::from_slice(&self.secret)
                .and_then(|key| key.sign_prehash(&hash))
                .map(|signature: p384::ecdsa::Signature| signature.to_bytes().to_vec())
                .ok(),
            Curve::P521 => p521::ecdsa::SigningKey::from_slice(&self.secret)
                .and_then(|key| key.sign_prehash(&hash))
                .map(|signature: p521::ecdsa::Signature| signature.to_bytes().to_vec())
                .ok(),
        };
        signature.ok_or_else(invalid)
    }
}

impl PublicPoint {
    pub(super) fn new(curve: Curve, point: &[u8]) -> Result<Self, String> {
        let known = match curve {
            Curve::P224 => true,
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
        };
        // Only the form with both coordinates is taken, which begins with a 4.
        if !known || point.first() != Some(&4) || point.len() != 1 + 2 * curve.size() {
            return Err("ecdsa: invalid uncompressed public key".to_owned());
        }
        Ok(Self { curve, point: point.to_vec() })
    }

    /// # Errors
    /// The signature is not that of the text.
    pub(super) fn verify(&self, algorithm: Algorithm, text: &[u8], signature: &[u8]) -> Result<(), String> {
        let hash = algorithm.hash().of(text);
        let right = Curve::of(algorithm) == self.curve
            && match self.curve {
                Curve::P224 => false,
                Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.point)
                    .and_then(|key| {
                        key.verify_prehash(&hash, &p256::ecdsa::Signature::from_slice(signature)?)
                    })
                    .is_ok(),
                Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(&self.point)
                    .and_then(|key| {
                        key.verify_prehash(&hash, &p384::ecdsa::Signature::from_slice(signature)?)
                    })
                    .is_ok(),
                Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(&self.point)
                    .and_then(|key| {
                        key.verify_prehash(&hash, &p521::ecdsa::Signature::from_slice(signature)?)
                    })
                    .is_ok(),
            };
        if right { Ok(()) } else { Err("crypto/ecdsa: verification error".to_owned()) }
    }
}
