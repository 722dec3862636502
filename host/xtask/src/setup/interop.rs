//! Kafka clients in Java and Go, for `cargo xtask interop`: the jars of `host/xtask/languages/kafka-*`, held against their
//! digests, and what `tests/kafka-clients` has in Java and Go, compiled.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::debian;
use super::languages::{Stamp, text};
use crate::command::{Command, is_installed};
use crate::steps::Steps;
use crate::workspace::Workspace;

const OURS: &str = "host/xtask/languages";
const CLIENTS: &str = "tests/kafka-clients/interop";
/// What puts jars into a folder.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// Sets of jars, with the folder of what is compiled against each, beside `Client.java`.
const JARS: [(&str, Option<&str>); 3] =
    [("kafka-java", Some("current")), ("kafka-java-old", Some("old")), ("kafka-tools", None)];

pub(crate) fn install(steps: &mut Steps, workspace: &Workspace) -> Result<()> {
    for (program, package) in [("javac", "default-jdk-headless"), ("mvn", "maven")] {
        if !is_installed(program) {
            debian::install_packages(steps, &[package])?;
        }
    }
    if !is_installed("go") {
        bail!("there is no `go`, which franz-go is built with: install Go 1.26 or later (https://go.dev/dl)");
    }
    for (set, variant) in JARS {
        let folder = workspace.target.join("languages").join(set);
        jars(steps, &workspace.root.join(OURS).join(set), &folder)?;
        if let Some(variant) = variant {
            javac(steps, &workspace.root.join(CLIENTS).join("java"), variant, &folder)?;
        }
    }
    let built = workspace.target.join("languages/kafka-go/client");
    let build = Command::new("go").args(["build", "-trimpath", "-o", &text(&built), "."]);
    let build = build.env("GOFLAGS", "-mod=readonly").folder(&workspace.root.join(CLIENTS).join("go"));
    steps.run("build the client with franz-go", &build)
}

/// Puts the jars of `pom.xml` to `FOLDER/jars`, and demands that they are those of `jars.sha256`.
fn jars(steps: &mut Steps, ours: &Path, folder: &Path) -> Result<()> {
    let digests = ours.join("jars.sha256");
    let wanted = fs::read_to_string(&digests).with_context(|| format!("read {}", digests.display()))?;
    let stamp = Stamp::of(folder, &wanted);
    let what = format!("the jars of {}", ours.join("pom.xml").display());
    if stamp.is_set() {
        steps.done(&what);
        return Ok(());
    }
    stamp.remove()?;
    let to = folder.join("jars");
    if to.exists() {
        fs::remove_dir_all(&to).with_context(|| format!("remove {}", to.display()))?;
    }
    fs::create_dir_all(&to).with_context(|| format!("create {}", to.display()))?;
    let maven = Command::new("mvn").args(["--batch-mode", "--quiet", "--file", &text(&ours.join("pom.xml"))]);
    let maven = maven.arg(COPY).arg(format!("-DoutputDirectory={}", text(&to)));
    steps.run(&format!("install {what}"), &maven)?;
    let check =
        Command::new("sha256sum").args(["--check", "--strict", "--quiet", &text(&digests)]).folder(&to);
    steps.run(&format!("check {what}"), &check)?;
    let found = fs::read_dir(&to).with_context(|| format!("read {}", to.display()))?.count();
    if found != wanted.lines().count() {
        bail!("{} has {found} files, and {} digests", to.display(), wanted.lines().count());
    }
    stamp.set()
}

fn javac(steps: &mut Steps, ours: &Path, variant: &str, folder: &Path) -> Result<()> {
    let (jars, classes) = (folder.join("jars/*"), folder.join("classes"));
    let javac = Command::new("javac").args(["-nowarn", "-cp", &text(&jars), "-d", &text(&classes)]);
    let mut sources = vec![text(&ours.join("Client.java"))];
    let of_variant = ours.join(variant);
    for entry in fs::read_dir(&of_variant).with_context(|| format!("read {}", of_variant.display()))? {
        sources.push(text(&entry.with_context(|| format!("read {}", of_variant.display()))?.path()));
    }
    let javac = javac.args(sources);
    steps.run(&format!("compile the client in Java, {variant}"), &javac)
}
