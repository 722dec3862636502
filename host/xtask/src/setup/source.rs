//! The source of the standard library, of exactly the compiler's version.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command::{Command, is_installed};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Where Debian has newer compilers than a release came with.
const BACKPORTS: &str = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
                         http://deb.debian.org/debian trixie-backports main\n";

/// The folder that holds `library/`: the toolchain's, or else Debian's.
pub(super) fn find(steps: &mut Steps, workspace: &Workspace, sysroot: &Path) -> Result<PathBuf> {
    let version = version()?;
    let of_rustup = sysroot.join("lib/rustlib/src/rust");
    let of_debian = PathBuf::from(format!("/usr/src/rustc-{version}"));
    let unpacked = workspace.target.join("rust-src");
    let of_package = unpacked.join(format!("usr/src/rustc-{version}"));
    for found in [&of_rustup, &of_debian, &of_package] {
        if is_source(found) {
            steps.done(&format!("the source of std {version}, in {}", found.display()));
            return Ok(found.clone());
        }
    }
    if is_installed("rustup") {
        let add = Command::new("rustup").args(["component", "add", "rust-src"]);
        match steps.run("add the Rust component rust-src", &add) {
            Ok(()) if is_source(&of_rustup) => return Ok(of_rustup),
            Ok(()) => steps.note(&format!("rustup put no source to {}", of_rustup.display())),
            Err(error) => steps.note(&format!("{error:#}")),
        }
    }
    if !is_installed("apt-get") {
        bail!(
            "there is neither rustup nor apt-get to get the source of std {version} with: put it to {}",
            of_debian.display()
        );
    }
    unpack_from_debian(steps, &version, &unpacked)?;
    if !is_source(&of_package) {
        bail!("Debian's package rust-src holds no {}", of_package.display());
    }
    Ok(of_package)
}

fn is_source(folder: &Path) -> bool {
    folder.join("library/std/Cargo.toml").is_file() && folder.join("library/Cargo.lock").is_file()
}

fn version() -> Result<String> {
    let printed = Command::new("rustc").arg("--version").read()?;
    let version = printed.split_whitespace().nth(1).context("rustc --version prints no version")?;
    Ok(version.to_owned())
}

/// Downloads the package and unpacks it below `folder`: nothing is installed and root is not needed.
fn unpack_from_debian(steps: &mut Steps, version: &str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    let configured = Apt { options: Vec::new() };
    let (apt, package) = match configured.package(version) {
        Some(package) => (configured, package),
        None => {
            let backports = Apt::of_backports(folder)?;
            steps.run("read the list of trixie-backports", &backports.apt_get().arg("update"))?;
            let package = backports.package(version).with_context(|| {
                format!(
                    "no package rust-src of version {version} is in the apt sources or in trixie-backports"
                )
            })?;
            (backports, package)
        }
    };
    let download = apt.apt_get().args(["download", &package]).folder(folder);
    steps.run(&format!("download the Debian package {package}"), &download)?;
    let unpack =
        Command::new("sh").args(["-c", "dpkg -x rust-src_*.deb . && rm rust-src_*.deb"]).folder(folder);
    steps.run("unpack the source of std", &unpack)
}

/// Debian's package tools with the machine's sources, or with one of our own.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// With a list of its own below `folder`, so that the machine's configuration stays as it is.
    fn of_backports(folder: &Path) -> Result<Self> {
        let list = folder.join("backports.list");
        for needed in ["lists/partial", "cache/archives/partial"] {
            let needed = folder.join(needed);
            std::fs::create_dir_all(&needed).with_context(|| format!("create {}", needed.display()))?;
        }
        std::fs::write(&list, BACKPORTS).with_context(|| format!("write {}", list.display()))?;
        let settings = [
            format!("Dir::Etc::SourceList={}", list.display()),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            format!("Dir::State::Lists={}", folder.join("lists").display()),
            format!("Dir::Cache={}", folder.join("cache").display()),
            "APT::Sandbox::User=".to_owned(),
        ];
        Ok(Self { options: settings.into_iter().flat_map(|setting| ["-o".to_owned(), setting]).collect() })
    }

    fn apt_get(&self) -> Command {
        Command::new("apt-get").args(self.options.iter().cloned())
    }

    /// `rust-src=VERSION`, of the compiler's version.
    fn package(&self, version: &str) -> Option<String> {
        let list = Command::new("apt-cache").args(self.options.iter().cloned()).args(["madison", "rust-src"]);
        newest_of(&list.read().ok()?, version).map(|version| format!("rust-src={version}"))
    }
}

/// `madison` lists newest first: `rust-src | 1.95.0+dfsg1-2 | http://...`.
fn newest_of<'a>(list: &'a str, version: &str) -> Option<&'a str> {
    let mut versions = list.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    let is_wanted =
        |other: &&str| other.strip_prefix(version).is_some_and(|rest| rest.starts_with(['+', '-']));
    versions.find(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_compilers_own_version_is_taken() {
        let list = " rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://x trixie-backports/main amd64 Packages\n \
                    rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://x trixie-backports/main amd64 Packages\n";
        assert_eq!(newest_of(list, "1.95.0"), Some("1.95.0+dfsg1-2~bpo13+1"));
        assert_eq!(newest_of(list, "1.9"), None);
        assert_eq!(newest_of("", "1.95.0"), None);
    }
}
