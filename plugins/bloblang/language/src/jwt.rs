//! JSON Web Tokens: RFC 7515 and 7519, with the algorithms that need no choice of padding.

mod algorithm;
mod certificate;
mod der;
mod ecdsa;
mod keys;
mod pem;
mod rsa;
mod token;

pub(crate) use algorithm::Algorithm;
pub(crate) use keys::{SigningKey, VerifyingKey};
pub(crate) use token::{parse, sign};

#[cfg(test)]
mod tests;
