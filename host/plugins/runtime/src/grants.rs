//! What operators allow plugins to do, and what plugins may use: the file behind `-pluginGrants`.
//!
//! ```yaml
//! grants:
//!   - plugin: my-sink             # the name, or sha256:... for one build of it
//!     virtual_clusters: "*"       # a pattern; left out: all, and pipelines that are in none
//!     pipelines: "orders-*"       # a pattern; left out: every pipeline
//!     files:
//!       - {path: /var/spool/out, access: write}   # read, write (which includes reading)
//!     variables: [REGION]
//!     limits: {memory: 512MiB, batches: 256MiB, output: 64MiB, cpu: 2s, wall: 30s,
//!              host_calls: 10000, log_lines: 100, streams: 16}
//!     commands:
//!       - {path: /usr/bin/jq, args: ["-c", "."]}  # args: a pattern for each; left out: any arguments
//!       - {path: /usr/bin/tar, args: ["-t", "*.tar", "..."], env: [TZ]} # `...`: one or more of the last
//!     http:                    # requests; names, `*.` and a name, addresses; with the default port or `:port`
//!       - {hosts: [api.example.com, "*.example.org", "10.0.0.7:8080"], methods: [GET, POST]}
//!       - {hosts: [intranet.example], private: true, insecure: true}
//!     listen: ["127.0.0.1:8080"]   # as the plugin is to name it
//!     objects:
//!       - {bucket: "s3://lake/raw", access: write}   # with keys of its own, and nowhere but at the cloud itself
//!       - {bucket: "s3://lake", access: read, credentials: host, endpoint: "https://minio.example"}
//!       - {store: backups, prefix: "orders/", access: write}
//!     kafka:                   # all seed brokers of a cluster; patterns of topics, and of groups to be a member of
//!       - {brokers: ["broker-1:9092", "broker-2:9092"], topics: ["orders-*"], groups: [billing], access: read}
//!       - {brokers: ["localhost:9093"], topics: [out], access: write, insecure: true}
//!       - {cluster: agent, topics: ["*"], access: write}   # of the process
//! stores:                      # by names that plugins use in the place of a url; credentials are the host's
//!   backups: {url: "s3://backups/kafka?region=eu-west-1&profile=backups"}
//! ```
//! `private` allows names that lead to addresses which are not public, `insecure` certificates that
//! are not verified; `methods` left out: all. `env` names the variables that the plugin may set for a program;
//! left out: none. With any arguments, or a variable that it takes code from, a program runs what the plugin likes.
//!
//! What is not granted is denied. Default plugins in `run`, `lint` and `test` need no grants. A plugin
//! that calls a capability and has no grant for it is refused when the pipeline is built; `files: []` says that
//! it does without. Limits count for default plugins too; of several entries the last one that names a limit counts.
//! Default plugins may do everything with a cluster of the process, unless grants for them name it: then those
//! alone hold.

mod commands;
mod kafka;
mod needs;
mod network;
mod objects;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use forebay_pipeline_config::LimitsConfig;
use forebay_pipeline_config::spec::PluginName;
use forebay_plugins_api::{Setup, VirtualClusterName};
use serde::{Deserialize, Deserializer};

use crate::limits::Limits;
use crate::plugin::{Digest, PluginInfo};

use commands::CommandGrant;
pub(crate) use commands::Program;
pub(crate) use kafka::{ClusterName, ClusterPermit, broker};
use kafka::{KafkaClusters, KafkaGrant};
pub use needs::Need;
use network::{HttpGrant, ListenAddress};
pub(crate) use network::{Network, Permit, parse_listen};
pub(crate) use objects::StorePermit;
use objects::{Buckets, NamedStore, ObjectsGrant};

/// All grants of a process.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    grants: Vec<Grant>,
    #[serde(default, deserialize_with = "shared")]
    stores: Arc<BTreeMap<String, NamedStore>>,
}

