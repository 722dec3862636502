//! The flags of `forebay credentials` and `forebay acls`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use forebay_kafka_client::{ClientSecurity, ClientTls, PasswordLogin};
use forebay_kafka_security::{
    Mechanism, Operation, PatternType, Permission, Principal, ResourceType, ScramMechanism, UnknownWord,
};
use forebay_model::VirtualClusterId;

/// Where credentials and ACLs are changed: at an agent, or in a metadata store that no agent has open.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The metadata store itself: for the first user, before anybody can log in.
    #[arg(long = "metadataURL", env = "WARPSTREAM_METADATA_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) metadata_url: Option<String>,
    /// The virtual cluster in the metadata store, made where there is none [default: vci_default].
    #[arg(
        long = "virtualClusterID",
        alias = "defaultVirtualClusterID",
        env = "WARPSTREAM_DEFAULT_VIRTUAL_CLUSTER_ID",
        value_name = "ID"
    )]
    pub(crate) virtual_cluster: Option<VirtualClusterId>,
    /// The host of an agent, in place of the metadata store.
    #[arg(long = "bootstrap-host", value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Its port.
    #[arg(long = "bootstrap-port", default_value_t = 9092, value_name = "PORT")]
    pub(crate) port: u16,
    #[command(flatten)]
    pub(crate) client: ClientFlags,
}

/// How a broker is spoken to.
#[derive(Debug, Args)]
pub(crate) struct ClientFlags {
    /// Speak TLS with it.
    #[arg(long)]
    tls: bool,
    /// Roots that its certificate leads to, as PEM, in place of those of the system.
    #[arg(long = "tlsCACertFile", requires = "tls", value_name = "FILE")]
    roots: Option<PathBuf>,
    /// A certificate to show, as PEM, where it demands one.
    #[arg(long = "tlsClientCertFile", requires_all = ["tls", "private_key"], value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its key, as PEM.
    #[arg(long = "tlsClientPrivateKeyFile", requires = "certificate", value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// Log in as this user.
    #[arg(long = "login", requires = "login_password", value_name = "USER")]
    login: Option<String>,
    /// The password for it; better in the variable.
    #[arg(
        long = "loginPassword",
        env = "FOREBAY_LOGIN_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true
    )]
    login_password: Option<String>,
    /// How to log in: by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    #[arg(long = "loginMechanism", default_value = "SCRAM-SHA-512", value_name = "NAME")]
    login_mechanism: Mechanism,
}

impl ClientFlags {
    pub(crate) fn security(self) -> ClientSecurity {
        let Self { tls, roots, certificate, private_key, login, login_password, login_mechanism } = self;
        let tls = tls.then(|| ClientTls { roots, certificate: certificate.zip(private_key), config: None });
        let login = login.zip(login_password);
        let mechanism = login_mechanism;
        let login = login.map(|(user, password)| PasswordLogin { mechanism, user, password });
        ClientSecurity { tls, logins: login.into_iter().map(Into::into).collect() }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Credentials {
    /// Gives a user a password, in place of the one that it may have. One that is made is printed, and never again.
    Create {
        #[command(flatten)]
        place: Place,
        /// The user.
        #[arg(long)]
        username: String,
        /// The password; one is made where none is given.
        #[arg(long, env = "FOREBAY_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// For which mechanisms. PLAIN takes the password of either.
        #[arg(
            long,
            value_delimiter = ',',
            default_value = "SCRAM-SHA-256,SCRAM-SHA-512",
            value_name = "NAMES"
        )]
        mechanisms: Vec<ScramMechanism>,
    },
    /// Lists users and the mechanisms that they can log in by.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Takes away a user's passwords.
    Delete {
        #[command(flatten)]
        place: Place,
        /// The user.
        #[arg(long)]
        username: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Acls {
    /// Adds an ACL.
    Create {
        #[command(flatten)]
        place: Place,
        /// Whom it is for, as in User:alice; User:* is everybody.
        #[arg(long)]
        principal: Principal,
        /// What they may do.
        #[arg(long, value_parser = word::<Operation>)]
        operation: Operation,
        /// With what.
        #[arg(long = "resourceType", value_parser = word::<ResourceType>, value_name = "TYPE")]
        resource_type: ResourceType,
        /// Its name; * is all. A cluster is kafka-cluster.
        #[arg(long = "resourceName", value_name = "NAME")]
        resource_name: String,
        /// Whether that is the name, or what names begin with.
        #[arg(long = "patternType", value_parser = word::<PatternType>, default_value = "LITERAL", value_name = "TYPE")]
        pattern_type: PatternType,
        /// From which address; * is any.
        #[arg(long, default_value = "*")]
        host: String,
        /// ALLOW or DENY.
        #[arg(long, value_parser = word::<Permission>, default_value = "ALLOW")]
        permission: Permission,
    },
    /// Lists ACLs, all or those that are chosen.
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Deletes the ACLs that are chosen.
    Delete {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        chosen: Chosen,
        /// Delete all, where nothing is said that chooses any.
        #[arg(long)]
        all: bool,
    },
}

/// Which ACLs.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// Of this principal.
    #[arg(long)]
    pub(crate) principal: Option<Principal>,
    /// Of this operation.
    #[arg(long, value_parser = word::<Operation>)]
    pub(crate) operation: Option<Operation>,
    /// About resources of this type.
    #[arg(long = "resourceType", value_parser = word::<ResourceType>, value_name = "TYPE")]
    pub(crate) resource_type: Option<ResourceType>,
    /// About resources that are written so.
    #[arg(long = "resourceName", value_name = "NAME")]
    pub(crate) resource_name: Option<String>,
    /// Of this type of pattern.
    #[arg(long = "patternType", value_parser = word::<PatternType>, value_name = "TYPE")]
    pub(crate) pattern_type: Option<PatternType>,
    /// From this address.
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// ALLOW or DENY.
    #[arg(long, value_parser = word::<Permission>)]
    pub(crate) permission: Option<Permission>,
}

fn word<W: std::str::FromStr<Err = UnknownWord>>(text: &str) -> Result<W, UnknownWord> {
    text.parse()
}
