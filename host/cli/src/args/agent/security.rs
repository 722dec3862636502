//! Who may come to an agent, and what they may do.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use forebay_kafka_broker::{
    AclMode, ClientCertificates, PrincipalMapping, SaslSettings, SecuritySettings, TlsProfile, TlsSettings,
};
use forebay_kafka_security::{Mechanism, Principal};

use super::duration;

#[derive(Debug, Args)]
pub(crate) struct Security {
    /// Have Kafka clients speak TLS.
    #[arg(
        long = "kafkaTLS",
        env = "WARPSTREAM_TLS_ENABLED",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    tls: bool,
    /// The certificate for Kafka clients, and those that lead to its root, as PEM. A changed file is taken.
    #[arg(long = "tlsServerCertFile", env = "WARPSTREAM_TLS_SERVER_CERT_FILE", value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its key as PEM, not encrypted.
    #[arg(
        long = "tlsServerPrivateKeyFile",
        env = "WARPSTREAM_TLS_SERVER_PRIVATE_KEY_FILE",
        value_name = "FILE"
    )]
    key: Option<PathBuf>,
    /// Roots that certificates of clients lead to, as PEM.
    #[arg(long = "tlsClientCACertFile", env = "WARPSTREAM_TLS_CLIENT_CA_CERT_FILE", value_name = "FILE")]
    client_roots: Option<PathBuf>,
    /// Have clients show a certificate; the name in it is their principal.
    #[arg(
        long = "requireMTLSAuthentication",
        env = "WARPSTREAM_REQUIRE_MTLS_AUTHENTICATION",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    require_certificates: bool,
    /// Which versions of TLS: golang-default and intermediate are 1.2 and 1.3, modern is 1.3.
    #[arg(
        long = "tlsProfile",
        env = "WARPSTREAM_TLS_PROFILE",
        value_parser = profile,
        default_value = "golang-default",
        value_name = "NAME"
    )]
    profile: TlsProfile,
    /// How names in certificates become principals: Kafka's ssl.principal.mapping.rules.
    #[arg(
        long = "tlsPrincipalMappingRules",
        env = "WARPSTREAM_TLS_PRINCIPAL_MAPPING_RULES",
        value_parser = mapping,
        default_value = "DEFAULT",
        value_name = "RULES"
    )]
    mapping: PrincipalMapping,
    /// Have clients log in.
    #[arg(
        long = "requireSASLAuthentication",
        env = "WARPSTREAM_REQUIRE_SASL_AUTHENTICATION",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    require_login: bool,
    /// How clients may log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512.
    #[arg(
        long = "saslMechanisms",
        env = "WARPSTREAM_SASL_MECHANISMS",
        value_delimiter = ',',
        value_parser = mechanism,
        default_value = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        value_name = "NAMES"
    )]
    mechanisms: Vec<Mechanism>,
    /// How long a login holds before a client must log in again on its connection; 0s is for ever.
    #[arg(
        long = "connectionsMaxReauth",
        env = "WARPSTREAM_CONNECTIONS_MAX_REAUTH",
        value_parser = duration,
        default_value = "0s",
        value_name = "DURATION"
    )]
    login_lifetime: Duration,
    /// Refuse what ACLs do not allow.
    #[arg(
        long = "enableACLs",
        env = "WARPSTREAM_ENABLE_ACLS",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    acls: bool,
    /// Count what ACLs do not allow, and do it nevertheless.
    #[arg(
        long = "enableACLShadowing",
        env = "WARPSTREAM_ENABLE_ACL_SHADOWING",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    acl_shadowing: bool,
    /// Who may do everything, with semicolons between them: User:alice;User:bob.
    #[arg(
        long = "superUsers",
        env = "WARPSTREAM_SUPER_USERS",
        value_delimiter = ';',
        value_parser = principal,
        value_name = "PRINCIPALS"
    )]
    super_users: Vec<Principal>,
    /// Allow everybody what no ACL is about.
    #[arg(
        long = "allowEveryoneIfNoACLFound",
        env = "WARPSTREAM_ALLOW_EVERYONE_IF_NO_ACL_FOUND",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    allow_everyone: bool,
}

