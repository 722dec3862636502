//! What plugins in other languages than Rust are built with: zig and componentize-py in virtual environments,
//! componentize-js with all that it needs, and the one module that plugins in Go depend on. All are pinned with
//! digests, in `host/xtask/languages` and in the examples in Go. Only tests need them, and beside them servers that
//! speak as S3 and Azure do, and clients of Kafka; but zig compiles the C that default plugins have inside.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::debian;
use crate::command::{Command, is_installed};
use crate::steps::Steps;
use crate::workspace::Workspace;

const OURS: &str = "host/xtask/languages";

pub(crate) fn install(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let target = workspace.target.join("languages");
    let ours = workspace.root.join(OURS);
    fs::create_dir_all(&target).with_context(|| format!("create {}", target.display()))?;
    let builder = "componentize-py, for plugins in Python";
    python(steps, &ours.join("pip.txt"), &target.join("python"), builder)?;
    let server = "moto, a server that speaks S3, for tests of the object store";
    python(steps, &ours.join("moto.txt"), &target.join("moto"), server)?;
    let server = "azurite, a server that speaks as Azure does, for tests of the object store";
    javascript(steps, &ours.join("azurite"), &target.join("azurite"), server)?;
    let clients = "Kafka clients in Python, for tests of the broker";
    python(steps, &ours.join("kafka.txt"), &target.join("kafka"), clients)?;
    let readers = "pyarrow and DuckDB, for tests of Parquet files";
    python(steps, &ours.join("parquet.txt"), &target.join("parquet"), readers)?;
    let reader = "fastavro, for tests of Avro files";
    python(steps, &ours.join("avro.txt"), &target.join("avro"), reader)?;
    if is_installed("kcat") {
        steps.done("kcat, for tests of the broker");
    } else {
        debian::install_packages(steps, &["kcat"])?;
    }
    if debian::has_postgresql() {
        steps.done("PostgreSQL, for tests of the metadata store");
    } else {
        debian::install_packages(steps, &["postgresql", "postgresql-client"])?;
    }
    let client = "a Kafka client in JavaScript, for tests of the broker";
    javascript(steps, &ours.join("kafka-js"), &target.join("kafka-js"), client)?;
    let builder = "componentize-js, for plugins in JavaScript";
    javascript(steps, &ours.join("js"), &target.join("js"), builder)?;
    go(steps, &workspace.root.join("examples/plugins/go/processor"), &target.join("go"))
}

/// The compiler of C for WebAssembly.
pub(super) fn zig(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    let target = workspace.target.join("languages");
    fs::create_dir_all(&target).with_context(|| format!("create {}", target.display()))?;
    let list = workspace.root.join(OURS).join("zig.txt");
    python(steps, &list, &target.join("zig"), "zig, a compiler of C for WebAssembly")
}

fn python(steps: &mut Steps, requirements: &Path, folder: &Path, what: &str) -> Result<()> {
    let wanted =
        fs::read_to_string(requirements).with_context(|| format!("read {}", requirements.display()))?;
    let stamp = Stamp::of(folder, &wanted);
    if stamp.is_set() {
        steps.done(what);
        return Ok(());
    }
    stamp.remove()?;
    if Command::new("python3").args(["-c", "import ensurepip, venv"]).read().is_err() {
        debian::install_packages(steps, &["python3", "python3-venv"])?;
    }
    let environment = Command::new("python3").args(["-m", "venv", "--clear", &text(folder)]);
    steps.run("make a virtual environment of Python", &environment)?;
    let pip = Command::new(text(&folder.join("bin/pip"))).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    let pip = pip.args(["--require-hashes", "--only-binary", ":all:", "-r"]).arg(text(requirements));
    steps.run(&format!("install {what}"), &pip)?;
    stamp.set()
}

