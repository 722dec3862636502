use super::JsonPath;
use crate::value::Value;

const DOCUMENT: &str = r#"{"store":{"book":[{"category":"reference","price":8.95},{"category":"fiction","price":12.99,"isbn":"x"},
{"category":"fiction","price":22.99}],"bicycle":{"price":19.95}},"limit":10,"name":"alice","list":[1,2,3,4,5]}"#;

fn find(expression: &str) -> String {
    let document = Value::from_json(DOCUMENT.as_bytes()).expect("valid");
    let found = JsonPath::compile(expression).and_then(|path| path.find(&document));
    found.map_or_else(
        |error| format!("error: {error}"),
        |value| {
            let mut out = Vec::new();
            value.write_json(&mut out);
            String::from_utf8(out).expect("text")
        },
    )
}

#[test]
fn paths_lead_to_values() {
    let cases = [
        ("$.name", r#""alice""#),
        ("$.store.book[0].price", "8.95"),
        ("$.store.book[1]['category']", r#""fiction""#),
        ("$.store.book[*].price", "[8.95,12.99,22.99]"),
        ("$..price", "[19.95,8.95,12.99,22.99]"),
        ("$.list[1:3]", "[2,3]"),
        ("$.list[::2]", "[1,3,5]"),
        ("$.list[-2:]", "[4,5]"),
        ("$.list[0,2,9]", "[1,3]"),
        ("$.store.book[?(@.price < $.limit)].category", "[]"),
        ("$.store.book[?(@.category=='fiction' && @.price > 20)].price", "[22.99]"),
        ("$.list[1:-1]", "[]"),
        ("$.store.book[?(@.isbn)].price", "[]"),
        ("$.list[?(@ >= 2)]", "[2,3,4,5]"),
        ("$.store.book[?(@.category =~ '^fic')].price", "[12.99,22.99]"),
        ("2 * 3 + 1", "7"),
        ("limit + 1", "\"101\""),
        ("name == 'alice' ? 1 : 2", "1"),
        ("name ?? 1", r#""alice""#),
        ("none ?? 1", "1"),
    ];
    for (expression, expected) in cases {
        assert_eq!(find(expression), expected, "{expression}");
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    assert_eq!(find("$.none"), "error: unknown key none");
    assert!(find("$.name.x").starts_with("error: unsupported value type string for select"));
    assert_eq!(find("$.list[9]"), "error: index 9 out of bounds");
    assert_eq!(
        find("$."),
        "error: parsing error: $.\t:1:3 - 1:3 unexpected EOF while scanning JSON select expected Ident, \".\" or \"*\""
    );
    assert!(find(&"(".repeat(10_000)).starts_with("error: "));
}
