//! The flags of `forebay agent`, and those of other parts that are not there yet.

mod security;

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use forebay_kafka_broker::configs::{CLUSTER_CONFIGS, find};
use forebay_model::{AgentGroup, AvailabilityZone, Role, RoleError, VirtualClusterId};
use forebay_pipeline_config::{LogLevel, parse_duration};

pub(crate) use self::security::Security;
use super::bento;

#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Where records are: s3://BUCKET/PREFIX?region=R, gs://BUCKET, azblob://CONTAINER?storage_account=NAME,
    /// file:///FOLDER or mem://NAME.
    #[arg(long = "bucketURL", env = "WARPSTREAM_BUCKET_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) bucket_url: String,
    /// Where everything else is: postgres://USER:PASSWORD@HOST:PORT/DATABASE for any number of agents, sqlite://PATH
    /// or sqlite://:memory: for one.
    #[arg(long = "metadataURL", env = "WARPSTREAM_METADATA_URL", value_name = "URL", hide_env_values = true)]
    pub(crate) metadata_url: String,
    /// The virtual cluster that is served, made where there is none [default: vci_default].
    #[arg(
        long = "defaultVirtualClusterID",
        alias = "virtualClusterID",
        env = "WARPSTREAM_DEFAULT_VIRTUAL_CLUSTER_ID",
        value_name = "ID"
    )]
    pub(crate) virtual_cluster: Option<VirtualClusterId>,
    /// A key of the agent. It is not looked at: there is no control plane yet that would.
    #[arg(
        long = "agentKey",
        alias = "apiKey",
        env = "WARPSTREAM_AGENT_KEY",
        value_name = "KEY",
        hide_env_values = true
    )]
    pub(crate) agent_key: Option<String>,
    /// Clients that come to this agent see only agents of its group: a-z, 0-9 and -.
    #[arg(long = "agentGroup", env = "WARPSTREAM_AGENT_GROUP", value_name = "NAME")]
    pub(crate) agent_group: Option<AgentGroup>,
    /// The availability zone of this agent. Where it is not said, ECS, EC2, Google, Azure and Kubernetes are asked.
    #[arg(long = "availabilityZone", env = "WARPSTREAM_AVAILABILITY_ZONE", value_name = "ZONE")]
    pub(crate) zone: Option<AvailabilityZone>,
    /// What it does: proxy serves clients, proxy-produce and proxy-consume one half of them, jobs removes what is no
    /// longer wanted, pipelines runs pipelines.
    #[arg(
        long = "roles",
        env = "WARPSTREAM_AGENT_ROLES",
        value_delimiter = ',',
        value_parser = role,
        default_value = "proxy,jobs"
    )]
    pub(crate) roles: Vec<Role>,
    /// The address to listen on, for both ports.
    #[arg(
        long = "listenAddress",
        env = "WARPSTREAM_LISTEN_ADDRESS",
        default_value = "0.0.0.0",
        value_name = "IP"
    )]
    pub(crate) listen_address: IpAddr,
    /// Where Kafka clients come; 0 for any port that is free.
    #[arg(long = "kafkaPort", env = "WARPSTREAM_KAFKA_PORT", default_value_t = 9092, value_name = "PORT")]
    pub(crate) kafka_port: u16,
    /// Where /v1/status and /metrics are; 0 for any port that is free, off for none.
    #[arg(long = "httpPort", env = "WARPSTREAM_HTTP_PORT", default_value = "8080", value_name = "PORT")]
    pub(crate) http_port: HttpPort,
    /// The host that clients are told to come to, whatever -advertiseHostnameStrategy says.
    #[arg(
        long = "discoveryKafkaHostnameOverride",
        env = "WARPSTREAM_DISCOVERY_KAFKA_HOSTNAME_OVERRIDE",
        value_name = "HOST"
    )]
    pub(crate) hostname_override: Option<String>,
    /// The host that clients are told to come to.
    #[arg(
        long = "advertiseHostnameStrategy",
        env = "WARPSTREAM_ADVERTISE_HOSTNAME_STRATEGY",
        value_enum,
        default_value_t = AdvertisedHost::AsReached
    )]
    pub(crate) advertised: AdvertisedHost,
    /// How long a record waits for others before it is written, 25ms at least.
    #[arg(
        long = "batchTimeout",
        env = "WARPSTREAM_BATCH_TIMEOUT",
        value_parser = batch_timeout,
        default_value = "250ms",
        value_name = "DURATION"
    )]
    pub(crate) batch_timeout: Duration,
    /// How long what is under way has when the agent is told to stop.
    #[arg(
        long = "gracefulShutdownDuration",
        env = "WARPSTREAM_GRACEFUL_SHUTDOWN_DURATION",
        value_parser = duration,
        default_value = "1m",
        value_name = "DURATION"
    )]
    pub(crate) graceful_shutdown: Duration,
    /// A configuration of the virtual cluster, set where it has none of that name: NAME=VALUE, as often as needed.
    #[arg(
        long = "clusterConfig",
        env = "WARPSTREAM_CLUSTER_CONFIG",
        value_delimiter = ',',
        value_parser = cluster_config,
        value_name = "NAME=VALUE"
    )]
    pub(crate) cluster_configs: Vec<(String, String)>,
    /// Whether /metrics is there.
    #[arg(
        long = "enablePrometheusMetrics",
        env = "WARPSTREAM_ENABLE_PROMETHEUS_METRICS",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true"
    )]
    pub(crate) prometheus: bool,
    /// Leaves consumer groups out of /metrics.
    #[arg(
        long = "disableConsumerGroupMetrics",
        env = "WARPSTREAM_DISABLE_CONSUMER_GROUP_METRICS",
        value_parser = BoolishValueParser::new(),
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true"
    )]
    pub(crate) without_group_metrics: bool,
    /// Labels that metrics of consumer groups do without: partition. What partitions are behind is then added up for
    /// each topic.
    #[arg(
        long = "disableConsumerGroupMetricsTags",
        env = "WARPSTREAM_DISABLE_CONSUMER_GROUP_METRICS_TAGS",
        value_delimiter = ',',
        value_parser = ["partition"],
        value_name = "LABEL"
    )]
    pub(crate) group_metrics_without: Vec<String>,
    #[command(flatten)]
    pub(crate) security: Security,
    /// Log from this level on.
    #[arg(long = "logLevel", env = "WARPSTREAM_LOG_LEVEL", value_parser = bento::level, default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: LogLevel,
}