impl Security {
    /// What it comes to.
    pub(crate) fn settings(self) -> anyhow::Result<(SecuritySettings, Option<TlsSettings>)> {
        let clients = match (self.client_roots, self.require_certificates) {
            (Some(roots), true) => ClientCertificates::Required(roots),
            (Some(roots), false) => ClientCertificates::Requested(roots),
            (None, false) => ClientCertificates::None,
            (None, true) => {
                anyhow::bail!(
                    "-requireMTLSAuthentication needs -tlsClientCACertFile: the roots of certificates"
                )
            }
        };
        let tls = match (self.tls, self.certificate, self.key) {
            (true, Some(certificate), Some(key)) => Some(TlsSettings {
                clients,
                profile: self.profile,
                mapping: self.mapping,
                ..TlsSettings::new(certificate, key)
            }),
            (true, _, _) => {
                anyhow::bail!("-kafkaTLS needs -tlsServerCertFile and -tlsServerPrivateKeyFile")
            }
            // What was asked for must not be left out.
            (false, _, _) if clients != ClientCertificates::None => {
                anyhow::bail!("certificates of clients need -kafkaTLS")
            }
            (false, certificate, key) => {
                if certificate.is_some() || key.is_some() {
                    tracing::warn!("there are files for TLS and no -kafkaTLS: Kafka clients come without");
                }
                None
            }
        };
        let lifetime = (!self.login_lifetime.is_zero()).then_some(self.login_lifetime);
        let sasl = self.require_login.then_some(SaslSettings { mechanisms: self.mechanisms, lifetime });
        if tls.is_none() && sasl.as_ref().is_some_and(|sasl| sasl.mechanisms.contains(&Mechanism::Plain)) {
            tracing::warn!("passwords of PLAIN come without TLS: whoever listens has them");
        }
        let acls = match (self.acls, self.acl_shadowing) {
            (_, true) => AclMode::Shadow,
            (true, false) => AclMode::Enforced,
            (false, false) => AclMode::Off,
        };
        let security = SecuritySettings {
            sasl,
            acls,
            super_users: self.super_users,
            allows_everyone_if_no_acl: self.allow_everyone,
        };
        Ok((security, tls))
    }
}

fn profile(name: &str) -> Result<TlsProfile, String> {
    match name {
        "golang-default" | "intermediate" => Ok(TlsProfile::Intermediate),
        "modern" => Ok(TlsProfile::Modern),
        "old" => Err("TLS 1.0 and 1.1 are not spoken: they are broken".to_owned()),
        _ => Err("expected golang-default, intermediate or modern".to_owned()),
    }
}

fn mapping(text: &str) -> Result<PrincipalMapping, String> {
    text.parse().map_err(|error: forebay_kafka_broker::MappingError| error.to_string())
}

fn mechanism(name: &str) -> Result<Mechanism, String> {
    name.trim().parse().map_err(|error: forebay_kafka_security::UnknownMechanism| error.to_string())
}

fn principal(text: &str) -> Result<Principal, String> {
    text.trim().parse().map_err(|error: forebay_kafka_security::PrincipalError| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        security: Security,
    }

    fn settings(flags: &[&str]) -> Result<(SecuritySettings, Option<TlsSettings>), String> {
        let line = Line::try_parse_from([&["agent"], flags].concat()).map_err(|error| error.to_string())?;
        line.security.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn flags_become_settings() {
        let (security, tls) = settings(&[]).unwrap();
        assert!(security.sasl.is_none() && tls.is_none() && security.acls == AclMode::Off);
        let flags = [
            "--kafkaTLS",
            "--tlsServerCertFile=a",
            "--tlsServerPrivateKeyFile=b",
            "--requireMTLSAuthentication",
            "--tlsClientCACertFile=c",
            "--requireSASLAuthentication=true",
            "--saslMechanisms=SCRAM-SHA-512",
            "--enableACLs",
            "--superUsers=User:admin;User:CN=x,O=y",
        ];
        let (security, tls) = settings(&flags).unwrap();
        assert_eq!(security.sasl.unwrap().mechanisms.len(), 1);
        assert_eq!(security.super_users[1].as_str(), "User:CN=x,O=y");
        assert_eq!(security.acls, AclMode::Enforced);
        assert_eq!(tls.unwrap().clients, ClientCertificates::Required("c".into()));
    }

    #[test]
    fn what_would_leave_the_door_open_is_refused() {
        assert!(settings(&["--kafkaTLS"]).unwrap_err().contains("tlsServerCertFile"));
        assert!(settings(&["--requireMTLSAuthentication"]).unwrap_err().contains("tlsClientCACertFile"));
        let error = settings(&["--requireMTLSAuthentication", "--tlsClientCACertFile=c"]).unwrap_err();
        assert!(error.contains("need -kafkaTLS"), "{error}");
        assert!(settings(&["--saslMechanisms=GSSAPI"]).unwrap_err().contains("no SASL mechanism"));
        assert!(settings(&["--tlsProfile=old"]).unwrap_err().contains("broken"));
        assert!(settings(&["--superUsers=admin"]).unwrap_err().contains("no principal"));
    }
}
