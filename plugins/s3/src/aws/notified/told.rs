//! Which objects a message tells of.

use forebay_sdk::Error;
use forebay_sdk::serde_json::{self, Value};

/// Where messages have what. Dots part names; `*` is every element.
pub(in crate::aws) struct Paths {
    /// The names of objects, as they stand in urls.
    pub(in crate::aws) key: String,
    /// The names of their buckets, in the same order; empty: nowhere.
    pub(in crate::aws) bucket: String,
    /// A text that is the message proper; empty: it is all of it.
    pub(in crate::aws) envelope: String,
}

impl Paths {
    /// The objects of a message, by buckets and names. `usual` is the bucket of those that name none.
    pub(super) fn objects(&self, body: &str, usual: &str) -> Result<Vec<(String, String)>, Error> {
        let message = self.message(body)?;
        let buckets = texts(&message, &self.bucket);
        let mut objects = Vec::new();
        for (index, key) in texts(&message, &self.key).into_iter().enumerate() {
            let bucket = buckets.get(index).map_or(usual, String::as_str);
            if bucket.is_empty() {
                return Err(Error::new(format!(
                    "no bucket at {} for {key:?}: give one as the field bucket",
                    self.bucket
                )));
            }
            objects.push((bucket.to_owned(), unescaped(&key)?));
        }
        Ok(objects)
    }

    fn message(&self, body: &str) -> Result<Value, Error> {
        let json = |text: &str| {
            serde_json::from_str::<Value>(text).map_err(|error| Error::new(format!("it is no JSON: {error}")))
        };
        let message = json(body)?;
        if self.envelope.is_empty() {
            return Ok(message);
        }
        match found(&message, &self.envelope).as_slice() {
            [Value::String(text)] => json(text),
            _ => Err(Error::new(format!("there is not one text at {}", self.envelope))),
        }
    }
}

/// Whether this is what a bucket sends to see whether it may.
pub(super) fn is_test(body: &str, paths: &Paths) -> bool {
    paths.message(body).is_ok_and(|message| message.get("Event") == Some(&Value::from("s3:TestEvent")))
}

fn texts(message: &Value, path: &str) -> Vec<String> {
    if path.is_empty() {
        return Vec::new();
    }
    found(message, path).into_iter().filter_map(|value| Some(value.as_str()?.to_owned())).collect()
}

/// What is at a path. In its parts `~1` is a dot, and `~0` is `~`.
fn found<'v>(value: &'v Value, path: &str) -> Vec<&'v Value> {
    let mut found = vec![value];
    for part in path.split('.') {
        let name = part.replace("~1", ".").replace("~0", "~");
        found = found
            .into_iter()
            .flat_map(|value| match value {
                Value::Array(elements) if name == "*" => elements.iter().collect(),
                Value::Array(elements) => {
                    name.parse().ok().and_then(|at: usize| elements.get(at)).into_iter().collect()
                }
                Value::Object(fields) if name == "*" && !fields.contains_key("*") => {
                    fields.values().collect()
                }
                Value::Object(fields) => fields.get(&name).into_iter().collect::<Vec<_>>(),
                _ => Vec::new(),
            })
            .collect();
    }
    found
}

/// A text as it was before it was written into a url.
fn unescaped(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let code = digit(rest.next()).zip(digit(rest.next())).map(|(high, low)| high * 16 + low);
                let code = code.and_then(|code| u8::try_from(code).ok());
                code.ok_or_else(|| Error::new(format!("{text:?} is not written as in a url")))?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| Error::new(format!("{text:?} is no text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(envelope: &str) -> Paths {
        Paths {
            key: "Records.*.s3.object.key".to_owned(),
            bucket: "Records.*.s3.bucket.name".to_owned(),
            envelope: envelope.to_owned(),
        }
    }

    const EVENT: &str = r#"{"Records": [
        {"s3": {"bucket": {"name": "lake"}, "object": {"key": "day%3D1/a+b%C3%A4"}}},
        {"s3": {"bucket": {"name": "other"}, "object": {"key": "c"}}}]}"#;

    #[test]
    fn events_tell_of_objects() {
        let expected =
            [("lake", "day=1/a b\u{e4}"), ("other", "c")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(paths("").objects(EVENT, "").unwrap(), expected);
        let enveloped = serde_json::to_string(&serde_json::json!({"Message": EVENT})).unwrap();
        assert_eq!(paths("Message").objects(&enveloped, "").unwrap(), expected);
        let own = Paths { key: "keys.1".to_owned(), bucket: String::new(), envelope: String::new() };
        let told = own.objects(r#"{"keys": ["a", "b"]}"#, "lake").unwrap();
        assert_eq!(told, [("lake".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn what_can_not_be_read_is_refused_with_the_place() {
        let refused = |paths: &Paths, body: &str| paths.objects(body, "").unwrap_err().into_message();
        assert!(refused(&paths(""), "x").contains("no JSON"));
        assert!(refused(&paths("Message"), "{}").contains("Message"));
        let nameless = r#"{"Records": [{"s3": {"object": {"key": "a"}}}]}"#;
        assert!(refused(&paths(""), nameless).contains("no bucket at Records.*.s3.bucket.name"));
        let broken = r#"{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a%z"}}}]}"#;
        assert!(refused(&paths(""), broken).contains("a%z"));
    }

    #[test]
    fn what_a_bucket_tries_is_known() {
        assert!(is_test(r#"{"Service": "Amazon S3", "Event": "s3:TestEvent"}"#, &paths("")));
        assert!(!is_test("{}", &paths("")));
    }
}
