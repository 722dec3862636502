//! Secrets against the hashes that were stored of them.

pub(crate) mod argon2;
pub(crate) mod bcrypt;
