use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::binary;
use crate::client::{Answer, Client};

/// It wants to see that somebody has signed; it does not look at the signature.
const SIGNED: &str = "authorization: AWS4-HMAC-SHA256 Credential=somebody/20260101/us-east-1/s3/aws4_request, \
     SignedHeaders=host, Signature=none\r\n";

/// The same for its queues.
const SIGNED_FOR_QUEUES: &str = "authorization: AWS4-HMAC-SHA256 Credential=somebody/20260101/us-east-1/sqs/aws4_request, \
     SignedHeaders=host, Signature=none\r\n";

/// moto, a server that speaks S3 and SQS, which `cargo xtask setup languages` installs. Ended when it is dropped.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    client: Client,
}

impl Moto {
    /// One with a bucket; none, which is printed, where it is not installed.
    ///
    /// # Panics
    /// When it ends before it listens.
    #[must_use]
    #[expect(clippy::print_stdout, reason = "says why a test does nothing")]
    pub fn with_bucket(name: &str) -> Option<Self> {
        let program = binary::moto();
        let mut command = Command::new(&program);
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) => {
                println!("not tested, since there is no {}: {error}", program.display());
                return None;
            }
        };
        let mut lines = BufReader::new(process.stderr.take().expect("it is a pipe")).lines();
        let address = lines.find_map(|line| {
            let line = line.ok()?;
            line.split_once("Running on http://").map(|(_, address)| address.trim().to_owned())
        });
        // It writes a line for each request: somebody must read them.
        std::thread::spawn(move || lines.count());
        let client = Client { address: address.expect("it listens before it ends") };
        let moto = Self { process, client };
        moto.put(name, "");
        Some(moto)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.client.address
    }

    /// The fields of a component that say where it is, and who asks.
    #[must_use]
    pub fn fields(&self) -> String {
        Self::fields_at(&self.client.address)
    }

    /// The same for whoever stands before it.
    #[must_use]
    pub fn fields_at(address: &str) -> String {
        format!(
            "region: us-east-1, endpoint: 'http://{address}', force_path_style_urls: true, \
             credentials: {{id: somebody, secret: something}}"
        )
    }

    /// Puts an object, by bucket and name; or makes a bucket.
    ///
    /// # Panics
    /// When it is refused.
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let answer = self.client.ask(
            &format!("PUT /{path}"),
            &format!("{SIGNED}content-type: text/plain\r\n"),
            content,
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// What it answers for an object, or for `BUCKET?list-type=2`.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.client.ask(&format!("GET /{path}"), SIGNED, "")
    }

    /// What it answers for a request without a body.
    #[must_use]
    pub fn ask(&self, line: &str) -> Answer {
        self.client.ask(line, SIGNED, "")
    }

    /// The names of the uploads of a bucket that are not complete.
    #[must_use]
    pub fn uploads(&self, bucket: &str) -> Vec<String> {
        let listed = self.get(&format!("{bucket}?uploads")).text();
        let names = listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()));
        names.collect()
    }

    /// Makes a queue, whose messages are hidden for so many seconds when they were taken, and returns its url.
    #[must_use]
    pub fn make_queue(&self, name: &str, hidden: u32) -> String {
        let attributes = format!(r#"{{"VisibilityTimeout": "{hidden}"}}"#);
        let _ = self
            .ask_queues("CreateQueue", &format!(r#"{{"QueueName": "{name}", "Attributes": {attributes}}}"#));
        format!("http://{}/123456789012/{name}", self.client.address)
    }

    /// Sends a message to a queue: `body` is the inside of a text of JSON.
    pub fn send(&self, queue: &str, body: &str) {
        let answer =
            self.ask_queues("SendMessage", &format!(r#"{{"QueueUrl": "{queue}", "MessageBody": "{body}"}}"#));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// How many messages a queue has, hidden ones too.
    #[must_use]
    pub fn messages(&self, queue: &str) -> u64 {
        let body = format!(r#"{{"QueueUrl": "{queue}", "AttributeNames": ["All"]}}"#);
        let text = self.ask_queues("GetQueueAttributes", &body).text();
        let count = |name: &str| {
            let (_, rest) = text.split_once(&format!("\"{name}\": \""))?;
            rest.split_once('"')?.0.parse::<u64>().ok()
        };
        let counts = [count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible")];
        counts.into_iter().flatten().sum()
    }

    fn ask_queues(&self, action: &str, body: &str) -> Answer {
        let headers = format!(
            "{SIGNED_FOR_QUEUES}content-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.{action}\r\n"
        );
        self.client.ask("POST /", &headers, body)
    }

    /// The names of the objects of a bucket, in their order.
    #[must_use]
    pub fn names(&self, bucket: &str) -> Vec<String> {
        let listed = self.get(&format!("{bucket}?list-type=2")).text();
        let names = listed.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned()));
        names.collect()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
