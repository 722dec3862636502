use regex_lite::Regex;

/// The parts of a path that stand for something: each with its name, as they are in the path of a request but decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathParameters(pub Vec<(String, String)>);

impl PathParameters {
    /// What a part stands for; empty for one that the path has not.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A path with parts such as `{name}`, which stands for one segment, or `{name:pattern}`, which stands for what a
/// regular expression matches. One that ends in a slash stands for all that begin with it.
#[derive(Debug)]
pub(crate) struct Template {
    whole: Regex,
    names: Vec<String>,
}

impl Template {
    /// The template that a path is; none where it is only a path.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn parse(path: &str) -> Result<Option<Self>, String> {
        if !path.contains(['{', '}']) {
            return Ok(None);
        }
        let wrong = |reason: &str| format!("the path {path} can't be used: {reason}");
        let (mut pattern, mut names) = ("^".to_owned(), Vec::<String>::new());
        let mut rest = path;
        while let Some(start) = rest.find(['{', '}']) {
            let (literal, braced) = rest.split_at(start);
            pattern.push_str(&regex_lite::escape(literal));
            let end = closing(braced).ok_or_else(|| wrong("its braces are not balanced"))?;
            let inside = &braced[1..end];
            let (name, piece) = inside.split_once(':').unwrap_or((inside, "[^/]+"));
            if name.is_empty() || piece.is_empty() {
                return Err(wrong("a part in braces needs a name, and a pattern behind a colon"));
            }
            if names.iter().any(|known| known == name) {
                return Err(wrong(&format!("it has two parts of the name {name}")));
            }
            // By number: a name may hold what a group's may not.
            pattern.push_str(&format!("(?P<part{}>{piece})", names.len()));
            names.push(name.to_owned());
            rest = &braced[end + 1..];
        }
        pattern.push_str(&regex_lite::escape(rest));
        if !path.ends_with('/') {
            pattern.push('$');
        }
        let whole = Regex::new(&pattern).map_err(|error| wrong(&error.to_string()))?;
        Ok(Some(Self { whole, names }))
    }

    /// What its parts are in a path that it stands for.
    pub(crate) fn parameters(&self, path: &str) -> Option<PathParameters> {
        let found = self.whole.captures(path)?;
        let value = |(index, name): (usize, &String)| {
            let value = found.name(&format!("part{index}")).map_or("", |part| part.as_str());
            (name.clone(), decoded(value))
        };
        Some(PathParameters(self.names.iter().enumerate().map(value).collect()))
    }
}

/// Where the brace that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open = open.checked_sub(1)?,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// A part of a path without percent-encoding; what is none stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped.filter(|_| *byte == b'%') {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).unwrap().unwrap();
        template.parameters(path).map(|PathParameters(parameters)| parameters)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn parts_stand_for_segments() {
        assert_eq!(parameters("/a/{b}/c.{d}", "/a/x%20y/c.z"), pairs(&[("b", "x y"), ("d", "z")]));
        assert_eq!(parameters("/a/{b}", "/a/x/y"), None);
        assert_eq!(parameters("/a/{b}/", "/a/x/y"), pairs(&[("b", "x")]));
        assert_eq!(parameters("/{n:[0-9]{2}}", "/12"), pairs(&[("n", "12")]));
        assert_eq!(parameters("/{n:[0-9]{2}}", "/1"), None);
    }

    #[test]
    fn what_is_no_template_is_named() {
        assert!(Template::parse("/a").unwrap().is_none());
        for path in ["/{", "/}", "/{}", "/{a:}", "/{a}{a}", "/{a:(}"] {
            assert!(Template::parse(path).unwrap_err().contains(path), "{path}");
        }
    }
}
