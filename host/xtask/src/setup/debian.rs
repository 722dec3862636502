//! The Debian packages of `host/xtask/debian-packages`.

use anyhow::{Result, bail};

use crate::command::{Command, is_installed};
use crate::steps::Steps;

/// One package a line, with a comment.
const PACKAGES: &str = include_str!("../../debian-packages");

pub(super) fn install(steps: &mut Steps) -> Result<()> {
    let packages = packages(PACKAGES);
    let all = packages.join(", ");
    if !is_installed("dpkg") {
        if !is_installed("cc") {
            bail!("there is no C compiler called `cc`: install what your system has for Debian's {all}");
        }
        steps.note(&format!("not a Debian system: there is a `cc`, the rest of {all} is taken to be there"));
        return Ok(());
    }
    let missing = missing(&packages);
    if missing.is_empty() {
        steps.done(&format!("Debian packages {all}"));
        return Ok(());
    }
    install_packages(steps, &missing)
}

/// Whether there is a server of PostgreSQL: Debian keeps its programs out of the search path.
pub(super) fn has_postgresql() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let has_all = |bin: std::path::PathBuf| {
        ["initdb", "pg_basebackup", "pg_isready", "postgres", "psql"]
            .iter()
            .all(|name| bin.join(name).exists())
    };
    versions.map(|version| version.path().join("bin")).any(has_all)
        || (is_installed("initdb") && is_installed("postgres") && is_installed("psql"))
}

/// Installs packages, on a system that has them.
pub(super) fn install_packages(steps: &mut Steps, packages: &[&str]) -> Result<()> {
    let all = packages.join(", ");
    if !is_installed("apt-get") {
        bail!("not a Debian system: install what yours has for Debian's {all}");
    }
    steps.run("read the lists of Debian packages", &apt_get()?.arg("update"))?;
    let install =
        apt_get()?.args(["install", "-y", "--no-install-recommends"]).args(packages.iter().copied());
    steps.run(&format!("install Debian packages {all}"), &install)
}

fn packages(list: &str) -> Vec<&str> {
    let names = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty()).collect()
}

fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    // It fails for a package that it never heard of, so each is asked for on its own.
    let is_missing = |package: &&str| {
        let query = Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]);
        !query.read().is_ok_and(|status| status == "installed")
    };
    packages.iter().copied().filter(is_missing).collect()
}

/// `apt-get`, as root.
fn apt_get() -> Result<Command> {
    let is_root = Command::new("id").arg("-u").read()?.trim() == "0";
    let options = ["-o", "DPkg::Lock::Timeout=300"];
    if is_root {
        return Ok(Command::new("apt-get").args(options).env("DEBIAN_FRONTEND", "noninteractive"));
    }
    Ok(Command::new("sudo").args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_packages_is_read_without_its_comments() {
        assert_eq!(packages("# why\ngcc   # the linker\n\nlibc6-dev\n"), ["gcc", "libc6-dev"]);
        assert!(packages(PACKAGES).contains(&"gcc"));
    }
}
