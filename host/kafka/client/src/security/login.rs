use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use forebay_kafka_security::{BearerLogin, Mechanism, MskIamLogin, PlainLogin, ScramClient};
use forebay_lifecycle::{chance, clock};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiKey, SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;

use super::ClientSecurityError;
use crate::connection::Connection;
use crate::error::{ClientError, Refused};

/// Who logs in, and how that is shown.
#[derive(Debug, Clone)]
pub enum Login {
    Password(PasswordLogin),
    Bearer(BearerLogin),
    /// OAUTHBEARER with tokens that end.
    Tokens(Arc<dyn Tokens>),
    MskIam(MskIamLogin),
}

/// Where tokens of OAUTHBEARER come from.
#[async_trait]
pub trait Tokens: fmt::Debug + Send + Sync {
    /// What the next connection logs in with. It counts as a part of connecting, in time as well.
    ///
    /// # Errors
    /// When there is no token to be had.
    ///
    /// # Cancel safety
    /// Safe.
    async fn login(&self) -> Result<BearerLogin, NoToken>;

    /// A broker did not take this one: the next one is to be another.
    async fn refused(&self, login: &BearerLogin);
}

/// Why there is no token to log in with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("get a token for OAUTHBEARER: {reason}")]
pub struct NoToken {
    pub reason: String,
    /// Whether there may be one the next time.
    pub is_retriable: bool,
}

/// A user, a password, and how it is shown.
#[derive(Clone)]
pub struct PasswordLogin {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: String,
}

impl Login {
    /// As brokers call its mechanism.
    #[must_use]
    pub fn mechanism(&self) -> &'static str {
        match self {
            Self::Password(login) => login.mechanism.name(),
            Self::Bearer(_) | Self::Tokens(_) => "OAUTHBEARER",
            Self::MskIam(_) => "AWS_MSK_IAM",
        }
    }
}

impl From<PasswordLogin> for Login {
    fn from(login: PasswordLogin) -> Self {
        Self::Password(login)
    }
}

impl Connection {
    /// Logs in to the broker at `host`.
    ///
    /// # Errors
    /// When the broker refuses, or does not show that it knows the password.
    pub async fn log_in(&mut self, host: &str, login: &Login) -> Result<(), ClientError> {
        let handshake =
            SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(login.mechanism()));
        let answer = self.call(1, &handshake).await?;
        self.offered = answer.mechanisms.iter().map(StrBytes::to_string).collect();
        let offered = format!("it offers {}", self.offered.join(", "));
        Refused::check(ApiKey::SaslHandshake, answer.error_code, Some(&offered))?;
        match login {
            Login::Password(login) => self.show_password(login).await,
            Login::Bearer(login) => self.show_token(login).await,
            Login::Tokens(tokens) => {
                let login = tokens.login().await.map_err(ClientSecurityError::from)?;
                let shown = self.show_token(&login).await;
                if let Err(ClientError::Security(_) | ClientError::Refused(_)) = &shown {
                    tokens.refused(&login).await;
                }
                shown
            }
            Login::MskIam(login) => {
                let message = login.message(host, &clock::rfc3339(clock::wall()));
                self.message(message).await.map(drop)
            }
        }
    }

    async fn show_token(&mut self, login: &BearerLogin) -> Result<(), ClientError> {
        let refused = self.message(login.message()).await?;
        if refused.is_empty() {
            return Ok(());
        }
        let told: String = String::from_utf8_lossy(&refused).chars().take(MOST_TOLD).collect();
        // Brokers say why, and only then that they refuse.
        self.message(BearerLogin::ABORT.to_vec()).await?;
        Err(ClientSecurityError::Token(told).into())
    }

    async fn show_password(&mut self, login: &PasswordLogin) -> Result<(), ClientError> {
        let PasswordLogin { mechanism, user, password } = login;
        match mechanism {
            Mechanism::Plain => {
                let login = PlainLogin { user: user.clone(), password: password.clone() };
                self.message(login.message()).await.map(drop)
            }
            Mechanism::Scram(mechanism) => {
                let nonce = format!("{:032x}", chance::bits());
                let (mut client, first) = ScramClient::begin(*mechanism, user, password, &nonce);
                let challenge = self.message(first).await?;
                let proof = client.prove(&challenge).map_err(ClientSecurityError::from)?;
                let shown = self.message(proof).await?;
                client.finish(&shown).map_err(ClientSecurityError::from)?;
                Ok(())
            }
        }
    }

    async fn message(&mut self, message: Vec<u8>) -> Result<bytes::Bytes, ClientError> {
        let request = SaslAuthenticateRequest::default().with_auth_bytes(message.into());
        // From 1 on answers say how long a login holds.
        let (_, answer) = self.ask(0..=1, &request).await?;
        Refused::check(ApiKey::SaslAuthenticate, answer.error_code, answer.error_message.as_deref())?;
        let millis = u64::try_from(answer.session_lifetime_ms).unwrap_or(0);
        self.lifetime = (millis > 0).then(|| Duration::from_millis(millis));
        Ok(answer.auth_bytes)
    }
}

/// Characters of a broker's reason that are shown.
const MOST_TOLD: usize = 500;

/// The login to try in place of one whose mechanism a broker does not take: the first of the others that it offers.
pub(crate) fn another<'a>(
    logins: &'a [Login],
    offered: &[String],
    failed: &ClientError,
) -> Option<&'a Login> {
    let ClientError::Refused(refused) = failed else { return None };
    if refused.error() != Some(ResponseError::UnsupportedSaslMechanism) {
        return None;
    }
    let mut others = logins.iter().skip(1);
    others.find(|login| offered.iter().any(|offered| offered == login.mechanism()))
}

impl fmt::Debug for PasswordLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordLogin")
            .field("mechanism", &self.mechanism)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
