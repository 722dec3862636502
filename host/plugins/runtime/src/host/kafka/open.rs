//! Opening clusters.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_client::{
    Client, ClientSecurity, ClientSettings, ClientTls, Login as ClientLogin, Tcp, TcpSettings, Transport,
};
use forebay_kafka_security::{Mechanism, ScramMechanism};

use super::{failures, invalid, meter};
use crate::bindings::forebay::http::client::TlsOptions;
use crate::bindings::forebay::kafka::kafka::{ClusterSettings, Credentials, FailureKind, KafkaError, Login};
use crate::grants::{ClusterName, ClusterPermit, broker};
use crate::host::http::{client_tls, plain_tls, render};
use crate::scope::Scope;

/// A cluster that a guest has opened.
#[derive(Debug, Clone)]
#[expect(unreachable_pub, reason = "the generated bindings name it")]
pub struct HostCluster {
    client: Client,
    permit: Arc<ClusterPermit>,
}

/// What the client calls itself where nobody says it.
const CLIENT_ID: &str = "forebay";
/// What is known of topics is asked for again no more often than that.
const SHORTEST_AGE: Duration = Duration::from_millis(100);

impl HostCluster {
    /// Opens a cluster. Nothing is sent yet.
    pub(super) fn open(settings: ClusterSettings, scope: &Scope) -> Result<Self, KafkaError> {
        let ClusterSettings {
            seed_brokers,
            client_id,
            rack,
            tls,
            logins,
            metadata_max_age,
            connect_timeout,
            request_timeout,
        } = settings;
        let name = ClusterName::of(&seed_brokers).map_err(KafkaError::Invalid)?;
        let skips_verification = tls.as_ref().is_some_and(|tls| tls.skip_verification);
        let permit = scope.allowed.clusters().cluster(&name, skips_verification).map_err(|missing| {
            meter::failed(scope, "denied");
            KafkaError::Denied(missing)
        })?;
        let spawner = scope.http.spawner().map_err(|error| failures::error(FailureKind::Other, error))?;
        let transport: Arc<dyn Transport> = match &name {
            ClusterName::Own(name) => {
                if tls.is_some() || !logins.is_empty() {
                    let problem =
                        format!("the cluster `{name}` is in this process: it takes neither tls nor sasl");
                    return Err(KafkaError::Invalid(problem));
                }
                scope.clusters.get(name, &scope.pipeline).ok_or_else(|| no_cluster(name))?
            }
            ClusterName::Brokers(brokers) => {
                let bootstrap = brokers.iter().map(|address| broker(address)).collect::<Result<_, _>>();
                let client_id = if client_id.is_empty() { CLIENT_ID.to_owned() } else { client_id };
                let mut settings = TcpSettings::new(bootstrap.map_err(KafkaError::Invalid)?, client_id);
                settings.security = security(tls, logins, scope)?;
                if let Some(timeout) = connect_timeout {
                    settings.connect_timeout = Duration::from_nanos(timeout);
                }
                if let Some(timeout) = request_timeout {
                    settings.request_timeout = Duration::from_nanos(timeout);
                }
                Arc::new(
                    Tcp::new(settings, spawner.clone()).map_err(|error| invalid(failures::report(&error)))?,
                )
            }
        };
        let mut settings =
            ClientSettings { rack: Some(rack).filter(|rack| !rack.is_empty()), ..ClientSettings::default() };
        if let Some(age) = metadata_max_age {
            settings.metadata_max_age = Duration::from_nanos(age).max(SHORTEST_AGE);
        }
        Ok(Self { client: Client::new(transport, settings, spawner), permit: Arc::new(permit) })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn permit(&self) -> &Arc<ClusterPermit> {
        &self.permit
    }
}

fn no_cluster(name: &str) -> KafkaError {
    KafkaError::Invalid(if name == "agent" {
        "there is no agent in this process: run the pipeline with `forebay agent -enableManagedPipelines`, or set \
         FOREBAY_AGENT=HOST:PORT"
            .to_owned()
    } else {
        format!("this process has no cluster `{name}`")
    })
}

fn security(
    tls: Option<TlsOptions>,
    logins: Vec<Login>,
    scope: &Scope,
) -> Result<ClientSecurity, KafkaError> {
    let tls = tls.map(|tls| {
        let config = client_tls(tls, &scope.secrets).and_then(|tls| plain_tls(&tls));
        config.map(|config| ClientTls { config: Some(config), ..ClientTls::default() })
    });
    let tls = tls.transpose().map_err(KafkaError::Invalid)?;
    let login = logins.into_iter().next().map(|login| read_login(login, scope)).transpose()?;
    Ok(ClientSecurity { tls, login })
}

fn read_login(login: Login, scope: &Scope) -> Result<ClientLogin, KafkaError> {
    let (mechanism, Credentials { username, password }) = match login {
        Login::Plain(credentials) => (Mechanism::Plain, credentials),
        Login::ScramSha256(credentials) => (Mechanism::Scram(ScramMechanism::Sha256), credentials),
        Login::ScramSha512(credentials) => (Mechanism::Scram(ScramMechanism::Sha512), credentials),
    };
    let filled = |parts| render(parts, &scope.secrets).map(|rendered| rendered.text);
    let user = filled(username).map_err(KafkaError::Invalid)?;
    let password = filled(password).map_err(KafkaError::Invalid)?;
    Ok(ClientLogin { mechanism, user, password })
}
