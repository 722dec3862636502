use std::fmt;
use std::num::NonZeroU32;

use subtle::ConstantTimeEq as _;

use super::message::{decode, encode, escaped, fields};
use super::{ITERATIONS, MOST_ITERATIONS, ScramError};
use crate::mechanism::ScramMechanism;

/// What stands in front of the first message: there is no channel binding, and nobody else to be.
const HEADER: &str = "n,,";

/// The client's side of an exchange.
pub struct ScramClient {
    mechanism: ScramMechanism,
    password: String,
    nonce: String,
    bare: String,
    /// What the server's last message must show.
    expected: Option<Vec<u8>>,
}

impl ScramClient {
    /// Begins: this, and what to send. `nonce` is fresh, printable and has no comma.
    #[must_use]
    pub fn begin(mechanism: ScramMechanism, user: &str, password: &str, nonce: &str) -> (Self, Vec<u8>) {
        let bare = format!("n={},r={nonce}", escaped(user));
        let message = format!("{HEADER}{bare}").into_bytes();
        let client =
            Self { mechanism, password: password.to_owned(), nonce: nonce.to_owned(), bare, expected: None };
        (client, message)
    }

    /// Takes the server's first message: what to send. Computes for milliseconds.
    ///
    /// # Errors
    /// When the message is none, or asks for less care than there should be.
    pub fn prove(&mut self, message: &[u8]) -> Result<Vec<u8>, ScramError> {
        let [nonce, salt, iterations] = fields(message, ["r=", "s=", "i="])?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ScramError::Nonce);
        }
        let iterations = iterations.parse::<NonZeroU32>().ok();
        let iterations = iterations.filter(|count| (ITERATIONS..=MOST_ITERATIONS).contains(count));
        let iterations = iterations.ok_or(ScramError::Iterations)?;
        let salted = self.mechanism.stretch(self.password.as_bytes(), &decode(salt)?, iterations);
        let client_key = self.mechanism.sign(&salted, b"Client Key");
        let stored_key = self.mechanism.hash(&client_key);
        // It reads as text: the fields were read.
        let server_first = std::str::from_utf8(message).map_err(|_| ScramError::NotText)?;
        let without_proof = format!("c={},r={nonce}", encode(HEADER.as_bytes()));
        let signed = format!("{},{server_first},{without_proof}", self.bare);
        let signature = self.mechanism.sign(&stored_key, signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, sign)| key ^ sign).collect();
        let server_key = self.mechanism.sign(&salted, b"Server Key");
        self.expected = Some(self.mechanism.sign(&server_key, signed.as_bytes()));
        Ok(format!("{without_proof},p={}", encode(&proof)).into_bytes())
    }

    /// Takes the server's last message.
    ///
    /// # Errors
    /// When the server refuses, or does not show that it knows the credential.
    pub fn finish(self, message: &[u8]) -> Result<(), ScramError> {
        if message.starts_with(b"e=") {
            return Err(ScramError::Credentials);
        }
        let [shown] = fields(message, ["v="])?;
        let shown = decode(shown)?;
        let is_known = self.expected.is_some_and(|expected| bool::from(expected.ct_eq(&shown)));
        if is_known { Ok(()) } else { Err(ScramError::Server) }
    }
}

impl fmt::Debug for ScramClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramClient").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}
