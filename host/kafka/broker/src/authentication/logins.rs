use std::sync::Arc;

use forebay_kafka_security::{Mechanism, PlainLogin, ScramCredential, ScramMechanism};
use forebay_lifecycle::chance;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{MetadataStore, StoreFailure, UserCredential};
use tokio::sync::Semaphore;

use super::LoginError;

/// Passwords that are checked at the same time: each takes milliseconds of a core.
const AT_ONCE: usize = 2;

/// What logins are checked against. Nothing is kept of it: who has no credential any more can't log in any more.
#[derive(Debug)]
pub(crate) struct Logins {
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    /// What the salts of users are made of that there are not.
    secret: [u8; 16],
    checking: Semaphore,
}

impl Logins {
    pub(crate) fn new(cluster: VirtualClusterId, metadata: Arc<dyn MetadataStore>) -> Self {
        let (secret, checking) = (chance::bits().to_be_bytes(), Semaphore::new(AT_ONCE));
        Self { cluster, metadata, secret, checking }
    }

    /// A nonce that nobody has had.
    pub(super) fn nonce(&self) -> String {
        format!("{:032x}", chance::bits())
    }

    /// What a user must prove; of one that there is not, what nobody can.
    pub(super) async fn credential(
        &self,
        mechanism: ScramMechanism,
        user: &str,
    ) -> Result<ScramCredential, StoreFailure> {
        let all = self.metadata.scram_credentials(&self.cluster, Some(user)).await?;
        let found = all.into_iter().find(|credential| credential.mechanism == mechanism);
        Ok(found.map_or_else(
            || ScramCredential::imitation(mechanism, user, &self.secret),
            |credential| credential.credential,
        ))
    }

    /// Checks a password against the salted keys of its user, as long for a user that there is not.
    pub(super) async fn check(&self, login: PlainLogin) -> Result<String, LoginError> {
        let mut all = self.metadata.scram_credentials(&self.cluster, Some(&login.user)).await?;
        if all.is_empty() {
            let mechanism = ScramMechanism::Sha512;
            let credential = ScramCredential::imitation(mechanism, &login.user, &self.secret);
            all.push(UserCredential { user: login.user.clone(), mechanism, credential });
        }
        let _turn = self.checking.acquire().await;
        let work = tokio::task::spawn_blocking(move || {
            let is_right = all.iter().any(|known| known.credential.is_of(known.mechanism, &login.password));
            is_right.then_some(login.user)
        });
        let wrong = LoginError::Credentials { mechanism: Mechanism::Plain };
        // A thread that is lost has shown nothing.
        work.await.ok().flatten().ok_or(wrong)
    }
}
