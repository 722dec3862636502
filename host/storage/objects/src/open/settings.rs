use std::collections::HashMap;
use std::fmt;

use url::Url;

/// What a bucket is opened with beside its URL. It may hold keys, and shows only names.
#[derive(Clone, Default)]
pub struct Settings {
    variables: HashMap<String, String>,
    parameters: Vec<(String, String)>,
}

impl Settings {
    /// The variables of the environment; only those of the clouds are read.
    #[must_use]
    pub fn of_environment(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { variables: variables.into_iter().collect(), parameters: Vec::new() }
    }

    /// With one more parameter, as if it stood in the URL.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The variables whose names begin so.
    pub(super) fn variables<'s>(
        &'s self,
        start: &'static str,
    ) -> impl Iterator<Item = (&'s String, &'s String)> {
        self.variables.iter().filter(move |(name, _)| name.starts_with(start))
    }

    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The parameters of the URL, then ours.
    pub(super) fn parameters(&self, url: &Url) -> impl Iterator<Item = (String, String)> {
        let of_url = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        of_url.chain(self.parameters.iter().cloned())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings").field("parameters", &names).finish_non_exhaustive()
    }
}
