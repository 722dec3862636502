//! The value of `content-type`.

/// A media type and its parameters, names in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MediaType {
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// # Errors
    /// Says what is wrong; the name is read all the same where it is one.
    pub(crate) fn parse(text: &str) -> (Self, Result<(), &'static str>) {
        let (name, mut rest) = text.split_once(';').unwrap_or((text, ""));
        let mut parsed = Self { name: name.trim().to_ascii_lowercase(), parameters: Vec::new() };
        let is_name = !parsed.name.is_empty() && parsed.name.split('/').all(is_token);
        if !is_name || parsed.name.split('/').count() > 2 {
            parsed.name.clear();
            return (parsed, Err("mime: expected a media type"));
        }
        loop {
            rest = rest.trim_start_matches([' ', '\t', ';']);
            if rest.is_empty() {
                return (parsed, Ok(()));
            }
            let Some((name, value, after)) = parameter(rest) else {
                parsed.parameters.clear();
                return (parsed, Err("mime: invalid media parameter"));
            };
            parsed.parameters.push((name, value));
            rest = after;
        }
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn is_token(text: &str) -> bool {
    let is_special = |byte: u8| b"()<>@,;:\\\"/[]?=".contains(&byte);
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !is_special(byte))
}

/// `name=value` or `name="value"`, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim().to_ascii_lowercase();
    if !is_token(&name) {
        return None;
    }
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find([';', ' ', '\t']).unwrap_or(rest.len());
        let value = &rest[..end];
        return is_token(value).then(|| (name, value.to_owned(), &rest[end..]));
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((name, value, &quoted[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn parameters_may_be_quoted() {
        let (parsed, ended) = MediaType::parse("Multipart/Mixed; charset=utf-8 ;Boundary=\"a \\\"b\\\";c\";");
        assert_eq!((parsed.name.as_str(), ended), ("multipart/mixed", Ok(())));
        assert_eq!(parsed.parameter("boundary"), Some("a \"b\";c"));
        assert_eq!(parsed.parameter("charset"), Some("utf-8"));
        assert_eq!(parsed.parameter("none"), None);
    }

    #[test]
    fn what_is_none_is_an_error() {
        for (text, name) in [("", ""), ("a b/c", ""), ("a/b/c", ""), ("a/b; c", "a/b"), ("a/b; c=\"d", "a/b")]
        {
            let (parsed, ended) = MediaType::parse(text);
            assert!(ended.is_err() && parsed.name == name, "{text}");
        }
    }
}