fn shared<'de, D: Deserializer<'de>>(source: D) -> Result<Arc<BTreeMap<String, NamedStore>>, D::Error> {
    BTreeMap::deserialize(source).map(Arc::new)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    plugin: Grantee,
    #[serde(default)]
    virtual_clusters: Pattern,
    #[serde(default)]
    pipelines: Pattern,
    files: Option<Vec<Folder>>,
    variables: Option<Vec<VariableName>>,
    commands: Option<Vec<CommandGrant>>,
    http: Option<Vec<HttpGrant>>,
    listen: Option<Vec<ListenAddress>>,
    objects: Option<Vec<ObjectsGrant>>,
    kafka: Option<Vec<KafkaGrant>>,
    #[serde(default)]
    limits: LimitsConfig,
}

/// A pattern of names: `*` and `?` as in a shell.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(glob::Pattern);

/// Whom a grant is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
enum Grantee {
    Plugin(PluginName),
    /// One build, by its digest.
    Build(String),
}

/// The name of a variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct VariableName(String);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Folder {
    path: PathBuf,
    access: Access,
}

/// What may be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    Read,
    Write,
}

/// A file of grants that can't be used.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct GrantsError(#[from] serde_yaml::Error);

impl Default for Pattern {
    fn default() -> Self {
        Self(glob::Pattern::new("*").expect("a star is a pattern"))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        glob::Pattern::new(&text)
            .map(Self)
            .map_err(|error| format!("`{text}` is not a pattern such as orders-*: {}", error.msg))
    }
}

impl TryFrom<String> for Grantee {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(digest) = text.strip_prefix("sha256:") else {
            return text.parse().map(Self::Plugin).map_err(|error| format!("{error}"));
        };
        let is_digest =
            digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_digest {
            Ok(Self::Build(digest.to_owned()))
        } else {
            Err(format!("`{text}` is not a digest: sha256: and 64 hexadecimal digits in lower case"))
        }
    }
}

impl TryFrom<String> for VariableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_own_key(&text) {
            return Err(format!("variable {text} holds a key of the process itself and can't be granted"));
        }
        if text.is_empty() || text.contains(['=', '\0']) {
            return Err(format!("`{text}` is not the name of a variable"));
        }
        Ok(Self(text))
    }
}

impl Grants {
    /// Reads the text of a grants file.
    ///
    /// # Errors
    /// When it is no YAML of the form above; the message has the line and column.
    pub fn parse(text: &str) -> Result<Self, GrantsError> {
        Ok(serde_yaml::from_str(text)?)
    }

    /// These grants, with the word that a build does without everything that they do not grant it.
    #[must_use]
    pub fn and_nothing_else(mut self, build: &Digest) -> Self {
        self.grants.push(Grant {
            plugin: Grantee::Build(build.as_str().to_owned()),
            virtual_clusters: Pattern::default(),
            pipelines: Pattern::default(),
            files: Some(Vec::new()),
            variables: Some(Vec::new()),
            commands: Some(Vec::new()),
            http: Some(Vec::new()),
            listen: Some(Vec::new()),
            objects: Some(Vec::new()),
            kafka: Some(Vec::new()),
            limits: LimitsConfig::default(),
        });
        self
    }

    /// What a plugin may do in a pipeline.
    pub(crate) fn of(&self, plugin: &PluginName, digest: &Digest, setup: &Setup) -> Allowed {
        let mut allowed = Allowed::nothing();
        let mut network = Network::default();
        let mut buckets = Buckets::default();
        let mut clusters = KafkaClusters::default();
        for grant in self.grants.iter().filter(|grant| grant.is_for(plugin, digest, setup)) {
            let Grant { files, variables, commands, http, listen, objects, kafka, .. } = grant;
            let folders = files.iter().flatten();
            allowed.folders.extend(folders.filter_map(|folder| Some((real(&folder.path)?, folder.access))));
            allowed.variables.extend(variables.iter().flatten().map(|name| name.0.clone()));
            allowed.commands.extend(commands.iter().flatten().cloned());
            buckets.add(objects.as_deref().unwrap_or_default());
            clusters.add(kafka.as_deref().unwrap_or_default());
            network.add(http.as_deref().unwrap_or_default(), listen.as_deref().unwrap_or_default());
        }
        buckets.name(&self.stores);
        allowed.network = Arc::new(network);
        allowed.buckets = Arc::new(buckets);
        allowed.clusters = Arc::new(clusters);
        allowed
    }

