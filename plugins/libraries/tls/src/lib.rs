//! The fields of TLS: how a server is verified, and how a client shows who it is. Connections are the host's.

use forebay_sdk::config::Secret;
use forebay_sdk::http::Text;
use forebay_sdk::{Config, Error, Problem, files};

/// TLS beyond what is usual.
#[derive(Debug, Config)]
pub struct TlsFields {
    /// Whether TLS is used where addresses do not say it, as those of `https` do, and whether the other fields count.
    #[config(default = false, advanced)]
    pub enabled: bool,
    /// Whether every certificate of a server is accepted.
    #[config(default = false, advanced)]
    pub skip_cert_verify: bool,
    /// Whether a server may ask for another handshake. It never may.
    #[config(default = false, advanced)]
    enable_renegotiation: bool,
    /// Certificates (PEM) to trust beside those of the machine.
    #[config(default = "", advanced)]
    root_cas: String,
    /// A file with such certificates.
    #[config(default = "", advanced, example = "./root_cas.pem")]
    root_cas_file: String,
    /// The certificate that this client shows, with its key: as texts or as files. One at most.
    #[config(default = [], advanced, example = [{"cert_file": "./example.pem", "key_file": "./example.key"}])]
    client_certs: Vec<CertificateFields>,
}

/// A certificate of the client.
#[derive(Debug, Config)]
struct CertificateFields {
    /// The chain of certificates (PEM).
    #[config(default = "")]
    cert: String,
    /// Its key (PEM).
    key: Option<Secret>,
    /// A file with the chain of certificates.
    #[config(default = "")]
    cert_file: String,
    /// A file with the key.
    #[config(default = "")]
    key_file: String,
    /// The password of an encrypted key. Not available: decrypt the key.
    password: Option<Secret>,
}

/// The texts that the fields name, files among them. PEM.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// To trust beside those of the machine.
    pub roots: Option<Text>,
    /// The chain of certificates that the client shows, and its key.
    pub identity: Option<(Text, Text)>,
}

/// The longest file: the host takes no longer text.
const LONGEST: usize = 64 << 10;

impl TlsFields {
    /// Refuses what can't be done, as a problem of the field `tls`.
    ///
    /// # Errors
    /// What that is.
    pub fn check(&self) -> Result<(), Problem> {
        if !self.enabled {
            return Ok(());
        }
        if self.enable_renegotiation {
            return Err(Problem::new("renegotiation is not available").at("/tls/enable_renegotiation"));
        }
        match self.client_certs.as_slice() {
            [_, _, ..] => {
                Err(Problem::new("one client certificate is available, not more").at("/tls/client_certs"))
            }
            [CertificateFields { password: Some(_), .. }] => {
                let problem = Problem::new("encrypted keys are not available: decrypt the key");
                Err(problem.at("/tls/client_certs/0/password"))
            }
            _ => Ok(()),
        }
    }

    /// Whether [`TlsFields::load`] reads files.
    #[must_use]
    pub fn names_files(&self) -> bool {
        let names = |fields: &CertificateFields| !(fields.cert_file.is_empty() && fields.key_file.is_empty());
        !self.root_cas_file.is_empty() || self.client_certs.iter().any(names)
    }

    /// What the fields name, whether TLS is enabled or not. Reads files, so not for `open`.
    ///
    /// # Errors
    /// When a file can't be read, or half of a certificate is missing.
    pub fn load(&self) -> Result<Certificates, Error> {
        let Self { root_cas, root_cas_file, client_certs, .. } = self;
        let roots = pem(root_cas, root_cas_file, "root_cas_file")?;
        let Some(CertificateFields { cert, key, cert_file, key_file, .. }) = client_certs.first() else {
            return Ok(Certificates { roots, identity: None });
        };
        let chain = pem(cert, cert_file, "cert_file")?;
        let key = match key {
            Some(key) => Some(Text::from(key)),
            None => pem("", key_file, "key_file")?,
        };
        match (chain, key) {
            (Some(chain), Some(key)) => Ok(Certificates { roots, identity: Some((chain, key)) }),
            _ => Err(Error::new("a client certificate needs both: a certificate and its key")),
        }
    }
}

/// A text as it is given, or that of a file. `field` names the file in errors.
///
/// # Errors
/// When the file can't be read.
pub fn pem(text: &str, file: &str, field: &str) -> Result<Option<Text>, Error> {
    if !text.is_empty() {
        return Ok(Some(Text::from(text)));
    }
    if file.is_empty() {
        return Ok(None);
    }
    let read = files::open(file).map_err(Error::from).and_then(|mut stream| stream.read_to_end(LONGEST));
    let bytes = read.map_err(|error| error.context(format_args!("{field} {file}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Error::new(format!("{field} {file} is no text")))?;
    Ok(Some(Text::from(text)))
}

#[cfg(test)]
mod tests {
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn fields(json: &Value) -> TlsFields {
        testing::config(json).unwrap()
    }

    #[test]
    fn what_can_not_be_done_is_refused_where_it_counts() {
        let renegotiation = json!({"enabled": true, "enable_renegotiation": true});
        let problem = fields(&renegotiation).check().unwrap_err();
        assert_eq!(problem.to_string(), "/tls/enable_renegotiation: renegotiation is not available");
        assert!(fields(&json!({"enable_renegotiation": true})).check().is_ok());
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let half = json!({"enabled": true, "client_certs": [{"cert": "CHAIN"}]});
        assert!(fields(&half).load().unwrap_err().message().contains("needs both"));
        let whole =
            json!({"root_cas": "ROOTS", "client_certs": [{"cert": "CHAIN", "key": {"$secret": "1"}}]});
        let Certificates { roots, identity } = fields(&whole).load().unwrap();
        assert_eq!(roots.unwrap().shown(), "ROOTS");
        assert_eq!(identity.unwrap().0.shown(), "CHAIN");
    }
}
