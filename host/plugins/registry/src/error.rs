use http::StatusCode;

/// Why a plugin could not be pushed or pulled.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("connect to {place}")]
    Connect {
        place: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{place} took more than {seconds} s")]
    Late { place: String, seconds: u64 },
    #[error("speak HTTP with {place}")]
    Http {
        place: String,
        #[source]
        source: hyper::Error,
    },
    #[error("{what} at {place}: the registry answered {status}{}", detail(.message))]
    Status { what: &'static str, place: String, status: StatusCode, message: String },
    /// It wants to know who asks, and does not like what it hears.
    #[error("{place} refuses access{}: log in, or set FOREBAY_REGISTRY_USERNAME and FOREBAY_REGISTRY_PASSWORD", detail(.message))]
    Denied { place: String, message: String },
    #[error("{place} has no {what}")]
    NotFound { what: String, place: String },
    #[error("{what} is {found} bytes long, the limit is {limit}")]
    TooLarge { what: String, found: u64, limit: u64 },
    #[error("{what} has the digest {found}, expected {expected}")]
    Digest { what: String, found: String, expected: String },
    #[error("{what} is no plugin: {reason}")]
    NoPlugin { what: String, reason: String },
    #[error("{place} broke the protocol: {reason}")]
    Protocol { place: String, reason: String },
    #[error("the certificates of this system can't be used: {0}")]
    Certificates(String),
}

fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}
