//! Logins by tokens, which no agent takes: Apache Kafka does. Its brokers believe unsigned tokens where they are told of
//! no keys.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forebay_kafka_client::{Client, ClientSecurity, ConsumerSettings, Login, PasswordLogin, Subscription};
use forebay_kafka_security::{BearerLogin, Mechanism, ScramMechanism};
use forebay_lifecycle::clock;

use crate::agents::client;
use crate::apache::Apache;
use crate::ground::{Ground, Watched, produce, record, until, values};

/// A token that ends so many seconds from now, or ended that long ago. Two are never the same.
fn token(seconds: i64) -> Login {
    let now = clock::wall().duration_since(UNIX_EPOCH).unwrap();
    let ends = i64::try_from(now.as_secs()).unwrap() + seconds;
    let begins = ends.min(i64::try_from(now.as_secs()).unwrap()) - 60;
    let claims = format!(r#"{{"sub":"ada","iat":{begins},"exp":{ends}}}"#);
    let [header, claims] = [r#"{"alg":"none"}"#, &claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let extensions = BTreeMap::from([("logicalCluster".to_owned(), "lkc-1".to_owned())]);
    Login::Bearer(BearerLogin::new(format!("{header}.{claims}."), extensions).unwrap())
}

/// A client that comes with these logins to the listener for tokens.
fn with(kafka: &Apache, logins: Vec<Login>) -> Client {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, kafka.token_port()));
    client(address, ClientSecurity { tls: None, logins })
}

/// What a token lets in goes on when its login ends; what it does not let in says why.
pub(crate) async fn tokens_are_taken_renewed_and_refused(kafka: &Apache, ground: &Ground) {
    let topic = ground.topic(1).await;
    let ada = with(kafka, vec![token(600)]);
    let mut watched = Watched::new(&ada, ConsumerSettings::new(Subscription::Topics(vec![topic.clone()])));
    let mut count = 0;
    let begun = tokio::time::Instant::now();
    until("the logins have been renewed", async || {
        produce(&ada, vec![record(&topic, 0, &format!("value {count}"))]).await;
        count += 1;
        begun.elapsed() > Duration::from_millis(2_200)
    })
    .await;
    watched.until_records(count).await;
    assert_eq!(watched.values(), values(0..count));

    let refused = with(kafka, vec![token(-60)]).topic(&topic).await.unwrap_err();
    assert!(!refused.is_retriable(), "{refused}");

    // Its brokers offer nothing else.
    let scram = PasswordLogin {
        mechanism: Mechanism::Scram(ScramMechanism::Sha512),
        user: "ada".to_owned(),
        password: "secret".to_owned(),
    };
    let either = with(kafka, vec![scram.into(), token(600)]);
    assert_eq!(either.topic(&topic).await.unwrap().partitions.len(), 1);
}