    /// The rights of whoever started the process, and the stores that the operator has named.
    pub(crate) fn everything(&self) -> Allowed {
        let mut buckets = Buckets::everything();
        buckets.name(&self.stores);
        Allowed { buckets: Arc::new(buckets), ..Allowed::everything() }
    }

    /// What a plugin may use in a pipeline: `usual`, and in place of it what is said here.
    pub(crate) fn limits(
        &self,
        usual: &Limits,
        plugin: &PluginName,
        digest: &Digest,
        setup: &Setup,
    ) -> Limits {
        let named = self.grants.iter().filter(|grant| grant.is_for(plugin, digest, setup));
        named.fold(usual.clone(), |limits, grant| limits.with(&grant.limits))
    }

    /// The grants among `needs` about which nothing is said.
    pub(crate) fn missing(
        &self,
        needs: &[Need],
        plugin: &PluginName,
        digest: &Digest,
        setup: &Setup,
    ) -> Vec<Need> {
        let named: Vec<_> = self.grants.iter().filter(|grant| grant.is_for(plugin, digest, setup)).collect();
        let is_said = |need: &Need| {
            named.iter().any(|grant| match need {
                Need::Files(_) => grant.files.is_some(),
                Need::Variables => grant.variables.is_some(),
                Need::Commands => grant.commands.is_some(),
                Need::Http => grant.http.is_some(),
                Need::Listen => grant.listen.is_some(),
                Need::Objects(_) => grant.objects.is_some(),
                Need::Kafka(_) => grant.kafka.is_some(),
            })
        };
        needs.iter().filter(|need| !is_said(need)).copied().collect()
    }

    /// Plugins that grants are for and that are not among `loaded`: likely misspelt.
    pub fn unknown<'a>(&'a self, loaded: &'a [PluginInfo]) -> impl Iterator<Item = String> + 'a {
        let is_unknown = |grant: &&Grant| match &grant.plugin {
            Grantee::Plugin(name) => loaded.iter().all(|info| info.name != *name),
            Grantee::Build(digest) => loaded.iter().all(|info| info.digest.as_str() != digest),
        };
        self.grants.iter().filter(is_unknown).map(|grant| match &grant.plugin {
            Grantee::Plugin(name) => name.to_string(),
            Grantee::Build(digest) => format!("sha256:{digest}"),
        })
    }
}

impl Grant {
    fn is_for(&self, plugin: &PluginName, digest: &Digest, setup: &Setup) -> bool {
        let is_grantee = match &self.plugin {
            Grantee::Plugin(name) => name == plugin,
            Grantee::Build(named) => named == digest.as_str(),
        };
        let cluster = setup.virtual_cluster.as_ref().map_or("", VirtualClusterName::as_str);
        is_grantee
            && self.virtual_clusters.0.matches(cluster)
            && self.pipelines.0.matches(setup.pipeline.as_str())
    }
}

/// What one instance may do.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    everything: bool,
    /// Nothing outside may be changed, whatever is allowed beside.
    only_looks: bool,
    folders: Vec<(PathBuf, Access)>,
    /// Whether all variables may be read that hold no key of the process.
    every_variable: bool,
    variables: Vec<String>,
    commands: Vec<CommandGrant>,
    pub(crate) network: Arc<Network>,
    buckets: Arc<Buckets>,
    clusters: Arc<KafkaClusters>,
}

impl Allowed {
    /// The rights of whoever started the process.
    pub(crate) fn everything() -> Self {
        Self {
            everything: true,
            network: Arc::new(Network::everything()),
            buckets: Arc::new(Buckets::everything()),
            clusters: Arc::new(KafkaClusters::everything()),
            ..Self::nothing()
        }
    }

    /// No rights at all.
    pub(crate) fn nothing() -> Self {
        Self {
            everything: false,
            only_looks: false,
            folders: Vec::new(),
            every_variable: false,
            variables: Vec::new(),
            commands: Vec::new(),
            network: Arc::default(),
            buckets: Arc::default(),
            clusters: Arc::default(),
        }
    }

