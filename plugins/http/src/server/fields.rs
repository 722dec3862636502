use std::time::Duration;

use forebay_sdk::http::{Cors, Text};
use forebay_sdk::{Config, Error, Problem};
use forebay_tls::pem;

/// Where a server is.
#[derive(Config)]
pub(super) struct ServerFields {
    /// The certificate chain (PEM) of a server of one's own. With it HTTPS is spoken.
    #[config(default = "", advanced)]
    pub(super) cert_file: String,
    /// The key (PEM) of the certificate.
    #[config(default = "", advanced)]
    pub(super) key_file: String,
    /// Which pages of other origins may send requests. Of a server of one's own; that of the process has the same
    /// settings.
    #[config(default = {}, advanced)]
    pub(super) cors: CorsFields,
}

#[derive(Config)]
pub(super) struct CorsFields {
    /// Whether any may.
    #[config(default = false, advanced)]
    pub(super) enabled: bool,
    /// The origins of such pages, or `*` for all.
    #[config(default = [], advanced)]
    allowed_origins: Vec<String>,
    /// Headers that they may set beside Accept, Accept-Language, Content-Language and Origin.
    #[config(default = [], advanced)]
    allowed_headers: Vec<String>,
    /// Methods that they may use.
    #[config(default = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], advanced)]
    allowed_methods: Vec<String>,
}

impl ServerFields {
    /// Refuses what can't be meant.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let Self { cert_file, key_file, cors } = self;
        if cert_file.is_empty() != key_file.is_empty() {
            let field = if cert_file.is_empty() { "/cert_file" } else { "/key_file" };
            return Err(Problem::new("a certificate needs both: cert_file and key_file").at(field));
        }
        if cors.enabled && cors.allowed_origins.is_empty() {
            let problem = Problem::new("must specify at least one allowed origin");
            return Err(problem.at("/cors/allowed_origins"));
        }
        Ok(())
    }

    pub(super) fn cors(&self) -> Option<Cors> {
        let CorsFields { enabled, allowed_origins, allowed_headers, allowed_methods } = &self.cors;
        enabled.then(|| Cors {
            origins: allowed_origins.clone(),
            headers: allowed_headers.clone(),
            methods: allowed_methods.clone(),
        })
    }

    /// Certificate and key, read from their files.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn tls(&self) -> Result<Option<(Text, Text)>, Error> {
        let chain = pem("", &self.cert_file, "cert_file")?;
        Ok(chain.zip(pem("", &self.key_file, "key_file")?))
    }
}

/// The address as the host takes it: a port alone stands for all addresses of the machine.
pub(super) fn address(address: &str) -> String {
    if address.starts_with(':') { format!("0.0.0.0{address}") } else { address.to_owned() }
}

/// A path, where there is one.
pub(super) fn path(path: &str, field: &str) -> Result<Option<String>, Problem> {
    match path {
        "" => Ok(None),
        path if path.starts_with('/') => Ok(Some(path.to_owned())),
        path => Ok(Some(format!("/{path}"))),
    }
    .and_then(|path| check_braces(path, field))
}

fn check_braces(path: Option<String>, field: &str) -> Result<Option<String>, Problem> {
    let balance = path.iter().flat_map(|path| path.chars()).try_fold(0_usize, |open, letter| match letter {
        '{' => Some(open + 1),
        '}' => open.checked_sub(1),
        _ => Some(open),
    });
    match balance {
        Some(0) => Ok(path),
        _ => Err(Problem::new("the braces of the path are not balanced").at(field)),
    }
}

/// Refuses a list of methods that allows nothing.
pub(super) fn check_verbs(verbs: &[String]) -> Result<(), Problem> {
    if verbs.is_empty() {
        return Err(Problem::new("must specify at least one allowed verb").at("/allowed_verbs"));
    }
    Ok(())
}

/// The longest time that the host waits for an answer.
pub(super) const LONGEST_ANSWER: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests {
    use super::{address, path};

    #[test]
    fn addresses_and_paths_are_as_the_host_takes_them() {
        assert_eq!(address(":80"), "0.0.0.0:80");
        assert_eq!(address("localhost:80"), "localhost:80");
        assert_eq!(path("", "/path").expect("fine"), None);
        assert_eq!(path("a/{b}", "/path").expect("fine"), Some("/a/{b}".to_owned()));
        assert_eq!(path("/}{", "/ws_path").map(drop).expect_err("refused").field(), "/ws_path");
    }
}
