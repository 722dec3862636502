//! Certificates and keys, from the configuration or from files.

use forebay_sdk::http::{Request, Text};
use forebay_sdk::{Error, files};

use crate::fields::{CertificateFields, TlsFields};

/// What requests say of TLS. Files are read with the first request.
pub(crate) struct Certificates {
    fields: TlsFields,
    loaded: Option<Loaded>,
}

/// The texts of the files that were named.
struct Loaded {
    roots: Option<Text>,
    identity: Option<(Text, Text)>,
}

/// The longest file: the host takes no longer text.
const LONGEST: usize = 64 << 10;

impl Certificates {
    pub(crate) fn new(fields: TlsFields) -> Self {
        Self { fields, loaded: None }
    }

    /// The request with what it needs.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(crate) fn apply(&mut self, mut request: Request) -> Result<Request, Error> {
        if !self.fields.enabled {
            return Ok(request);
        }
        if self.loaded.is_none() {
            self.loaded = Some(Loaded::read(&self.fields)?);
        }
        if let Some(Loaded { roots, identity }) = &self.loaded {
            if let Some(roots) = roots {
                request = request.extra_roots(roots.clone());
            }
            if let Some((chain, key)) = identity {
                request = request.certificate(chain.clone(), key.clone());
            }
        }
        Ok(if self.fields.skip_cert_verify { request.skip_verification() } else { request })
    }
}

impl Loaded {
    fn read(fields: &TlsFields) -> Result<Self, Error> {
        let TlsFields { root_cas, root_cas_file, client_certs, .. } = fields;
        let roots = pem(root_cas, root_cas_file, "root_cas_file")?;
        let Some(CertificateFields { cert, key, cert_file, key_file, .. }) = client_certs.first() else {
            return Ok(Self { roots, identity: None });
        };
        let chain = pem(cert, cert_file, "cert_file")?;
        let key = match key {
            Some(key) => Some(Text::from(key)),
            None => pem("", key_file, "key_file")?,
        };
        match (chain, key) {
            (Some(chain), Some(key)) => Ok(Self { roots, identity: Some((chain, key)) }),
            _ => Err(Error::new("a client certificate needs both: a certificate and its key")),
        }
    }
}

/// A text as it is given, or that of a file.
pub(crate) fn pem(text: &str, file: &str, field: &str) -> Result<Option<Text>, Error> {
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
