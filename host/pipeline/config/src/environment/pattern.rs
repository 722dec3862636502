//! The two patterns, matched by hand: `\${[0-9A-Za-z_.]+(:((\${[^}]+})|[^}])*)?}` and the same in `${` ... `}`.
//!
//! Both look only at the beginning of the text they are given. Where the pattern can end in more than one place,
//! the place that a backtracking matcher finds first is taken. Unlike the pattern they look at no more than
//! [`MAX_LENGTH`] bytes, so that a text full of openings without an end costs no more than its length times that.

/// The longest reference that is one.
const MAX_LENGTH: usize = 16 * 1024;

/// A variable as the text names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) name: &'a str,
    pub(super) default: Option<&'a str>,
    /// Bytes from the `$` to behind the closing brace.
    pub(super) length: usize,
}

/// `${NAME}` or `${NAME:default}` at the beginning of a text.
pub(super) fn reference(text: &str) -> Option<Reference<'_>> {
    let body = beginning(text).strip_prefix("${")?;
    let (name, default, length) = braced(body, "")?;
    Some(Reference { name, default, length: length + 2 })
}

/// `${{NAME}}` or `${{NAME:default}}` at the beginning of a text: its length, and what is inside of the outer
/// braces, with the inner ones.
pub(super) fn escaped(text: &str) -> Option<(usize, &str)> {
    let body = beginning(text).strip_prefix("${{")?;
    let (_, _, length) = braced(body, "}")?;
    Some((length + 4, &text[2..length + 3]))
}

/// Matches from behind an opening brace, if `suffix` follows the closing one: name, default, and the bytes up to
/// behind the closing brace.
fn braced<'a>(body: &'a str, suffix: &str) -> Option<(&'a str, Option<&'a str>, usize)> {
    let name_end = body.bytes().position(|byte| !is_name_byte(byte))?;
    if name_end == 0 {
        return None;
    }
    let name = &body[..name_end];
    let behind = &body[name_end + 1..];
    match body.as_bytes()[name_end] {
        b'}' => behind.starts_with(suffix).then_some((name, None, name_end + 1)),
        b':' => {
            let close = default_end(behind, suffix)?;
            Some((name, Some(&behind[..close]), name_end + close + 2))
        }
        _ => None,
    }
}

/// Where the brace that ends a default is. A nested `${...}` is passed over, unless nothing else can end the
/// default: then the brace of the last nested one does.
fn default_end(text: &str, suffix: &str) -> Option<usize> {
    let accepted = |close: usize| text[close + 1..].starts_with(suffix).then_some(close);
    let mut nested = None;
    let mut at = 0;
    while let Some(distance) = text[at..].find(['$', '}']) {
        let here = at + distance;
        if text.as_bytes()[here] == b'}' {
            return accepted(here).or(nested);
        }
        at = here + 1;
        if !text[at..].starts_with('{') {
            continue;
        }
        let Some(length) = text[at..].find('}') else {
            return nested;
        };
        if length > 1 {
            let close = at + length;
            nested = accepted(close).or(nested);
            at = close + 1;
        }
    }
    nested
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_LENGTH)]
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("${A}", "A", None, 4)]
    #[case("${A:}x", "A", Some(""), 5)]
    #[case("${a.B_9:x y}", "a.B_9", Some("x y"), 12)]
    #[case("${A:${B}}", "A", Some("${B}"), 9)]
    #[case("${A:${B}", "A", Some("${B"), 8)]
    #[case("${A:${B}${C}", "A", Some("${B}${C"), 12)]
    #[case("${A:${}}", "A", Some("${"), 7)]
    #[case("${A:$$}", "A", Some("$$"), 7)]
    #[case("${A:x\ny}", "A", Some("x\ny"), 8)]
    fn a_reference_ends_where_the_pattern_ends(
        #[case] text: &str,
        #[case] name: &str,
        #[case] default: Option<&str>,
        #[case] length: usize,
    ) {
        assert_eq!(reference(text), Some(Reference { name, default, length }));
    }

    #[rstest]
    #[case("${}")]
    #[case("${A")]
    #[case("${A:b")]
    #[case("${A:${b")]
    #[case("${{A}}")]
    #[case("${A b}")]
    #[case("$A")]
    #[case("${!json()}")]
    fn other_text_is_no_reference(#[case] text: &str) {
        assert_eq!(reference(text), None);
    }

    #[rstest]
    #[case("${{A}}", Some((6, "{A}")))]
    #[case("${{A:b}} c", Some((8, "{A:b}")))]
    #[case("${{A:${B}}}", Some((11, "{A:${B}}")))]
    #[case("${{A:${B}}", Some((10, "{A:${B}")))]
    #[case("${{A}", None)]
    #[case("${{A:b}", None)]
    #[case("${{!a}}", None)]
    fn an_escape_has_two_braces_on_both_sides(#[case] text: &str, #[case] expected: Option<(usize, &str)>) {
        assert_eq!(escaped(text), expected);
    }
}
