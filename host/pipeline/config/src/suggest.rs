//! The name that somebody probably meant.

/// Longer words are not compared: no name is that long.
const MAX_LENGTH: usize = 64;

/// The candidate nearest to a word, if one is so near that the word is likely a slip: one edit in short words, one
/// for every three letters in longer ones. Two letters swapped are one edit.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_LENGTH {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > MAX_LENGTH {
            continue;
        }
        let distance = strsim::osa_distance(word, candidate);
        // A word of one letter is one edit from every other one.
        let is_near = distance <= allowed && distance < candidate.chars().count();
        if is_near && best.is_none_or(|(shortest, _)| distance < shortest) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `, did you mean ...?` if there is a near name, otherwise nothing.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("fil", Some("file"))]
    #[case("flie", Some("file"))]
    #[case("generat", Some("generate"))]
    #[case("genrete", Some("generate"))]
    #[case("nope", None)]
    #[case("x", None)]
    #[case("", None)]
    fn only_a_slip_has_a_near_name(#[case] word: &str, #[case] expected: Option<&str>) {
        assert_eq!(nearest(word, ["drop", "file", "generate", "y"]), expected);
    }

    #[test]
    fn the_nearest_wins_and_the_first_of_equals() {
        assert_eq!(nearest("paths", ["patch", "path", "paths_"]), Some("path"));
    }
}
