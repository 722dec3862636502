use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};
use kafka_protocol::protocol::StrBytes;

use crate::connection::Connection;
use crate::error::{ClientError, Refused};

/// What a broker serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServedVersions(Vec<(i16, i16, i16)>);

impl ServedVersions {
    /// The newest version from `min` to `max` that is served.
    #[must_use]
    pub fn newest(&self, api: ApiKey, min: i16, max: i16) -> Option<i16> {
        let served = self.0.iter().find(|(key, ..)| *key == api as i16);
        let (_, served_min, served_max) = *served?;
        Some(max.min(served_max)).filter(|newest| *newest >= min.max(served_min))
    }

    /// Each API, with its lowest and highest version. Some may be none that is known here.
    pub fn iter(&self) -> impl Iterator<Item = (i16, i16, i16)> {
        self.0.iter().copied()
    }
}

/// From each API, with its lowest and highest version.
impl FromIterator<(i16, i16, i16)> for ServedVersions {
    fn from_iter<I: IntoIterator<Item = (i16, i16, i16)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Connection {
    /// What the broker serves.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn api_versions(&mut self) -> Result<ServedVersions, ClientError> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("forebay"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        // Every broker since 2.4 answers 3, without a tagged header.
        let response = self.call(3, &request).await?;
        Refused::check(ApiKey::ApiVersions, response.error_code, None)?;
        let keys = response.api_keys.iter().map(|key| (key.api_key, key.min_version, key.max_version));
        Ok(ServedVersions(keys.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_both_know_is_taken() {
        let served = ServedVersions(vec![(ApiKey::Fetch as i16, 4, 11)]);
        assert_eq!(served.newest(ApiKey::Fetch, 4, 12), Some(11));
        assert_eq!(served.newest(ApiKey::Fetch, 0, 5), Some(5));
        assert_eq!(served.newest(ApiKey::Fetch, 12, 13), None);
        assert_eq!(served.newest(ApiKey::Fetch, 0, 3), None);
        assert_eq!(served.newest(ApiKey::Produce, 0, 9), None);
    }
}
