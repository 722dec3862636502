//! Logins that no broker of ours takes, and several to choose from.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use forebay_kafka_client::{ClientError, ClientSecurity, Connection, Login, NoToken, PasswordLogin, Tokens};
use forebay_kafka_security::{BearerLogin, Mechanism, MskIamLogin, ScramMechanism};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::protocol::{Decodable as _, StrBytes};

use crate::server::{Asked, Server, body, serves};

/// What was asked for and sent, by connection.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

/// A broker that takes one mechanism, and answers its messages like that, one after the other.
async fn broker<const N: usize>(
    mechanism: &'static str,
    answers: [(i16, &'static str); N],
) -> (Server, Seen) {
    let seen = Seen::default();
    let (noted, next) = (Arc::clone(&seen), Mutex::new(answers.into_iter()));
    let server = Server::start(move |Asked { connection, api, version, body: mut asked }| {
        let note = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).replace('\u{1}', "|");
            noted.lock().unwrap().push((connection, text));
        };
        match api {
            ApiKey::ApiVersions => {
                serves(version, &[(ApiKey::SaslHandshake, 1), (ApiKey::SaslAuthenticate, 1)])
            }
            ApiKey::SaslHandshake => {
                let wanted = SaslHandshakeRequest::decode(&mut asked, version).unwrap().mechanism;
                note(wanted.as_bytes());
                let error = if wanted.as_str() == mechanism {
                    0
                } else {
                    ResponseError::UnsupportedSaslMechanism.code()
                };
                let offered = vec![StrBytes::from_static_str(mechanism)];
                let answer = SaslHandshakeResponse::default().with_error_code(error).with_mechanisms(offered);
                body(&answer, version)
            }
            _ => {
                let message = SaslAuthenticateRequest::decode(&mut asked, version).unwrap().auth_bytes;
                note(&message);
                let (error, bytes) = next.lock().unwrap().next().unwrap();
                let answer = SaslAuthenticateResponse::default()
                    .with_error_code(error)
                    .with_error_message(Some(StrBytes::from_static_str("no")))
                    .with_auth_bytes(bytes.as_bytes().into())
                    .with_session_lifetime_ms(1_000);
                body(&answer, version)
            }
        }
    })
    .await;
    (server, seen)
}

async fn open(server: &Server, logins: Vec<Login>) -> Result<Connection, ClientError> {
    let security = ClientSecurity { tls: None, logins };
    Box::pin(Connection::open_with("127.0.0.1", server.port, "logins", &security)).await
}

fn password(mechanism: Mechanism) -> Login {
    PasswordLogin { mechanism, user: "ada".to_owned(), password: "secret".to_owned() }.into()
}

fn bearer() -> Login {
    let extensions = BTreeMap::from([("logicalCluster".to_owned(), "lkc-1".to_owned())]);
    Login::Bearer(BearerLogin::new("the.token".to_owned(), extensions).unwrap())
}

/// Tokens that are numbered; one that was refused is followed by the next.
#[derive(Debug, Default)]
struct Numbered(AtomicUsize);

#[async_trait]
impl Tokens for Numbered {
    async fn login(&self) -> Result<BearerLogin, NoToken> {
        let token = format!("token{}", self.0.load(Ordering::Relaxed));
        Ok(BearerLogin::new(token, BTreeMap::new()).unwrap())
    }

    async fn refused(&self, login: &BearerLogin) {
        assert_eq!(login.token(), format!("token{}", self.0.fetch_add(1, Ordering::Relaxed)));
    }
}

/// A place without tokens.
#[derive(Debug)]
struct Nowhere {
    is_retriable: bool,
}

#[async_trait]
impl Tokens for Nowhere {
    async fn login(&self) -> Result<BearerLogin, NoToken> {
        Err(NoToken { reason: "nobody is there".to_owned(), is_retriable: self.is_retriable })
    }

    async fn refused(&self, _: &BearerLogin) {}
}

