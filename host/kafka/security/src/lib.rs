//! Who asks a broker, and what they may. Pure: values come in, decisions go out; there is no clock, no randomness and no
//! I/O.
//!
//! - [`Principal`] is who somebody is; [`Mechanism`] is how they show it.
//! - [`ScramCredential`] is all that is kept of a password: a salt and two keys made with it. [`ScramServer`] and
//!   [`ScramClient`] are the two sides of the exchange that proves one (RFC 5802); [`PlainLogin`] is what PLAIN sends.
//! - [`BearerLogin`] and [`MskIamLogin`] are what clients send by mechanisms that no broker here has.
//! - [`Acl`] is one permission or prohibition, [`AclFilter`] chooses among them, and [`AclIndex`] answers what somebody
//!   may, as Kafka does: a prohibition wins, and what nothing allows is not allowed.
//!
//! What belongs to a password is never shown by `Debug`, and compared in a time that does not depend on it.
//!
//! ```
//! use forebay_kafka_security::{Acl, AclIndex, Operation, Principal, Requester, ResourceType, Verdict};
//! let acl: Acl = Acl::allow(Principal::user("alice"), Operation::Read, ResourceType::Topic, "logs");
//! let index = AclIndex::new([&acl]);
//! let alice = Requester { principal: &Principal::user("alice"), host: None };
//! assert_eq!(index.judge(alice, Operation::Describe, ResourceType::Topic, "logs"), Verdict::Allowed);
//! assert_eq!(index.judge(alice, Operation::Write, ResourceType::Topic, "logs"), Verdict::Denied);
//! ```

mod acl;
mod bearer;
mod mechanism;
mod msk_iam;
mod plain;
mod principal;
mod scram;

pub use acl::{
    Acl, AclFilter, AclIndex, AclRefused, CLUSTER_NAME, Operation, PatternFilter, PatternType, Permission,
    Requester, ResourcePattern, ResourceType, UnknownWord, Verdict, WILDCARD,
};
pub use bearer::{BearerError, BearerLogin};
pub use mechanism::{Mechanism, ScramMechanism, UnknownMechanism};
pub use msk_iam::MskIamLogin;
pub use plain::{PlainError, PlainLogin};
pub use principal::{Principal, PrincipalError};
pub use scram::{
    ClientFirst, ITERATIONS, MOST_ITERATIONS, ScramClient, ScramCredential, ScramError, ScramServer,
};
