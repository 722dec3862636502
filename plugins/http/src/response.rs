//! What a response says, as messages.

use forebay_sdk::http::Response;
use forebay_sdk::{Message, Value, log};

use crate::keys::Keys;
use crate::media_type::MediaType;
use crate::multipart;

/// The messages of one response, which have their metadata in common.
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    /// The payload of each message.
    pub(crate) payloads: Vec<Vec<u8>>,
}

pub(crate) const STATUS: &str = "http_status_code";

impl Answer {
    /// # Errors
    /// When it says that it has several parts, and has not.
    pub(crate) fn read(response: Response, extracted: &Keys) -> Result<Self, String> {
        let headers = chosen(&response.headers, |name| extracted.has(name));
        let mut media = None;
        if let Some(text) = response.header("content-type").filter(|text| !text.is_empty()) {
            let (parsed, ended) = MediaType::parse(text);
            if let Err(problem) = ended {
                log::warn(format!("Failed to parse media type from Content-Type header: {problem}"));
            }
            media = Some(parsed);
        }
        let Response { status, body, .. } = response;
        let payloads = match media {
            Some(media) if media.name.starts_with("multipart/") => {
                multipart::read(&body, media.parameter("boundary").unwrap_or_default())?
            }
            _ => vec![body],
        };
        Ok(Self { status, headers, payloads })
    }

    /// The metadata of each message.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), Value::Text(value)));
        [(STATUS, Value::Signed(self.status.into()))].into_iter().chain(headers)
    }
}

/// The first of all headers of each name that is chosen.
pub(crate) fn chosen(headers: &[(String, Vec<u8>)], has: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if has(&name) && found.iter().all(|(known, _)| *known != name) {
            found.push((name, String::from_utf8_lossy(value).into_owned()));
        }
    }
    found
}

/// The metadata of a message, with more, which wins.
pub(crate) fn merged<'a>(
    message: Message<'a>,
    more: impl IntoIterator<Item = (&'a str, Value<'a>)>,
) -> Vec<(&'a str, Value<'a>)> {
    let mut all: Vec<_> = message.metadata_entries().collect();
    for (key, value) in more {
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => all.push((key, value)),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use forebay_sdk::http::Response;

    use super::{Answer, Keys, Value};
    use crate::fields::KeyFields;

    fn response(headers: &[(&str, &str)], body: &str) -> Response {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), value.as_bytes().to_vec());
        Response { status: 201, headers: headers.iter().map(owned).collect(), body: body.into() }
    }

    fn read(response: Response) -> Result<Answer, String> {
        let fields = KeyFields { include_prefixes: vec!["x-".into()], include_patterns: vec!["^Y".into()] };
        Answer::read(response, &Keys::compile(fields, "extract_headers").expect("compiles"))
    }

    #[test]
    fn the_status_and_the_first_of_each_chosen_header_are_metadata() {
        let headers = [("X-A", "1"), ("x-a", "2"), ("Y", "3"), ("content-type", "text/plain; broken")];
        let answer = read(response(&headers, "body")).expect("read");
        let metadata: Vec<_> = answer.metadata().collect();
        assert_eq!(metadata, [("http_status_code", Value::Signed(201)), ("x-a", Value::Text("1"))]);
        assert_eq!(answer.payloads, [b"body"]);
    }

    #[test]
    fn every_part_is_a_message() {
        let multipart = [("content-type", "multipart/mixed; boundary=q")];
        let answer = read(response(&multipart, "--q\r\n\r\na\r\n--q\r\n\r\nb\r\n--q--\r\n")).expect("read");
        assert_eq!(answer.payloads, [b"a", b"b"]);
        assert_eq!(read(response(&multipart, "no")).err().as_deref(), Some("multipart: NextPart: EOF"));
        let nameless = [("content-type", "multipart/mixed")];
        assert_eq!(read(response(&nameless, "no")).err().as_deref(), Some("multipart: boundary is empty"));
    }
}
