//! The files that AWS's own tools keep credentials in: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::role::Role;
use crate::open::Settings;

/// A profile that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file can't be read.
    #[error("read {file}")]
    File {
        /// The file.
        file: String,
        /// Why not.
        source: std::io::Error,
    },
    /// A line that is none of such files.
    #[error("{file}, line {line}: expected `[section]` or `name = value`")]
    Line {
        /// The file.
        file: String,
        /// Which line, from 1.
        line: usize,
    },
    /// There is no such profile.
    #[error("there is no profile `{profile}` in {files}")]
    Missing {
        /// The profile.
        profile: String,
        /// Where it was looked for.
        files: String,
    },
    /// A profile that says too little.
    #[error("profile `{profile}` has no `{setting}`")]
    Lacks {
        /// The profile.
        profile: String,
        /// What it lacks.
        setting: &'static str,
    },
    /// Something that is not done here.
    #[error("profile `{profile}`: `{setting}` is not supported; use keys, a role or a web identity")]
    Unsupported {
        /// The profile.
        profile: String,
        /// What it asks for.
        setting: String,
    },
    /// Profiles that name each other as their source.
    #[error("profile `{0}` is its own source")]
    Circle(String),
}

/// The settings of all profiles, by the name of the profile.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    settings: HashMap<String, HashMap<String, String>>,
    files: String,
}

/// Keys that do not change.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: Option<String>,
}

/// What a profile comes to.
#[derive(Default)]
pub(super) struct Credentials {
    /// Absent: those that the process has without a profile.
    pub(super) keys: Option<Keys>,
    /// A role, and the file whose token proves who takes it on.
    pub(super) web_identity: Option<(Role, String)>,
    pub(super) region: Option<String>,
    /// The roles to take on, one after the other.
    pub(super) roles: Vec<Role>,
}

impl Profiles {
    /// Reads the files that there are.
    pub(super) fn read(settings: &Settings) -> Result<Self, ProfileError> {
        let home = settings.variable("HOME").map(PathBuf::from);
        let place = |variable: &str, usual: &str| {
            let named = settings.variable(variable).map(PathBuf::from);
            named.or_else(|| Some(home.as_ref()?.join(".aws").join(usual)))
        };
        let mut profiles = Self::default();
        let mut files = Vec::new();
        // Credentials go over the other file.
        for (path, is_config) in [
            (place("AWS_CONFIG_FILE", "config"), true),
            (place("AWS_SHARED_CREDENTIALS_FILE", "credentials"), false),
        ] {
            let Some(path) = path else { continue };
            files.push(path.display().to_string());
            match std::fs::read_to_string(&path) {
                Ok(text) => profiles.add(&path, &text, is_config)?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(ProfileError::File { file: path.display().to_string(), source }),
            }
        }
        profiles.files = files.join(" and ");
        Ok(profiles)
    }

