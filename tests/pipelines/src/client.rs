use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// A client of HTTP/1.1, with a connection for each request.
#[derive(Debug, Clone)]
pub struct Client {
    /// Address and port of the server.
    pub address: String,
}

/// What a server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Names are in lower case.
    pub headers: Vec<(String, String)>,
    /// As it was sent: it may be in chunks.
    pub body: Vec<u8>,
}

/// The longest time that a server may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// One for a port that nobody listens at yet.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn of_free_port() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        Self { address: listener.local_addr().expect("it has an address").to_string() }
    }

    /// Whether somebody listens.
    #[must_use]
    pub fn can_connect(&self) -> bool {
        TcpStream::connect(&self.address).is_ok()
    }

    /// Sends a request: method and path, then headers with a line break behind each, then its body. What comes back is
    /// to be read.
    ///
    /// # Panics
    /// When nobody listens.
    #[must_use]
    pub fn send(&self, line: &str, headers: &str, body: &[u8]) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let (host, length) = (&self.address, body.len());
        let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).expect("the server reads");
        // It may answer before it has read all.
        let _ = stream.write_all(body);
        BufReader::new(stream)
    }

    /// The answer to a request, as [`Client::send`] has it.
    ///
    /// # Panics
    /// When nobody listens, or what comes back is no answer.
    #[must_use]
    pub fn ask(&self, line: &str, headers: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = format!("connection: close\r\n{headers}");
        let mut answer = Vec::new();
        let _ = self.send(line, &headers, body.as_ref()).read_to_end(&mut answer);
        Answer::read(&answer)
    }

    #[must_use]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.ask(&format!("POST {path}"), "", body)
    }

    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", "")
    }
}

impl Answer {
    fn read(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self {
            status: status.expect("an answer has a status"),
            headers: lines.filter_map(header).collect(),
            body: answer[end + 4..].to_vec(),
        }
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