/// The host that clients are told to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AdvertisedHost {
    /// The address by which each client has come.
    AsReached,
    /// localhost.
    Local,
    /// The address by which this machine reaches others.
    AutoIp4,
}

/// A port, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HttpPort(pub(crate) Option<u16>);

impl FromStr for HttpPort {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            port => port.parse().map(|port| Self(Some(port))).map_err(|_| "expected a port, or off"),
        }
    }
}

fn role(name: &str) -> Result<Role, RoleError> {
    name.trim().parse()
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// More segments per second cost more than they are worth.
const LEAST_BATCH_TIMEOUT: Duration = Duration::from_millis(25);

fn batch_timeout(text: &str) -> Result<Duration, String> {
    let timeout = duration(text)?;
    if timeout < LEAST_BATCH_TIMEOUT { Err("it is 25ms at least".to_owned()) } else { Ok(timeout) }
}

fn cluster_config(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    let definition = find(CLUSTER_CONFIGS, name).map_err(|error| error.to_string())?;
    definition.check(value).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A flag of a part that is not there yet, and its variable.
struct Unserved {
    flag: &'static str,
    variable: &'static str,
    what: &'static str,
}

const fn unserved(flag: &'static str, variable: &'static str, what: &'static str) -> Unserved {
    Unserved { flag, variable, what }
}

/// Leaving these unheard would be worse than not starting.
const UNSERVED: &[Unserved] = &[
    unserved(
        "requireAuthentication",
        "WARPSTREAM_REQUIRE_AUTHENTICATION",
        "this name of it; say -requireSASLAuthentication",
    ),
    unserved("tlsBlobURL", "WARPSTREAM_TLS_BLOB_URL", "certificates in a bucket"),
    unserved("ingestionBucketURL", "WARPSTREAM_INGESTION_BUCKET_URL", "a bucket of its own for what is new"),
    unserved(
        "compactionBucketURL",
        "WARPSTREAM_COMPACTION_BUCKET_URL",
        "a bucket of its own for what is old",
    ),
    unserved("enableManagedPipelines", "WARPSTREAM_ENABLE_MANAGED_PIPELINES", "pipelines inside of an agent"),
    unserved(
        "managedPipelinesGroupName",
        "WARPSTREAM_MANAGED_PIPELINES_GROUP_NAME",
        "pipelines inside of an agent",
    ),
    unserved("schemaRegistryURL", "WARPSTREAM_SCHEMA_REGISTRY_URL", "checking records against schemas"),
    unserved("enableRipcord", "WARPSTREAM_ENABLE_RIPCORD", "serving without the metadata store"),
    unserved("region", "WARPSTREAM_REGION", "a control plane elsewhere; -metadataURL says where metadata is"),
    unserved("agentKeyPath", "WARPSTREAM_AGENT_KEY_PATH", "keys in files"),
    unserved(
        "workloadIdentityTokenSource",
        "WARPSTREAM_WORKLOAD_IDENTITY_TOKEN_SOURCE",
        "identities of workloads",
    ),
];

/// What asks for a part that is not there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnservedAsked {
    asked: String,
    what: &'static str,
}

impl fmt::Display for UnservedAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not supported yet: {}", self.asked, self.what)
    }
}

