//! As whom the pipelines of an agent come to its broker.

use std::sync::Arc;

use forebay_kafka_broker::{Broker, ConnectionContext, Identity, InProcess};
use forebay_kafka_client::Transport;
use forebay_kafka_security::Principal;

/// What the pipelines of an agent call themselves.
const CLIENT_ID: &str = "forebay-pipelines";

/// The broker as a cluster for the pipelines of its agent: in the same process, without logins.
#[derive(Debug, Clone)]
pub struct PipelineAccess {
    broker: Broker,
    obey_acls: bool,
}

impl PipelineAccess {
    pub(crate) fn new(broker: Broker, obey_acls: bool) -> Self {
        Self { broker, obey_acls }
    }

    /// The cluster as a pipeline has it: allowed everything, or what ACLs allow the principal `Pipeline:NAME`.
    #[must_use]
    pub fn transport(&self, pipeline: &str) -> Arc<dyn Transport> {
        let principal = if self.obey_acls { principal_of(pipeline) } else { super_user() };
        let identity = Identity::known(principal);
        let context =
            ConnectionContext { client_id: CLIENT_ID.to_owned(), identity, ..ConnectionContext::default() };
        Arc::new(InProcess::new(self.broker.clone(), context))
    }
}

/// As whom all pipelines come where ACLs do not concern them.
pub(crate) fn super_user() -> Principal {
    "Agent:pipelines".parse().expect("a type and a name")
}

/// As whom one pipeline comes: nobody who logs in, or shows a certificate, is a principal of this type.
fn principal_of(pipeline: &str) -> Principal {
    // Without a name it is nobody's, and nobody is what it comes as.
    format!("Pipeline:{pipeline}").parse().unwrap_or_default()
}
