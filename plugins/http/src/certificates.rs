//! Certificates and keys, from the configuration or from files.

use forebay_sdk::Error;
use forebay_sdk::http::Request;
use forebay_tls::TlsFields;

/// What requests say of TLS. Files are read with the first request.
pub(crate) struct Certificates {
    fields: TlsFields,
    loaded: Option<forebay_tls::Certificates>,
}

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
            self.loaded = Some(self.fields.load()?);
        }
        if let Some(forebay_tls::Certificates { roots, identity }) = &self.loaded {
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