/// Refuses what an agent can't do yet, where it is asked for by a flag or a variable. `false` asks for nothing: such a
/// flag is left out of what is returned.
pub(super) fn refuse_unserved(
    args: Vec<OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, UnservedAsked> {
    if args.get(1).is_none_or(|command| command != "agent") {
        return Ok(args);
    }
    let asks = |value: &str| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "f" | "false");
    let mut served = Vec::with_capacity(args.len());
    for arg in args {
        let text = arg.to_str().and_then(|arg| arg.strip_prefix("--")).unwrap_or_default();
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        match UNSERVED.iter().find(|unserved| unserved.flag == name) {
            Some(Unserved { flag, what, .. }) if asks(value) => {
                return Err(UnservedAsked { asked: format!("-{flag}"), what });
            }
            Some(_) => {}
            None => served.push(arg),
        }
    }
    let set = UNSERVED.iter().find(|unserved| variable(unserved.variable).is_some_and(|value| asks(&value)));
    match set {
        Some(Unserved { variable, what, .. }) => Err(UnservedAsked { asked: (*variable).to_owned(), what }),
        None => Ok(served),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(args: &[&str], variables: &[(&str, &str)]) -> Option<String> {
        let args: Vec<_> = args.iter().map(OsString::from).collect();
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        refuse_unserved(args, variable).err().map(|refusal| refusal.to_string())
    }

    #[test]
    fn what_is_not_there_is_refused_by_flag_and_by_variable() {
        let refused = "-enableRipcord is not supported yet: serving without the metadata store".to_owned();
        assert_eq!(refusal(&["forebay", "agent", "--enableRipcord"], &[]), Some(refused));
        let variable = ("WARPSTREAM_TLS_BLOB_URL", "s3://b");
        let refused =
            Some("WARPSTREAM_TLS_BLOB_URL is not supported yet: certificates in a bucket".to_owned());
        assert_eq!(refusal(&["forebay", "agent"], &[variable]), refused);
        assert_eq!(refusal(&["forebay", "agent"], &[("WARPSTREAM_ENABLE_RIPCORD", "false")]), None);
        assert_eq!(refusal(&["forebay", "run"], &[variable]), None);
        let args = ["forebay", "agent", "--enableRipcord=false", "--kafkaPort", "0"].map(OsString::from);
        let served = refuse_unserved(args.to_vec(), |_| None).unwrap();
        assert_eq!(served, ["forebay", "agent", "--kafkaPort", "0"]);
    }

    #[test]
    fn values_that_can_not_be_are_refused() {
        assert_eq!(role(" proxy-consume"), Ok(Role::ProxyConsume));
        assert!(role("query").unwrap_err().to_string().contains("expected proxy, proxy-produce"));
        assert_eq!(batch_timeout("24ms"), Err("it is 25ms at least".to_owned()));
        assert!(cluster_config("num.partition=3").unwrap_err().contains("\"num.partition\""));
        assert!(cluster_config("num.partitions=x").unwrap_err().contains("num.partitions can't be"));
        assert_eq!(cluster_config("num.partitions=3"), Ok(("num.partitions".into(), "3".into())));
        assert_eq!("off".parse(), Ok(HttpPort(None)));
        assert!("ok".parse::<HttpPort>().is_err());
    }
}
