use std::fmt;
use std::str::FromStr;

use ring::{digest, hmac, pbkdf2};

/// How a client shows who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// It says its password.
    Plain,
    /// It shows that it knows its password.
    Scram(ScramMechanism),
}

/// The hash that a SCRAM exchange goes by, with Kafka's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(i8)]
pub enum ScramMechanism {
    Sha256 = 1,
    Sha512 = 2,
}

/// A mechanism that is none of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no SASL mechanism {0:?} here: expected PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")]
pub struct UnknownMechanism(String);

impl Mechanism {
    /// All, the one that tells least first.
    pub const ALL: [Self; 3] =
        [Self::Scram(ScramMechanism::Sha512), Self::Scram(ScramMechanism::Sha256), Self::Plain];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Scram(mechanism) => mechanism.name(),
        }
    }
}

impl ScramMechanism {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// Kafka's number of it.
    #[must_use]
    pub const fn number(self) -> i8 {
        self as i8
    }

    /// The mechanism of a number; none for another.
    #[must_use]
    pub const fn from_number(number: i8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Bytes of a key.
    #[must_use]
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(crate) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }

    pub(crate) fn sign(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), bytes).as_ref().to_vec()
    }

    pub(crate) fn stretch(self, password: &[u8], salt: &[u8], iterations: std::num::NonZeroU32) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let mut key = vec![0; self.key_bytes()];
        pbkdf2::derive(algorithm, iterations, salt, password, &mut key);
        key
    }
}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|mechanism| mechanism.name() == text);
        found.ok_or_else(|| UnknownMechanism(text.to_owned()))
    }
}

impl FromStr for ScramMechanism {
    type Err = UnknownMechanism;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(Mechanism::Scram(mechanism)) => Ok(mechanism),
            Ok(Mechanism::Plain) | Err(_) => Err(UnknownMechanism(text.to_owned())),
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for ScramMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
