//! The server over real sockets, on the loopback device.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use forebay_lifecycle::{Shutdown, Threads};
use forebay_metrics::{Metrics, Side};
use forebay_pipeline_config::{BasicAuthConfig, HttpConfig, MetricsExporter, PrometheusConfig, Quantile};
use forebay_pipeline_operations::{
    About, Answer, Bound, Endpoints, Exporter, Handler, Registration, Request, own_endpoints, ready_endpoint,
    text,
};
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn config() -> HttpConfig {
    HttpConfig { address: "127.0.0.1:0".to_owned(), ..HttpConfig::default() }
}

/// A server of one process.
struct World {
    metrics: Arc<Metrics>,
    endpoints: Endpoints,
    address: SocketAddr,
    stop: Shutdown,
    threads: Option<Threads>,
    _own: Vec<Registration>,
}

impl World {
    fn new(config: &HttpConfig, exporter: MetricsExporter) -> Self {
        let metrics = Arc::new(Metrics::default());
        let exporter = Arc::new(Exporter::new(Arc::clone(&metrics), exporter, None));
        let endpoints = Endpoints::default();
        let about = About { version: "1.2".to_owned(), built: String::new(), config: "a: b\n".to_owned() };
        let mut own = own_endpoints(&endpoints, about, &metrics, &exporter, config.debug_endpoints).unwrap();
        own.push(ready_endpoint(&endpoints, &metrics).unwrap());
        let bound = Bound::open(config).unwrap();
        let (address, stop) = (bound.address().unwrap(), Shutdown::new());
        let threads = Threads::start("http", 1).unwrap();
        drop(threads.spawn(0, "the server", bound.serve(endpoints.clone(), stop.clone())));
        Self { metrics, endpoints, address, stop, threads: Some(threads), _own: own }
    }

    /// What the server answers, and the rest of it without the date.
    async fn ask(&self, request: &str) -> (String, String) {
        ask(self.address, request).await
    }

    async fn get(&self, path: &str) -> (String, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(threads) = self.threads.take() {
            // Not from within a runtime that they wait for.
            std::thread::spawn(move || drop(threads)).join().unwrap();
        }
    }
}

async fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), exchange).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.lines().next().unwrap();
    let fields = head.lines().filter(|line| !line.starts_with("date:") && !line.starts_with("connection:"));
    let fields = fields.skip(1).collect::<Vec<_>>().join("|");
    (format!("{} {fields}", status.trim_start_matches("HTTP/1.1 ")), body.to_owned())
}

const PLAIN: &str = "content-type: text/plain; charset=utf-8";

