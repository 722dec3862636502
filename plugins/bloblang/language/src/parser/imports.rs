//! Other files that a mapping takes its maps from, or stands for as a whole.

use super::mapping::statements;
use super::{Parsed, Parser, Vocabulary};
use crate::limits::{IMPORT_DEPTH, IMPORTS};
use crate::parse_error::{Fault, ImportFault};
use crate::syntax::Source;

/// Reads a file whose path is absolute, or relative to wherever the host starts.
pub(crate) type ReadFile<'r> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'r;

/// Where files come from, and what has been read so far.
pub(crate) struct Imports<'r> {
    read: Option<&'r mut ReadFile<'r>>,
    /// The directory of what is being parsed; empty where that is the one that relative paths start at anyway.
    directory: String,
    depth: usize,
    count: usize,
    vocabulary: Vocabulary,
}

impl<'r> Imports<'r> {
    /// Files by their paths, as they are seen from `folder`.
    pub(crate) fn from(read: &'r mut ReadFile<'r>, folder: &str) -> Self {
        Self { read: Some(read), directory: folder.to_owned(), ..Self::none() }
    }

    /// No files at all.
    pub(crate) fn none() -> Self {
        Self { read: None, directory: String::new(), depth: 0, count: 0, vocabulary: Vocabulary::Whole }
    }

    /// No files, and only the words of dynamic mappings.
    pub(crate) fn dynamic() -> Self {
        Self { vocabulary: Vocabulary::Dynamic, ..Self::none() }
    }

    pub(super) fn vocabulary(&self) -> Vocabulary {
        self.vocabulary
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        let Some(read) = &mut self.read else {
            return Err("imports are disabled in this context".to_owned());
        };
        self.count += 1;
        if self.count > IMPORTS || self.depth >= IMPORT_DEPTH {
            return Err(format!(
                "more than {IMPORTS} imports, or nested more than {IMPORT_DEPTH} levels deep"
            ));
        }
        let content = read(&join(&self.directory, path))?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    /// The statements of a file; what that imports in turn is relative to it. `at` is where it is asked for.
    pub(super) fn load(&mut self, path: &str, at: usize) -> Parsed<Source> {
        let content = match self.read(path) {
            Ok(content) => content,
            Err(reason) => return Err(Fault::fatal(at, format!("failed to read import: {reason}"))),
        };
        let inside = directory(&join(&self.directory, path)).to_owned();
        let outside = std::mem::replace(&mut self.directory, inside);
        self.depth += 1;
        let result = statements(&mut Parser::new(&content), self);
        self.depth -= 1;
        self.directory = outside;
        result
            .map_err(|fault| Fault::import(at, ImportFault { path: path.to_owned(), source: content, fault }))
    }
}

/// `path` as seen from `directory`, without detours.
fn join(directory: &str, path: &str) -> String {
    let whole = match (path.starts_with('/'), directory.is_empty()) {
        (true, _) | (_, true) => path.to_owned(),
        _ => format!("{directory}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if whole.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if whole.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The directory of the file that `path` names.
fn directory(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((directory, _)) => directory,
        None => "",
    }
}

impl Parser<'_> {
    /// `import "path"`: the maps of that file.
    pub(super) fn import(&mut self, source: &mut Source, imports: &mut Imports<'_>) -> Parsed<()> {
        let at = self.lexer.at();
        self.expect("import")?;
        self.expect_spaces()?;
        let path = self.lexer.quoted_string().map_err(|fault| fault.instead("filepath").required())?;
        let imported = imports.load(&path, at)?;
        if imported.maps.is_empty() {
            return Err(Fault::fatal(at, format!("no maps to import from '{path}'")));
        }
        let mut collisions = Vec::new();
        for map in imported.maps {
            if source.maps.iter().any(|other| other.name == map.name) {
                collisions.push(map.name.to_string());
            } else {
                source.maps.push(map);
            }
        }
        if collisions.is_empty() {
            return Ok(());
        }
        collisions.sort();
        let reason = format!("map name collisions from import '{path}': [{}]", collisions.join(" "));
        Err(Fault::fatal(at, reason))
    }

    /// `from "path"`: the whole mapping is that file. `None` when this is something else.
    pub(super) fn only_import(&mut self, imports: &mut Imports<'_>) -> Parsed<Option<Source>> {
        self.lexer.white();
        if !self.lexer.take("from") || !self.lexer.spaces() || self.lexer.peek() != Some(b'"') {
            return Ok(None);
        }
        let path = self.lexer.quoted_string()?;
        self.lexer.white();
        let source = imports.load(&path, 0)?;
        if self.lexer.is_done() {
            return Ok(Some(source));
        }
        let rest = self.lexer.rest();
        Err(Fault::fatal(0, format!("unexpected content after single root import: {rest}")))
    }
}

#[cfg(test)]
mod tests {
    use super::{directory, join};

    #[test]
    fn paths_are_taken_from_the_directory_of_the_file() {
        assert_eq!(join("", "./a/../b.blobl"), "b.blobl");
        assert_eq!(join("/x/y", "../z.blobl"), "/x/z.blobl");
        assert_eq!(join("maps", "../../z.blobl"), "../z.blobl");
        assert_eq!(join("maps", "/z.blobl"), "/z.blobl");
        assert_eq!(join("/", "z.blobl"), "/z.blobl");
        assert_eq!(["/x/y", "/x", "x/y", "x"].map(directory), ["/x", "/", "x", ""]);
    }
}
