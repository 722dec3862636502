use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::installed;

/// A server that speaks S3, on a free port of this machine, with one bucket. Ended when this is dropped.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    address: String,
    /// Reads what it writes, a line for each request.
    log: Option<JoinHandle<usize>>,
}

const BUCKET: &str = "bucket";

impl Moto {
    /// # Panics
    /// When it is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        let process = Command::new(installed("moto/bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = process.expect("`cargo xtask setup` has installed moto");
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = lines.find_map(|line| {
            line.ok()?.split_once("Running on http://").map(|(_, address)| address.trim().to_owned())
        });
        let log = Some(std::thread::spawn(move || lines.count()));
        let moto = Self { process, address: address.expect("the server listens"), log };
        moto.make_bucket();
        moto
    }

    /// Where the bucket is.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "s3://{BUCKET}/prefix?region=us-east-1&endpoint=http://{}&s3ForcePathStyle=true",
            self.address
        )
    }

    /// The keys of the bucket, as variables of the environment.
    #[must_use]
    pub fn keys() -> [(String, String); 2] {
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| (name.to_owned(), "testing".to_owned()))
    }

    fn make_bucket(&self) {
        let mut connection = TcpStream::connect(&self.address).expect("the server takes connections");
        let request = format!(
            "PUT /{BUCKET} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        connection.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = String::new();
        connection.read_to_string(&mut answer).expect("the server answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Some(log) = self.log.take() {
            let _ = log.join();
        }
    }
}
