//! Which programs a plugin may run.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where a program is looked up that is named without a path, and what children get as their `PATH`.
pub(crate) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One program of a grant: `{path: /usr/bin/jq, args: ["-c", "*"]}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandGrant {
    path: AbsolutePath,
    /// Patterns of which every argument must match one; left out: any arguments.
    args: Option<Vec<Pattern>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "PathBuf")]
struct AbsolutePath(PathBuf);

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(glob::Pattern);

/// A program that may be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// What is run: without links, where it was granted.
    pub(crate) path: PathBuf,
    /// What the program is told as its own name.
    pub(crate) name: PathBuf,
}

impl TryFrom<PathBuf> for AbsolutePath {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        if path.is_absolute() {
            return Ok(Self(path));
        }
        Err(format!("path {} of a command: it must be absolute, such as /usr/bin/jq", path.display()))
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        glob::Pattern::new(&text).map(Self).map_err(|error| format!("pattern `{text}`: {error}"))
    }
}

impl CommandGrant {
    fn allows(&self, arguments: &[String]) -> bool {
        let is_granted =
            |argument: &String| self.args.iter().flatten().any(|pattern| pattern.0.matches(argument));
        self.args.is_none() || arguments.iter().all(is_granted)
    }
}

/// The program that one of the grants allows to run with these arguments.
///
/// The name that it is told is that of the grant: where many programs are links to one file, which
/// goes by its name, a grant is for the one that it names.
///
/// # Errors
/// The grant that is missing. It says the same whether there is such a program or not.
pub(super) fn granted(
    grants: &[CommandGrant],
    program: &str,
    arguments: &[String],
) -> Result<Program, String> {
    let found = find(program, SEARCH_PATH).filter(|path| path.is_absolute());
    let real = found.as_ref().and_then(|path| path.canonicalize().ok());
    let of_program: Vec<&CommandGrant> =
        grants.iter().filter(|grant| real.is_some() && grant.path.0.canonicalize().ok() == real).collect();
    // A grant of the very path comes first: it tells links to the same file apart.
    let exact = |grant: &&&CommandGrant| Some(&grant.path.0) == found.as_ref();
    let allows = |grant: &&&CommandGrant| grant.allows(arguments);
    let grant = of_program.iter().filter(allows).find(exact).or_else(|| of_program.iter().find(allows));
    match (grant, real) {
        (Some(grant), Some(path)) => Ok(Program { path, name: grant.path.0.clone() }),
        _ if !of_program.is_empty() => {
            Err(format!("no grant for commands {{path: {program}}} with the arguments {arguments:?}"))
        }
        _ => Err(format!("no grant for commands {{path: {program}}}")),
    }
}

/// The program that a name or a path stands for, if it is there.
pub(crate) fn find(program: &str, search_path: &str) -> Option<PathBuf> {
    if program.is_empty() || program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| is_program(path));
    }
    std::env::split_paths(search_path).map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(yaml: &str) -> Vec<CommandGrant> {
        serde_yaml::from_str(yaml).unwrap()
    }

    fn arguments(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|argument| (*argument).to_owned()).collect()
    }

    #[test]
    fn a_program_is_granted_by_path_or_by_name_whatever_links_lead_to_it() {
        let grants = grants("[{path: /usr/bin/env}]");
        let real = Path::new("/usr/bin/env").canonicalize().unwrap();
        for program in ["/usr/bin/env", "env", "/usr/../usr/bin/env"] {
            let found = granted(&grants, program, &arguments(&["x"])).unwrap();
            assert_eq!(found, Program { path: real.clone(), name: "/usr/bin/env".into() }, "{program}");
        }
    }

    #[test]
    fn what_is_not_granted_looks_like_what_is_not_there() {
        let grants = grants("[{path: /usr/bin/env}]");
        for program in ["/bin/sh", "/no/such/program", "no-such-program", "usr/bin/env", "../usr/bin/env", ""]
        {
            let error = granted(&grants, program, &[]).unwrap_err();
            assert_eq!(error, format!("no grant for commands {{path: {program}}}"));
        }
    }

    #[test]
    fn every_argument_must_match_a_pattern() {
        let grants = grants("[{path: /usr/bin/env, args: ['-c', '*.txt']}]");
        assert!(granted(&grants, "env", &arguments(&["-c", "a.txt", "b.txt"])).is_ok());
        assert!(granted(&grants, "env", &[]).is_ok());
        assert_eq!(
            granted(&grants, "env", &arguments(&["-c", "a.sh"])).unwrap_err(),
            r#"no grant for commands {path: env} with the arguments ["-c", "a.sh"]"#
        );
    }

    #[test]
    fn a_link_to_a_program_of_many_names_grants_one_of_them() {
        let folder = std::env::temp_dir().join(format!("forebay-commands-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let link = |name: &str| {
            let path = folder.join(name);
            std::os::unix::fs::symlink("/usr/bin/env", &path).unwrap();
            path.display().to_string()
        };
        let (safe, unsafe_one) = (link("safe"), link("unsafe"));
        let found = granted(&grants(&format!("[{{path: {safe}}}]")), &unsafe_one, &[]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.unwrap().name, PathBuf::from(safe), "the name decides what such a program does");
    }

    #[test]
    fn a_relative_path_and_a_broken_pattern_are_refused() {
        let error = serde_yaml::from_str::<Vec<CommandGrant>>("[{path: jq}]").unwrap_err().to_string();
        assert!(error.contains("path jq of a command: it must be absolute"), "{error}");
        let error = serde_yaml::from_str::<Vec<CommandGrant>>("[{path: /jq, args: ['[']}]").unwrap_err();
        assert!(error.to_string().contains("pattern `[`"), "{error}");
    }
}
