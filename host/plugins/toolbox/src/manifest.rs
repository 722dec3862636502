//! `plugin.yaml`: what a folder of source is.
//!
//! ```yaml
//! name: shout
//! language: rust
//! build:
//!   features: [fast]     # what there is depends on the language
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use forebay_pipeline_config::spec::PluginName;
use forebay_pipeline_config::yaml::{self, Node, Value};

use crate::language::Language;

/// The file in every plugin's folder.
pub(crate) const FILE: &str = "plugin.yaml";

/// What `plugin.yaml` says.
#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) folder: PathBuf,
    pub(crate) name: PluginName,
    pub(crate) language: Language,
    build: BTreeMap<String, Vec<String>>,
}

impl Manifest {
    /// # Errors
    /// When the folder has no such file, or it can't be read; names file, line and column.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("read {}: a folder of a plugin has one; `forebay plugin new` writes it", path.display())
        })?;
        Self::parse(folder, &path.display().to_string(), &text)
    }

    fn parse(folder: &Path, path: &str, text: &str) -> Result<Self> {
        let parsed = yaml::parse(text);
        if let Some(error) = parsed.errors.first() {
            bail!("{path}({},{}) {error}", error.position.line, error.position.column);
        }
        let root = parsed.root.with_context(|| format!("{path} is empty"))?;
        let Value::Mapping(entries) = &root.value else {
            bail!("{path}(1,1) expected name, language and build")
        };
        for (key, _) in entries {
            if !["name", "language", "build"].contains(&key.text.as_str()) {
                bail!(
                    "{} unknown field `{}`: there are name, language and build",
                    at(path, &key.span),
                    key.text
                );
            }
        }
        let text_of = |key: &str| {
            let node = root.get(key).with_context(|| format!("{path}(1,1) field `{key}` is required"))?;
            if !node.is_scalar() || node.is_null() {
                bail!("{} `{key}` is a text, got {}", at(path, &node.span), node.type_name());
            }
            Ok((node.text.clone(), at(path, &node.span)))
        };
        let (name, name_at) = text_of("name")?;
        let (language, language_at) = text_of("language")?;
        let name = name.parse().map_err(|error| anyhow::anyhow!("{name_at} {error}"))?;
        let language = language.parse().map_err(|error| anyhow::anyhow!("{language_at} {error}"))?;
        let build = root.get("build").map(|node| settings(path, node)).transpose()?.unwrap_or_default();
        Ok(Self { folder: folder.to_owned(), name, language, build })
    }

    /// Checks that there are only these build settings.
    ///
    /// # Errors
    /// Names one that is not known.
    pub(crate) fn allow(&self, settings: &[&str]) -> Result<()> {
        let Some(other) = self.build.keys().find(|name| !settings.contains(&name.as_str())) else {
            return Ok(());
        };
        let known = if settings.is_empty() { "none".to_owned() } else { settings.join(", ") };
        bail!(
            "{}: unknown build setting `{other}`; {} has: {known}",
            self.folder.join(FILE).display(),
            self.language
        )
    }

    /// The values of a build setting.
    pub(crate) fn list(&self, setting: &str) -> &[String] {
        self.build.get(setting).map_or(&[], Vec::as_slice)
    }

    /// The value of a build setting.
    pub(crate) fn text<'a>(&'a self, setting: &str, default: &'a str) -> &'a str {
        self.list(setting).first().map_or(default, String::as_str)
    }

    /// The component that a build writes.
    pub(crate) fn component(&self) -> PathBuf {
        self.folder.join(format!("{}.wasm", self.name))
    }
}

fn settings(path: &str, node: &Node) -> Result<BTreeMap<String, Vec<String>>> {
    let entries = match &node.value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Mapping(entries) => entries,
        _ => bail!("{} `build` is a list of settings, got {}", at(path, &node.span), node.type_name()),
    };
    let text = |node: &Node| {
        if node.is_scalar() {
            return Ok(node.text.clone());
        }
        bail!("{} expected a text, got {}", at(path, &node.span), node.type_name())
    };
    let values = |node: &Node| match &node.value {
        Value::Sequence(items) => items.iter().map(text).collect(),
        _ => text(node).map(|text| vec![text]),
    };
    entries.iter().map(|(key, node)| Ok((key.text.clone(), values(node)?))).collect()
}

fn at(path: &str, span: &forebay_pipeline_config::Span) -> String {
    format!("{path}({},{})", span.start.line, span.start.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest> {
        Manifest::parse(Path::new("x"), "x/plugin.yaml", text)
    }

    #[test]
    fn settings_are_a_text_or_a_list_of_texts() {
        let manifest = parse("name: a-b\nlanguage: js\nbuild: {flags: [-O2, -g], entry: x.js}").unwrap();
        assert_eq!(manifest.list("flags"), ["-O2", "-g"]);
        assert_eq!((manifest.text("entry", "y.js"), manifest.text("other", "y.js")), ("x.js", "y.js"));
        assert_eq!(manifest.component(), Path::new("x/a-b.wasm"));
        let error = manifest.allow(&["flags"]).unwrap_err().to_string();
        assert_eq!(error, "x/plugin.yaml: unknown build setting `entry`; js has: flags");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, wanted) in [
            ("name: A\nlanguage: js", "x/plugin.yaml(1,7) `A` cannot be the name of a plugin"),
            ("name: a\nlanguage: d", "x/plugin.yaml(2,11) there is no language `d`; there are: rust, js"),
            ("name: a", "x/plugin.yaml(1,1) field `language` is required"),
            ("name: a\nlang: js", "x/plugin.yaml(2,1) unknown field `lang`"),
            ("name: [", "x/plugin.yaml("),
            ("", "x/plugin.yaml"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(wanted), "{error}");
        }
    }
}
