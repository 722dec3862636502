//! Variables in dotenv files: lines of `NAME=value`, with comments behind `#`.
//!
//! A value ends at a space or a `#`, or is text in quotes with escapes, or raw text between `"""` that may have more
//! lines.

use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow, bail};
use forebay_pipeline_tester::globs;
use forebay_plugins_api::Environment;

use crate::args::EnvFiles;

/// The variables of all files; later ones win.
pub(crate) fn read(EnvFiles { env_files }: &EnvFiles) -> anyhow::Result<Environment> {
    let mut variables = BTreeMap::new();
    for file in globs(env_files.iter().map(String::as_str)).context("--env-file")? {
        let text = std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
        let found = parse(&text).with_context(|| format!("read {}", file.display()))?;
        variables.extend(found);
    }
    Ok(Environment::new(variables))
}

fn parse(text: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let line = text[..text.len() - rest.len()].matches('\n').count() + 1;
        (variables, rest) = one(rest, variables).with_context(|| format!("line {line}"))?;
    }
    Ok(variables)
}

type Variables = Vec<(String, String)>;

/// Reads a line, or several where the value has them; what is left.
fn one(text: &str, mut variables: Variables) -> anyhow::Result<(Variables, &str)> {
    let start = text.trim_start_matches([' ', '\t']);
    if start.is_empty() || start.starts_with(['#', '\n', '\r']) {
        return Ok((variables, after_line(start)));
    }
    let end = start.find(['=', ' ', '\t', '\n', '#']).unwrap_or(start.len());
    let (name, rest) = start.split_at(end);
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix('=');
    let value = value.filter(|_| !name.is_empty()).context("expected NAME=value")?;
    let value = value.trim_start_matches([' ', '\t']);
    let (value, rest) = if let Some(inside) = value.strip_prefix("\"\"\"") {
        let (inside, rest) = inside.split_once("\"\"\"").context("the text is not ended by \"\"\"")?;
        (inside.to_owned(), rest)
    } else if value.starts_with('"') {
        quoted(value)?
    } else {
        let end = value.find(['#', ' ', '\t', '\n', '\r']).unwrap_or(value.len());
        (value[..end].to_owned(), &value[end..])
    };
    let behind = rest.trim_start_matches([' ', '\t', '\r']);
    if !behind.is_empty() && !behind.starts_with(['#', '\n']) {
        bail!("expected the end of the line behind the value of {name}");
    }
    variables.push((name.to_owned(), value));
    Ok((variables, after_line(behind)))
}

fn quoted(text: &str) -> anyhow::Result<(String, &str)> {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, character)| {
        let is_end = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        is_end
    });
    let (end, _) = end.context("the text is not ended by \"")?;
    let (inside, rest) = text.split_at(end + 1);
    let value = serde_json::from_str(inside).map_err(|error| anyhow!("{inside}: {error}"))?;
    Ok((value, rest))
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_read_line_by_line() {
        let text =
            "# all of it\nA=1\n B = two # more\n\nC=\nD=\"x \\\"y\\\" #\\n\"\nE=\"\"\"a\nb\"\"\"\nF=last";
        let expected =
            [("A", "1"), ("B", "two"), ("C", ""), ("D", "x \"y\" #\n"), ("E", "a\nb"), ("F", "last")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_variable_is_refused_with_its_line() {
        for text in ["A=1\nB", "A=1\n=2", "A=1\nB=\"x", "A=1\nB=x y"] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().starts_with("line 2"), "{text}: {error:#}");
        }
    }
}
