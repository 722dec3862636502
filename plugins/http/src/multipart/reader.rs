/// The most parts of one body: each becomes a message, which takes more room than a few bytes of the body.
const MOST_PARTS: usize = 100_000;

/// What is said of a body that has no further delimiter.
const NO_MORE: &str = "multipart: NextPart: EOF";

/// The contents of all parts.
///
/// # Errors
/// When the body breaks the form, or has more than [`MOST_PARTS`] parts.
pub(crate) fn read(body: &[u8], boundary: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut parts = Vec::new();
    gather(body, boundary, &mut parts)?;
    Ok(parts)
}

/// The same of a body whose last delimiter may be missing behind a whole part, or before all parts.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_loosely(body: &[u8], boundary: &str) -> Result<Vec<Vec<u8>>, String> {
    let mut parts = Vec::new();
    match gather(body, boundary, &mut parts) {
        Err(problem) if problem != NO_MORE => Err(problem),
        Ok(()) | Err(_) => Ok(parts),
    }
}

fn gather(body: &[u8], boundary: &str, parts: &mut Vec<Vec<u8>>) -> Result<(), String> {
    if boundary.is_empty() {
        return Err("multipart: boundary is empty".to_owned());
    }
    let delimiter = format!("--{boundary}").into_bytes();
    let mut rest = after_preamble(body, &delimiter)?;
    loop {
        let Line::Part { rest: head, line_feed } = rest else { return Ok(()) };
        if parts.len() == MOST_PARTS {
            return Err(format!("multipart: the body has more than {MOST_PARTS} parts"));
        }
        let (is_quoted, content) = after_headers(head)?;
        let end = [line_feed, &delimiter].concat();
        // A part without content may end where it begins.
        if let Some(line) = content.strip_prefix(delimiter.as_slice()).and_then(Line::read) {
            parts.push(Vec::new());
            rest = line;
            continue;
        }
        let (content, next) = until(content, &end)?;
        parts.push(if is_quoted { unquote(content) } else { content.to_vec() });
        rest = next;
    }
}

/// What follows a delimiter.
enum Line<'a> {
    Part {
        rest: &'a [u8],
        /// How lines end here.
        line_feed: &'a [u8],
    },
    End,
}

impl<'a> Line<'a> {
    /// `None` where the text goes on, so that it was no delimiter.
    fn read(after: &'a [u8]) -> Option<Self> {
        if after.starts_with(b"--") {
            return Some(Self::End);
        }
        let blanks = after.iter().take_while(|byte| b" \t".contains(byte)).count();
        let after = &after[blanks..];
        let length = if after.starts_with(b"\r\n") { 2 } else { 1 };
        let (line_feed, rest) = after.split_at_checked(length)?;
        line_feed.ends_with(b"\n").then_some(Self::Part { rest, line_feed })
    }
}

fn after_preamble<'a>(body: &'a [u8], delimiter: &[u8]) -> Result<Line<'a>, String> {
    let mut rest = body;
    loop {
        if let Some(line) = rest.strip_prefix(delimiter).and_then(Line::read) {
            return Ok(line);
        }
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => rest = &rest[end + 1..],
            None => return Err(NO_MORE.to_owned()),
        }
    }
}

/// Whether the content is quoted-printable, and the content with all that follows.
fn after_headers(mut text: &[u8]) -> Result<(bool, &[u8]), String> {
    let mut is_quoted = false;
    loop {
        let end = text.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or(NO_MORE)?;
        let (line, rest) = (text[..end].trim_ascii(), &text[end + 1..]);
        if line.is_empty() {
            return Ok((is_quoted, rest));
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let colon = colon.ok_or("multipart: a header of a part has no colon")?;
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        is_quoted |= name.eq_ignore_ascii_case(b"content-transfer-encoding")
            && value.eq_ignore_ascii_case(b"quoted-printable");
        text = rest;
    }
}

/// The text before a delimiter, and what follows that.
fn until<'a>(text: &'a [u8], end: &[u8]) -> Result<(&'a [u8], Line<'a>), String> {
    let mut from = 0;
    while let Some(found) = text[from..].windows(end.len()).position(|window| window == end) {
        let at = from + found;
        if let Some(line) = Line::read(&text[at + end.len()..]) {
            return Ok((&text[..at], line));
        }
        from = at + 1;
    }
    Err("unexpected EOF".to_owned())
}

/// Undoes quoted-printable; what is none stays as it is.
fn unquote(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'=' {
            out.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(next) = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")) {
            rest = next;
        } else if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            out.push(byte);
            rest = &after[2..];
        } else {
            out.push(b'=');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, read, read_loosely};

    fn texts(body: &str) -> Result<Vec<String>, String> {
        let parts = read(body.as_bytes(), "b")?;
        Ok(parts.into_iter().map(|part| String::from_utf8_lossy(&part).into_owned()).collect())
    }

    #[test]
    fn parts_are_what_stands_between_the_delimiters() {
        let body = "before\r\n--bb\r\n--b \r\nA: 1\r\n\r\none\r\n--bc\r\n\r\n--b\r\n\r\n\r\n--b\r\nX: y\r\n\r\n--b--\r\nafter";
        assert_eq!(texts(body).unwrap(), ["one\r\n--bc\r\n", "", ""]);
        assert_eq!(texts("--b\n\none\n--b\n\ntwo\n--b--").unwrap(), ["one", "two"]);
        assert_eq!(texts("--b--").unwrap(), [""; 0]);
    }

    #[test]
    fn quoted_printable_is_undone() {
        let body = "--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\na=3Db=\r\nc=zz=\r\n--b--";
        assert_eq!(texts(body).unwrap(), ["a=bc=zz="]);
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        for body in ["", "x", "--b", "--b\r\n", "--b\r\nA: 1", "--b\r\n\r\none", "--b\r\n\r\none\r\n--b"] {
            assert!(texts(body).is_err(), "{body}");
        }
        assert_eq!(
            texts("--b\r\nA\r\n\r\none\r\n--b--").unwrap_err(),
            "multipart: a header of a part has no colon"
        );
        assert_eq!(read(b"", "").unwrap_err(), "multipart: boundary is empty");
    }

    #[test]
    fn what_ends_between_parts_may_be_taken_all_the_same() {
        assert_eq!(read_loosely(b"x", "b"), Ok(vec![]));
        assert_eq!(read_loosely(b"--b\r\n\r\none\r\n--b\r\nA: 1", "b"), Ok(vec![b"one".to_vec()]));
        assert!(read_loosely(b"--b\r\n\r\none", "b").is_err());
    }

    #[test]
    fn there_is_a_most_of_parts() {
        let body = "--b\n\n".repeat(MOST_PARTS) + "--b--";
        assert_eq!(texts(&body).map(|parts| parts.len()), Ok(MOST_PARTS));
        let body = "--b\n\n".repeat(MOST_PARTS + 1) + "--b--";
        assert_eq!(texts(&body).unwrap_err(), "multipart: the body has more than 100000 parts");
    }
}
