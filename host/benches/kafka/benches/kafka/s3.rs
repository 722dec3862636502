//! A server that speaks S3 as far as agents ask while they serve clients: puts, and gets of ranges. It is there so that
//! an agent's client of S3 is at work, with no store behind it that would be slower than that.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use forebay_lifecycle::{Spawner, Threads};
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A server on a thread of its own, ended when this is dropped.
#[derive(Debug)]
pub(crate) struct S3 {
    address: SocketAddr,
    _threads: Threads,
}

struct Shared {
    folder: PathBuf,
    put: Duration,
}

impl S3 {
    /// Starts one that has its objects in `folder`, and answers puts after `put`.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn start(folder: &Path, put: Duration) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let threads = Threads::start("s3", 1)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { folder: folder.to_owned(), put });
        threads.spawner(0).spawn(accept(listener, shared, threads.spawner(0)));
        Ok(Self { address, _threads: threads })
    }

    /// A bucket, as agents are told of it.
    pub(crate) fn url(&self) -> String {
        // As over HTTPS, payloads are not signed.
        format!(
            "s3://bench?region=us-east-1&s3ForcePathStyle=true&unsigned_payload=true&endpoint=http://{}",
            self.address
        )
    }
}

async fn accept(listener: std::net::TcpListener, shared: Arc<Shared>, spawner: Spawner) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let _ = stream.set_nodelay(true);
        spawner.spawn(async move {
            let service = service_fn(|request| answer(&shared, request));
            // A client may leave whenever it likes.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let object = shared.folder.join(request.uri().path().replace('/', "_"));
    let answered = match *request.method() {
        Method::PUT => put(shared, &object, request).await,
        Method::GET => get(&object, &request),
        _ => response(StatusCode::NOT_IMPLEMENTED, Bytes::new(), None),
    };
    Ok(answered.unwrap_or_else(|error| {
        let mut response = Response::new(Full::from(format!("{error:#}")));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }))
}

async fn put(
    shared: &Shared,
    object: &Path,
    request: Request<Incoming>,
) -> anyhow::Result<Response<Full<Bytes>>> {
    let mut file = File::create(object)?;
    let mut body = request.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            file.write_all(&bytes)?;
        }
    }
    if !shared.put.is_zero() {
        tokio::time::sleep(shared.put).await;
    }
    response(StatusCode::OK, Bytes::new(), None)
}

fn get(object: &Path, request: &Request<Incoming>) -> anyhow::Result<Response<Full<Bytes>>> {
    let Ok(file) = File::open(object) else { return response(StatusCode::NOT_FOUND, Bytes::new(), None) };
    let size = file.metadata()?.len();
    let range = request.headers().get(header::RANGE).context("a get without a range")?.to_str()?;
    let (from, to) =
        range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).context("a range")?;
    let (from, to) = (from.parse::<u64>()?, to.parse::<u64>()?.min(size.saturating_sub(1)));
    if from > to {
        return response(StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), None);
    }
    let mut bytes = vec![0; usize::try_from(to + 1 - from)?];
    file.read_exact_at(&mut bytes, from)?;
    response(StatusCode::PARTIAL_CONTENT, bytes.into(), Some(format!("bytes {from}-{to}/{size}")))
}

fn response(status: StatusCode, body: Bytes, range: Option<String>) -> anyhow::Result<Response<Full<Bytes>>> {
    let mut response = Response::builder()
        .status(status)
        .header(header::ETAG, "\"bench\"")
        .header(header::LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT");
    if let Some(range) = range {
        response = response.header(header::CONTENT_RANGE, range);
    }
    Ok(response.body(Full::from(body))?)
}
