use std::future::Future as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A request: the header `authorization`, and the form.
type Asked = (Option<String>, String);

/// A server of tokens, and what it was asked.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// How a server answers the request of this number.
type Answers = fn(usize) -> (u16, String);

impl Server {
    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, number) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let noted = Arc::clone(&asked);
        Spawner::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, number) = (Arc::clone(&noted), Arc::clone(&number));
                Spawner::current().spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Some(request) = read(&mut stream).await {
                        noted.lock().unwrap().push(request);
                        let (status, body) = answers(number.fetch_add(1, Ordering::Relaxed));
                        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
                        stream.write_all((head + &body).as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn client(&self, parameters: &[(&str, &str)]) -> ClientCredentials {
        client(&format!("http://{}/token", self.address), parameters)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// What is sent over a connection: none when it ends.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let (mut authorization, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap() == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("authorization", value)) => authorization = Some(value.to_owned()),
            Some(("content-length", value)) => length = value.parse().unwrap(),
            _ if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Some((authorization, String::from_utf8(body).unwrap()))
}

fn client(url: &str, parameters: &[(&str, &str)]) -> Result<ClientCredentials, HttpError> {
    let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
    let asked = WitClientCredentials {
        token_url: url.to_owned(),
        client_id: "me & you".to_owned(),
        client_secret: Vec::new(),
        scopes: vec!["read".to_owned(), "write all".to_owned()],
        parameters: parameters.collect(),
    };
    ClientCredentials::read(asked, |_| Ok(Rendered::from_text("s/t")))
}

/// What everything is sent with.
struct World {
    courier: Courier,
    tls: Arc<ClientConfig>,
}

impl World {
    fn new() -> Self {
        Self { courier: Courier::trusted(), tls: Arc::new(ClientTls::default().config().unwrap()) }
    }

    fn means(&self) -> Means {
        Means { settings: ClientTls::default(), tls: Arc::clone(&self.tls), proxy: None }
    }

    async fn get(&self, client: &ClientCredentials) -> Result<String, String> {
        self.get_within(client, LONGEST).await.map_err(|error| HttpError::from(error).text)
    }

    async fn get_within(&self, client: &ClientCredentials, patience: Duration) -> Result<String, NotFetched> {
        let token = self.courier.kept.access_tokens.get(client, &self.courier, self.means(), patience).await;
        token.map(|token| token.authorization())
    }
}

const FORM: &str = "grant_type=client_credentials&scope=read+write+all";

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    let server = Server::start(|number| {
        let seconds = [9, 600][number];
        (200, format!(r#"{{"access_token":"token{number}","token_type":"bearer","expires_in":"{seconds}"}}"#))
    });
    let (server, world) = (server.await, World::new());
    let client = server.client(&[]);
    for expected in ["Bearer token0", "Bearer token1", "Bearer token1"] {
        assert_eq!(world.get(&client).await.as_deref(), Ok(expected));
    }
    // The name and the secret, each encoded as in a form: `me+%26+you:s%2Ft`.
    let expected = (Some("Basic bWUrJTI2K3lvdTpzJTJGdA==".to_owned()), FORM.to_owned());
    assert_eq!(server.asked(), [expected.clone(), expected]);
}

#[tokio::test]
async fn all_who_need_a_token_at_once_wait_for_the_same() {
    let server = Server::start(|number| (200, format!(r#"{{"access_token":"token{number}"}}"#))).await;
    let (world, client) = (World::new(), server.client(&[]));
    let (one, other) = tokio::join!(world.get(&client), world.get(&client));
    assert_eq!((one.as_deref(), other.as_deref()), (Ok("Bearer token0"), Ok("Bearer token0")));
    // Another client has another one.
    assert_eq!(world.get(&server.client(&[("audience", "a")])).await.as_deref(), Ok("Bearer token1"));
    let forget = |text| world.courier.kept.access_tokens.forget(|token| token.text == text);
    forget("older");
    assert_eq!(world.get(&client).await.as_deref(), Ok("Bearer token0"));
    forget("token0");
    assert_eq!(world.get(&client).await.as_deref(), Ok("Bearer token2"));
}

#[tokio::test]
async fn a_token_that_comes_late_is_for_who_asks_then() {
    let server = Server::start(|_| (200, r#"{"access_token":"late"}"#.to_owned())).await;
    let (world, client) = (World::new(), server.client(&[]));
    {
        let known = world.courier.kept.access_tokens.client(&client, &world.means());
        let _fetched = known.lock().await;
        let late = world.get_within(&client, Duration::from_millis(1)).await;
        assert!(matches!(late, Err(NotFetched::Late(_))), "{late:?}");
    }
    {
        let mut asking = std::pin::pin!(world.get(&client));
        let begun = std::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context).is_pending()));
        assert!(begun.await, "nobody has answered yet");
    }
    assert_eq!(world.get(&client).await.as_deref(), Ok("Bearer late"));
    assert_eq!(server.asked().len(), 1, "what has begun goes on");
}

#[tokio::test]
async fn a_server_that_wants_no_header_gets_parameters() {
    let server = Server::start(|number| match number {
        0 => (401, "no".to_owned()),
        _ => (200, r#"{"access_token":"one","token_type":"MAC","expires_in":1}"#.to_owned()),
    });
    let (server, world) = (server.await, World::new());
    let client = server.client(&[("audience", "b c"), ("client_secret", "older")]);
    assert_eq!(world.get(&client).await.as_deref(), Ok("MAC one"));
    assert_eq!(world.get(&client).await.as_deref(), Ok("MAC one"));
    let sent = format!("audience=b+c&client_id=me+%26+you&client_secret=s%2Ft&{FORM}");
    let parameters = (None, sent);
    assert_eq!(server.asked()[0].1, format!("audience=b+c&client_secret=older&{FORM}"));
    assert_eq!(server.asked()[1..], [parameters.clone(), parameters], "it is not asked in vain again");
}

#[tokio::test]
async fn a_refusal_is_told() {
    let cases: [(Answers, &str); 4] = [
        (|_| (401, "no".to_owned()), "oauth2: cannot fetch token: 401 Unauthorized\nResponse: no"),
        (|_| (400, r#"{"error":"bad","error_description":"so"}"#.to_owned()), "oauth2: \"bad\" \"so\""),
        (|_| (200, "{}".to_owned()), "oauth2: server response missing access_token"),
        (|_| (200, "{".to_owned()), "oauth2: cannot parse json: EOF while parsing"),
    ];
    for (answers, expected) in cases {
        let server = Server::start(answers).await;
        let refused = World::new().get(&server.client(&[])).await.unwrap_err();
        assert!(refused.starts_with(expected), "{refused}");
        assert_eq!(server.asked().len(), 2, "in both ways: {refused}");
    }
    let gone = Server { address: free_port().await, asked: Arc::default() };
    let refused = World::new().get(&gone.client(&[])).await.unwrap_err();
    assert!(refused.starts_with("oauth2: 127.0.0.1:") && !refused.contains("s/t"), "{refused}");
}

/// Where nobody listens any more.
async fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[test]
fn what_can_not_be_asked_is_refused() {
    for (url, parameters, expected) in [
        ("a/token", &[][..], "oauth2: the token's url: "),
        ("ftp://a/token", &[], "oauth2: the token's url: "),
        ("http://a/token", &[("scope", "a")], "oauth2: cannot overwrite parameter \"scope\""),
    ] {
        let refused = client(url, parameters).err().map(|error| error.text);
        assert!(refused.as_deref().is_some_and(|text| text.starts_with(expected)), "{refused:?}");
    }
    assert!(client("http://a/token", &[("grant_type", "urn:other")]).is_ok());
}

#[test]
fn names_and_secrets_are_encoded_as_others_do() {
    assert_eq!(encoded("a~b*c d/e-._"), "a~b%2Ac+d%2Fe-._");
}

#[test]
fn a_life_may_be_told_in_several_ways() {
    let asked = Instant::now();
    for (told, life) in [
        ("3600", Some(3600)),
        ("\"3600\"", Some(3600)),
        ("3600.0", Some(3600)),
        ("3.6e3", Some(3600)),
        ("-1", Some(0)),
        ("0", None),
        ("null", None),
        ("1e300", None),
    ] {
        let body = format!(r#"{{"access_token":"a","expires_in":{told}}}"#);
        let token = reply::read(200, b"application/json", body.as_bytes(), asked);
        let token = token.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(token.ends, life.map(|seconds| asked + Duration::from_secs(seconds)), "{told}");
    }
}

#[test]
fn what_is_wrong_for_good_is_told_from_what_passes() {
    let answered = |status| NotFetched::Answered { status, text: String::new() };
    let failed = |kind| NotFetched::Failed(HttpError::new(kind, ""));
    for error in [answered(400), answered(401), answered(403), failed(ErrorKind::Denied)] {
        assert!(error.is_final(), "{error:?}");
    }
    for error in [answered(200), answered(429), answered(503), failed(ErrorKind::Connect)] {
        assert!(!error.is_final(), "{error:?}");
    }
    // Whoever sends a request is not to take it for one that was late itself.
    assert_eq!(HttpError::from(failed(ErrorKind::Timeout)).kind, ErrorKind::Other);
    assert_eq!(HttpError::from(failed(ErrorKind::Denied)).kind, ErrorKind::Denied);
}

#[test]
fn forms_are_read_as_well() {
    let asked = Instant::now();
    let body = b"access_token=a%20b&expires_in=60";
    let token =
        reply::read(200, b"text/plain; charset=utf-8", body, asked).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        (token.authorization().as_str(), token.ends),
        ("Bearer a b", Some(asked + Duration::from_secs(60)))
    );
    assert_eq!(reply::read(200, b"text/plain", b"error=bad", asked).err().as_deref(), Some("\"bad\""));
}