fn javascript(steps: &mut Steps, ours: &Path, folder: &Path, what: &str) -> Result<()> {
    let (manifest, lock) = (ours.join("package.json"), ours.join("package-lock.json"));
    let wanted = fs::read_to_string(&lock).with_context(|| format!("read {}", lock.display()))?;
    let stamp = Stamp::of(folder, &wanted);
    if stamp.is_set() {
        steps.done(what);
        return Ok(());
    }
    stamp.remove()?;
    for program in ["node", "npm"] {
        if !is_installed(program) {
            let package = if program == "node" { "nodejs" } else { program };
            debian::install_packages(steps, &[package])?;
        }
    }
    check_node()?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    for file in [&manifest, &lock] {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, folder.join(name)).with_context(|| format!("copy {}", file.display()))?;
    }
    // By the lock file alone; nothing that a package brings is run.
    let npm = Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).folder(folder);
    steps.run(&format!("install {what}"), &npm)?;
    stamp.set()
}

/// `go.sum` has the digests.
fn go(steps: &mut Steps, example: &Path, folder: &Path) -> Result<()> {
    let sums = example.join("go.sum");
    let wanted = fs::read_to_string(&sums).with_context(|| format!("read {}", sums.display()))?;
    let stamp = Stamp::of(folder, &wanted);
    if stamp.is_set() {
        steps.done("the module that plugins in Go depend on");
        return Ok(());
    }
    stamp.remove()?;
    if !is_installed("go") {
        bail!(
            "there is no `go`, which plugins in Go are built with: install Go 1.25 or later (https://go.dev/dl)"
        );
    }
    let download = Command::new("go").args(["mod", "download"]).folder(example);
    steps.run("download the module that plugins in Go depend on", &download)?;
    stamp.set()
}

/// The oldest that componentize-js runs on.
const NODE: u32 = 20;

fn check_node() -> Result<()> {
    let printed = Command::new("node").arg("--version").read()?;
    let major =
        printed.trim().trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE) {
        bail!(
            "Node.js {} is installed; plugins in JavaScript are built with {NODE} or later",
            printed.trim()
        );
    }
    Ok(())
}

/// Says what a folder was made of, once it is whole.
pub(super) struct Stamp<'a> {
    file: std::path::PathBuf,
    wanted: &'a str,
}

impl<'a> Stamp<'a> {
    pub(super) fn of(folder: &Path, wanted: &'a str) -> Self {
        Self { file: folder.with_extension("stamp"), wanted }
    }

    pub(super) fn is_set(&self) -> bool {
        fs::read_to_string(&self.file).is_ok_and(|found| found == self.wanted)
    }

    pub(super) fn remove(&self) -> Result<()> {
        if self.file.exists() {
            fs::remove_file(&self.file).with_context(|| format!("remove {}", self.file.display()))?;
        }
        Ok(())
    }

    pub(super) fn set(&self) -> Result<()> {
        fs::write(&self.file, self.wanted).with_context(|| format!("write {}", self.file.display()))
    }
}

pub(super) fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fetched_is_pinned_with_digests() {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("languages");
        for list in ["pip.txt", "zig.txt", "moto.txt", "kafka.txt", "parquet.txt", "avro.txt"] {
            let pip = fs::read_to_string(ours.join(list)).unwrap();
            for package in pip.split("==").skip(1) {
                assert!(package.contains("--hash=sha256:"), "{package}");
            }
        }
        for list in ["js", "kafka-js", "azurite"] {
            let lock = fs::read_to_string(ours.join(list).join("package-lock.json")).unwrap();
            let lock: serde_json::Value = serde_json::from_str(&lock).unwrap();
            let packages = lock["packages"].as_object().unwrap().iter();
            for (name, package) in packages.filter(|(name, _)| !name.is_empty()) {
                assert!(package["integrity"].is_string(), "{name} has no digest");
                assert!(package["resolved"].is_null(), "{name} is tied to one registry");
            }
        }
    }

    #[test]
    fn a_stamp_counts_for_what_it_was_made_of_only() {
        let folder = std::env::temp_dir().join(format!("forebay-stamp-{}", std::process::id()));
        let old = Stamp::of(&folder, "one");
        old.set().unwrap();
        assert!(old.is_set() && !Stamp::of(&folder, "two").is_set());
        old.remove().unwrap();
        assert!(!old.is_set());
    }
}
