use std::fmt;

use subtle::ConstantTimeEq as _;

use super::message::{ClientFirst, decode, encode, fields};
use super::{ScramCredential, ScramError};
use crate::mechanism::ScramMechanism;

/// The server's side of an exchange, after the client's first message.
pub struct ScramServer {
    mechanism: ScramMechanism,
    user: String,
    credential: ScramCredential,
    header: String,
    nonce: String,
    /// Both first messages, with a comma between them.
    firsts: String,
}

impl ScramServer {
    /// Takes the first message of a client: this, and what to send. `nonce` is fresh, printable and has no comma.
    #[must_use]
    pub fn answer(
        mechanism: ScramMechanism,
        first: ClientFirst,
        credential: ScramCredential,
        nonce: &str,
    ) -> (Self, Vec<u8>) {
        let nonce = format!("{}{nonce}", first.nonce);
        let message = format!("r={nonce},s={},i={}", encode(&credential.salt), credential.iterations);
        let firsts = format!("{},{message}", first.bare);
        let server = Self { mechanism, user: first.user, credential, header: first.header, nonce, firsts };
        (server, message.into_bytes())
    }

    /// Who the client says that it is.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Takes the last message of the client: what to send, which shows that this side knows the credential too.
    ///
    /// # Errors
    /// When it does not prove the password.
    pub fn finish(self, message: &[u8]) -> Result<Vec<u8>, ScramError> {
        let [header, nonce] = fields(message, ["c=", "r="])?;
        // A header that changed on its way means that somebody stands between the two.
        if header != encode(self.header.as_bytes()) {
            return Err(ScramError::ChannelBinding);
        }
        if nonce != self.nonce {
            return Err(ScramError::Nonce);
        }
        // It reads as text: the fields were read.
        let text = std::str::from_utf8(message).map_err(|_| ScramError::NotText)?;
        let (without_proof, proof) =
            text.rsplit_once(",p=").ok_or(ScramError::Malformed("p= and a proof at the end"))?;
        let proof = decode(proof)?;
        let signed = format!("{},{without_proof}", self.firsts);
        let signature = self.mechanism.sign(&self.credential.stored_key, signed.as_bytes());
        if proof.len() != signature.len() {
            return Err(ScramError::Credentials);
        }
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(proof, sign)| proof ^ sign).collect();
        let is_known = self.mechanism.hash(&client_key).ct_eq(&self.credential.stored_key);
        if !bool::from(is_known) {
            return Err(ScramError::Credentials);
        }
        let shown = self.mechanism.sign(&self.credential.server_key, signed.as_bytes());
        Ok(format!("v={}", encode(&shown)).into_bytes())
    }
}

impl fmt::Debug for ScramServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramServer").field("user", &self.user).finish_non_exhaustive()
    }
}
