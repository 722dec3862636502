use std::collections::BTreeMap;

use crate::testing::{Batch, Fixed};
use crate::{Form, Mapping, Query, World};

/// Files, by the paths under which they are asked for.
struct Files(Fixed, BTreeMap<&'static str, &'static str>);

fn files(all: &[(&'static str, &'static str)]) -> Files {
    Files(Fixed::default(), all.iter().copied().collect())
}

impl World for Files {
    fn random_u64(&mut self) -> u64 {
        self.0.random_u64()
    }

    fn now(&mut self) -> (i64, u32) {
        self.0.now()
    }

    fn env(&mut self, name: &str) -> Result<Option<String>, String> {
        self.0.env(name)
    }

    fn hostname(&mut self) -> Result<String, String> {
        self.0.hostname()
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let content = self.1.get(path).ok_or_else(|| format!("open {path}: no such file or directory"))?;
        Ok(content.as_bytes().to_vec())
    }
}

/// What a mapping in `folder` makes of nothing, or why it does not compile.
fn map_in(folder: &str, source: &str, world: &mut Files) -> String {
    let mut mapping = match Mapping::compile_in(source, Form::Mapping, folder, world) {
        Ok(mapping) => mapping,
        Err(error) => return error.to_string(),
    };
    let mut out = Vec::new();
    let outcome = mapping.run(&Batch::of(&["{}"]), 0, world, &mut out);
    outcome.error.unwrap_or_else(|| String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn what_a_mapping_imports_is_relative_to_its_folder() {
    let mut world = files(&[
        ("/m/lib.blobl", "map a { root = \"beside\" }"),
        ("/m/sub/all.blobl", "import \"../lib.blobl\"\nroot = \"above, \" + {}.apply(\"a\")"),
        ("/lib.blobl", "map a { root = \"at the root\" }"),
        ("/from.blobl", "import \"lib.blobl\"\nroot = {}.apply(\"a\")"),
        ("lib.blobl", "map a { root = \"where the process is\" }"),
    ]);
    let apply = "import \"lib.blobl\"\nroot = {}.apply(\"a\")";
    assert_eq!(map_in("/m", apply, &mut world), "beside");
    assert_eq!(map_in("/m/../m/sub/..", apply, &mut world), "beside");
    assert_eq!(map_in("/", apply, &mut world), "at the root");
    assert_eq!(map_in("", apply, &mut world), "where the process is");
    assert_eq!(map_in("/m", "from \"sub/all.blobl\"", &mut world), "above, beside");
    assert_eq!(map_in("/m", "from \"/from.blobl\"", &mut world), "at the root");
    assert_eq!(
        map_in("/m/sub", "import \"none.blobl\"\nroot = 1", &mut world),
        "line 1 char 1: failed to read import: open /m/sub/none.blobl: no such file or directory"
    );
    assert!(Query::compile_in(apply, "/m", &mut world).is_ok());
    assert!(Query::compile_in(apply, "/m/sub", &mut world).is_err());
}

#[test]
fn files_that_a_mapping_reads_as_it_runs_are_not_relative_to_its_folder() {
    let mut world = files(&[("/m/a.txt", "beside"), ("a.txt", "where the process is")]);
    for function in ["file", "file_rel"] {
        let source = format!("root = {function}(\"a.txt\").string()");
        assert_eq!(map_in("/m", &source, &mut world), "where the process is");
    }
}
