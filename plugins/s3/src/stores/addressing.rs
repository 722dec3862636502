use std::net::Ipv4Addr;

use forebay_sdk::http::Text;

/// An address that stands for a cloud's own.
#[derive(Debug)]
pub(crate) struct Endpoint {
    url: String,
    /// Whether buckets always are the first part of the path.
    forces_path_style: bool,
}

impl Endpoint {
    /// Absent for an empty url.
    pub(crate) fn new(url: String, forces_path_style: bool) -> Option<Self> {
        if url.is_empty() { None } else { Some(Self { url, forces_path_style }) }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// As the clients of AWS do, a bucket is a part of the name of the host, where it can be one.
    pub(super) fn settings(&self, bucket: &str) -> [(&'static str, Text); 2] {
        let hosted = if self.forces_path_style { None } else { hosted(&self.url, bucket) };
        let path_style = if hosted.is_some() { "false" } else { "true" };
        let endpoint = hosted.unwrap_or_else(|| self.url.clone());
        [("endpoint", Text::from(endpoint)), ("s3ForcePathStyle", Text::from(path_style))]
    }
}

/// The url with the bucket in front of its host. None where the host is an address, or this machine, which seldom has
/// names below its own; and none for buckets whose names are none of a host, or would need more than one certificate.
fn hosted(url: &str, bucket: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    let is_label = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if host.is_empty() || is_address || host == "localhost" || !bucket.bytes().all(is_label) {
        return None;
    }
    Some(format!("{scheme}://{bucket}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, forces_path_style: bool, bucket: &str) -> [String; 2] {
        let endpoint = Endpoint::new(url.to_owned(), forces_path_style).unwrap();
        endpoint.settings(bucket).map(|(_, value)| value.shown())
    }

    #[test]
    fn a_bucket_is_a_part_of_the_host() {
        let host = ["https://lake.store.example:9000/s3", "false"];
        assert_eq!(settings("https://store.example:9000/s3", false, "lake"), host);
    }

    #[test]
    fn a_bucket_is_a_part_of_the_path_where_it_can_be_none_of_the_host() {
        for (url, forced, bucket) in [
            ("http://store.example", true, "lake"),
            ("http://127.0.0.1:9000", false, "lake"),
            ("http://[::1]:9000", false, "lake"),
            ("http://localhost:9000", false, "lake"),
            ("https://store.example", false, "lake.of.data"),
            ("https://store.example", false, "Lake"),
        ] {
            assert_eq!(settings(url, forced, bucket), [url, "true"]);
        }
        assert!(Endpoint::new(String::new(), true).is_none());
    }
}
