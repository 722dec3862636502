//! The behaviours of a store on a server that speaks S3: moto, which `cargo xtask setup languages` installs. Without
//! it the test says so and does nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use forebay_storage_objects::{
    ErrorKind, Limited, Limits, ObjectPrefix, Objects as _, Payload, RetryPolicy, Retrying, conformance, open,
};

/// A server on a free port of this machine, ended when this is dropped.
#[cfg(test)]
struct Moto {
    process: Child,
    address: String,
}

#[cfg(test)]
impl Moto {
    fn start() -> Option<Self> {
        let installed =
            Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?.join("languages/moto/bin/moto_server");
        let program = std::env::var_os("FOREBAY_MOTO_SERVER").unwrap_or_else(|| installed.clone().into());
        let process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = match process {
            Ok(process) => process,
            Err(error) => {
                println!("not tested, since there is no {}: {error}", program.display());
                return None;
            }
        };
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| {
            line.ok()?.split_once("Running on http://").map(|(_, address)| address.trim().to_owned())
        });
        // It writes a line for each request: somebody must read them.
        std::thread::spawn(move || lines.count());
        Some(Self { process, address: address.expect("the server ended before it listened") })
    }

    fn make_bucket(&self, name: &str) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "PUT /{name} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn variables(&self) -> impl Iterator<Item = (String, String)> {
        [
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_ENDPOINT_URL", &format!("http://{}", self.address)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
    }
}

#[cfg(test)]
impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn s3_conforms() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("bucket");
    let url = "s3://bucket/a/prefix?region=us-east-1";
    let objects = open(url, moto.variables()).unwrap();
    // As it is used: moto answers 500 when two put the same name at once.
    let limited = Limited::new(objects, Limits { puts: 16, others: 16, get_bytes: 1 << 24 });
    let objects = Retrying::new(Arc::new(limited), RetryPolicy::background());
    conformance::all(&objects).await;

    // Pages of more than the thousand names that S3 lists at once.
    let many: Vec<_> = (0..1005).map(|n| format!("many/{n:04}").parse().unwrap()).collect();
    let puts = many.iter().map(|name| objects.put(name, Payload::from_static(b"x")));
    for put in futures_util::future::join_all(puts).await {
        put.unwrap();
    }
    let listed = objects.list(&"many".parse().unwrap(), None, 2000).await.unwrap();
    assert_eq!(listed.into_iter().map(|listed| listed.name).collect::<Vec<_>>(), many);

    let url = format!("s3://missing?region=us-east-1&endpoint=http://{}&s3ForcePathStyle=true", moto.address);
    let missing = open(&url, moto.variables().take(2)).unwrap();
    let error = missing.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "{error:?}");
    assert_eq!(missing.list(&ObjectPrefix::all(), None, 1).await.unwrap_err().kind(), ErrorKind::Internal);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again() {
    let url = "s3://bucket?region=us-east-1&endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=b";
    let objects = open(url, []).unwrap();
    let error = objects.put(&"a".parse().unwrap(), Payload::from_static(b"x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Retry, "{error:?}");
}
