use std::fmt::Write as _;

use x509_parser::der_parser::asn1_rs::ToDer as _;
use x509_parser::x509::AttributeTypeAndValue;

/// A certificate that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it can't be read: {0}")]
pub(super) struct Unreadable(String);

/// The name of whom a certificate is for, as Java writes it and Kafka's ACLs have it: after RFC 2253, the last part
/// first, and parts without a short name of their own as numbers.
pub(super) fn of_subject(certificate: &[u8]) -> Result<String, Unreadable> {
    let (_, certificate) =
        x509_parser::parse_x509_certificate(certificate).map_err(|error| Unreadable(error.to_string()))?;
    let parts: Vec<_> = certificate.subject().iter_rdn().collect();
    let mut name = String::new();
    for part in parts.into_iter().rev() {
        for (at, attribute) in part.iter().enumerate() {
            if at > 0 {
                name.push('+');
            } else if !name.is_empty() {
                name.push(',');
            }
            write(&mut name, attribute);
        }
    }
    Ok(name)
}

fn write(name: &mut String, attribute: &AttributeTypeAndValue<'_>) {
    let oid = attribute.attr_type().to_id_string();
    match (keyword(&oid), attribute.as_str()) {
        (Some(keyword), Ok(value)) => {
            name.push_str(keyword);
            name.push('=');
            escape(name, value);
        }
        (keyword, _) => {
            name.push_str(keyword.unwrap_or(&oid));
            name.push_str("=#");
            for byte in attribute.attr_value().to_der_vec().unwrap_or_default() {
                // Writing into a text never fails.
                let _ = write!(name, "{byte:02x}");
            }
        }
    }
}

/// The short names of RFC 2253, which are all that Java uses.
fn keyword(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}

/// With a backslash before each sign that means something, and before spaces at both ends: names that differ in them are
/// of different people.
fn escape(name: &mut String, value: &str) {
    let is_blank = |letter: char| matches!(letter, ' ' | '\r');
    let start = value.len() - value.trim_start_matches(is_blank).len();
    let end = value.trim_end_matches(is_blank).len();
    for (at, letter) in value.char_indices() {
        let is_sign = matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#');
        if is_sign || at < start || at >= end {
            name.push('\\');
        }
        match letter {
            '\0' => name.push_str("\\00"),
            letter => name.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::*;

    fn name_of(parts: &[(DnType, &str)]) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in parts {
            params.distinguished_name.push(kind.clone(), *value);
        }
        let key = KeyPair::generate().unwrap();
        of_subject(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn names_are_written_as_java_does() {
        let all = [
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Sun Microsystems"),
            (DnType::OrganizationalUnitName, "Java, Soft"),
            (DnType::CommonName, "#Duke + \"me\""),
        ];
        assert_eq!(name_of(&all), r##"CN=\#Duke \+ \"me\",OU=Java\, Soft,O=Sun Microsystems,C=US"##);
        assert_eq!(name_of(&[(DnType::CommonName, " a#b=\0 \r")]), r"CN=\ a\#b\=\00\ \".to_owned() + "\r");
        assert_eq!(name_of(&[(DnType::CommonName, "  ")]), r"CN=\ \ ");
        let other = [(DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]), "a@b")];
        assert_eq!(name_of(&other), "1.2.840.113549.1.9.1=#0c03614062");
    }

    #[test]
    fn what_is_no_certificate_has_no_name() {
        assert!(of_subject(b"nothing").is_err());
    }
}
