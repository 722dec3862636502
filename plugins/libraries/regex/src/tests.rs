use super::Regex;

fn replaced(pattern: &str, template: &str, text: &str) -> String {
    let regex = Regex::compile(pattern).expect("valid");
    let bytes = regex.replace_all(text.as_bytes(), template, usize::MAX).expect("no limit");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn templates_refer_to_groups_as_in_go() {
    assert_eq!(replaced("(a)(?P<n>b)?", "[$1|${1}x|$1x|$n|${n}|$$|$|${|$-]", "ab"), "[a|ax||b|b|$|$|${|$-]");
    assert_eq!(replaced("(a)(?P<n>b)?", "<$n>", "a"), "<>");
    assert_eq!(replaced("", "-", "\u{e9}b"), "-\u{e9}-b-");
}

#[test]
fn groups_without_text_count_towards_the_limit() {
    let regex = Regex::compile("x()").expect("valid");
    let template = "$1".repeat(100);
    assert_eq!(regex.replace_all(b"xxx", &template, 299), None);
    assert_eq!(regex.replace_all(b"xxx", &template, 300), Some(Vec::new()));
}

#[test]
fn one_match_may_not_become_more_than_the_limit() {
    // Would be a terabyte if the limit were looked at behind the match.
    let regex = Regex::compile("(?s).+").expect("valid");
    let text = "x".repeat(1_000_000);
    assert_eq!(regex.replace_all(text.as_bytes(), &"$0".repeat(1_000_000), 3_000_000), None);
    assert_eq!(regex.replace_all(text.as_bytes(), "$0$0", 1_999_999), None);
    assert_eq!(regex.replace_all(text.as_bytes(), "$0$0", 2_000_000).map(|made| made.len()), Some(2_000_000));
}

#[test]
fn text_around_matches_counts_towards_the_limit() {
    let regex = Regex::compile("-").expect("valid");
    assert_eq!(regex.replace_all(b"ab-cd", "+", 4), None);
    assert_eq!(regex.replace_all(b"ab-cd", "+", 5), Some(b"ab+cd".to_vec()));
}

#[test]
fn mistakes_are_worded_as_go_words_them() {
    let cases = [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        ("(a{100}){100}", "invalid repeat count: `{100}`"),
        ("[a", "missing closing ]: `[a`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("\\8", "invalid escape sequence: `\\8`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?P<a", "invalid named capture: `(?P<a`"),
        ("\\p{Nope}", "invalid character class range: `\\p{Nope}`"),
    ];
    for (pattern, expected) in cases {
        let error = Regex::compile(pattern).map(|_| ());
        assert_eq!(error, Err(format!("error parsing regexp: {expected}")), "{pattern}");
    }
}

#[test]
fn bytes_that_are_no_text_count_as_one_character() {
    let regex = Regex::compile("a(.)b").expect("valid");
    assert_eq!(regex.groups(b"\xffa\xfeb"), Some(vec![Some((1, 4)), Some((2, 3))]));
}

#[test]
fn deep_and_large_expressions_are_refused() {
    assert!(Regex::compile(&"(".repeat(100_000)).is_err());
    assert!(Regex::compile(&format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000))).is_err());
    assert!(Regex::compile("((\\pL{1000}){1})\\pL{1000}\\pL{1000}\\pL{1000}\\pL{1000}\\pL{1000}").is_err());
}