fn texts(seen: &Seen) -> Vec<(usize, String)> {
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn a_token_is_shown_with_what_is_said_beside_it() {
    let (server, seen) = broker("OAUTHBEARER", [(0, "")]).await;
    open(&server, vec![bearer()]).await.unwrap();
    let message = "n,,|auth=Bearer the.token|logicalCluster=lkc-1||";
    assert_eq!(texts(&seen), [(0, "OAUTHBEARER".to_owned()), (0, message.to_owned())]);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_refused_with_the_reason() {
    let refused = ResponseError::SaslAuthenticationFailed.code();
    let (server, seen) = broker("OAUTHBEARER", [(0, r#"{"status":"invalid_token"}"#), (refused, "")]).await;
    let failed = open(&server, vec![bearer()]).await.unwrap_err();
    let ClientError::Refused(refused) = &failed else { panic!("{failed:?}") };
    assert_eq!(refused.error(), Some(ResponseError::SaslAuthenticationFailed));
    assert!(!failed.is_retriable());
    assert_eq!(texts(&seen)[2], (0, "|".to_owned()), "the client gives up before it is told");
    // A broker that goes on nevertheless has not let anybody in.
    let (server, _) = broker("OAUTHBEARER", [(0, r#"{"status":"invalid_token"}"#), (0, "")]).await;
    let failed = open(&server, vec![bearer()]).await.unwrap_err();
    assert_eq!(failed.to_string(), r#"the broker does not take the token: {"status":"invalid_token"}"#);
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_shown_again() {
    let refused = ResponseError::SaslAuthenticationFailed.code();
    let said = r#"{"status":"invalid_token"}"#;
    let (server, seen) =
        broker("OAUTHBEARER", [(0, said), (refused, ""), (0, said), (0, ""), (0, ""), (0, "")]).await;
    let login = Login::Tokens(Arc::new(Numbered::default()));
    for is_taken in [false, false, true, true] {
        assert_eq!(open(&server, vec![login.clone()]).await.is_ok(), is_taken);
    }
    let shown: Vec<_> = texts(&seen).into_iter().filter(|(_, text)| text.starts_with("n,,")).collect();
    let expected = [(0, "token0"), (1, "token1"), (2, "token2"), (3, "token2")];
    assert_eq!(shown, expected.map(|(connection, token)| (connection, format!("n,,|auth=Bearer {token}||"))));
}

#[tokio::test]
async fn who_gives_no_token_says_whether_there_may_be_one_later() {
    for is_retriable in [true, false] {
        let (server, _) = broker("OAUTHBEARER", []).await;
        let failed =
            open(&server, vec![Login::Tokens(Arc::new(Nowhere { is_retriable }))]).await.unwrap_err();
        assert_eq!(failed.to_string(), "get a token for OAUTHBEARER: nobody is there");
        assert_eq!(failed.is_retriable(), is_retriable);
    }
}

#[tokio::test]
async fn of_several_logins_the_first_is_used_or_the_first_that_is_taken() {
    let scram = || password(Mechanism::Scram(ScramMechanism::Sha512));
    let plain = || password(Mechanism::Plain);
    let (server, seen) = broker("PLAIN", [(0, "")]).await;
    open(&server, vec![bearer(), scram(), plain()]).await.unwrap();
    let expected = [(0, "OAUTHBEARER"), (1, "PLAIN"), (1, "\0ada\0secret")];
    assert_eq!(texts(&seen), expected.map(|(connection, text)| (connection, text.to_owned())));

    // Who is not let in by one is not let in by another.
    let refused = ResponseError::SaslAuthenticationFailed.code();
    let (server, seen) = broker("PLAIN", [(refused, "")]).await;
    open(&server, vec![plain(), scram()]).await.unwrap_err();
    assert_eq!(texts(&seen).len(), 2);

    let (server, seen) = broker("GSSAPI", []).await;
    let failed = open(&server, vec![scram(), plain()]).await.unwrap_err().to_string();
    assert!(failed.ends_with("it offers GSSAPI"), "{failed}");
    assert_eq!(texts(&seen).len(), 1);
}

#[tokio::test]
async fn a_request_to_connect_is_signed_for_its_broker() {
    let (server, seen) = broker("AWS_MSK_IAM", [(0, r#"{"version":"2020_10_22","request-id":"1"}"#)]).await;
    let login = MskIamLogin {
        region: "eu-west-1".to_owned(),
        access_key_id: "AKID".to_owned(),
        secret_access_key: "hidden".to_owned(),
        session_token: None,
    };
    open(&server, vec![Login::MskIam(login)]).await.unwrap();
    let (_, message) = texts(&seen).remove(1);
    assert!(message.starts_with(r#"{"version":"2020_10_22","host":"127.0.0.1","#), "{message}");
    assert!(message.contains("AKID/20") && !message.contains("hidden"), "{message}");
}
