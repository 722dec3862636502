//! The algorithms by which tokens are signed.

use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// The hash that is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Es256,
    Es384,
    Es512,
}

/// What an algorithm does with the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Hmac,
    Rsa,
    Ecdsa,
}

impl Algorithm {
    /// As tokens name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Hmac,
            Self::Rs256 | Self::Rs384 | Self::Rs512 => Family::Rsa,
            Self::Es256 | Self::Es384 | Self::Es512 => Family::Ecdsa,
        }
    }

    pub(super) fn hash(self) -> Hash {
        match self {
            Self::Hs256 | Self::Rs256 | Self::Es256 => Hash::Sha256,
            Self::Hs384 | Self::Rs384 | Self::Es384 => Hash::Sha384,
            Self::Hs512 | Self::Rs512 | Self::Es512 => Hash::Sha512,
        }
    }
}

/// Whether any library knows an algorithm of that name, if not this one.
pub(super) fn is_known(name: &str) -> bool {
    let (family, size) = name.split_at_checked(2).unwrap_or_default();
    matches!(name, "none" | "EdDSA")
        || matches!(family, "HS" | "RS" | "ES" | "PS") && matches!(size, "256" | "384" | "512")
}

impl Hash {
    pub(super) fn of(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha384 => Sha384::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    pub(super) fn keyed(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => crate::hashing::hmac::<Sha256>(key, bytes).to_vec(),
            Self::Sha384 => crate::hashing::hmac::<Sha384>(key, bytes).to_vec(),
            Self::Sha512 => crate::hashing::hmac::<Sha512>(key, bytes).to_vec(),
        }
    }
}
