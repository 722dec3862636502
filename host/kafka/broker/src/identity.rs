use std::time::Instant;

use forebay_kafka_security::{Mechanism, Principal};

/// Who asks, and how that is known. By default nobody in particular.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    principal: Principal,
    proof: Proof,
    /// From then on it must be shown again.
    expires: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Proof {
    #[default]
    None,
    Certificate,
    Sasl(Mechanism),
    /// Whoever has made this in the process has seen to it.
    Process,
}

impl Identity {
    /// Somebody whom the caller knows: for what runs in the same process on behalf of somebody.
    #[must_use]
    pub fn known(principal: Principal) -> Self {
        Self { principal, proof: Proof::Process, expires: None }
    }

    pub(crate) fn of_certificate(principal: Principal) -> Self {
        Self { principal, proof: Proof::Certificate, expires: None }
    }

    pub(crate) fn of_login(principal: Principal, mechanism: Mechanism, expires: Option<Instant>) -> Self {
        Self { principal, proof: Proof::Sasl(mechanism), expires }
    }

    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The mechanism by which somebody has logged in, if they have.
    pub(crate) fn mechanism(&self) -> Option<Mechanism> {
        match self.proof {
            Proof::Sasl(mechanism) => Some(mechanism),
            Proof::None | Proof::Certificate | Proof::Process => None,
        }
    }

    /// Whether they are logged in where that is demanded. A certificate is not enough then.
    pub(crate) fn is_logged_in(&self) -> bool {
        match self.proof {
            Proof::Sasl(_) | Proof::Process => true,
            Proof::None | Proof::Certificate => false,
        }
    }

    pub(crate) fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}
