use forebay_sdk::config::Secret;
use forebay_sdk::{Config, Problem};

/// TLS beyond what is usual.
#[derive(Config)]
pub(crate) struct TlsFields {
    /// Whether the other fields count. `https` needs none of them.
    #[config(default = false, advanced)]
    pub(crate) enabled: bool,
    /// Whether every certificate of a server is accepted.
    #[config(default = false, advanced)]
    pub(crate) skip_cert_verify: bool,
    /// Whether a server may ask for another handshake. It never may.
    #[config(default = false, advanced)]
    enable_renegotiation: bool,
    /// Certificates (PEM) to trust beside those of the machine.
    #[config(default = "", advanced)]
    pub(crate) root_cas: String,
    /// A file with such certificates.
    #[config(default = "", advanced, example = "./root_cas.pem")]
    pub(crate) root_cas_file: String,
    /// The certificate that this client shows, with its key: as texts or as files. One at most.
    #[config(default = [], advanced, example = [{"cert_file": "./example.pem", "key_file": "./example.key"}])]
    pub(crate) client_certs: Vec<CertificateFields>,
}

#[derive(Config)]
pub(crate) struct CertificateFields {
    /// The chain of certificates (PEM).
    #[config(default = "")]
    pub(crate) cert: String,
    /// Its key (PEM).
    pub(crate) key: Option<Secret>,
    /// A file with the chain of certificates.
    #[config(default = "")]
    pub(crate) cert_file: String,
    /// A file with the key.
    #[config(default = "")]
    pub(crate) key_file: String,
    /// The password of an encrypted key. Not available: decrypt the key.
    password: Option<Secret>,
}

impl TlsFields {
    pub(super) fn check(&self) -> Result<(), Problem> {
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
}
