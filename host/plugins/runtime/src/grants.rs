//! What operators allow plugins to do: the file behind `-pluginGrants`.
//!
//! ```yaml
//! grants:
//!   - plugin: my-sink          # the name, or sha256:... for one build of it
//!     pipelines: "orders-*"    # a pattern; left out: every pipeline
//!     files:
//!       - {path: /var/spool/out, access: write}   # read, write (which includes reading)
//!     variables: [REGION]
//!     http:                    # requests; names, `*.` and a name, addresses; with the default port or `:port`
//!       - {hosts: [api.example.com, "*.example.org", "10.0.0.7:8080"], methods: [GET, POST]}
//!       - {hosts: [intranet.example], private: true, insecure: true}
//!     listen: ["127.0.0.1:8080"]   # as the plugin is to name it
//! ```
//! `private` allows names that lead to addresses which are not public, `insecure` certificates that
//! are not verified; `methods` left out: all.
//!
//! What is not granted is denied. Default plugins in `run`, `lint` and `test` need no grants.

mod network;

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use forebay_pipeline_config::spec::PluginName;
use forebay_plugins_api::PipelineName;
use serde::Deserialize;

use crate::plugin::Digest;
use network::{HttpGrant, ListenAddress};
pub(crate) use network::{Network, parse_listen};

/// All grants of a process.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grants {
    grants: Vec<Grant>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    plugin: String,
    #[serde(default = "everything")]
    pipelines: String,
    #[serde(default)]
    files: Vec<Folder>,
    #[serde(default)]
    variables: Vec<String>,
    #[serde(default)]
    http: Vec<HttpGrant>,
    #[serde(default)]
    listen: Vec<ListenAddress>,
}

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

fn everything() -> String {
    "*".to_owned()
}

impl Grants {
    /// Reads the text of a grants file.
    ///
    /// # Errors
    /// When it is no YAML of the form above; the message has the line and column.
    pub fn parse(text: &str) -> Result<Self, GrantsError> {
        Ok(serde_yaml::from_str(text)?)
    }

    /// What a plugin may do in a pipeline.
    pub(crate) fn of(&self, plugin: &PluginName, digest: &Digest, pipeline: &PipelineName) -> Allowed {
        let names = |grant: &&Grant| {
            (grant.plugin == plugin.as_str() || grant.plugin.strip_prefix("sha256:") == Some(digest.as_str()))
                && glob::Pattern::new(&grant.pipelines)
                    .is_ok_and(|pattern| pattern.matches(pipeline.as_str()))
        };
        let mut allowed = Allowed::nothing();
        let mut network = Network::default();
        for grant in self.grants.iter().filter(names) {
            let folders = grant.files.iter().filter_map(|folder| Some((real(&folder.path)?, folder.access)));
            allowed.folders.extend(folders);
            allowed.variables.extend(grant.variables.iter().cloned());
            network.add(&grant.http, &grant.listen);
        }
        allowed.network = Arc::new(network);
        allowed
    }
}

/// What one instance may do.
#[derive(Debug, Clone)]
pub(crate) struct Allowed {
    everything: bool,
    folders: Vec<(PathBuf, Access)>,
    variables: Vec<String>,
    pub(crate) network: Arc<Network>,
}

impl Allowed {
    /// The rights of whoever started the process.
    pub(crate) fn everything() -> Self {
        Self { everything: true, network: Arc::new(Network::everything()), ..Self::nothing() }
    }

    /// No rights at all.
    pub(crate) fn nothing() -> Self {
        Self { everything: false, folders: Vec::new(), variables: Vec::new(), network: Arc::default() }
    }

    /// Whether the standard streams may be used.
    pub(crate) fn standard_streams(&self) -> Result<(), String> {
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

    /// # Errors
    /// The grant that is missing.
    pub(crate) fn variable(&self, name: &str) -> Result<(), String> {
        if is_own_key(name) {
            return Err(format!("variable {name} holds a key of the process itself and never resolves"));
        }
        if self.everything || self.variables.iter().any(|granted| granted == name) {
            return Ok(());
        }
        Err(format!("no grant for variables [{name}]"))
    }
}

/// Whether a variable holds a key of the process itself, which no configuration and no plugin may see.
#[must_use]
pub fn is_own_key(name: &str) -> bool {
    const CLOUD: [&str; 7] = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_KEY",
        "AZURE_STORAGE_ACCOUNT_KEY",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ];
    name.starts_with("FOREBAY_") || CLOUD.contains(&name)
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
    use super::*;

    fn allowed(text: &str) -> Allowed {
        let name = "sink".parse().unwrap();
        Grants::parse(text).unwrap().of(&name, &Digest::of(b"x"), &PipelineName::new("orders-eu"))
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
    fn own_keys_never_resolve() {
        assert!(Allowed::everything().variable("AWS_SECRET_ACCESS_KEY").is_err());
        assert!(Allowed::everything().variable("HOME").is_ok());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Grants::parse("grants: [{plugin: x, bucket: y}]").unwrap_err().to_string();
        assert!(error.contains("bucket"), "{error}");
    }
}
