//! Hashes of bytes, with and without a key.

mod crc32;
mod fnv;
mod xxhash;

use md5::Md5;
use sha1::Sha1;
use sha2::digest::{Digest, Output, block_api::BlockSizeUser, typenum::Unsigned as _};
use sha2::{Sha256, Sha512};

pub(crate) use crc32::Polynomial;

/// How a hash is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    HmacSha1,
    HmacSha256,
    HmacSha512,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    Xxhash64,
    Crc32,
    Fnv32,
}

impl Algorithm {
    /// # Errors
    /// There is none of that name, or it needs a key that is not there.
    pub(crate) fn find(name: &str, key: &[u8]) -> Result<Self, String> {
        let algorithm = match name {
            "hmac_sha1" | "hmac-sha1" => Self::HmacSha1,
            "hmac_sha256" | "hmac-sha256" => Self::HmacSha256,
            "hmac_sha512" | "hmac-sha512" => Self::HmacSha512,
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha256" => Self::Sha256,
            "sha512" => Self::Sha512,
            "xxhash64" => Self::Xxhash64,
            "crc32" => Self::Crc32,
            "fnv32" => Self::Fnv32,
            other => return Err(format!("unrecognized hash type: {other}")),
        };
        let keyed = matches!(algorithm, Self::HmacSha1 | Self::HmacSha256 | Self::HmacSha512);
        if keyed && key.is_empty() {
            return Err(format!("hash algorithm {name} requires a key argument"));
        }
        Ok(algorithm)
    }

    /// The hash; those of 64-bit and 32-bit numbers, except for crc32, are decimal digits.
    pub(crate) fn hash(self, bytes: &[u8], key: &[u8], polynomial: Polynomial) -> Vec<u8> {
        match self {
            Self::HmacSha1 => hmac::<Sha1>(key, bytes).to_vec(),
            Self::HmacSha256 => hmac::<Sha256>(key, bytes).to_vec(),
            Self::HmacSha512 => hmac::<Sha512>(key, bytes).to_vec(),
            Self::Md5 => Md5::digest(bytes).to_vec(),
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
            Self::Sha512 => Sha512::digest(bytes).to_vec(),
            Self::Xxhash64 => xxhash::hash64(bytes).to_string().into_bytes(),
            Self::Crc32 => polynomial.checksum(bytes).to_be_bytes().to_vec(),
            Self::Fnv32 => fnv::hash32(bytes).to_string().into_bytes(),
        }
    }
}

/// The keyed hash of RFC 2104.
pub(crate) fn hmac<D: Digest + BlockSizeUser>(key: &[u8], bytes: &[u8]) -> Output<D> {
    let size = D::BlockSize::to_usize();
    let mut block = vec![0; size];
    let short = if key.len() > size { D::digest(key).to_vec() } else { key.to_vec() };
    block.iter_mut().zip(&short).for_each(|(slot, byte)| *slot = *byte);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = D::new().chain_update(padded(0x36)).chain_update(bytes).finalize();
    D::new().chain_update(padded(0x5c)).chain_update(inner).finalize()
}
