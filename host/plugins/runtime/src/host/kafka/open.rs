//! Opening clusters.

use std::sync::Arc;
use std::time::Duration;

use forebay_kafka_client::{
    Client, ClientSecurity, ClientSettings, ClientTls, Login as ClientLogin, PasswordLogin, Tcp, TcpSettings,
    Transport,
};
use forebay_kafka_security::{BearerLogin, Mechanism, MskIamLogin, ScramMechanism};

use super::tokens::FetchedTokens;
use super::{failures, invalid, meter};
use crate::bindings::forebay::http::client::TlsOptions;
use crate::bindings::forebay::kafka::kafka::{
    AccessKey, Bearer, ClusterSettings, Credentials, Extension, FailureKind, KafkaError, Login, Token,
};
use crate::grants::{ClusterName, ClusterPermit, broker};
use crate::host::http::{ErrorKind, HttpError, client_tls, plain_tls, render};
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

/// That tokens can't be asked for.
fn refused(error: HttpError, scope: &Scope) -> KafkaError {
    match error.kind {
        ErrorKind::Denied => {
            meter::failed(scope, "denied");
            KafkaError::Denied(error.text)
        }
        _ => KafkaError::Invalid(error.text),
    }
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
    let logins = logins.into_iter().map(|login| read_login(login, scope)).collect::<Result<_, _>>()?;
    Ok(ClientSecurity { tls, logins })
}

/// Secrets are filled in here: a login with them never goes back to the guest.
fn read_login(login: Login, scope: &Scope) -> Result<ClientLogin, KafkaError> {
    let filled = |parts| {
        let rendered = render(parts, &scope.secrets).map(|rendered| rendered.text);
        rendered.map_err(KafkaError::Invalid)
    };
    let password = |mechanism, credentials: Credentials| -> Result<ClientLogin, KafkaError> {
        let Credentials { username, password } = credentials;
        let (user, password) = (filled(username)?, filled(password)?);
        Ok(ClientLogin::Password(PasswordLogin { mechanism, user, password }))
    };
    match login {
        Login::Plain(credentials) => password(Mechanism::Plain, credentials),
        Login::ScramSha256(credentials) => password(Mechanism::Scram(ScramMechanism::Sha256), credentials),
        Login::ScramSha512(credentials) => password(Mechanism::Scram(ScramMechanism::Sha512), credentials),
        Login::Oauthbearer(Bearer { token, extensions }) => {
            let extensions = extensions.into_iter().map(|extension| {
                let Extension { name, value } = extension;
                Ok((name, filled(value)?))
            });
            let extensions = extensions.collect::<Result<_, KafkaError>>()?;
            Ok(match token {
                Token::Given(token) => {
                    ClientLogin::Bearer(BearerLogin::new(filled(token)?, extensions).map_err(invalid)?)
                }
                Token::Fetched(client) => {
                    let source = FetchedTokens::new(client, extensions, scope)
                        .map_err(|error| refused(error, scope))?;
                    ClientLogin::Tokens(Arc::new(source))
                }
            })
        }
        Login::AwsMskIam(AccessKey { region, id, secret, session_token }) => {
            let session_token = session_token.map(filled).transpose()?.filter(|token| !token.is_empty());
            let (access_key_id, secret_access_key) = (filled(id)?, filled(secret)?);
            Ok(ClientLogin::MskIam(MskIamLogin { region, access_key_id, secret_access_key, session_token }))
        }
    }
}
