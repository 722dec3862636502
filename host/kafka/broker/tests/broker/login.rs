use std::time::Duration;

use forebay_kafka_broker::{
    ConnectionContext, LoginError, Request, RequestBody, Response, SaslSettings, SecuritySettings,
    SessionError,
};
use forebay_kafka_security::{Mechanism, PlainLogin, Principal, ScramMechanism};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::node::Node;
use crate::wire::Client;

const FAILED: ResponseError = ResponseError::SaslAuthenticationFailed;

async fn node(sasl: SaslSettings) -> Node {
    let security = SecuritySettings { sasl: Some(sasl), ..SecuritySettings::default() };
    let node = Node::secured(security, None).await;
    node.user("alice", "secret").await;
    node
}

async fn client(node: &Node) -> Client<TcpStream> {
    Client(TcpStream::connect(node.address).await.unwrap())
}

#[tokio::test]
async fn clients_log_in_by_each_mechanism() {
    let node = node(SaslSettings::default()).await;
    let mut plain = client(&node).await;
    assert!(plain.ask(0, &ApiVersionsRequest::default()).await.is_some());
    assert_eq!(plain.plain("alice", "secret").await.error_code, 0);
    assert!(plain.is_served().await);
    for mechanism in [ScramMechanism::Sha256, ScramMechanism::Sha512] {
        let mut scram = client(&node).await;
        assert_eq!(scram.scram(mechanism, "alice", "secret").await.error_code, 0);
        assert!(scram.is_served().await);
    }
}

