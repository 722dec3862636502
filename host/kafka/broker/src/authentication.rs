//! Logging in. A [`Session`] stands between whoever asks and the broker, for clients over TCP and inside of the process
//! alike: where the broker demands it, nothing else is answered before somebody has logged in, nor after their time is
//! over.
//!
//! SaslHandshake chooses a mechanism, SaslAuthenticate carries its messages; after version 0 of SaslHandshake they come
//! without a header, as clients before Kafka 1.0 send them. Logging in again on the same connection (KIP-368) takes the
//! same mechanism, and must prove the same principal.

mod logins;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_security::{
    ClientFirst, Mechanism, PlainError, PlainLogin, Principal, ScramError, ScramServer,
};
use forebay_lifecycle::clock;
use forebay_storage_metadata::StoreFailure;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::StrBytes;

pub(crate) use self::logins::Logins;
use crate::api::{Request, RequestBody};
use crate::broker::Broker;
use crate::context::ConnectionContext;
use crate::identity::Identity;
use crate::security::SaslSettings;
use crate::service::Started;

/// How long whoever could not log in waits for being told, so that guessing takes its time.
const REFUSAL: Duration = Duration::from_millis(100);
/// The first version of SaslHandshake whose messages come in requests.
const IN_REQUESTS: i16 = 1;
/// The first version of SaslAuthenticate whose answers say how long a login holds.
const LIFETIMES: i16 = 1;

/// One client, from its first request to its last.
pub struct Session {
    broker: Broker,
    context: ConnectionContext,
    state: State,
}

enum State {
    /// Requests are taken.
    Open,
    /// Nobody has logged in.
    Shut,
    /// A mechanism was chosen.
    Chosen(Mechanism, Framing),
    Proving(Box<ScramServer>, Mechanism, Framing),
}

/// How messages of a mechanism come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Requests,
    Raw,
}

/// A request that was taken.
#[derive(Debug)]
pub struct Taken {
    pub started: Started,
    /// Whether nothing more is taken: the connection is to be closed when this is answered.
    pub is_last: bool,
}

/// Why nothing is answered, and the connection closed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("{api:?} was asked for before anybody has logged in")]
    NotLoggedIn { api: ApiKey },
    #[error("{api:?} was asked for after the login had expired")]
    Expired { api: ApiKey },
    #[error("no message of a mechanism is expected")]
    Unexpected,
    #[error(transparent)]
    Refused(#[from] LoginError),
}