    /// Adds what one file says. In the file of configurations, sections of profiles begin with that word.
    fn add(&mut self, file: &Path, text: &str, is_config: bool) -> Result<(), ProfileError> {
        let mut section: Option<String> = None;
        for (number, line) in text.lines().enumerate() {
            // Lines further in belong to settings with settings of their own, of other services.
            if line.starts_with([' ', '\t']) {
                continue;
            }
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let broken = || ProfileError::Line { file: file.display().to_string(), line: number + 1 };
            if let Some(name) = line.strip_prefix('[') {
                let name = name.split(']').next().filter(|_| line.contains(']')).ok_or_else(broken)?.trim();
                let of_profile = name.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t']));
                section = match of_profile {
                    Some(profile) if is_config => Some(profile.trim().to_owned()),
                    // Sections of anything else, such as `sso-session`.
                    _ if is_config && name != "default" => None,
                    _ => Some(name.to_owned()),
                };
                continue;
            }
            let (name, value) = line.split_once('=').ok_or_else(broken)?;
            let Some(section) = &section else { continue };
            // A comment behind a value follows a space.
            let value = value.split(" #").next().and_then(|value| value.split(" ;").next()).unwrap_or(value);
            let settings = self.settings.entry(section.clone()).or_default();
            settings.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
        Ok(())
    }

    /// What the profile of this name comes to; without a name, that of `default`, which need not be there.
    pub(super) fn credentials(&self, wanted: Option<&str>) -> Result<Credentials, ProfileError> {
        let name = wanted.unwrap_or("default");
        if wanted.is_none() && !self.settings.contains_key(name) {
            return Ok(Credentials::default());
        }
        let mut found = Credentials::default();
        self.follow(name, &mut Vec::new(), &mut found)?;
        Ok(found)
    }

    fn follow<'p>(
        &'p self,
        name: &'p str,
        before: &mut Vec<&'p str>,
        found: &mut Credentials,
    ) -> Result<(), ProfileError> {
        let missing = || ProfileError::Missing { profile: name.to_owned(), files: self.files.clone() };
        let settings = self.settings.get(name).ok_or_else(missing)?;
        let value = |key: &str| settings.get(key).filter(|value| !value.is_empty());
        for setting in ["credential_process", "sso_session", "sso_start_url", "mfa_serial"] {
            if value(setting).is_some() {
                let (profile, setting) = (name.to_owned(), setting.to_owned());
                return Err(ProfileError::Unsupported { profile, setting });
            }
        }
        if found.region.is_none() {
            found.region = value("region").cloned();
        }
        let keys = || {
            let Some(id) = value("aws_access_key_id") else { return Ok(None) };
            let lacks = ProfileError::Lacks { profile: name.to_owned(), setting: "aws_secret_access_key" };
            let secret = value("aws_secret_access_key").ok_or(lacks)?;
            Ok(Some(Keys {
                id: id.clone(),
                secret: secret.clone(),
                token: value("aws_session_token").cloned(),
            }))
        };
        // A profile that is its own source has the keys of its role itself.
        let is_source = before.contains(&name);
        let Some(arn) = value("role_arn").filter(|_| !is_source) else {
            found.keys = keys()?;
            return if is_source && found.keys.is_none() {
                Err(ProfileError::Circle(name.to_owned()))
            } else {
                Ok(())
            };
        };
        let role = Role {
            arn: arn.clone(),
            external_id: value("external_id").cloned(),
            session_name: value("role_session_name").cloned(),
            duration: value("duration_seconds").and_then(|seconds| seconds.parse().ok()),
        };
        if let Some(file) = value("web_identity_token_file") {
            found.web_identity = Some((role, file.clone()));
            return Ok(());
        }
        match (value("source_profile"), value("credential_source").map(String::as_str)) {
            (Some(source), _) => {
                before.push(name);
                self.follow(source, before, found)?;
            }
            // The keys that the process has anyway, each found in its own way.
            (None, Some("Environment" | "Ec2InstanceMetadata" | "EcsContainer")) => {}
            (None, Some(other)) => {
                let setting = format!("credential_source = {other}");
                return Err(ProfileError::Unsupported { profile: name.to_owned(), setting });
            }
            (None, None) => {
                return Err(ProfileError::Lacks { profile: name.to_owned(), setting: "source_profile" });
            }
        }
        found.roles.push(role);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "
# of the team
[default]
region = eu-central-1
[profile keyed]
region = eu-west-1 # comment
s3 =
  max_concurrent_requests = 20
[profile role]
role_arn = arn:aws:iam::1:role/a
source_profile = keyed
external_id = x
duration_seconds = 900
[profile chain]
role_arn = arn:aws:iam::1:role/b
source_profile = role
[profile web]
role_arn = arn:aws:iam::1:role/c
web_identity_token_file = /token
[profile round]
role_arn = r
source_profile = trip
[profile trip]
role_arn = t
source_profile = round
[profile process]
credential_process = /bin/x
[sso-session x]
sso_region = y
";
    const SHARED: &str = "[keyed]\naws_access_key_id=AK\naws_secret_access_key = SK\n";

    fn profiles() -> Profiles {
        let mut profiles = Profiles::default();
        profiles.add(Path::new("config"), CONFIG, true).unwrap();
        profiles.add(Path::new("credentials"), SHARED, false).unwrap();
        profiles
    }

    fn refusal(name: &str) -> String {
        profiles().credentials(Some(name)).map(drop).unwrap_err().to_string()
    }

    #[test]
    fn a_profile_has_keys_of_its_own_or_of_its_source() {
        let found = profiles().credentials(Some("chain")).unwrap();
        let keys = found.keys.unwrap();
        assert_eq!((keys.id.as_str(), keys.secret.as_str()), ("AK", "SK"));
        let roles: Vec<_> = found.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(roles, ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]);
        assert_eq!(found.roles[0].external_id.as_deref(), Some("x"));
        assert_eq!(found.roles[0].duration, Some(900));
        assert_eq!(found.region.as_deref(), Some("eu-west-1"));
        let (role, file) = profiles().credentials(Some("web")).unwrap().web_identity.unwrap();
        assert_eq!((role.arn.as_str(), file.as_str()), ("arn:aws:iam::1:role/c", "/token"));
    }

    #[test]
    fn the_default_profile_need_not_say_anything() {
        assert!(profiles().credentials(None).unwrap().keys.is_none());
        assert!(Profiles::default().credentials(None).unwrap().keys.is_none());
    }

    #[test]
    fn what_a_profile_can_not_be_is_refused_by_name() {
        assert!(refusal("absent").contains("there is no profile `absent`"));
        assert!(refusal("round").contains("its own source"));
        assert!(refusal("process").contains("`credential_process` is not supported"));
        let error = Profiles::default().add(Path::new("f"), "[a]\nnonsense", false).unwrap_err();
        assert_eq!(error.to_string(), "f, line 2: expected `[section]` or `name = value`");
    }
}
