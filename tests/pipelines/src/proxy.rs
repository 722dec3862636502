use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// Stands before a server of HTTP and lets requests come to grief. It ends with the process.
#[derive(Debug)]
pub struct Proxy {
    address: String,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Pass,
    /// The server does not see it: 503, as a store says that has too much to do.
    Refused,
    /// The server does what it says, and its answer is lost.
    Unanswered,
    /// The server sees half of its body, and then the connection is cut.
    Torn,
}

/// What a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub method: String,
    /// Path and query.
    pub path: String,
}

impl Proxy {
    /// Starts one before the server at `behind`. `fate` is asked for each request.
    ///
    /// # Panics
    /// When there is no port for it.
    #[must_use]
    pub fn before(behind: &str, fate: impl Fn(&Head) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (behind, fate) = (behind.to_owned(), Arc::new(fate));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (behind, fate) = (behind.clone(), Arc::clone(&fate));
                // A client that goes away in the middle is its own affair.
                std::thread::spawn(move || drop(serve(&stream, &behind, &*fate)));
            }
        });
        Self { address }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// Serves one request, and closes the connection.
fn serve(stream: &TcpStream, behind: &str, fate: &dyn Fn(&Head) -> Fate) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = head.split(' ').map(str::to_owned);
    let request = Head { method: words.next().unwrap_or_default(), path: words.next().unwrap_or_default() };
    let fate = fate(&request);
    let mut client = stream;
    if fate == Fate::Refused {
        return client.write_all(b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    let mut server = TcpStream::connect(behind)?;
    server.write_all(format!("{head}connection: close\r\n\r\n").as_bytes())?;
    if fate == Fate::Torn {
        return server.write_all(body.get(..length / 2).unwrap_or_default());
    }
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    if fate == Fate::Unanswered {
        return Ok(());
    }
    // Its server may keep the connection; this one does not.
    client.write_all(&closing(answer))
}

/// An answer that says that the connection is closed behind it.
fn closing(mut answer: Vec<u8>) -> Vec<u8> {
    let place = answer.windows(2).position(|bytes| bytes == b"\r\n").map_or(0, |place| place + 2);
    let text = String::from_utf8_lossy(answer.get(..place).unwrap_or_default()).into_owned();
    if !text.is_empty() {
        let _ = answer.splice(..place, format!("{text}connection: close\r\n").into_bytes());
    }
    answer
}