/// Why somebody could not log in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("{mechanism}: the user or the password is wrong")]
    Credentials { mechanism: Mechanism },
    #[error("{mechanism}")]
    Scram { mechanism: Mechanism, source: ScramError },
    #[error(transparent)]
    Plain(#[from] PlainError),
    #[error("{was} can't log in again as {now}")]
    OtherPrincipal { was: Principal, now: Principal },
    #[error("nobody is asked to log in here")]
    NotDemanded,
    #[error(transparent)]
    Store(#[from] StoreFailure),
}

/// What a message of a mechanism leads to.
enum Step {
    Challenge(Vec<u8>),
    Done { message: Vec<u8>, user: String },
}

impl Broker {
    /// A session of somebody who comes from there.
    #[must_use]
    pub fn session(&self, context: ConnectionContext) -> Session {
        let demands = self.parts().settings.security.sasl.is_some();
        let state = if demands && !context.identity.is_logged_in() { State::Shut } else { State::Open };
        Session { broker: self.clone(), context, state }
    }
}

impl Session {
    /// Who asks, and from where.
    #[must_use]
    pub fn context(&self) -> &ConnectionContext {
        &self.context
    }

    pub(crate) fn set_client_id(&mut self, client_id: &[u8]) {
        if self.context.client_id.as_bytes() != client_id {
            self.context.client_id = String::from_utf8_lossy(client_id).into_owned();
        }
    }

    /// Whether anything but logging in is taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the next frame is a message of a mechanism, without a header.
    pub(crate) fn is_raw(&self) -> bool {
        matches!(self.state, State::Chosen(_, Framing::Raw) | State::Proving(_, _, Framing::Raw))
    }

    /// Takes a request: logging in is done here, everything else by the broker.
    ///
    /// # Errors
    /// When it may not be asked for now.
    pub async fn take(&mut self, request: Request) -> Result<Taken, SessionError> {
        let Some(sasl) = self.broker.parts().settings.security.sasl.clone() else {
            return Ok(Taken { started: self.broker.start(&self.context, request).await, is_last: false });
        };
        let api = request.body.api();
        match request.body {
            RequestBody::SaslHandshake(handshake) => Ok(self.choose(&sasl, &handshake, request.version)),
            RequestBody::SaslAuthenticate(message) => {
                Ok(Box::pin(self.authenticate(&sasl, message, request.version)).await)
            }
            body => {
                match &self.state {
                    State::Open if self.context.identity.has_expired(clock::now()) => {
                        return Err(SessionError::Expired { api });
                    }
                    State::Open => {}
                    State::Shut if api == ApiKey::ApiVersions => {}
                    State::Shut | State::Chosen(..) | State::Proving(..) => {
                        return Err(SessionError::NotLoggedIn { api });
                    }
                }
                let request = Request { version: request.version, body };
                Ok(Taken { started: self.broker.start(&self.context, request).await, is_last: false })
            }
        }
    }

    /// Takes a message of a mechanism that came without a header: what to send back.
    ///
    /// # Errors
    /// When it does not prove what it should.
    pub(crate) async fn take_raw(&mut self, message: Bytes) -> Result<Bytes, SessionError> {
        let sasl = self.broker.parts().settings.security.sasl.clone().ok_or(SessionError::Unexpected)?;
        if !self.is_raw() {
            return Err(SessionError::Unexpected);
        }
        let (message, _) = Box::pin(self.advance(&sasl, &message)).await?;
        Ok(message.into())
    }

    /// Logs in with a password: for whoever is in the same process.
    ///
    /// # Errors
    /// When the user or the password is wrong.
    pub async fn log_in(&mut self, login: PlainLogin) -> Result<(), LoginError> {
        let sasl = self.broker.parts().settings.security.sasl.clone().ok_or(LoginError::NotDemanded)?;
        let user = self.broker.parts().logins.check(login).await?;
        self.proven(&sasl, Mechanism::Plain, &user).map(drop)
    }

    fn choose(&mut self, sasl: &SaslSettings, asked: &SaslHandshakeRequest, version: i16) -> Taken {
        let names = sasl.mechanisms.iter().map(|mechanism| StrBytes::from_static_str(mechanism.name()));
        let response = SaslHandshakeResponse::default().with_mechanisms(names.collect());
        let refused = |response: SaslHandshakeResponse, code: ResponseError| Taken {
            started: Started::answered(response.with_error_code(code.code())),
            is_last: true,
        };
        if !matches!(self.state, State::Open | State::Shut) {
            return refused(response, ResponseError::IllegalSaslState);
        }
        let mechanism = asked.mechanism.parse().ok().filter(|mechanism| sasl.mechanisms.contains(mechanism));
        // Who logs in again does so in the same way.
        let same = |chosen: &Mechanism| self.context.identity.mechanism().is_none_or(|was| was == *chosen);
        let Some(mechanism) = mechanism.filter(same) else {
            return refused(response, ResponseError::UnsupportedSaslMechanism);
        };
        let framing = if version < IN_REQUESTS { Framing::Raw } else { Framing::Requests };
        self.state = State::Chosen(mechanism, framing);
        Taken { started: Started::answered(response), is_last: false }
    }

    async fn authenticate(
        &mut self,
        sasl: &SaslSettings,
        message: SaslAuthenticateRequest,
        version: i16,
    ) -> Taken {
        let response = SaslAuthenticateResponse::default();
        let refused = |code: ResponseError, text: String| Taken {
            started: Started::answered(
                SaslAuthenticateResponse::default()
                    .with_error_code(code.code())
                    .with_error_message(Some(StrBytes::from_string(text))),
            ),
            is_last: true,
        };
        if !matches!(
            self.state,
            State::Chosen(_, Framing::Requests) | State::Proving(_, _, Framing::Requests)
        ) {
            return refused(ResponseError::IllegalSaslState, "SaslHandshake comes first".to_owned());
        }
        match self.advance(sasl, &message.auth_bytes).await {
            Ok((message, lifetime)) => {
                let millis =
                    lifetime.map_or(0, |lifetime| i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX));
                let response = response.with_auth_bytes(message.into());
                let response =
                    if version >= LIFETIMES { response.with_session_lifetime_ms(millis) } else { response };
                Taken { started: Started::answered(response), is_last: false }
            }
            // One that clients try again.
            Err(LoginError::Store(failure)) => {
                refused(ResponseError::CoordinatorNotAvailable, failure.to_string())
            }
            Err(error) => refused(ResponseError::SaslAuthenticationFailed, error.to_string()),
        }
    }

    /// Goes one message further: what to send back and, at the end, how long the login holds.
    async fn advance(
        &mut self,
        sasl: &SaslSettings,
        message: &[u8],
    ) -> Result<(Vec<u8>, Option<Duration>), LoginError> {
        let state = std::mem::replace(&mut self.state, State::Shut);
        let stepped = Box::pin(self.step(state, message)).await;
        let done = match stepped {
            Ok((Step::Challenge(message), _)) => return Ok((message, None)),
            Ok((Step::Done { message, user }, mechanism)) => {
                self.proven(sasl, mechanism, &user).map(|lifetime| (message, lifetime))
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &done {
            let peer = self.context.peer;
            tracing::info!(?peer, error = error as &dyn std::error::Error, "somebody could not log in");
            self.broker.parts().metrics.login_failed();
            tokio::time::sleep(REFUSAL).await;
        }
        done
    }

    async fn step(&mut self, state: State, message: &[u8]) -> Result<(Step, Mechanism), LoginError> {
        let logins = &self.broker.parts().logins;
        match state {
            State::Chosen(mechanism @ Mechanism::Plain, _) => {
                let user = logins.check(PlainLogin::parse(message)?).await?;
                Ok((Step::Done { message: Vec::new(), user }, mechanism))
            }
            State::Chosen(mechanism @ Mechanism::Scram(scram), framing) => {
                let failed = |source| LoginError::Scram { mechanism, source };
                let first = ClientFirst::parse(message).map_err(failed)?;
                let credential = logins.credential(scram, &first.user).await?;
                let nonce = logins.nonce();
                let (server, challenge) = ScramServer::answer(scram, first, credential, &nonce);
                self.state = State::Proving(Box::new(server), mechanism, framing);
                Ok((Step::Challenge(challenge), mechanism))
            }
            State::Proving(server, mechanism, _) => {
                let user = server.user().to_owned();
                let message = server.finish(message).map_err(|source| match source {
                    ScramError::Credentials => LoginError::Credentials { mechanism },
                    source => LoginError::Scram { mechanism, source },
                })?;
                Ok((Step::Done { message, user }, mechanism))
            }
            // Nobody comes here: it was looked at before.
            State::Open | State::Shut => Err(LoginError::NotDemanded),
        }
    }

    /// Somebody has shown who they are.
    fn proven(
        &mut self,
        sasl: &SaslSettings,
        mechanism: Mechanism,
        user: &str,
    ) -> Result<Option<Duration>, LoginError> {
        let now = Principal::user(user);
        let was = self.context.identity.principal();
        if self.context.identity.is_logged_in() && *was != now {
            self.state = State::Shut;
            return Err(LoginError::OtherPrincipal { was: was.clone(), now });
        }
        let expires = sasl.lifetime.map(|lifetime| clock::now() + lifetime);
        self.context.identity = Identity::of_login(now, mechanism, expires);
        self.state = State::Open;
        Ok(sasl.lifetime)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("context", &self.context).finish_non_exhaustive()
    }
}