    /// The part of it that changes nothing outside: a request may change something, whatever its method.
    #[must_use]
    pub(crate) fn only_looking(self) -> Self {
        Self { only_looks: true, network: Arc::default(), ..self }
    }

    /// The same, and all variables that hold no key of the process.
    #[must_use]
    pub(crate) fn with_every_variable(self) -> Self {
        Self { every_variable: true, ..self }
    }

    /// Whether these are the rights of whoever started the process.
    pub(crate) fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether the standard streams may be used.
    pub(crate) fn standard_streams(&self) -> Result<(), String> {
        if self.only_looks {
            return Err("a shadow does not use the standard streams".to_owned());
        }
        if self.everything {
            Ok(())
        } else {
            Err("the standard streams are for default plugins only".to_owned())
        }
    }

    /// The path to use: that which was checked, with all links followed, where not everything is allowed.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn file(&self, path: &Path, access: Access) -> Result<PathBuf, String> {
        if self.only_looks && access == Access::Write {
            return Err("a shadow writes no files".to_owned());
        }
        if self.everything {
            return Ok(path.to_path_buf());
        }
        let real = real(path).filter(|real| {
            self.folders.iter().any(|(folder, granted)| real.starts_with(folder) && *granted >= access)
        });
        real.ok_or_else(|| {
            let access = if access == Access::Read { "read" } else { "write" };
            format!("no grant for files {{path: {}, access: {access}}}", path.display())
        })
    }

    /// The buckets, where nothing in one is read or written yet.
    pub(crate) fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Whether an object of a store may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn object(&self, store: &StorePermit, name: &str, access: Access) -> Result<(), String> {
        if self.only_looks && access == Access::Write {
            return Err("a shadow writes no objects".to_owned());
        }
        store.object(name, access)
    }

    /// Whether all objects of a store whose names begin so may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn prefix(&self, store: &StorePermit, prefix: &str, access: Access) -> Result<(), String> {
        if self.only_looks && access == Access::Write {
            return Err("a shadow writes no objects".to_owned());
        }
        store.prefix(prefix, access)
    }

    /// What settings a queue of SQS may have.
    ///
    /// # Errors
    /// That there is no grant for queues.
    pub(crate) fn queues(&self) -> Result<StorePermit, String> {
        if self.only_looks {
            return Err("a shadow takes nothing from a queue".to_owned());
        }
        self.buckets.queues()
    }

    /// These rights, and all that those Kafka clusters of the process allow that no grant names.
    #[must_use]
    pub(crate) fn with_own_clusters(self) -> Self {
        Self { clusters: Arc::new(KafkaClusters::clone(&self.clusters).with_own()), ..self }
    }

    /// The Kafka clusters, where nothing in one is read or written yet.
    pub(crate) fn clusters(&self) -> &KafkaClusters {
        &self.clusters
    }

    /// Whether a topic may be read or written.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn topic(&self, cluster: &ClusterPermit, topic: &str, access: Access) -> Result<(), String> {
        if self.only_looks && access == Access::Write {
            return Err("a shadow writes no topics".to_owned());
        }
        cluster.topic(topic, access)
    }

    /// Whether one may be a member of a group.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn group(&self, cluster: &ClusterPermit, group: &str) -> Result<(), String> {
        if self.only_looks {
            return Err("a shadow is a member of no group".to_owned());
        }
        cluster.group(group)
    }

    /// # Errors
    /// The grant that is missing.
    pub(crate) fn variable(&self, name: &str) -> Result<(), String> {
        if is_own_key(name) {
            return Err(format!("variable {name} holds a key of the process itself and never resolves"));
        }
        if self.everything || self.every_variable || self.variables.iter().any(|granted| granted == name) {
            return Ok(());
        }
        Err(format!("no grant for variables [{name}]"))
    }

    /// The program to run; `None` where everything is allowed and there is no such program.
    ///
    /// # Errors
    /// The grant that is missing.
    pub(crate) fn command(
        &self,
        program: &str,
        arguments: &[String],
        variables: &[&str],
    ) -> Result<Option<Program>, String> {
        if self.only_looks {
            return Err("a shadow runs no programs".to_owned());
        }
        if self.everything {
            let found = commands::find(program, &self.search_path());
            // A path that is relative would be looked for in the working folder of the child.
            let path = found.and_then(|path| std::path::absolute(path).ok());
            return Ok(path.map(|path| Program { path, name: PathBuf::from(program) }));
        }
        commands::granted(&self.commands, program, arguments, variables).map(Some)
    }

    /// Where programs are looked up, and what children get as their `PATH`.
    pub(crate) fn search_path(&self) -> String {
        let own = if self.everything { std::env::var("PATH").ok() } else { None };
        own.unwrap_or_else(|| commands::SEARCH_PATH.to_owned())
    }
}

