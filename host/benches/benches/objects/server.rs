//! A server that speaks S3 as far as inputs and outputs ask. It has its objects by rule and keeps nothing, so that
//! neither a disk nor a store is measured; it may take a time for each answer, as a store does that is far away.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// A server; it ends with the process.
pub(crate) struct Server {
    pub(crate) address: String,
    taken: Arc<Taken>,
}

/// What has been put, and thrown away.
#[derive(Debug, Default)]
struct Taken {
    /// Of which nothing is missing any more.
    objects: AtomicUsize,
    bytes: AtomicU64,
}

/// Objects that are there: `NUMBER` of them in each bucket, all of the same bytes again and again.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    pub(crate) size: u64,
    /// What they are made of.
    pub(crate) bytes: Arc<Vec<u8>>,
    /// How long each answer takes.
    pub(crate) after: Duration,
}

/// What a request says.
#[derive(Debug, Default)]
struct Request {
    method: String,
    path: String,
    query: String,
    range: Option<(u64, u64)>,
    length: u64,
    expects: bool,
}

/// How many names a page has.
const PAGE: usize = 1_000;

impl Server {
    pub(crate) fn start(buckets: Vec<Bucket>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let buckets = Arc::new(buckets);
        let taken = Arc::new(Taken::default());
        let taking = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (buckets, taken) = (Arc::clone(&buckets), Arc::clone(&taking));
                // A client that goes away is its own affair.
                std::thread::spawn(move || drop(serve(&stream, &buckets, &taken)));
            }
        });
        Self { address, taken }
    }

    /// How many objects were put so far, as a whole or in parts of which none is missing, and how many bytes came for them.
    pub(crate) fn taken(&self) -> (usize, u64) {
        (self.taken.objects.load(Ordering::Acquire), self.taken.bytes.load(Ordering::Acquire))
    }

    /// The fields of a component that lead here.
    pub(crate) fn fields(&self) -> String {
        format!(
            "region: us-east-1, endpoint: 'http://{}', force_path_style_urls: true, \
             credentials: {{id: somebody, secret: something}}",
            self.address
        )
    }
}

/// Serves a connection until it is closed.
fn serve(stream: &TcpStream, buckets: &[Bucket], taken: &Taken) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 16, stream);
    while let Some(request) = read(&mut reader)? {
        let mut client = stream;
        if request.expects {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        io::copy(&mut (&mut reader).take(request.length), &mut io::sink())?;
        taken.note(&request);
        let (bucket, name) =
            request.path.trim_start_matches('/').split_once('/').unwrap_or((&request.path, ""));
        let bucket = bucket.trim_start_matches('/');
        let found = buckets.iter().find(|found| found.name == bucket);
        if let Some(bucket) = found
            && !bucket.after.is_zero()
        {
            std::thread::park_timeout(bucket.after);
        }
        answer(client, &request, found, name)?;
    }
    Ok(())
}

fn read(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<Request>> {
    let mut request = Request::default();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let text = line.trim_end();
        if text.is_empty() {
            return Ok(Some(request));
        }
        if request.method.is_empty() {
            let mut words = text.split(' ');
            words.next().unwrap_or_default().clone_into(&mut request.method);
            let target = words.next().unwrap_or_default();
            let (path, query) = target.split_once('?').unwrap_or((target, ""));
            (request.path, request.query) = (path.to_owned(), query.to_owned());
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => request.length = value.trim().parse().unwrap_or(0),
            "expect" => request.expects = true,
            "range" => {
                let range = value.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'));
                let number = |text: &str| text.parse::<u64>().ok();
                request.range =
                    range.and_then(|(from, to)| Some((number(from)?, number(to).unwrap_or(u64::MAX))));
            }
            _ => {}
        }
    }
}

impl Taken {
    /// Notes a request whose body is here.
    fn note(&self, request: &Request) {
        let is_part = request.query.contains("partNumber=");
        if request.method == "PUT" {
            self.bytes.fetch_add(request.length, Ordering::AcqRel);
        }
        if request.method == "PUT" && !is_part
            || request.method == "POST" && request.query.contains("uploadId=")
        {
            self.objects.fetch_add(1, Ordering::AcqRel);
        }
    }
}

