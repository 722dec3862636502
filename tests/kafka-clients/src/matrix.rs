use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::client::{Outcome, Tried};

/// What clients can do: a column for each client, a row for each feature.
#[derive(Debug, Default)]
pub struct Matrix {
    columns: Vec<(&'static str, Vec<Tried>)>,
}

/// Set it to write the matrix anew.
const UPDATE: &str = "FOREBAY_UPDATE_MATRIX";

impl Matrix {
    pub fn add(&mut self, client: &'static str, tried: Vec<Tried>) {
        self.columns.push((client, tried));
    }

    /// As a table, with the reasons of what is absent below it.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let mut text = format!("| feature | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
        for feature in self.features() {
            let cells = self.columns.iter().map(|(_, tried)| cell(tried, feature));
            let cells: Vec<_> = cells.collect();
            let _ = writeln!(text, "| {feature} | {} |", cells.join(" | "));
        }
        let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for (name, tried) in &self.columns {
            for tried in tried {
                if let Outcome::Absent(why) = &tried.outcome {
                    match reasons.iter_mut().find(|(other, reason, _)| other == name && reason == why) {
                        Some((_, _, features)) => features.push(&tried.feature),
                        None => reasons.push((name, why, vec![&tried.feature])),
                    }
                }
            }
        }
        if !reasons.is_empty() {
            text.push('\n');
        }
        for (name, why, features) in reasons {
            let _ = writeln!(text, "- {name}, {}: {why}.", features.join(", "));
        }
        text
    }

    /// In the order of the client that has most of them, then what only others have.
    fn features(&self) -> Vec<&str> {
        let mut columns: Vec<_> = self.columns.iter().collect();
        columns.sort_by_key(|(_, tried)| std::cmp::Reverse(tried.len()));
        let mut features: Vec<&str> = Vec::new();
        for tried in columns.iter().flat_map(|(_, tried)| tried) {
            if !features.contains(&tried.feature.as_str()) {
                features.push(&tried.feature);
            }
        }
        features
    }

    /// Compares it with the section of this title in `MATRIX.md`, or writes that section anew when
    /// `FOREBAY_UPDATE_MATRIX` is set.
    ///
    /// # Panics
    /// When they differ, or the file has no such section.
    pub fn compare(&self, title: &str) {
        let path = path();
        let kept = std::fs::read_to_string(&path).expect("MATRIX.md can be read");
        let head = format!("## {title}\n\n");
        let start = kept.find(&head).map(|start| start + head.len());
        let start = start.expect("MATRIX.md has a section of this title");
        let (section, rest) = kept[start..].split_at(end_of_section(&kept[start..]));
        let new = self.to_markdown();
        if std::env::var_os(UPDATE).is_some() {
            let gap = if rest.is_empty() { "" } else { "\n" };
            let whole = format!("{}{new}{gap}{}", &kept[..start], rest);
            std::fs::write(&path, whole).expect("MATRIX.md can be written");
            return;
        }
        assert!(
            section.trim_end() == new.trim_end(),
            "MATRIX.md says something else; set {UPDATE}=1 to write it anew. Found was:\n{new}"
        );
    }
}

/// Where the next section begins, with all empty lines before it in this one.
fn end_of_section(text: &str) -> usize {
    if text.starts_with("## ") { 0 } else { text.find("\n## ").map_or(text.len(), |end| end + 1) }
}

fn cell(tried: &[Tried], feature: &str) -> &'static str {
    match tried.iter().find(|tried| tried.feature == feature).map(|tried| &tried.outcome) {
        Some(Outcome::Works) => "yes",
        Some(Outcome::Fails(_)) => "no",
        Some(Outcome::Absent(_)) | None => "-",
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("MATRIX.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_has_a_row_for_whatever_any_client_has() {
        let tried = |feature: &str, outcome| Tried { feature: feature.to_owned(), outcome };
        let mut matrix = Matrix::default();
        matrix.add("small", vec![tried("b", Outcome::Works)]);
        let absent = || Outcome::Absent("it is old".to_owned());
        matrix.add("large", vec![tried("a", Outcome::Works), tried("b", absent()), tried("c", absent())]);
        let expected = "| feature | small | large |\n|---|---|---|\n| a | - | yes |\n| b | yes | - |\n\
                        | c | - | - |\n\n- large, b, c: it is old.\n";
        assert_eq!(matrix.to_markdown(), expected);
    }

    #[test]
    fn a_section_ends_where_the_next_begins() {
        assert_eq!(["", "## b\n", "a\n\n## b\n", "a\n"].map(end_of_section), [0, 0, 3, 2]);
    }
}
