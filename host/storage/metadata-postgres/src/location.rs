use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long a host may take to answer at all.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection over which nothing has come is asked for a sign of life after so long.
const KEEPALIVE: Duration = Duration::from_secs(10);
/// Bytes that nobody has confirmed for so long end the connection.
const UNCONFIRMED: Duration = Duration::from_secs(15);

/// What a URL may say behind its question mark.
const PARAMETERS: [&str; 13] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "keepalives",
    "keepalives_idle",
    "options",
    "password",
    "port",
    "sslmode",
    "target_session_attrs",
    "user",
];

/// Where a store is: `postgres://USER:PASSWORD@HOST:PORT,HOST2:PORT2/DATABASE?sslmode=...`. Of several hosts the first
/// is taken that writes can be sent to.
///
/// `sslmode` is `disable`, `prefer` (as without one) or `require`, `verify-ca`, `verify-full`. Wherever TLS is spoken, the
/// certificate is checked, with the name of the host: against those that the system trusts, or against those in the
/// file that `sslrootcert` names.
#[derive(Clone)]
pub struct Location {
    pub(crate) config: Config,
    /// A file of certificates to trust instead of the system's.
    pub(crate) roots: Option<PathBuf>,
}

/// Why a text is no place of a store. It never says what the text is, since that may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Another scheme.
    #[error(
        "the metadata URL is not one of PostgreSQL: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Scheme,
    /// There is something that cannot be read.
    #[error(
        "the metadata URL can't be read: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE; what is \
         special in a password is written as %40 and the like"
    )]
    Unreadable,
    /// A parameter that means nothing here.
    #[error("the metadata URL has an unknown parameter: expected one of sslrootcert, {}", PARAMETERS.join(", "))]
    Parameter,
    /// No such mode.
    #[error(
        "sslmode of the metadata URL is unknown: expected disable, prefer, require, verify-ca or verify-full"
    )]
    SslMode,
    /// There is nobody to connect to.
    #[error("the metadata URL names no host")]
    NoHost,
    /// A standby could be chosen.
    #[error("target_session_attrs of the metadata URL must be read-write, as it is without it")]
    Target,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(LocationError::Scheme);
        }
        let (place, parameters) = url.split_once('?').unwrap_or((url, ""));
        let mut kept = Vec::new();
        let mut roots = None;
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=').ok_or(LocationError::Unreadable)? {
                ("sslrootcert", file) => roots = Some(PathBuf::from(decoded(file)?)),
                // The certificate is checked anyway.
                ("sslmode", "verify-ca" | "verify-full") => kept.push("sslmode=require".to_owned()),
                ("sslmode", "disable" | "prefer" | "require") => kept.push(parameter.to_owned()),
                ("sslmode", _) => return Err(LocationError::SslMode),
                (name, _) if PARAMETERS.contains(&name) => kept.push(parameter.to_owned()),
                _ => return Err(LocationError::Parameter),
            }
        }
        let mut config: Config =
            format!("{place}?{}", kept.join("&")).parse().map_err(|_| LocationError::Unreadable)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(LocationError::NoHost);
        }
        let asks_for_target = kept.iter().any(|parameter| parameter.starts_with("target_session_attrs="));
        if asks_for_target && config.get_target_session_attrs() != TargetSessionAttrs::ReadWrite {
            return Err(LocationError::Target);
        }
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.keepalives_idle(KEEPALIVE);
        config.keepalives_interval(KEEPALIVE / 2);
        config.keepalives_retries(2);
        config.tcp_user_timeout(UNCONFIRMED);
        if config.get_application_name().is_none() {
            config.application_name("forebay");
        }
        Ok(Self { config, roots })
    }
}

impl Location {
    /// Whether TLS is spoken where the server can.
    pub(crate) fn wants_tls(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }
}

/// Without user, password and parameters.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            if let Some(port) = ports.get(index).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

/// A value of a URL, with `%xx` for bytes.
fn decoded(value: &str) -> Result<String, LocationError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.ok_or(LocationError::Unreadable)?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| LocationError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_the_database_are_shown_and_nothing_else() {
        let url = "postgres://user:se%40cret@a:1,b:2/meta?sslmode=verify-full&sslrootcert=%2Fa%20b";
        let location: Location = url.parse().unwrap();
        assert_eq!(location.to_string(), "postgres://a:1,b:2/meta");
        assert_eq!(format!("{location:?}"), "Location(postgres://a:1,b:2/meta)");
        assert_eq!(location.roots, Some(PathBuf::from("/a b")));
        assert_eq!(location.config.get_password(), Some(b"se@cret".as_slice()));
        assert!(location.wants_tls());
        assert_eq!(location.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
    }

    #[test]
    fn what_is_wrong_is_told_without_the_url() {
        let refusal = |url: &str| url.parse::<Location>().map(drop).unwrap_err();
        assert_eq!(refusal("sqlite://a"), LocationError::Scheme);
        assert_eq!(refusal("postgres://u:secret@h/d?sslmode=no"), LocationError::SslMode);
        assert_eq!(refusal("postgres://u:secret@h/d?target_session_attrs=any"), LocationError::Target);
        assert_eq!(refusal("postgres://u:secret@h/d?a"), LocationError::Unreadable);
        assert_eq!(refusal("postgres://u:secret@h:x/d"), LocationError::Unreadable);
        for url in ["postgres://u:secret@h/d?secret=1", "postgres://u:secret@h:x/d", "mysql://u:secret@h"] {
            assert!(!refusal(url).to_string().contains("u:secret"), "{url}");
            assert!(!refusal(url).to_string().contains("secret="), "{url}");
        }
    }
}
