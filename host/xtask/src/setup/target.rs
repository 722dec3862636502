//! What plugins are compiled for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::source;
use crate::command::{Command, is_installed};
use crate::steps::Steps;
use crate::workspace::Workspace;

const WASIP2: &str = "wasm32-wasip2";
const UNKNOWN: &str = "wasm32-unknown-unknown";
const OVERRIDE: &str = "FOREBAY_WASM_TARGET";

/// What plugins are compiled for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The toolchain's own target: its linker makes components.
    Wasip2,
    /// Without WASI, with a std compiled from `src`; the modules are made components by a program of
    /// ours. Such guests have no clock, no randomness, no environment and no output but what
    /// they import.
    Unknown { src: PathBuf },
}

impl Target {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Wasip2 => WASIP2,
            Self::Unknown { .. } => UNKNOWN,
        }
    }

    /// `cargo build` for this target.
    pub(crate) fn cargo_build(&self, workspace: &Workspace) -> Command {
        // Flags of the environment would take the place of the target's own.
        let build = workspace.cargo().env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        let build = build.args(["build", "--profile", "plugin", "--target", self.name()]);
        let build = self.with_c_compiler(build, workspace);
        let simd = "-C target-feature=+simd128";
        match self {
            Self::Wasip2 => build.env("CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS", simd),
            Self::Unknown { src } => build
                .arg("-Zbuild-std=std,panic_abort")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("__CARGO_TESTS_ONLY_SRC_ROOT", src.join("library").display().to_string())
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", simd),
        }
    }
}

impl Target {
    /// Tells the crate `cc` of zig.
    fn with_c_compiler(&self, build: Command, workspace: &Workspace) -> Command {
        let suffix = self.name().replace('-', "_");
        let ours = workspace.root.join("host/xtask/zig");
        let zig = workspace.target.join("languages/zig/bin/python-zig");
        build
            .env("FOREBAY_ZIG", zig.display().to_string())
            .env(&format!("CC_{suffix}"), ours.join("cc").display().to_string())
            .env(&format!("AR_{suffix}"), ours.join("ar").display().to_string())
    }
}

/// Sees to it that there is a std for plugins.
pub(super) fn install(steps: &mut Steps, workspace: &Workspace) -> Result<Target> {
    match std::env::var(OVERRIDE).as_deref() {
        Err(_) | Ok("") => {}
        Ok("wasip2") => return wasip2(steps).map(|()| Target::Wasip2),
        Ok("unknown") => return unknown(steps, workspace),
        Ok(other) => bail!("{OVERRIDE}={other}: it is `wasip2`, `unknown` or unset"),
    }
    let Err(wasip2) = wasip2(steps) else { return Ok(Target::Wasip2) };
    steps.note(&format!("{wasip2:#}"));
    steps.note(&format!("so plugins are built for {UNKNOWN}, with a std compiled from its source"));
    unknown(steps, workspace).context(format!("neither {WASIP2} nor the source of std can be had"))
}

fn wasip2(steps: &mut Steps) -> Result<()> {
    if sysroot()?.join("lib/rustlib").join(WASIP2).exists() {
        steps.done(&format!("Rust target {WASIP2}"));
        return Ok(());
    }
    if !is_installed("rustup") {
        bail!("there is no rustup to run `rustup target add {WASIP2}` with");
    }
    steps.run(
        &format!("add the Rust target {WASIP2}"),
        &Command::new("rustup").args(["target", "add", WASIP2]),
    )
}

fn unknown(steps: &mut Steps, workspace: &Workspace) -> Result<Target> {
    Ok(Target::Unknown { src: source::find(steps, workspace, &sysroot()?)? })
}

fn sysroot() -> Result<PathBuf> {
    let printed = Command::new("rustc").args(["--print", "sysroot"]).read()?;
    Ok(Path::new(printed.trim()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fallback_builds_its_own_std() {
        let workspace =
            Workspace { root: "/repo".into(), target: "/repo/target".into(), packages: Vec::new() };
        let command = Target::Unknown { src: "/src".into() }.cargo_build(&workspace).to_string();
        assert!(command.contains("RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT=/src/library"), "{command}");
        assert!(command.contains("--target wasm32-unknown-unknown -Zbuild-std=std,panic_abort"), "{command}");
        let command = Target::Wasip2.cargo_build(&workspace).to_string();
        assert!(!command.contains("RUSTC_BOOTSTRAP"), "{command}");
    }
}
