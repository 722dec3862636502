//! Salted passwords, and the exchange that proves one (RFC 5802 and 7677). As in Kafka, names and passwords are taken as
//! they are, without SASLprep, and there is no channel binding.

mod client;
mod message;
mod server;

use std::fmt;
use std::num::NonZeroU32;

use subtle::ConstantTimeEq as _;

pub use client::ScramClient;
pub use message::ClientFirst;
pub use server::ScramServer;

use crate::mechanism::ScramMechanism;

/// How often a password is hashed where nobody says otherwise, which is the least that is allowed.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(4_096).expect("it is not zero");
/// The most that is allowed, as in Kafka: who changes credentials does not choose how long others compute.
pub const MOST_ITERATIONS: NonZeroU32 = NonZeroU32::new(16_384).expect("it is not zero");

/// What is kept of a password. From it nobody learns the password, nor can they log in with it alone.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredential {
    pub salt: Vec<u8>,
    pub iterations: NonZeroU32,
    /// The hash of the key that a client shows.
    pub stored_key: Vec<u8>,
    /// With this a server shows that it knows the credential.
    pub server_key: Vec<u8>,
}

/// Why an exchange fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    #[error("the message is not text")]
    NotText,
    #[error("the message is not what was expected: {0}")]
    Malformed(&'static str),
    #[error("channel binding is not supported")]
    ChannelBinding,
    #[error("the message has an extension that must be known, and is not")]
    Extension,
    #[error("the message asks to be somebody else than it proves")]
    OtherUser,
    #[error("the nonce is not the one that was given")]
    Nonce,
    #[error("the number of iterations is not from 4096 to 16384")]
    Iterations,
    /// The password is wrong, or there is no such user: nobody is told which.
    #[error("the user or the password is wrong")]
    Credentials,
    #[error("the server does not know the password either")]
    Server,
}

impl ScramCredential {
    /// Of a password.
    #[must_use]
    pub fn of_password(
        mechanism: ScramMechanism,
        password: &str,
        salt: Vec<u8>,
        iterations: NonZeroU32,
    ) -> Self {
        let salted = mechanism.stretch(password.as_bytes(), &salt, iterations);
        Self::of_salted(mechanism, &salted, salt, iterations)
    }

    /// Of a password that was salted already, by this salt and so many iterations.
    #[must_use]
    pub fn of_salted(
        mechanism: ScramMechanism,
        salted: &[u8],
        salt: Vec<u8>,
        iterations: NonZeroU32,
    ) -> Self {
        let client_key = mechanism.sign(salted, b"Client Key");
        let server_key = mechanism.sign(salted, b"Server Key");
        Self { salt, iterations, stored_key: mechanism.hash(&client_key), server_key }
    }

    /// The salted password itself, for who sends one to a broker.
    #[must_use]
    pub fn salted(mechanism: ScramMechanism, password: &str, salt: &[u8], iterations: NonZeroU32) -> Vec<u8> {
        mechanism.stretch(password.as_bytes(), salt, iterations)
    }

    /// What an exchange goes on with for a user that there is not: the same salt each time, as long as `secret` is the
    /// same, and keys that no password has.
    #[must_use]
    pub fn imitation(mechanism: ScramMechanism, user: &str, secret: &[u8]) -> Self {
        let of = |what: &str| mechanism.sign(secret, format!("{what} {mechanism} {user}").as_bytes());
        let mut salt = of("salt");
        salt.truncate(SALT_BYTES);
        Self { salt, iterations: ITERATIONS, stored_key: of("stored key"), server_key: of("server key") }
    }

    /// Whether it is that of this password. Takes milliseconds of computing, as it is meant to.
    #[must_use]
    pub fn is_of(&self, mechanism: ScramMechanism, password: &str) -> bool {
        let other = Self::of_password(mechanism, password, self.salt.clone(), self.iterations);
        bool::from(other.stored_key.ct_eq(&self.stored_key))
    }
}

/// Bytes of a salt that is made here.
const SALT_BYTES: usize = 16;

impl fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredential").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
