//! The packages of the repository as Cargo sees them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The repository and its packages.
#[derive(Debug)]
pub struct Workspace {
    pub root: PathBuf,
    pub packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Package {
    pub name: String,
    /// From the root, with slashes.
    pub folder: String,
    pub floor: Option<u64>,
    /// The names of the packages of the workspace that it depends on, without those for its tests.
    pub dependencies: Vec<String>,
}

impl Workspace {
    /// The repository that this package is in.
    ///
    /// # Errors
    /// What Cargo says, when it refuses a manifest.
    pub fn open() -> Result<Self, String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments = ["metadata", "--no-deps", "--format-version", "1", "--manifest-path"];
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let output =
            Command::new(cargo).args(arguments).arg(own).output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
        Self::parse(&metadata)
            .ok_or_else(|| "cargo metadata printed something else than this knows".to_owned())
    }

    fn parse(metadata: &Value) -> Option<Self> {
        let root = PathBuf::from(metadata["workspace_root"].as_str()?);
        let packages = metadata["packages"].as_array()?;
        let packages =
            packages.iter().map(|package| Package::parse(package, &root)).collect::<Option<_>>()?;
        Some(Self { root, packages })
    }
}

impl Package {
    fn parse(package: &Value, root: &Path) -> Option<Self> {
        let folder = Path::new(package["manifest_path"].as_str()?).parent()?.strip_prefix(root).ok()?;
        let is_ours = |dependency: &&Value| dependency["path"].is_string() && dependency["kind"] != "dev";
        let dependencies = package["dependencies"].as_array()?.iter().filter(is_ours);
        let dependencies = dependencies.filter_map(|each| each["name"].as_str());
        Some(Self {
            name: package["name"].as_str()?.to_owned(),
            folder: folder.to_str()?.to_owned(),
            floor: package["metadata"]["architecture"]["floor"].as_u64(),
            dependencies: dependencies.map(str::to_owned).collect(),
        })
    }
}
