use regex_lite::Regex;

/// What a text must be like: it holds a text or, between slashes, matches a regular expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    written: String,
    regex: Option<Regex>,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let inner =
            text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
        let regex = inner.map(|inner| Regex::new(inner).map_err(|error| error.to_string())).transpose()?;
        Ok(Self { written: text.to_owned(), regex })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.regex {
            Some(regex) => regex.is_match(text),
            None => text.contains(&self.written),
        }
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_contained_and_one_between_slashes_is_matched() {
        let text = Pattern::parse("no text").unwrap();
        assert!(text.matches("it is no text at all") && !text.matches("text"));
        let regex = Pattern::parse("/^at \\d+$/").unwrap();
        assert!(regex.matches("at 12") && !regex.matches("look at 12"));
        assert!(Pattern::parse("/(/").is_err());
    }
}
