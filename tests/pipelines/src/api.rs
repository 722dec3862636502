use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// The HTTP server of a program that runs, as its clients see it.
#[derive(Debug)]
pub struct Api(String);

impl Api {
    /// At an address on this machine that nobody listens at yet.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn at_free_address() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        Self(listener.local_addr().expect("it has an address").to_string())
    }

    #[must_use]
    pub fn address(&self) -> &str {
        &self.0
    }

    /// Whether somebody listens.
    #[must_use]
    pub fn is_up(&self) -> bool {
        TcpStream::connect(&self.0).is_ok()
    }

    /// The status and the body of what is answered.
    ///
    /// # Panics
    /// When nobody answers.
    #[must_use]
    pub fn get(&self, path: &str) -> (u16, String) {
        self.send("GET", path, "")
    }

    /// The same for another verb, and with a body.
    ///
    /// # Panics
    /// As [`Api::get`].
    pub fn send(&self, verb: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.0).expect("the server listens");
        let length = body.len();
        write!(
            stream,
            "{verb} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers in text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        (status.expect("an answer has a status"), body.to_owned())
    }
}
