use std::path::PathBuf;
use std::str::FromStr;

const SCHEME: &str = "sqlite://";
const MEMORY: &str = ":memory:";

/// Where a store is: `sqlite://PATH` or `sqlite://:memory:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// In a file, which is made where there is none. `sqlite:///var/lib/x` is an absolute path.
    File(PathBuf),
    /// In memory: it ends with the store.
    Memory,
}

/// Why a text is no place of a store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metadata URL {url:?} is not one of SQLite: expected sqlite://PATH or sqlite://:memory:")]
pub struct LocationError {
    /// What was given.
    pub url: String,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        match url.strip_prefix(SCHEME) {
            Some(MEMORY) => Ok(Self::Memory),
            Some(path) if !path.is_empty() && !path.contains(['?', '#']) => Ok(Self::File(path.into())),
            _ => Err(LocationError { url: url.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_in_a_file_or_in_memory() {
        assert_eq!("sqlite://:memory:".parse(), Ok(Location::Memory));
        assert_eq!("sqlite://a/b.db".parse(), Ok(Location::File("a/b.db".into())));
        assert_eq!("sqlite:///a/b.db".parse(), Ok(Location::File("/a/b.db".into())));
        for url in ["", "sqlite://", "sqlite:a", "postgres://a", "sqlite://a?mode=ro"] {
            assert!(url.parse::<Location>().is_err(), "{url}");
        }
    }
}
