//! The public key in a certificate.

use super::der::{self, Der};
use super::keys::{Public, pkix};

/// The key that a certificate is about. Nothing else of it is looked at.
pub(super) fn public_key(bytes: &[u8]) -> Result<Public, String> {
    const VERSION: u8 = 0xa0;
    let malformed = |what: &'static str| move |_: String| format!("x509: malformed {what}");
    let mut certificate = Der::new(bytes).sequence("").map_err(malformed("certificate"))?;
    let mut body = certificate.sequence("").map_err(malformed("tbs certificate"))?;
    if body.rest().first() == Some(&VERSION) {
        body.next().map_err(malformed("version"))?;
    }
    body.expect(der::INTEGER, "").map_err(malformed("serial number"))?;
    body.sequence("").map_err(malformed("signature algorithm identifier"))?;
    body.sequence("").map_err(malformed("issuer"))?;
    body.sequence("").map_err(malformed("validity"))?;
    body.sequence("").map_err(malformed("issuer"))?;
    let key = body.next().map_err(malformed("spki"))?;
    if key.tag != der::SEQUENCE {
        return Err("x509: malformed spki".to_owned());
    }
    pkix(key.whole)
}
