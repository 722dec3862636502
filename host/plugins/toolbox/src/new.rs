//! `forebay plugin new`: a copy of an example, under the name of the new plugin.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use forebay_pipeline_config::spec::{Kind, PluginName};

use crate::language::Language;
use crate::{archive, support};

/// What to write, and where.
#[derive(Debug)]
pub struct New {
    /// As `PluginName` has it; the name of the folder too, unless there is another.
    pub name: String,
    pub kind: Kind,
    pub language: Language,
    /// Must not be there yet, or be empty.
    pub folder: Option<PathBuf>,
}

/// Writes a new plugin with one component, and says how to go on.
///
/// # Errors
/// When the name can't be one, the language has no such kind, or something is there already.
pub fn create(new: New, out: &mut dyn Write) -> Result<()> {
    let New { name, kind, language, folder } = new;
    let names = Names::of(&name)?;
    if !language.kinds().contains(&kind) {
        let kinds: Vec<&str> = language.kinds().iter().map(|kind| kind.as_str()).collect();
        bail!("there is no template for a {kind} in {language}; there are: {}", kinds.join(", "));
    }
    let folder = folder.unwrap_or_else(|| PathBuf::from(&name));
    let is_taken = match fs::read_dir(&folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => folder.exists(),
    };
    if is_taken {
        bail!("{} is there already: name another folder with --dir", folder.display());
    }
    let example = format!("examples/plugins/{language}/{kind}");
    let old = Names::of(&format!("{language}-{kind}"))?;
    for (path, content) in archive::below(&example) {
        let text = std::str::from_utf8(content).with_context(|| format!("{example}/{path} is no text"))?;
        support::write_file(&folder.join(path), old.replaced_by(&names, text).as_bytes())?;
    }
    if language == Language::Rust {
        let lock = archive::file("Cargo.lock").context("the program carries no Cargo.lock")?;
        support::write_file(&folder.join("Cargo.lock"), lock)?;
    }
    support::write(&folder, language)?;
    let folder = folder.display();
    writeln!(out, "{name}: a plugin in {language} with the {kind} `{}`, in {folder}", names.component)?;
    writeln!(out, "\n    forebay plugin build {folder}     builds {folder}/{name}.wasm")?;
    writeln!(out, "    forebay plugin test {folder}      runs the cases in {folder}/tests.yaml")?;
    writeln!(out, "\nThen put {name}.wasm into the folder that `forebay run -pluginDir` names.")?;
    Ok(())
}

/// A plugin's name in its three spellings.
#[derive(Debug)]
struct Names {
    plugin: PluginName,
    component: String,
    /// For types.
    camel: String,
}

impl Names {
    fn of(name: &str) -> Result<Self> {
        let plugin: PluginName = name.parse()?;
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            bail!(
                "`{name}` can't be the name of a new plugin: types are named for it, so it starts with a-z"
            );
        }
        let component = name.replace('-', "_");
        let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
        let camel = component.split('_').filter(|part| !part.is_empty()).map(capital).collect();
        Ok(Self { plugin, component, camel })
    }

    fn replaced_by(&self, new: &Self, text: &str) -> String {
        let pairs = [
            (self.plugin.as_str(), new.plugin.as_str()),
            (&self.component, &new.component),
            (&self.camel, &new.camel),
        ];
        // In one pass: the new name may hold the old one.
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let (old, new) = match pairs.iter().find(|(old, _)| rest.starts_with(old)) {
                Some((old, new)) => (*old, *new),
                None => (&rest[..next.len_utf8()], &rest[..next.len_utf8()]),
            };
            replaced.push_str(new);
            rest = &rest[old.len()..];
        }
        replaced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_replaced_in_every_spelling() {
        let old = Names::of("rust-processor").unwrap();
        let new = Names::of("to-upper_2").unwrap();
        let text = old.replaced_by(&new, "rust-processor rust_processor RustProcessorConfig");
        assert_eq!(text, "to-upper_2 to_upper_2 ToUpper2Config");
        let new = Names::of("my_rust_processor").unwrap();
        assert_eq!(old.replaced_by(&new, "rust-processor"), "my_rust_processor");
    }

    #[test]
    fn names_that_can_name_no_plugin_or_no_type_are_refused() {
        for name in ["", "Shout", "a/b", "a b", "2fast", "-x", "_x"] {
            assert!(Names::of(name).is_err(), "{name}");
        }
    }

    #[test]
    fn there_is_an_example_for_every_kind_of_every_language() {
        for language in Language::ALL {
            for kind in language.kinds() {
                let example = format!("examples/plugins/{language}/{kind}");
                for needed in ["plugin.yaml", "tests.yaml"] {
                    assert!(archive::file(&format!("{example}/{needed}")).is_some(), "{example}/{needed}");
                }
            }
        }
    }
}
