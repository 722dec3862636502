//! Long flags with one dash.

use std::ffi::{OsStr, OsString};

/// Commands whose flags are all long, apart from these.
const LONG_ONLY: [&str; 7] = ["acls", "agent", "credentials", "demo", "kcmd", "pipelines", "playground"];
const SHORT: [&str; 2] = ["-h", "-V"];

/// Gives long flags that are written with one dash their second one. Only names that some command
/// has are touched, and nothing behind `--`; of commands whose flags are all long, everything, so that
/// a slip is not taken for a series of short ones.
pub(super) fn second_dashes(command: &clap::Command, args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    fn is_long_in(command: &clap::Command, name: &str) -> bool {
        command.get_arguments().any(|arg| arg.get_long() == Some(name))
            || command.get_subcommands().any(|command| is_long_in(command, name))
    }
    let is_long = |name: &str| is_long_in(command, name);
    let (mut flags, mut all_long) = (true, false);
    args.enumerate()
        .map(|(index, arg)| {
            flags &= arg != "--";
            all_long |= index == 1 && LONG_ONLY.iter().any(|command| arg == *command);
            let is_slip = |text: &str| {
                let is_name = text.starts_with(|first: char| first.is_ascii_alphabetic());
                all_long && is_name && !SHORT.iter().any(|short| arg == *short)
            };
            match arg.to_str().filter(|_| flags).and_then(|text| text.strip_prefix('-')) {
                Some(text) if is_long(text.split('=').next().unwrap_or(text)) || is_slip(text) => {
                    [OsStr::new("-"), arg.as_os_str()].into_iter().collect()
                }
                _ => arg,
            }
        })
        .collect()
}
