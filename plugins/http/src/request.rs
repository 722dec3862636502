//! Requests, composed of messages.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use forebay_sdk::config::{Interpolated, Secret, Values};
use forebay_sdk::http::{Request, Text};
use forebay_sdk::{Batch, Error};

use crate::keys::Keys;
use crate::multipart::MultipartWriter;

/// How a request is made of a batch of at least one message.
pub(crate) struct Composer {
    pub(crate) method: String,
    pub(crate) url: Interpolated,
    pub(crate) headers: BTreeMap<String, Interpolated>,
    pub(crate) host: Option<Interpolated>,
    pub(crate) metadata: Keys,
    pub(crate) body: Body,
    pub(crate) basic: Option<(String, Option<Secret>)>,
}

/// What is sent.
pub(crate) enum Body {
    /// The payload of a message, and several as the parts of one body.
    Messages,
    Text(Interpolated),
    /// The parts of one body.
    Parts(Vec<PartTexts>),
}

/// One part of a body.
pub(crate) struct PartTexts {
    pub(crate) content_type: Interpolated,
    pub(crate) content_disposition: Interpolated,
    pub(crate) body: Interpolated,
}

/// A request that is put together.
pub(crate) struct Composed {
    pub(crate) method: String,
    /// Without a user.
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

/// The value of a header, which is shown only where no secret is in it.
pub(crate) enum HeaderValue {
    Plain(String),
    Hidden(Text),
}

const CONTENT_TYPE: &str = "Content-Type";
const AUTHORIZATION: &str = "Authorization";
const BYTES: &str = "application/octet-stream";
/// Headers that are never sent as they are given: they follow from the body.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "trailer"];

impl Composer {
    /// # Errors
    /// When a text can't be made of the messages.
    pub(crate) fn compose(&self, batch: &Batch) -> Result<Composed, Error> {
        let (body, content_type) = self.body(batch)?;
        let url = first(&self.url, batch).map_err(|error| error.context("url interpolation error"))?;
        let mut composed = Composed { method: self.method.clone(), url, headers: Vec::new(), body };
        for (name, value) in &self.headers {
            let value = first(value, batch)
                .map_err(|error| error.context(format_args!("header '{name}' interpolation error")))?;
            composed.add(name, value);
        }
        for (name, value) in self.metadata(batch, 0) {
            composed.add(&name, value);
        }
        if let Some(host) = &self.host {
            let host = first(host, batch).map_err(|error| error.context("host interpolation error"))?;
            composed.headers.push(("Host".to_owned(), HeaderValue::Plain(host)));
        }
        if let Some(content_type) = content_type {
            composed.set(CONTENT_TYPE, HeaderValue::Plain(content_type));
        }
        if let Some((user, password)) = &self.basic {
            composed.set(AUTHORIZATION, HeaderValue::Hidden(Text::basic(user, password.as_ref())));
        }
        composed.take_user();
        Ok(composed)
    }

    /// The body, and the content type where that follows from it.
    fn body(&self, batch: &Batch) -> Result<(Vec<u8>, Option<String>), Error> {
        let own_type = self.headers.get(CONTENT_TYPE);
        let bytes = || if own_type.is_none() { Some(BYTES.to_owned()) } else { None };
        match &self.body {
            Body::Text(text) => Ok((first_bytes(text, batch)?, bytes())),
            Body::Parts(parts) => {
                let mut writer = MultipartWriter::new();
                for PartTexts { content_type, content_disposition, body } in parts {
                    let wrong = |what| move |error: Error| error.context(what);
                    let own_type =
                        first(content_type, batch).map_err(wrong("content-type interpolation error"))?;
                    let disposition = first(content_disposition, batch)
                        .map_err(wrong("content-disposition interpolation error"))?;
                    let content = first_bytes(body, batch).map_err(wrong("part body interpolation error"))?;
                    let headers = vec![
                        ("Content-Disposition".to_owned(), disposition),
                        (CONTENT_TYPE.to_owned(), own_type),
                    ];
                    writer.part(headers, &content);
                }
                let (body, content_type) = writer.finish();
                Ok((body, Some(content_type)))
            }
            Body::Messages if batch.len() == 1 => Ok((batch.message(0).bytes().to_vec(), bytes())),
            Body::Messages => {
                let types = own_type.map(|own_type| own_type.evaluate(batch)).transpose()?;
                let mut writer = MultipartWriter::new();
                for message in batch.messages() {
                    let index = message.index();
                    let content_type = match &types {
                        Some(types) => types
                            .get(index)
                            .map_err(|error| error.context("content-type interpolation error"))?
                            .into_owned(),
                        None => BYTES.to_owned(),
                    };
                    let mut headers = self.metadata(batch, index);
                    headers.push((CONTENT_TYPE.to_owned(), content_type));
                    writer.part(headers, message.bytes());
                }
                let (body, content_type) = writer.finish();
                Ok((body, Some(content_type)))
            }
        }
    }

    /// The metadata of a message that is sent along.
    fn metadata(&self, batch: &Batch, index: usize) -> Vec<(String, String)> {
        if self.metadata.is_empty() {
            return Vec::new();
        }
        let entries = batch.message(index).metadata_entries();
        let chosen = entries.filter(|(key, _)| self.metadata.has(key));
        chosen.map(|(key, value)| (key.to_owned(), forebay_text::of(value))).collect()
    }
}

impl Composed {
    fn add(&mut self, name: &str, value: String) {
        if !FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            self.headers.push((name.to_owned(), HeaderValue::Plain(value)));
        }
    }

    /// Sets a header in place of all others of its name.
    pub(crate) fn set(&mut self, name: &str, value: HeaderValue) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value));
    }

    /// A user in the url becomes a header, where nothing else says who sends it.
    fn take_user(&mut self) {
        let Some((scheme, rest)) = self.url.split_once("://") else { return };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let Some((user, host)) = rest[..end].rsplit_once('@') else { return };
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let pair = [decode(name), b":".to_vec(), decode(password)].concat();
        let url = format!("{scheme}://{host}{}", &rest[end..]);
        if !self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(AUTHORIZATION)) {
            let value = Text::from(format!("Basic {}", BASE64_STANDARD.encode(pair)));
            self.headers.push((AUTHORIZATION.to_owned(), HeaderValue::Hidden(value)));
        }
        self.url = url;
    }

    pub(crate) fn into_request(self) -> Request {
        let Self { method, url, headers, body } = self;
        let mut request = Request::new(method, url).body(body);
        for (name, value) in headers {
            request = match value {
                HeaderValue::Plain(text) => request.header(name, text),
                HeaderValue::Hidden(text) => request.header(name, text),
            };
        }
        request
    }
}

/// The text of the first message.
fn first(text: &Interpolated, batch: &Batch) -> Result<String, Error> {
    Ok(text.evaluate(batch)?.get(0)?.into_owned())
}

/// The same, which need not be text.
fn first_bytes(text: &Interpolated, batch: &Batch) -> Result<Vec<u8>, Error> {
    match text.evaluate(batch)? {
        Values::Constant(text) => Ok(text.as_bytes().to_vec()),
        Values::Each(results) => {
            let message = results.message(0);
            message.error().map_or_else(|| Ok(message.bytes().to_vec()), |error| Err(Error::new(error)))
        }
    }
}

/// Undoes percent-encoding; what is none stays as it is.
fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "request/tests.rs"]
mod tests;