#[tokio::test]
async fn every_process_answers_as_bento_does() {
    let world = World::new(&config(), MetricsExporter::JsonApi);
    for path in ["/ping", "/bento/ping"] {
        assert_eq!(world.get(path).await, (format!("200 OK {PLAIN}|content-length: 4"), "pong".to_owned()));
    }
    let (head, body) = world.get("/version").await;
    assert_eq!(
        (head.as_str(), body.as_str()),
        (
            "200 OK content-type: text/plain; charset=utf-8|content-length: 29",
            "{\"version\":\"1.2\", \"built\":\"\"}",
        )
    );
    let nowhere = "404 Not Found content-type: text/plain; charset=utf-8|x-content-type-options: nosniff|\
                   content-length: 19";
    for path in ["/nope", "/bento/nope", "/bentoping", "/bento", "/debug/config/yaml"] {
        assert_eq!(world.get(path).await, (nowhere.to_owned(), "404 page not found\n".to_owned()), "{path}");
    }
    let head = world.ask("HEAD /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(head, (format!("200 OK {PLAIN}|content-length: 4"), String::new()));
    let endpoints = world.get("/endpoints").await.1;
    let names: Vec<String> =
        serde_json::from_str::<serde_json::Map<_, _>>(&endpoints).unwrap().keys().cloned().collect();
    assert_eq!(names, ["/endpoints", "/metrics", "/ping", "/ready", "/stats", "/version"]);
}

#[tokio::test]
async fn a_process_is_ready_when_both_ends_are_connected() {
    let world = World::new(&config(), MetricsExporter::None);
    let ready = async || world.get("/ready").await;
    let (head, body) = ready().await;
    assert!(head.starts_with("503 Service Unavailable"), "{head}");
    assert_eq!(body, "input not connected\noutput not connected\n");
    let input = world.metrics.connections().open("p", Side::Input, "input");
    input.set(true);
    assert_eq!(ready().await.1, "output not connected\n");
    let output = world.metrics.connections().open("p", Side::Output, "output");
    output.set(true);
    assert_eq!(ready().await, (format!("200 OK {PLAIN}|content-length: 2"), "OK".to_owned()));
    assert!(world.get("/metrics").await.0.starts_with("404"));
}

#[tokio::test]
async fn metrics_are_shown_in_the_form_that_is_wanted() {
    let prometheus = PrometheusConfig {
        summary_quantiles_objectives: vec![Quantile { quantile: 0.5 }],
        add_process_metrics: true,
        ..PrometheusConfig::default()
    };
    let world = World::new(&config(), MetricsExporter::Prometheus(prometheus));
    world.metrics.counter("input_received", "Messages", &[("path", "root.input")]).unwrap().inc_by(2);
    world.metrics.timing("t", "Times", &[]).unwrap().observe(Duration::from_nanos(9));
    let (head, body) = world.get("/metrics").await;
    assert!(head.starts_with("200 OK content-type: text/plain; version=0.0.4; charset=utf-8|"), "{head}");
    let expected = "# HELP input_received Messages\n# TYPE input_received counter\n\
                    input_received{path=\"root.input\"} 2\n# HELP t Times\n# TYPE t summary\n\
                    t{quantile=\"0.5\"} 9\nt_sum 9\nt_count 1\n# HELP process_cpu_seconds_total ";
    assert!(body.starts_with(expected), "{body}");

    let world = World::new(&config(), MetricsExporter::JsonApi);
    world.metrics.counter("c", "", &[]).unwrap();
    let (head, body) = world.get("/bento/stats").await;
    assert!(head.starts_with("200 OK content-type: application/json|"), "{head}");
    assert_eq!(body, "{\"c\":0}");
}

/// Notes what it is sent.
#[derive(Clone, Default)]
struct Gateway(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Handler for Gateway {
    async fn answer(&self, request: Request) -> Answer {
        assert!(request.extensions().get::<SocketAddr>().unwrap().ip().is_loopback());
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let auth = parts.headers.get("authorization").map_or("", |value| value.to_str().unwrap());
        let body = String::from_utf8_lossy(&body);
        let body = body.lines().last().unwrap_or_default();
        self.0.lock().unwrap().push(format!("{} {} {auth} {body}", parts.method, parts.uri));
        text(StatusCode::ACCEPTED, "")
    }
}

#[tokio::test]
async fn what_others_register_is_served_and_metrics_are_pushed() {
    let world = World::new(&config(), MetricsExporter::None);
    let gateway = Gateway::default();
    let registration = world.endpoints.register("/metrics/job/", "A gateway", gateway.clone()).unwrap();
    let push = PrometheusConfig {
        push_url: Some(format!("http://{}/", world.address)),
        push_job_name: "night".to_owned(),
        push_basic_auth: forebay_pipeline_config::PushAuth { username: "me".into(), password: "x".into() },
        ..PrometheusConfig::default()
    };
    world.metrics.counter("c", "", &[]).unwrap().inc();
    let exporter = Exporter::new(Arc::clone(&world.metrics), MetricsExporter::Prometheus(push), None);
    tokio::time::timeout(Duration::from_secs(20), exporter.finish()).await.unwrap();
    assert_eq!(*gateway.0.lock().unwrap(), ["PUT /metrics/job/night Basic bWU6eA== c 1"]);
    drop(registration);
    assert!(world.get("/metrics/job/night").await.0.starts_with("404"));
}

#[tokio::test]
async fn who_has_no_password_is_refused() {
    let basic_auth = BasicAuthConfig {
        enabled: true,
        username: "me".to_owned(),
        // Of `secret`.
        password_hash: "K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=".to_owned(),
        ..BasicAuthConfig::default()
    };
    let world = World::new(&HttpConfig { basic_auth, ..config() }, MetricsExporter::None);
    let (head, body) = world.get("/ping").await;
    assert!(head.starts_with("401 Unauthorized"), "{head}");
    assert!(head.contains("www-authenticate: Basic realm=\"restricted\", charset=\"UTF-8\""), "{head}");
    assert_eq!(body, "Unauthorized\n");
    let asked =
        "GET /ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Basic bWU6c2VjcmV0\r\n\r\n";
    assert_eq!(world.ask(asked).await.1, "pong");
}

#[tokio::test]
async fn a_taken_port_and_a_missing_certificate_are_found_out_at_once() {
    let world = World::new(&config(), MetricsExporter::None);
    let address = world.address.to_string();
    let error = Bound::open(&HttpConfig { address: address.clone(), ..config() }).unwrap_err();
    assert_eq!(error.to_string(), format!("listen on http.address {address}"));
    let missing = HttpConfig { cert_file: "/no/cert".into(), key_file: "/no/key".into(), ..config() };
    let error = Bound::open(&missing).unwrap_err().to_string();
    assert!(error.starts_with("http: read /no/cert: "), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_connections() {
    let world = World::new(&config(), MetricsExporter::None);
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    assert_eq!(world.get("/ping").await.1, "pong");
    world.stop.cancel();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), idle.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert_eq!(rest, b"");
}