#[tokio::test]
async fn wrong_passwords_and_users_that_there_are_not_look_the_same() {
    let node = node(SaslSettings::default()).await;
    let mut texts = Vec::new();
    for (user, password) in [("alice", "Secret"), ("bob", "secret"), ("Alice", "secret")] {
        let mut plain = client(&node).await;
        let mut scram = client(&node).await;
        let answers =
            [plain.plain(user, password).await, scram.scram(ScramMechanism::Sha256, user, password).await];
        assert_eq!(answers.each_ref().map(|answer| answer.error_code), [FAILED.code(); 2]);
        texts.push(answers.map(|answer| answer.error_message.unwrap().to_string()));
        assert!(!plain.is_served().await && !scram.is_served().await, "the connection is closed");
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    // Who is removed is out at once.
    node.remove_user("alice").await;
    assert_eq!(client(&node).await.plain("alice", "secret").await.error_code, FAILED.code());
}

#[tokio::test]
async fn nothing_is_answered_before_somebody_has_logged_in() {
    let node = node(SaslSettings::default()).await;
    assert!(!client(&node).await.is_served().await);
    let mut begun = client(&node).await;
    begun.handshake(1, "SCRAM-SHA-256").await.unwrap();
    assert!(!begun.is_served().await, "a mechanism is not a login");
    let mut early = client(&node).await;
    let answer = early.message(b"\0alice\0secret".to_vec()).await.unwrap();
    assert_eq!(answer.error_code, ResponseError::IllegalSaslState.code());
    assert!(!early.is_served().await);
    let mut twice = client(&node).await;
    twice.handshake(1, "PLAIN").await.unwrap();
    let answer = twice.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(answer.error_code, ResponseError::IllegalSaslState.code());
}

#[tokio::test]
async fn only_mechanisms_that_are_offered_are_taken() {
    let scram = Mechanism::Scram(ScramMechanism::Sha512);
    let node = node(SaslSettings { mechanisms: vec![scram], ..SaslSettings::default() }).await;
    for name in ["PLAIN", "SCRAM-SHA-256", "scram-sha-512", "GSSAPI", ""] {
        let mut client = client(&node).await;
        let answer = client.handshake(1, name).await.unwrap();
        assert_eq!(answer.error_code, ResponseError::UnsupportedSaslMechanism.code());
        assert_eq!(answer.mechanisms.iter().map(|name| name.as_str()).collect::<Vec<_>>(), ["SCRAM-SHA-512"]);
        assert!(!client.is_served().await);
    }
    assert_eq!(client(&node).await.scram(ScramMechanism::Sha512, "alice", "secret").await.error_code, 0);
}

#[tokio::test]
async fn clients_before_kafka_1_log_in_without_headers() {
    let node = node(SaslSettings::default()).await;
    let mut old = client(&node).await;
    assert_eq!(old.handshake(0, "PLAIN").await.unwrap().error_code, 0);
    assert_eq!(old.raw(b"\0alice\0secret").await.unwrap(), b""[..]);
    assert!(old.is_served().await);
    let mut wrong = client(&node).await;
    wrong.handshake(0, "PLAIN").await.unwrap();
    assert_eq!(wrong.raw(b"\0alice\0wrong").await, None);
    let mut long = client(&node).await;
    long.handshake(0, "PLAIN").await.unwrap();
    long.0.write_all(&0x7fff_ffff_u32.to_be_bytes()).await.unwrap();
    assert_eq!(long.0.read_u8().await.ok(), None);
}

#[tokio::test]
async fn frames_are_small_before_somebody_has_logged_in() {
    let node = node(SaslSettings::default()).await;
    let mut stranger = client(&node).await;
    stranger.0.write_all(&(1_u32 << 20).to_be_bytes()).await.unwrap();
    assert_eq!(stranger.0.read_u8().await.ok(), None);
    let mut known = client(&node).await;
    known.plain("alice", "secret").await;
    known.0.write_all(&(1_u32 << 20).to_be_bytes()).await.unwrap();
    let read = Box::pin(known.0.read_u8());
    assert!(futures_util::poll!(read).is_pending(), "the rest of the frame is waited for");
}

#[tokio::test]
async fn a_login_holds_for_its_time() {
    let lifetime = Some(Duration::from_hours(1));
    let node = node(SaslSettings { lifetime, ..SaslSettings::default() }).await;
    node.user("bob", "secret").await;
    let mut client = client(&node).await;
    assert_eq!(client.plain("alice", "secret").await.session_lifetime_ms, 3_600_000);
    assert_eq!(client.plain("alice", "secret").await.session_lifetime_ms, 3_600_000, "it is renewed");
    assert!(client.is_served().await);
    // Nobody becomes somebody else, or changes to what tells more.
    assert_eq!(client.plain("bob", "secret").await.error_code, FAILED.code());
    assert!(!client.is_served().await);
    let mut client = self::client(&node).await;
    client.scram(ScramMechanism::Sha256, "alice", "secret").await;
    let answer = client.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(answer.error_code, ResponseError::UnsupportedSaslMechanism.code());

    let node = self::node(SaslSettings { lifetime: Some(Duration::ZERO), ..SaslSettings::default() }).await;
    let mut client = self::client(&node).await;
    assert_eq!(client.plain("alice", "secret").await.error_code, 0);
    assert_eq!(client.plain("alice", "secret").await.error_code, 0, "only to log in again is taken");
    assert!(!client.is_served().await);
}

#[tokio::test]
async fn whoever_is_in_the_process_logs_in_too() {
    let node = node(SaslSettings::default()).await;
    let login = |password: &str| PlainLogin { user: "alice".to_owned(), password: password.to_owned() };
    let ask = || Request { version: 9, body: RequestBody::Metadata(MetadataRequest::default()) };
    let mut session = node.broker.session(ConnectionContext::default());
    assert!(matches!(session.take(ask()).await, Err(SessionError::NotLoggedIn { .. })));
    let refused = session.log_in(login("wrong")).await;
    assert!(matches!(refused, Err(LoginError::Credentials { .. })));
    assert!(matches!(session.take(ask()).await, Err(SessionError::NotLoggedIn { .. })));
    session.log_in(login("secret")).await.unwrap();
    assert_eq!(session.context().identity.principal(), &Principal::user("alice"));
    let taken = session.take(ask()).await.unwrap();
    assert!(matches!(taken.started.answer().await.response, Response::Metadata(_)));
}

#[tokio::test]
async fn where_nobody_must_log_in_nobody_can() {
    let node = Node::start().await;
    let mut client = client(&node).await;
    let answer = client.handshake(1, "PLAIN").await.unwrap();
    assert_eq!(answer.error_code, ResponseError::IllegalSaslState.code());
    let answer = client.message(b"\0alice\0secret".to_vec()).await.unwrap();
    assert_eq!(answer.error_code, ResponseError::IllegalSaslState.code());
    assert!(client.is_served().await);
}
