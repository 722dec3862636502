use forebay_sdk::Problem;
use regex_lite::Regex;

use crate::fields::KeyFields;

/// Chooses keys of metadata, or names of headers.
pub(crate) struct Keys {
    prefixes: Vec<String>,
    patterns: Vec<Regex>,
}

impl Keys {
    /// `field` is where the choice stands in the configuration.
    pub(crate) fn compile(fields: KeyFields, field: &str) -> Result<Self, Problem> {
        let KeyFields { include_prefixes: prefixes, include_patterns } = fields;
        let compile = |(index, pattern): (usize, String)| {
            Regex::new(&pattern).map_err(|error| {
                let problem = Problem::new(format!("{pattern:?} is no regular expression: {error}"));
                problem.at(format!("/{field}/include_patterns/{index}"))
            })
        };
        let patterns = include_patterns.into_iter().enumerate().map(compile).collect::<Result<_, _>>()?;
        Ok(Self { prefixes, patterns })
    }

    /// Whether nothing is chosen, whatever there is.
    pub(crate) fn is_empty(&self) -> bool {
        self.prefixes.is_empty() && self.patterns.is_empty()
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.prefixes.iter().any(|prefix| key.starts_with(prefix))
            || self.patterns.iter().any(|pattern| pattern.is_match(key))
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyFields, Keys};

    fn keys(prefixes: &[&str], patterns: &[&str]) -> Keys {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let fields = KeyFields { include_prefixes: owned(prefixes), include_patterns: owned(patterns) };
        Keys::compile(fields, "metadata").expect("compiles")
    }

    #[test]
    fn prefixes_and_patterns_choose() {
        let chosen = keys(&["x-"], &["^a.c$", "mid"]);
        for key in ["x-", "x-rate", "abc", "amidst"] {
            assert!(chosen.has(key), "{key}");
        }
        for key in ["", "y-x-", "abcd", "X-"] {
            assert!(!chosen.has(key), "{key}");
        }
        assert!(keys(&[], &[]).is_empty() && !keys(&[], &[]).has("a") && keys(&[""], &[]).has("a"));
    }

    #[test]
    fn a_pattern_that_is_none_is_named() {
        let fields =
            KeyFields { include_prefixes: Vec::new(), include_patterns: vec![".".into(), "(".into()] };
        let problem = Keys::compile(fields, "metadata").err().expect("refused");
        assert_eq!(problem.field(), "/metadata/include_patterns/1");
    }
}