/// Whether a variable holds a key of the process itself, which no configuration and no plugin may see.
#[must_use]
pub fn is_own_key(name: &str) -> bool {
    /// Whose variables the process, and the clients of buckets in it, read.
    const OWNERS: [&str; 4] = ["WARPSTREAM_", "AWS_", "AZURE_", "GOOGLE_"];
    const SECRETS: [&str; 8] = [
        "KEY",
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "CREDENTIALS",
        "CONNECTION_STRING",
        // Both may hold passwords.
        "_BUCKET_URL",
        "_METADATA_URL",
    ];
    /// Those that the rule does not tell.
    const NAMED: [&str; 1] = ["AWS_ACCESS_KEY_ID"];
    let is_secret = OWNERS.iter().any(|owner| name.starts_with(owner))
        && SECRETS.iter().any(|secret| name.ends_with(secret));
    name.starts_with("FOREBAY_") || is_secret || NAMED.contains(&name)
}

/// The path without links, as far as it exists, and without `..`, so that it can be compared. `None`
/// where a link leads nowhere: what is created through it would lie somewhere else.
fn real(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let mut known = absolute.as_path();
    loop {
        if let Ok(found) = known.canonicalize() {
            let rest = absolute.strip_prefix(known).unwrap_or(Path::new(""));
            return Some(plain(&found.join(rest)));
        }
        if known.symlink_metadata().is_ok() {
            return None;
        }
        known = known.parent()?;
    }
}

