use forebay_sdk::http::{Arrived, Exchange, Secured};
use forebay_sdk::{Batch, BlockWriter, MetadataWriter, Value};

use super::values::{decoded, pairs_of_query};
use crate::media_type::MediaType;
use crate::multipart;

/// A request of somebody.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    /// Names are in lower case.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) remote: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) tls: Option<Secured>,
    pub(super) is_message: bool,
}

impl Asked {
    pub(super) fn of(arrived: Arrived) -> (Exchange, Self) {
        let Arrived { exchange, method, path, query, headers, body, remote, parameters, tls, is_message } =
            arrived;
        (exchange, Self { method, path, query, headers, body, remote, parameters, tls, is_message })
    }

    /// The messages of a request: its body, or its parts where it says that it has some.
    ///
    /// # Errors
    /// Why its body can't be read.
    pub(super) fn messages(&self) -> Result<Batch, String> {
        let parts = if self.is_message { None } else { self.parts()? };
        let payloads = match &parts {
            Some(parts) => parts.iter().map(Vec::as_slice).collect(),
            None => vec![self.body.as_slice()],
        };
        let mut block = BlockWriter::with_capacity(payloads.len(), 0);
        let mut metadata = MetadataWriter::default();
        for (key, value) in self.metadata() {
            metadata.push_shared(&key, Value::Text(&value));
        }
        payloads.into_iter().for_each(|payload| block.push(payload));
        block.set_metadata(metadata);
        Ok(Batch::from_block(block))
    }

    fn parts(&self) -> Result<Option<Vec<Vec<u8>>>, String> {
        let content_type = self.header("content-type").filter(|value| !value.is_empty());
        let Some(content_type) = content_type else { return Ok(None) };
        let (media, read) = MediaType::parse(&content_type);
        read.map_err(str::to_owned)?;
        if !media.name.starts_with("multipart/") {
            return Ok(None);
        }
        multipart::read_loosely(&self.body, media.parameter("boundary").unwrap_or_default()).map(Some)
    }

    fn header(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// What every message of the request knows of it. What comes later wins.
    fn metadata(&self) -> Vec<(String, String)> {
        let mut all = Entries(Vec::new());
        all.set("http_server_user_agent", self.header("user-agent").unwrap_or_default());
        if !self.is_message {
            all.set("http_server_request_path", decoded(&self.path, false));
            all.set("http_server_verb", self.method.clone());
            if let Some((host, _)) = self.remote.rsplit_once(':') {
                all.set("http_server_remote_ip", host.trim_matches(['[', ']']).to_owned());
            }
            if let Some(Secured { version, cipher_suite }) = &self.tls {
                all.set("http_server_tls_version", version.clone());
                all.set("http_server_tls_cipher_suite", cipher_suite.clone());
            }
        }
        let mut seen: Vec<&str> = vec!["host"];
        for (name, value) in &self.headers {
            if !seen.contains(&name.as_str()) {
                seen.push(name);
                all.set(&canonical(name), String::from_utf8_lossy(value).into_owned());
            }
        }
        let query = pairs_of_query(self.query.as_deref().unwrap_or_default());
        let mut named: Vec<&str> = Vec::new();
        for (name, value) in &query {
            if !named.contains(&name.as_str()) {
                named.push(name);
                all.set(name, value.clone());
            }
        }
        for (name, value) in &self.parameters {
            all.set(name, value.clone());
        }
        for (name, value) in self.cookies() {
            all.set(&name, value);
        }
        all.0
    }

    fn cookies(&self) -> Vec<(String, String)> {
        let headers = self.headers.iter().filter(|(name, _)| name == "cookie");
        let lines = headers.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let mut cookies = Vec::new();
        for line in lines {
            for cookie in line.split(';').map(str::trim).filter(|cookie| !cookie.is_empty()) {
                let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
                let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                if !name.is_empty() {
                    cookies.push((name.trim().to_owned(), quoted.unwrap_or(value).to_owned()));
                }
            }
        }
        cookies
    }
}

/// Entries of which a later one takes the place of an earlier one with the same key.
struct Entries(Vec<(String, String)>);

impl Entries {
    fn set(&mut self, key: &str, value: String) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }
}

/// The name of a header as it is usually written: `content-type` is `Content-Type`.
fn canonical(name: &str) -> String {
    let mut begins = true;
    let letter = |letter: char| {
        let is_first = std::mem::replace(&mut begins, letter == '-');
        if is_first { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
    };
    name.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;

    use super::*;

    fn asked(headers: &[(&str, &str)], body: &str) -> Asked {
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Asked {
            method: "PUT".to_owned(),
            path: "/a%20b".to_owned(),
            headers: headers.iter().map(header).collect(),
            body: body.into(),
            remote: "[::1]:80".to_owned(),
            ..Asked::default()
        }
    }

    fn metadata(asked: &Asked) -> Vec<(String, String)> {
        let batch = asked.messages().expect("read");
        let entry = |(key, value): (&str, Value<'_>)| match value {
            Value::Text(text) => (key.to_owned(), text.to_owned()),
            other => (key.to_owned(), format!("{other:?}")),
        };
        batch.message(0).metadata_entries().map(entry).collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_request_says_what_it_is() {
        let mut asked = asked(
            &[
                ("host", "h"),
                ("user-agent", "me"),
                ("x-a", "1"),
                ("x-a", "2"),
                ("cookie", "c=\"q\"; d=e=f;g"),
            ],
            "body",
        );
        asked.query = Some("q=1%2B1+x&q=2&y".to_owned());
        asked.parameters = pairs(&[("y", "part")]);
        asked.tls = Some(Secured { version: "TLSv1.3".to_owned(), cipher_suite: "TLS_A".to_owned() });
        let expected = pairs(&[
            ("http_server_user_agent", "me"),
            ("http_server_request_path", "/a b"),
            ("http_server_verb", "PUT"),
            ("http_server_remote_ip", "::1"),
            ("http_server_tls_version", "TLSv1.3"),
            ("http_server_tls_cipher_suite", "TLS_A"),
            ("User-Agent", "me"),
            ("X-A", "1"),
            ("Cookie", "c=\"q\"; d=e=f;g"),
            ("q", "1+1 x"),
            ("y", "part"),
            ("c", "q"),
            ("d", "e=f"),
            ("g", ""),
        ]);
        assert_eq!(metadata(&asked), expected);
    }

    #[test]
    fn parts_are_messages_of_one_batch() {
        let multipart = asked(
            &[("content-type", "multipart/mixed; boundary=b")],
            "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
        );
        let batch = multipart.messages().expect("read");
        assert_eq!(
            (testing::texts(&batch), batch.independent()),
            (vec!["one".to_owned(), "two".to_owned()], false)
        );
        for (content_type, body) in
            [("multipart/mixed; boundary=b", "--b\n\nnone"), ("a/b; =", ""), ("/", "")]
        {
            assert!(asked(&[("content-type", content_type)], body).messages().is_err(), "{content_type}");
        }
    }

    #[test]
    fn a_message_of_a_websocket_is_taken_as_it_is() {
        let mut message = asked(&[("content-type", "multipart/mixed"), ("x", "1")], "text");
        message.is_message = true;
        let expected =
            pairs(&[("http_server_user_agent", ""), ("Content-Type", "multipart/mixed"), ("X", "1")]);
        assert_eq!(metadata(&message), expected);
        assert_eq!(testing::texts(&message.messages().expect("read")), ["text"]);
    }
}
