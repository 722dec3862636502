use std::fmt::Write as _;

use forebay_sdk::environment;

/// Writes one part after the other.
pub(crate) struct MultipartWriter {
    boundary: String,
    body: Vec<u8>,
}

/// Random bytes of a boundary, of which each is written as two digits.
const BOUNDARY: usize = 30;

impl MultipartWriter {
    pub(crate) fn new() -> Self {
        let mut bytes = [0; BOUNDARY];
        environment::random(&mut bytes);
        let boundary = bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Self { boundary, body: Vec::new() }
    }

    /// Adds a part. Its headers are sorted by name, and hold no line breaks.
    pub(crate) fn part(&mut self, mut headers: Vec<(String, String)>, content: &[u8]) {
        if !self.body.is_empty() {
            self.body.extend_from_slice(b"\r\n");
        }
        headers.sort_by(|left, right| left.0.cmp(&right.0));
        let mut head = format!("--{}\r\n", self.boundary);
        for (name, value) in headers {
            let line = format!("{name}: {value}").replace(['\r', '\n'], " ");
            head.push_str(&line);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
    }

    /// The body, and its content type.
    pub(crate) fn finish(self) -> (Vec<u8>, String) {
        let Self { boundary, mut body } = self;
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (body, format!("multipart/form-data; boundary={boundary}"))
    }
}

#[cfg(test)]
mod tests {
    use super::MultipartWriter;
    use crate::multipart::read;

    #[test]
    fn parts_stand_between_boundaries() {
        let mut writer = MultipartWriter::new();
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        writer.part(vec![header("b", "2\r\nc: 3"), header("Content-Type", "text/plain")], b"one");
        writer.part(vec![], b"");
        let (body, content_type) = writer.finish();
        // Random bytes are zeros in native tests.
        let boundary = "0".repeat(60);
        let expected = format!(
            "--{boundary}\r\nContent-Type: text/plain\r\nb: 2  c: 3\r\n\r\none\r\n--{boundary}\r\n\r\n\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(body.clone()).unwrap(), expected);
        assert_eq!(content_type, format!("multipart/form-data; boundary={boundary}"));
        assert_eq!(read(&body, &boundary), Ok(vec![b"one".to_vec(), Vec::new()]));
    }
}
