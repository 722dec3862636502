//! What the tests of `forebay plugin` have in common: the program in a folder outside of the repository, with the
//! toolchains that `cargo xtask setup` has installed in its `PATH`.

use std::path::{Path, PathBuf};

use forebay_tests_pipelines::{Finished, Folder, Forebay};

/// A folder with plugins in it.
#[derive(Debug, Default)]
pub struct Workshop(Folder);

/// What a build may see of the environment of the tests.
const PASSED_ON: [&str; 8] =
    ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "LANG", "GOPATH", "GOMODCACHE", "GOPROXY"];

impl Workshop {
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.0
    }

    /// `forebay plugin` with all toolchains, and without a network for cargo.
    #[must_use]
    pub fn plugin(&self, args: &[&str]) -> Forebay {
        self.forebay(&[&["plugin"], args].concat())
    }

    /// The program, with all toolchains.
    #[must_use]
    pub fn forebay(&self, args: &[&str]) -> Forebay {
        let languages = target().join("languages");
        let own = std::env::var_os("PATH").unwrap_or_default();
        let ours = ["python/bin", "zig/bin"].map(|folder| languages.join(folder));
        let path = ours.into_iter().chain(std::env::split_paths(&own));
        let path = std::env::join_paths(path).expect("the PATH of the tests can be put together again");
        let path = path.to_str().expect("the PATH is text").to_owned();
        let modules = languages.join("js/node_modules").display().to_string();
        // What all plugins depend on is compiled once.
        let built = |what: &str| target().join("toolbox").join(what).display().to_string();
        let forebay = self.0.forebay(args);
        let forebay = PASSED_ON.iter().fold(forebay, |forebay, name| match std::env::var(name) {
            Ok(value) => forebay.variable(name, &value),
            Err(_) => forebay,
        });
        forebay
            .variable("PATH", &path)
            .variable("NODE_PATH", &modules)
            .variable("CARGO_NET_OFFLINE", "true")
            .variable("CARGO_TARGET_DIR", &built("cargo"))
            .variable("GOCACHE", &built("go"))
            .variable("GOFLAGS", "-mod=readonly")
            .variable("ZIG_GLOBAL_CACHE_DIR", &built("zig"))
    }

    /// Makes a plugin of this language and kind, named `my-LANGUAGE-KIND`.
    pub fn create(&self, language: &str, kind: &str) -> String {
        let name = format!("my-{language}-{kind}");
        let _ = self.plugin(&["new", &name, "--lang", language, "--kind", kind]).finish().well();
        name
    }

    /// Makes, builds and tests a plugin; what its tests have said.
    pub fn make(&self, language: &str, kind: &str) -> Finished {
        let name = self.create(language, kind);
        let built = self.plugin(&["build", &name]).finish().well();
        let component = format!("{kind} {}", name.replace('-', "_"));
        assert!(built.stdout.contains(&component), "{component} is missing in {built:?}");
        self.plugin(&["test", &name]).finish().well()
    }
}

fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("this package lies two folders below the root").join("target")
}
