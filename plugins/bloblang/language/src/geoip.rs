//! Addresses in databases of the MaxMind format, with the shapes and words of the library that Bento uses (geoip2).
//!
//! A database is read whole, once for all calls that name the same file, and lives as long as one of them keeps it.
//! Nothing in it is trusted: every offset is checked, pointers are followed to a depth, and a broken file is an error.

mod database;
mod record;
mod shape;

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use crate::value::{Value, quoted};
use database::Database;
use shape::Shape;

/// What is asked about an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    AnonymousIp,
    Asn,
    City,
    ConnectionType,
    Country,
    Domain,
    Enterprise,
    Isp,
}

/// A database and the questions it answers.
#[derive(Debug)]
pub(crate) struct Reader {
    database: Database,
    answers: &'static [Question],
}

thread_local! {
    static OPEN: RefCell<HashMap<String, Weak<Reader>>> = RefCell::new(HashMap::new());
}

/// The database in a file, which is read unless somebody has it open.
///
/// # Errors
/// Why it cannot be read, or what is wrong with it.
pub(crate) fn open(
    path: &str,
    read: impl FnOnce(&str) -> Result<Vec<u8>, String>,
) -> Result<Arc<Reader>, String> {
    let known = OPEN.with(|open| open.borrow().get(path).and_then(Weak::upgrade));
    if let Some(reader) = known {
        return Ok(reader);
    }
    let reader = Arc::new(Reader::new(read(path)?)?);
    OPEN.with(|open| {
        let mut open = open.borrow_mut();
        open.retain(|_, reader| reader.strong_count() > 0);
        open.insert(path.to_owned(), Arc::downgrade(&reader));
    });
    Ok(reader)
}

impl Reader {
    fn new(content: Vec<u8>) -> Result<Self, String> {
        let database = Database::new(content)?;
        let answers = answers(database.kind()).ok_or_else(|| {
            format!("geoip2: reader does not support the {} database type", quoted(database.kind()))
        })?;
        Ok(Self { database, answers })
    }

    /// What the database says about an address. About one that it does not know, everything is empty.
    ///
    /// # Errors
    /// That the database is for another question, or broken.
    pub(crate) fn answer(&self, question: Question, address: &str) -> Result<Value, String> {
        let parsed: IpAddr = address
            .parse()
            .map_err(|_| format!("value {address} does not appear to be a valid v4 or v6 IP address"))?;
        if !self.answers.contains(&question) {
            let (method, kind) = (question.name(), self.database.kind());
            return Err(format!("geoip2: the {method} method does not support the {kind} database"));
        }
        let shape = Shape::Group(question.fields());
        match self.database.find(parsed.to_canonical())? {
            None => Ok(shape.empty()),
            Some(offset) => self.database.data().shaped(offset, &shape),
        }
    }
}

impl Question {
    fn name(self) -> &'static str {
        match self {
            Self::AnonymousIp => "AnonymousIP",
            Self::Asn => "ASN",
            Self::City => "City",
            Self::ConnectionType => "ConnectionType",
            Self::Country => "Country",
            Self::Domain => "Domain",
            Self::Enterprise => "Enterprise",
            Self::Isp => "ISP",
        }
    }

    fn fields(self) -> &'static [shape::Field] {
        match self {
            Self::AnonymousIp => shape::ANONYMOUS_IP,
            Self::Asn => shape::ASN,
            Self::City => shape::CITY,
            Self::ConnectionType => shape::CONNECTION_TYPE,
            Self::Country => shape::COUNTRY,
            Self::Domain => shape::DOMAIN,
            Self::Enterprise => shape::ENTERPRISE,
            Self::Isp => shape::ISP,
        }
    }
}

/// What a database of a type can be asked.
fn answers(kind: &str) -> Option<&'static [Question]> {
    Some(match kind {
        "GeoIP2-Anonymous-IP" => &[Question::AnonymousIp],
        "DBIP-ASN-Lite (compat=GeoLite2-ASN)" | "GeoLite2-ASN" => &[Question::Asn],
        "DBIP-City-Lite"
        | "DBIP-Country-Lite"
        | "DBIP-Country"
        | "DBIP-Location (compat=City)"
        | "GeoLite2-City"
        | "GeoIP2-City"
        | "GeoIP2-City-Africa"
        | "GeoIP2-City-Asia-Pacific"
        | "GeoIP2-City-Europe"
        | "GeoIP2-City-North-America"
        | "GeoIP2-City-South-America"
        | "GeoIP2-Precision-City"
        | "GeoLite2-Country"
        | "GeoIP2-Country" => &[Question::City, Question::Country],
        "GeoIP2-Connection-Type" => &[Question::ConnectionType],
        "GeoIP2-Domain" => &[Question::Domain],
        "DBIP-ISP (compat=Enterprise)" | "DBIP-Location-ISP (compat=Enterprise)" | "GeoIP2-Enterprise" => {
            &[Question::Enterprise, Question::City, Question::Country]
        }
        "GeoIP2-ISP" | "GeoIP2-Precision-ISP" => &[Question::Isp, Question::Asn],
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
