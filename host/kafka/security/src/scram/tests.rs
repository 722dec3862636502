use proptest::prelude::*;

use super::*;

/// The example of RFC 7677, section 3.
const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
const LAST: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const SHOWN: &[u8] = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn pencil() -> ScramCredential {
    let salt = message::decode(SALT).unwrap();
    ScramCredential::of_password(ScramMechanism::Sha256, "pencil", salt, ITERATIONS)
}

fn begun() -> ScramServer {
    let first = ClientFirst::parse(FIRST).unwrap();
    let (server, message) = ScramServer::answer(ScramMechanism::Sha256, first, pencil(), NONCE);
    let expected = format!("r=rOprNGfwEbeRWgbNEkqO{NONCE},s={SALT},i=4096");
    assert_eq!(message, expected.as_bytes());
    server
}

#[test]
fn the_example_of_the_standard_is_followed_on_both_sides() {
    assert_eq!(begun().user(), "user");
    assert_eq!(begun().finish(LAST), Ok(SHOWN.to_vec()));
    let (mut client, first) =
        ScramClient::begin(ScramMechanism::Sha256, "user", "pencil", "rOprNGfwEbeRWgbNEkqO");
    assert_eq!(first, FIRST);
    let server_first = format!("r=rOprNGfwEbeRWgbNEkqO{NONCE},s={SALT},i=4096");
    assert_eq!(client.prove(server_first.as_bytes()), Ok(LAST.to_vec()));
    assert_eq!(client.finish(SHOWN), Ok(()));
}

#[test]
fn a_message_that_was_changed_on_its_way_proves_nothing() {
    let changed = |from: &str, to: &str| {
        let message = String::from_utf8(LAST.to_vec()).unwrap().replace(from, to);
        begun().finish(message.as_bytes()).unwrap_err()
    };
    // The header says "y": the client would have bound the channel, had it been offered.
    assert_eq!(changed("c=biws", "c=eSws"), ScramError::ChannelBinding);
    assert_eq!(changed("rOpr", "rOps"), ScramError::Nonce);
    assert_eq!(changed("p=dHzb", "p=dHzc"), ScramError::Credentials);
    assert_eq!(changed("p=dHzb", "p="), ScramError::Credentials);
    assert_eq!(changed(",p=", ",q="), ScramError::Malformed("p= and a proof at the end"));
    assert_eq!(changed("p=dHzb", "p=!!!!"), ScramError::Malformed("base64"));
    assert_eq!(begun().finish(b"\xff"), Err(ScramError::NotText));
}

#[test]
fn first_messages_that_ask_for_what_there_is_not_are_refused() {
    let refused = |message: &str| ClientFirst::parse(message.as_bytes()).unwrap_err();
    assert_eq!(refused("p=tls-unique,,n=user,r=abc"), ScramError::ChannelBinding);
    assert_eq!(refused("n,a=other,n=user,r=abc"), ScramError::OtherUser);
    assert_eq!(refused("n,,m=1,n=user,r=abc"), ScramError::Extension);
    assert_eq!(refused("n,,n=user,r=abc,tokenauth=true"), ScramError::Extension);
    let forms =
        ["n,,n=,r=abc", "n,,n=a=b,r=abc", "n,,n=a\0b,r=abc", "n,,n=user", "n,,n=user,r=", "x,,n=u,r=a"];
    for malformed in ["", "n,,"].into_iter().chain(forms) {
        assert!(matches!(refused(malformed), ScramError::Malformed(_)), "{malformed}");
    }
    let named = ClientFirst::parse(b"n,a=a=2Cb=3D,n=a=2Cb=3D,r=abc,ext=1").unwrap();
    assert_eq!(named.user, "a,b=");
}

#[test]
fn a_server_that_asks_for_little_or_knows_nothing_is_refused() {
    let prove = |message: &str| {
        let (mut client, _) = ScramClient::begin(ScramMechanism::Sha512, "user", "pencil", "abc");
        client.prove(message.as_bytes()).unwrap_err()
    };
    assert_eq!(prove("r=abcd,s=c2FsdA==,i=1"), ScramError::Iterations);
    assert_eq!(prove("r=abcd,s=c2FsdA==,i=1000000000"), ScramError::Iterations);
    assert_eq!(prove("r=abc,s=c2FsdA==,i=4096"), ScramError::Nonce);
    assert_eq!(prove("r=xyz,s=c2FsdA==,i=4096"), ScramError::Nonce);
    let (mut client, _) = ScramClient::begin(ScramMechanism::Sha512, "user", "pencil", "abc");
    client.prove(b"r=abcd,s=c2FsdA==,i=4096").unwrap();
    assert_eq!(client.finish(b"v=c2FsdA=="), Err(ScramError::Server));
    let (client, _) = ScramClient::begin(ScramMechanism::Sha512, "user", "pencil", "abc");
    assert_eq!(client.finish(b"v=c2FsdA=="), Err(ScramError::Server), "it has not shown anything yet");
}

#[test]
fn a_user_that_there_is_not_looks_like_one() {
    let imitation = |user| ScramCredential::imitation(ScramMechanism::Sha256, user, b"of this process");
    assert_eq!(imitation("nobody"), imitation("nobody"));
    assert_ne!(imitation("nobody").salt, imitation("noone").salt);
    assert_eq!((imitation("nobody").salt.len(), imitation("nobody").iterations), (16, ITERATIONS));
    let (mut client, first) = ScramClient::begin(ScramMechanism::Sha256, "nobody", "any", "abc");
    let first = ClientFirst::parse(&first).unwrap();
    let (server, message) = ScramServer::answer(ScramMechanism::Sha256, first, imitation("nobody"), "fresh");
    assert_eq!(server.finish(&client.prove(&message).unwrap()), Err(ScramError::Credentials));
}

#[test]
fn a_credential_is_of_its_password_and_shows_nothing() {
    let credential = pencil();
    assert!(credential.is_of(ScramMechanism::Sha256, "pencil"));
    assert!(!credential.is_of(ScramMechanism::Sha256, "Pencil"));
    assert!(!credential.is_of(ScramMechanism::Sha512, "pencil"));
    assert_eq!(format!("{credential:?}"), "ScramCredential { iterations: 4096, .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn both_sides_agree_whatever_the_name_and_the_password(
        user in "[a-z,=\\PC]{1,20}",
        password in "\\PC{1,20}",
        other in "\\PC{1,20}",
        mechanism in prop_oneof![Just(ScramMechanism::Sha256), Just(ScramMechanism::Sha512)],
    ) {
        let credential = ScramCredential::of_password(mechanism, &password, vec![1; 16], ITERATIONS);
        let exchange = |said: &str| {
            let (mut client, first) = ScramClient::begin(mechanism, &user, said, "abc");
            let first = ClientFirst::parse(&first)?;
            assert_eq!(first.user, user);
            let (server, message) = ScramServer::answer(mechanism, first, credential.clone(), "def");
            let proof = client.prove(&message)?;
            client.finish(&server.finish(&proof)?)
        };
        prop_assert_eq!(exchange(&password), Ok(()));
        if other != password {
            prop_assert_eq!(exchange(&other), Err(ScramError::Credentials));
        }
    }

    #[test]
    fn no_message_is_too_strange(message in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = ClientFirst::parse(&message);
        let _ = begun().finish(&message);
        let _ = crate::PlainLogin::parse(&message);
    }
}
