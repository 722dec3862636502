//! Configurations in Markdown: what stands between lines of ```yaml and ```.

/// A configuration in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet<'t> {
    pub(super) text: &'t str,
    pub(super) lines_before: usize,
}

const START: &str = "```yaml";
const END: &str = "```";

/// All of them, in order. One that does not end goes on to the end of the text.
pub(super) fn snippets(text: &str) -> Vec<Snippet<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(distance) = text[at..].find(START) {
        let fence = at + distance + START.len();
        // What follows the word in its line (a title, say) is not part of it.
        let Some(line) = text[fence..].find('\n') else { break };
        let start = fence + line + 1;
        let end = text[start..].find(END).map_or(text.len(), |length| start + length);
        found.push(Snippet { text: &text[start..end], lines_before: text[..start].matches('\n').count() });
        at = (end + END.len()).min(text.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_fences_is_found_with_its_line() {
        let text = "# Title\n```yaml title=x\na: 1\n```\n```sh\nls\n```\n\n```yaml\nb: 2\n";
        let first = Snippet { text: "a: 1\n", lines_before: 2 };
        let second = Snippet { text: "b: 2\n", lines_before: 9 };
        assert_eq!(snippets(text), [first, second]);
        assert_eq!(snippets("```yaml"), []);
    }
}
