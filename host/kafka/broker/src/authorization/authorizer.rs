use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_kafka_security::{AclIndex, Operation, Principal, ResourceType, Verdict};
use forebay_lifecycle::clock;
use forebay_model::VirtualClusterId;
use forebay_storage_metadata::{Acls, AclsVersion, MetadataStore, StoreFailure};
use kafka_protocol::messages::ApiKey;

use super::{Access, Judged, Rights};
use crate::context::ConnectionContext;
use crate::metrics::BrokerMetrics;
use crate::security::{AclMode, SecuritySettings};

/// ACLs are asked for again after this time: so long those that another agent has changed may still hold here.
const FRESH: Duration = Duration::from_secs(1);

/// Judges requests by the ACLs of the virtual cluster, which it keeps. When the store is away it goes by what it knows.
#[derive(Debug)]
pub(crate) struct Authorizer {
    settings: SecuritySettings,
    cluster: VirtualClusterId,
    metadata: Arc<dyn MetadataStore>,
    metrics: BrokerMetrics,
    known: Mutex<Option<Known>>,
    /// Whose turn it is to ask the store.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone)]
struct Known {
    version: AclsVersion,
    index: Arc<AclIndex>,
    asked: Instant,
}

impl Authorizer {
    pub(crate) fn new(
        settings: SecuritySettings,
        cluster: VirtualClusterId,
        metadata: Arc<dyn MetadataStore>,
        metrics: BrokerMetrics,
    ) -> Self {
        let (known, asking) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { settings, cluster, metadata, metrics, known, asking }
    }

    pub(super) fn mode(&self) -> AclMode {
        self.settings.acls
    }

    /// Whether ACLs mean anything.
    pub(crate) fn is_on(&self) -> bool {
        self.settings.acls != AclMode::Off
    }

    /// What a request to an API may do.
    pub(crate) async fn access(self: &Arc<Self>, context: &ConnectionContext, api: ApiKey) -> Access {
        let identity = &context.identity;
        let principal = identity.principal();
        let host = context.peer.map(|peer| peer.ip());
        let rights = if self.settings.sasl.is_some() && !identity.is_logged_in() {
            Rights::None
        } else if !self.is_on() || self.settings.super_users.contains(principal) {
            Rights::All
        } else {
            self.judged(principal, host).await
        };
        Access { api, rights }
    }

    async fn judged(self: &Arc<Self>, principal: &Principal, host: Option<IpAddr>) -> Rights {
        match self.index().await {
            Ok(index) => {
                let authorizer = Arc::clone(self);
                Rights::Acls(Judged { authorizer, index, principal: principal.clone(), host })
            }
            Err(failure) => {
                tracing::warn!(%failure, "nobody may do anything: ACLs can't be read, and none are known");
                Rights::None
            }
        }
    }

    async fn index(&self) -> Result<Arc<AclIndex>, StoreFailure> {
        let known = self.lock().clone();
        let Some(known) = known else {
            let _turn = self.asking.lock().await;
            // Somebody else may have asked meanwhile.
            let known = self.lock().as_ref().map(|known| Arc::clone(&known.index));
            return match known {
                Some(index) => Ok(index),
                None => self.ask().await,
            };
        };
        if clock::now().saturating_duration_since(known.asked) < FRESH {
            return Ok(known.index);
        }
        // One asks, and others go on with what is known.
        let Ok(_turn) = self.asking.try_lock() else { return Ok(known.index) };
        match self.ask().await {
            Ok(index) => Ok(index),
            Err(failure) => {
                tracing::warn!(%failure, "ACLs can't be read: those hold that are known");
                self.touch();
                Ok(known.index)
            }
        }
    }

    /// The ACLs as they are now.
    pub(crate) async fn all(&self) -> Result<Acls, StoreFailure> {
        let acls = self.metadata.acls(&self.cluster, None).await?;
        Ok(acls.unwrap_or(Acls { version: AclsVersion::new(0), acls: Vec::new() }))
    }

    /// Asks again: somebody has changed them, and expects that the change holds.
    pub(crate) async fn refresh(&self) {
        let _turn = self.asking.lock().await;
        if let Err(failure) = self.ask().await {
            tracing::warn!(%failure, "ACLs can't be read: those hold that were known before the change");
        }
    }

    async fn ask(&self) -> Result<Arc<AclIndex>, StoreFailure> {
        let version = self.lock().as_ref().map(|known| known.version);
        let asked = clock::now();
        match self.metadata.acls(&self.cluster, version).await? {
            Some(Acls { version, acls }) => {
                let index = Arc::new(AclIndex::new(&acls));
                *self.lock() = Some(Known { version, index: Arc::clone(&index), asked });
                Ok(index)
            }
            None => {
                self.touch();
                Ok(self.lock().as_ref().map(|known| Arc::clone(&known.index)).unwrap_or_default())
            }
        }
    }

    fn touch(&self) {
        if let Some(known) = &mut *self.lock() {
            known.asked = clock::now();
        }
    }

    pub(super) fn is_allowed(&self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Allowed => true,
            Verdict::Denied => false,
            Verdict::NoAcl => self.settings.allows_everyone_if_no_acl,
        }
    }

    /// Something is not allowed.
    pub(super) fn denied(&self, who: &Principal, api: ApiKey, operation: Operation, kind: ResourceType) {
        self.metrics.denied(operation, kind);
        let is_shadow = self.settings.acls == AclMode::Shadow;
        tracing::debug!(%who, ?api, %operation, %kind, is_shadow, "ACLs do not allow this");
    }

    fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