/// The path with `.` and `..` worked out.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use forebay_plugins_api::{PipelineName, Rights};

    use super::*;

    fn allowed(text: &str) -> Allowed {
        Grants::parse(text).unwrap().of(&"sink".parse().unwrap(), &Digest::of(b"x"), &setup())
    }

    fn setup() -> Setup {
        Setup {
            virtual_cluster: Some(VirtualClusterName::new("eu")),
            rights: Rights::Granted,
            ..Setup::new(PipelineName::new("orders-eu"), "", "sink".parse().unwrap())
        }
    }

    #[test]
    fn a_folder_is_granted_with_what_is_below_it() {
        let allowed = allowed(
            "grants: [{plugin: sink, pipelines: 'orders-*', files: [{path: /srv/out, access: write}]}]",
        );
        assert!(allowed.file(Path::new("/srv/out/a/b"), Access::Write).is_ok());
        assert!(allowed.file(Path::new("/srv/out/../etc"), Access::Read).is_err());
        assert!(allowed.file(Path::new("/srv/output"), Access::Read).is_err());
    }

    #[test]
    fn a_link_that_leads_nowhere_is_refused() {
        let folder = std::env::temp_dir().join(format!("forebay-grants-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", folder.join("link")).unwrap();
        let allowed = allowed(&format!(
            "grants: [{{plugin: sink, files: [{{path: {}, access: write}}]}}]",
            folder.display()
        ));
        let refused = allowed.file(&folder.join("link"), Access::Write);
        let accepted = allowed.file(&folder.join("x/../y"), Access::Write);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(refused.is_err());
        assert_eq!(accepted.unwrap(), folder.canonicalize().unwrap_or(folder).join("y"));
    }

    #[test]
    fn reading_does_not_grant_writing() {
        let allowed = allowed("grants: [{plugin: sink, files: [{path: /srv, access: read}]}]");
        let error = allowed.file(Path::new("/srv/x"), Access::Write).unwrap_err();
        assert_eq!(error, "no grant for files {path: /srv/x, access: write}");
    }

    #[test]
    fn another_pipeline_gets_nothing() {
        let allowed = allowed("grants: [{plugin: sink, pipelines: 'bills-*', variables: [REGION]}]");
        assert_eq!(allowed.variable("REGION").unwrap_err(), "no grant for variables [REGION]");
    }

    #[test]
    fn another_virtual_cluster_gets_nothing() {
        let of = |clusters| {
            allowed(&format!("grants: [{{plugin: sink, virtual_clusters: {clusters}, variables: [X]}}]"))
        };
        assert!(of("e*").variable("X").is_ok());
        assert!(of("us").variable("X").is_err());
    }

    #[test]
    fn the_last_limit_counts() {
        let grants = Grants::parse(
            "grants: [{plugin: sink, limits: {memory: 1MiB, cpu: 1s}}, {plugin: sink, limits: {cpu: 2s}}, {plugin: other, limits: {cpu: 3s}}]",
        );
        let limits =
            grants.unwrap().limits(&Limits::default(), &"sink".parse().unwrap(), &Digest::of(b"x"), &setup());
        assert_eq!((limits.memory, limits.cpu.as_secs()), (1 << 20, 2));
    }

    #[test]
    fn what_is_called_and_not_spoken_of_is_missing() {
        let missing = |text: &str| {
            Grants::parse(text).unwrap().missing(
                &[Need::Files(Access::Read)],
                &"sink".parse().unwrap(),
                &Digest::of(b"x"),
                &setup(),
            )
        };
        assert_eq!(missing("grants: [{plugin: sink, variables: [X]}]"), [Need::Files(Access::Read)]);
        assert_eq!(missing("grants: [{plugin: sink, files: []}]"), []);
    }

    #[test]
    fn a_grant_that_can_never_count_is_refused() {
        for (grant, word) in [
            ("{plugin: 'sha256:abc'}", "64 hexadecimal digits"),
            ("{plugin: 'not a name'}", "not a name"),
            ("{plugin: sink, pipelines: '[a'}", "not a pattern"),
            ("{plugin: sink, variables: [AWS_SECRET_ACCESS_KEY]}", "can't be granted"),
            ("{plugin: sink, limits: {memory: lots}}", "not a size"),
        ] {
            let error = Grants::parse(&format!("grants: [{grant}]")).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn own_keys_never_resolve() {
        for name in [
            "FOREBAY_PLUGIN_DIR",
            "WARPSTREAM_AGENT_KEY",
            "WARPSTREAM_API_KEY",
            "WARPSTREAM_BUCKET_URL",
            "WARPSTREAM_INGESTION_BUCKET_URL",
            "WARPSTREAM_COMPACTION_BUCKET_URL",
            "WARPSTREAM_METADATA_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AZURE_CLIENT_SECRET",
            "AZURE_FABRIC_SESSION_TOKEN",
            "AZURE_STORAGE_ACCESS_KEY",
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_STORAGE_CLIENT_SECRET",
            "AZURE_STORAGE_CONNECTION_STRING",
            "AZURE_STORAGE_ENCRYPTION_KEY",
            "AZURE_STORAGE_KEY",
            "AZURE_STORAGE_MASTER_KEY",
            "AZURE_STORAGE_SAS_KEY",
            "AZURE_STORAGE_SAS_TOKEN",
            "AZURE_STORAGE_TOKEN",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "GOOGLE_BEARER_TOKEN",
            "GOOGLE_SERVICE_ACCOUNT_KEY",
        ] {
            assert!(Allowed::everything().variable(name).is_err(), "{name}");
        }
        for name in ["HOME", "KEY", "MY_API_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "WARPSTREAM_REGION"] {
            assert!(Allowed::everything().variable(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Grants::parse("grants: [{plugin: x, bucket: y}]").unwrap_err().to_string();
        assert!(error.contains("bucket"), "{error}");
    }
}