fn answer(client: &TcpStream, request: &Request, bucket: Option<&Bucket>, name: &str) -> io::Result<()> {
    match (request.method.as_str(), bucket) {
        ("GET", Some(bucket)) if name.is_empty() => respond(client, "200 OK", "", &list(bucket, request)),
        ("GET" | "HEAD", Some(bucket)) => object(client, request, bucket),
        ("GET", None) => respond(client, "200 OK", "", "<ListMultipartUploadsResult/>"),
        ("DELETE", _) => respond(client, "204 No Content", "", ""),
        ("POST", _) if request.query.starts_with("uploads") => {
            let begun = "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>1</UploadId>\
                         </InitiateMultipartUploadResult>";
            respond(client, "200 OK", "", begun)
        }
        ("POST", _) => {
            let complete = "<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key>\
                            <ETag>\"bench\"</ETag></CompleteMultipartUploadResult>";
            respond(client, "200 OK", "", complete)
        }
        _ => respond(client, "200 OK", "ETag: \"bench\"\r\n", ""),
    }
}

fn respond(mut client: &TcpStream, status: &str, headers: &str, body: &str) -> io::Result<()> {
    let length =
        if status.starts_with("204") { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/xml\r\n{length}{headers}\r\n{body}");
    client.write_all(head.as_bytes())
}

/// A page of names, behind the one that the request names.
fn list(bucket: &Bucket, request: &Request) -> String {
    if request.query.contains("uploads") {
        return "<ListMultipartUploadsResult/>".to_owned();
    }
    let field =
        |name: &str| request.query.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let after = field("continuation-token").or(field("start-after"));
    let first = after.and_then(|after| after.parse::<usize>().ok()).map_or(0, |last| last + 1);
    let end = bucket.count.min(first + PAGE);
    let mut page = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>{}</Name><KeyCount>{}</KeyCount>\
         <MaxKeys>{PAGE}</MaxKeys><IsTruncated>{}</IsTruncated>",
        bucket.name,
        end - first,
        end < bucket.count
    );
    if end < bucket.count {
        let _ = write!(page, "<NextContinuationToken>{:06}</NextContinuationToken>", end - 1);
    }
    for number in first..end {
        let _ = write!(
            page,
            "<Contents><Key>{number:06}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
             <ETag>\"bench\"</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            bucket.size
        );
    }
    page + "</ListBucketResult>"
}

/// An object, or a range of it.
fn object(mut client: &TcpStream, request: &Request, bucket: &Bucket) -> io::Result<()> {
    let last = bucket.size.saturating_sub(1);
    let (from, to) = request.range.map_or((0, last), |(from, to)| (from, to.min(last)));
    let (status, range) = match request.range {
        Some(_) => ("206 Partial Content", format!("Content-Range: bytes {from}-{to}/{}\r\n", bucket.size)),
        None => ("200 OK", String::new()),
    };
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nETag: \"bench\"\r\nAccept-Ranges: bytes\r\n\
         Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: {}\r\n{range}\r\n",
        to + 1 - from
    )
    .into_bytes();
    if request.method == "HEAD" {
        return client.write_all(&head);
    }
    let period = bucket.bytes.len() as u64;
    let mut at = from;
    while at <= to {
        let begin = usize::try_from(at % period).unwrap();
        let length = usize::try_from((to + 1 - at).min(period - at % period)).unwrap();
        let piece = &bucket.bytes[begin..begin + length];
        if head.is_empty() {
            client.write_all(piece)?;
        } else {
            // A small object is one packet.
            let together = piece.len().min(1 << 16);
            head.extend_from_slice(&piece[..together]);
            client.write_all(&head)?;
            client.write_all(&piece[together..])?;
            head.clear();
        }
        at += length as u64;
    }
    Ok(())
}
