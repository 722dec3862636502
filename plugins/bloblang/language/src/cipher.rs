//! AES with its modes of operation.

mod gcm;
mod modes;

use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};

/// The bytes of a block.
pub(crate) const BLOCK: usize = 16;

/// How blocks are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Ctr,
    Ofb,
    Cbc,
    Gcm,
}

impl Mode {
    pub(crate) fn find(name: &str) -> Option<Self> {
        match name {
            "ctr" => Some(Self::Ctr),
            "ofb" => Some(Self::Ofb),
            "cbc" => Some(Self::Cbc),
            "gcm" => Some(Self::Gcm),
            _ => None,
        }
    }
}

/// A key and the vector it starts with.
pub(crate) struct Cipher {
    key: Key,
    vector: Vec<u8>,
    mode: Mode,
}

enum Key {
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl Key {
    fn new(key: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Aes128::new_from_slice(key).ok().map(|key| Self::Aes128(Box::new(key))),
            24 => Aes192::new_from_slice(key).ok().map(|key| Self::Aes192(Box::new(key))),
            32 => Aes256::new_from_slice(key).ok().map(|key| Self::Aes256(Box::new(key))),
            _ => None,
        }
    }

    fn encrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::<Aes128>::from(block);
        match self {
            Self::Aes128(key) => key.encrypt_block(&mut block),
            Self::Aes192(key) => key.encrypt_block(&mut block),
            Self::Aes256(key) => key.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::<Aes128>::from(block);
        match self {
            Self::Aes128(key) => key.decrypt_block(&mut block),
            Self::Aes192(key) => key.decrypt_block(&mut block),
            Self::Aes256(key) => key.decrypt_block(&mut block),
        }
        block.into()
    }
}

impl Cipher {
    /// `mode` is `None` for one that is unknown, and `direction` what that is then called.
    ///
    /// # Errors
    /// The key or the vector is of a wrong size, in Go's words.
    pub(crate) fn new(scheme: &str, direction: &str, key: &[u8], vector: &[u8]) -> Result<Self, String> {
        let key = Key::new(key).ok_or_else(|| format!("crypto/aes: invalid key size {}", key.len()))?;
        let mode = Mode::find(scheme);
        if matches!(mode, Some(Mode::Ctr | Mode::Ofb | Mode::Cbc)) && vector.len() != BLOCK {
            return Err("the key must match the initialisation vector size".to_owned());
        }
        let mode = mode.ok_or_else(|| format!("unrecognized {direction} type: {scheme}"))?;
        Ok(Self { key, vector: vector.to_vec(), mode })
    }

    /// # Errors
    /// The text does not fit the mode.
    pub(crate) fn encrypt(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        match self.mode {
            Mode::Ctr => Ok(modes::ctr(&self.key, self.block(), text)),
            Mode::Ofb => Ok(modes::ofb(&self.key, self.block(), text)),
            Mode::Cbc if !text.len().is_multiple_of(BLOCK) => {
                Err("plaintext is not a multiple of the block size".to_owned())
            }
            Mode::Cbc => Ok(modes::encrypt_cbc(&self.key, self.block(), text)),
            Mode::Gcm => gcm::seal(&self.key, &self.vector, text),
        }
    }

    /// # Errors
    /// The text does not fit the mode, or was tampered with.
    pub(crate) fn decrypt(&self, text: &[u8]) -> Result<Vec<u8>, String> {
        match self.mode {
            Mode::Ctr => Ok(modes::ctr(&self.key, self.block(), text)),
            Mode::Ofb => Ok(modes::ofb(&self.key, self.block(), text)),
            Mode::Cbc if !text.len().is_multiple_of(BLOCK) => {
                Err("ciphertext is not a multiple of the block size".to_owned())
            }
            Mode::Cbc => Ok(modes::decrypt_cbc(&self.key, self.block(), text)),
            Mode::Gcm => gcm::open(&self.key, &self.vector, text),
        }
    }

    /// The vector as a block, which it is in all modes that ask for one.
    fn block(&self) -> [u8; BLOCK] {
        self.vector.first_chunk().copied().unwrap_or_default()
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher").field("mode", &self.mode).finish_non_exhaustive()
    }
}
