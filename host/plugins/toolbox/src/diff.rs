//! The difference of two short texts, line by line.

/// The lines of both: `  ` where they agree, `- ` what was expected, `+ ` what came.
pub(crate) fn diff(expected: &[String], actual: &[String]) -> Vec<String> {
    let common = lengths(expected, actual);
    let (mut left, mut right) = (0, 0);
    let mut lines = Vec::new();
    while left < expected.len() || right < actual.len() {
        let is_same = left < expected.len() && right < actual.len() && expected[left] == actual[right];
        if is_same {
            lines.push(format!("  {}", expected[left]));
            (left, right) = (left + 1, right + 1);
        } else if right == actual.len()
            || (left < expected.len() && common[left + 1][right] >= common[left][right + 1])
        {
            lines.push(format!("- {}", expected[left]));
            left += 1;
        } else {
            lines.push(format!("+ {}", actual[right]));
            right += 1;
        }
    }
    lines
}

/// For every pair of ends, how many lines they have in common, in order.
fn lengths(left: &[String], right: &[String]) -> Vec<Vec<usize>> {
    let mut lengths = vec![vec![0; right.len() + 1]; left.len() + 1];
    for (i, of_left) in left.iter().enumerate().rev() {
        for (j, of_right) in right.iter().enumerate().rev() {
            lengths[i][j] = if of_left == of_right {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(expected: &str, actual: &str) -> String {
        let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        diff(&lines(expected), &lines(actual)).join("|")
    }

    #[test]
    fn what_both_have_stays_and_the_rest_is_marked() {
        assert_eq!(of("a b c", "a x c d"), "  a|- b|+ x|  c|+ d");
        assert_eq!(of("", "a"), "+ a");
        assert_eq!(of("a b", ""), "- a|- b");
        assert_eq!(of("a b", "a b"), "  a|  b");
    }
}
