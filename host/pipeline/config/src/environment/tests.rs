use rstest::rstest;

use super::*;

fn variables() -> BTreeMap<String, String> {
    [
        ("BENTO_TEST_FOO", ""),
        ("BENTO.TEST.FOO", "testfoo"),
        ("BENTO.TEST.BAR", "test\nbar"),
        ("SECRET", "${{A}}"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[rstest]
#[case::unset_with_empty_default("foo ${DOES_NOT_EXIST:} baz", "foo  baz")]
#[case::nothing_else("${DOES_NOT_EXIST:}", "")]
#[case::empty_with_empty_default("${BENTO_TEST_FOO:}", "")]
#[case::dots("${BENTO.TEST.FOO:}", "testfoo")]
#[case::empty_takes_the_default("foo ${BENTO_TEST_FOO:bar} baz", "foo bar baz")]
#[case::set_wins("foo ${BENTO.TEST.FOO:bar} baz", "foo testfoo baz")]
#[case::set_without_default("foo ${BENTO.TEST.FOO} baz", "foo testfoo baz")]
#[case::a_url("foo ${BENTO_TEST_FOO:http://bar.com?wat=nuh#x} baz", "foo http://bar.com?wat=nuh#x baz")]
#[case::a_plain_url("foo ${BENTO_TEST_FOO:http://bar.com} baz", "foo http://bar.com baz")]
#[case::a_query("foo ${BENTO_TEST_FOO:http://bar.com?wat=nuh} baz", "foo http://bar.com?wat=nuh baz")]
#[case::a_fragment("foo ${BENTO_TEST_FOO:http://bar.com#wat} baz", "foo http://bar.com#wat baz")]
#[case::a_url_behind("foo ${BENTO_TEST_FOO:bar} http://bar.com baz", "foo bar http://bar.com baz")]
#[case::an_address("foo ${BENTO_TEST_FOO:wat@nuh.com} baz", "foo wat@nuh.com baz")]
#[case::a_comma("foo ${BENTO_TEST_FOO:foo,bar} baz", "foo foo,bar baz")]
#[case::empty_alone("foo ${BENTO_TEST_FOO} baz", "foo  baz")]
#[case::nested_side_by_side(
    "foo ${BENTO_TEST_FOO:${!metadata:foo}${!metadata:bar}} baz",
    "foo ${!metadata:foo}${!metadata:bar} baz"
)]
#[case::a_star("foo ${BENTO_TEST_FOO:tcp://*:2020} baz", "foo tcp://*:2020 baz")]
#[case::empty_is_set("foo ${BENTO_TEST_FOO} http://bar.com baz", "foo  http://bar.com baz")]
#[case::no_name("foo ${} baz", "foo ${} baz")]
#[case::nested("foo ${BENTO_TEST_FOO:${!metadata:foo}} baz", "foo ${!metadata:foo} baz")]
#[case::nested_twice(
    "foo ${BENTO_TEST_FOO:${!metadata:foo}-${!metadata:bar}.gz} baz",
    "foo ${!metadata:foo}-${!metadata:bar}.gz baz"
)]
#[case::escaped_with_default("foo ${{BENTO_TEST_FOO:bar}} baz", "foo ${BENTO_TEST_FOO:bar} baz")]
#[case::escaped("foo ${{BENTO_TEST_FOO}} baz", "foo ${BENTO_TEST_FOO} baz")]
#[case::line_breaks("foo ${BENTO.TEST.BAR} baz", "foo test\\nbar baz")]
#[case::a_colon("foo ${DOES_NOT_EXIST::} baz", "foo : baz")]
#[case::bloblang_interpolation("${! json(\"a\") } $ ${", "${! json(\"a\") } $ ${")]
#[case::escapes_in_values_are_read_too("${SECRET}", "${A}")]
fn variables_are_replaced(#[case] text: &str, #[case] expected: &str) {
    let result = interpolate(text, &variables());
    assert_eq!(result.text(), expected);
    assert_eq!(result.unset_message(), None);
}

#[test]
fn unset_variables_are_reported_together_and_each_with_its_place() {
    let result = interpolate("\u{e9} ${NOPE_A}\n  ${NOPE_B} ${NOPE_A}", &variables());
    assert_eq!(
        result.unset_message().as_deref(),
        Some("required environment variables were not set: [NOPE_A NOPE_B]")
    );
    let places: Vec<String> = result.unset().iter().map(|v| format!("{}@{}", v.name, v.position)).collect();
    assert_eq!(places, ["NOPE_A@1,3", "NOPE_B@2,3", "NOPE_A@2,13"]);
    assert_eq!(result.text(), "\u{e9} \n   ");
}

#[test]
fn forgiving_variables_leave_none_unset() {
    let set = variables();
    let result = interpolate("${NOPE} ${NOPE:x} ${BENTO.TEST.FOO}", &Forgiving(&set));
    assert_eq!(result.text(), " x testfoo");
    assert!(result.unset().is_empty());
}

#[test]
fn places_lead_back_through_both_passes() {
    let result = interpolate("${BENTO.TEST.FOO} ${{A}} z", &variables());
    assert_eq!(result.text(), "testfoo ${A} z");
    let at = |column| result.written_at(Position { line: 1, column }).column;
    assert_eq!((at(1), at(3), at(8), at(9), at(12), at(14)), (1, 1, 18, 19, 19, 26));
}
