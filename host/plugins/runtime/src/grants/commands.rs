//! Which programs a plugin may run.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::VariableName;

/// Where a program is looked up that is named without a path, and what children get as their `PATH`.
pub(crate) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One program of a grant: `{path: /usr/bin/jq, args: ["-c", ".*", "..."], env: [TZ]}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandGrant {
    path: AbsolutePath,
    /// Left out: any arguments.
    args: Option<Arguments>,
    /// The variables that the plugin may set for the program. None by default: in some variable nearly
    /// every program looks for code to run (`BASH_ENV`, `PERL5OPT`, `NODE_OPTIONS`).
    #[serde(default)]
    env: Vec<ChildVariable>,
}

/// Patterns, one for each argument. The last one may stand for more than one.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Vec<String>")]
struct Arguments {
    patterns: Vec<Pattern>,
    is_repeated: bool,
}

/// At the end of the patterns: the one before it may match any number of arguments, but at least one.
const REPEATED: &str = "...";

/// The name of a variable that a plugin may be allowed to set for a program.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct ChildVariable(String);

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

impl TryFrom<Vec<String>> for Arguments {
    type Error = String;

    fn try_from(mut texts: Vec<String>) -> Result<Self, String> {
        let is_repeated = texts.last().is_some_and(|text| text == REPEATED);
        if is_repeated {
            texts.pop();
        }
        if texts.iter().any(|text| text == REPEATED) || (is_repeated && texts.is_empty()) {
            return Err(format!(
                "`{REPEATED}` repeats the pattern before it: it stands once, behind the last pattern; \
                 leave args out to allow any arguments"
            ));
        }
        let patterns = texts.into_iter().map(Pattern::try_from).collect::<Result<_, _>>()?;
        Ok(Self { patterns, is_repeated })
    }
}

impl TryFrom<String> for ChildVariable {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let VariableName(name) = VariableName::try_from(text)?;
        // They are the loader's, and would change what the path of the grant means.
        if name == "PATH" || name == "GLIBC_TUNABLES" || name.starts_with("LD_") {
            return Err(format!("variable {name} of a process is the host's to set and can't be granted"));
        }
        Ok(Self(name))
    }
}

impl Arguments {
    fn allow(&self, arguments: &[String]) -> bool {
        let count = self.patterns.len();
        if arguments.len() < count || (arguments.len() > count && !self.is_repeated) {
            return false;
        }
        let last = count.saturating_sub(1);
        let is_granted = |(index, argument): (usize, &String)| {
            self.patterns.get(index.min(last)).is_some_and(|pattern| pattern.0.matches(argument))
        };
        arguments.iter().enumerate().all(is_granted)
    }
}

impl CommandGrant {
    fn allows_arguments(&self, arguments: &[String]) -> bool {
        self.args.as_ref().is_none_or(|args| args.allow(arguments))
    }

    fn allows_variable(&self, name: &str) -> bool {
        self.env.iter().any(|variable| variable.0 == name)
    }

    fn allows(&self, arguments: &[String], variables: &[&str]) -> bool {
        self.allows_arguments(arguments) && variables.iter().all(|name| self.allows_variable(name))
    }
}

/// The program that one of the grants allows to run with these arguments and these variables.
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
    variables: &[&str],
) -> Result<Program, String> {
    let found = find(program, SEARCH_PATH).filter(|path| path.is_absolute());
    let real = found.as_ref().and_then(|path| path.canonicalize().ok());
    let of_program: Vec<&CommandGrant> =
        grants.iter().filter(|grant| real.is_some() && grant.path.0.canonicalize().ok() == real).collect();
    // A grant of the very path comes first: it tells links to the same file apart.
    let exact = |grant: &&&CommandGrant| Some(&grant.path.0) == found.as_ref();
    let allows = |grant: &&&CommandGrant| grant.allows(arguments, variables);
    let grant = of_program.iter().filter(allows).find(exact).or_else(|| of_program.iter().find(allows));
    match (grant, real) {
        (Some(grant), Some(path)) => Ok(Program { path, name: grant.path.0.clone() }),
        _ if of_program.iter().any(|grant| grant.allows_arguments(arguments)) => {
            let variables = variables.join(", ");
            Err(format!("no grant for commands {{path: {program}, env: [{variables}]}}"))
        }
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
            let found = granted(&grants, program, &arguments(&["x"]), &[]).unwrap();
            assert_eq!(found, Program { path: real.clone(), name: "/usr/bin/env".into() }, "{program}");
        }
    }

    #[test]
    fn what_is_not_granted_looks_like_what_is_not_there() {
        let grants = grants("[{path: /usr/bin/env}]");
        for program in ["/bin/sh", "/no/such/program", "no-such-program", "usr/bin/env", "../usr/bin/env", ""]
        {
            let error = granted(&grants, program, &[], &[]).unwrap_err();
            assert_eq!(error, format!("no grant for commands {{path: {program}}}"));
        }
    }

    #[test]
    fn every_argument_must_match_its_own_pattern() {
        let is_granted = |args: &str, given: &[&str]| {
            let grants = grants(&format!("[{{path: /usr/bin/env, args: {args}}}]"));
            granted(&grants, "env", &arguments(given), &[]).is_ok()
        };
        let two = "['-c', '*.txt']";
        assert!(is_granted(two, &["-c", "a.txt"]));
        for given in [&[][..], &["-c"], &["a.txt", "-c"], &["a.txt", "b.txt"], &["-c", "a.txt", "b.txt"]] {
            assert!(!is_granted(two, given), "{given:?}");
        }
        let more = "['-c', '*.txt', '...']";
        assert!(is_granted(more, &["-c", "a.txt"]) && is_granted(more, &["-c", "a.txt", "b.txt", "c.txt"]));
        for given in [&[][..], &["-c"], &["-c", "-c"], &["-c", "a.txt", "-c"], &["-c", "a.txt", "..."]] {
            assert!(!is_granted(more, given), "{given:?}");
        }
        assert!(is_granted("[]", &[]) && !is_granted("[]", &["x"]));
        let grants = grants("[{path: /usr/bin/env, args: ['-c', '*.txt']}]");
        assert_eq!(
            granted(&grants, "env", &arguments(&["-c", "a.sh"]), &[]).unwrap_err(),
            r#"no grant for commands {path: env} with the arguments ["-c", "a.sh"]"#
        );
    }

    #[test]
    fn a_variable_must_be_granted_for_its_program() {
        let grants = grants(
            "[{path: /usr/bin/env, args: ['-c'], env: [TZ, LANG]}, {path: /usr/bin/env, args: ['-d']}]",
        );
        let given = |argument, names: &[&str]| granted(&grants, "env", &arguments(&[argument]), names);
        assert!(given("-c", &["TZ", "LANG"]).is_ok() && given("-d", &[]).is_ok());
        for name in
            ["BASH_ENV", "BASH_FUNC_ls%%", "PERL5OPT", "PYTHONPATH", "NODE_OPTIONS", "LD_PRELOAD", "PATH"]
        {
            let error = given("-c", &["TZ", name]).unwrap_err();
            assert_eq!(error, format!("no grant for commands {{path: env, env: [TZ, {name}]}}"));
        }
        // What is granted with other arguments is not granted with these.
        assert!(given("-d", &["TZ"]).is_err());
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
        let found = granted(&grants(&format!("[{{path: {safe}}}]")), &unsafe_one, &[], &[]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found.unwrap().name, PathBuf::from(safe), "the name decides what such a program does");
    }

    #[test]
    fn a_grant_that_says_nothing_sensible_is_refused() {
        let error = serde_yaml::from_str::<Vec<CommandGrant>>("[{path: jq}]").unwrap_err().to_string();
        assert!(error.contains("path jq of a command: it must be absolute"), "{error}");
        let error = serde_yaml::from_str::<Vec<CommandGrant>>("[{path: /jq, args: ['[']}]").unwrap_err();
        assert!(error.to_string().contains("pattern `[`"), "{error}");
        for (rest, word) in [
            ("args: ['...']", "repeats the pattern before it"),
            ("args: [a, '...', b]", "repeats the pattern before it"),
            ("env: [LD_PRELOAD]", "is the host's to set"),
            ("env: [PATH]", "is the host's to set"),
            ("env: [AWS_SECRET_ACCESS_KEY]", "can't be granted"),
            ("env: ['A=B']", "is not the name of a variable"),
        ] {
            let grant = format!("[{{path: /jq, {rest}}}]");
            let error = serde_yaml::from_str::<Vec<CommandGrant>>(&grant).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
