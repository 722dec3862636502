use super::mappings::map;

#[test]
fn content_that_is_no_document_fails_only_where_it_is_looked_at() {
    assert_eq!(map("root.a = 1", "not json"), r#"{"a":1}"#);
    assert_eq!(
        map("root.a = this.foo", ""),
        "failed assignment (line 1): unable to reference message as structured (with 'this.foo'): message is empty"
    );
    assert_eq!(
        map("root.a = this.bar", "{@#$ not valid json"),
        "failed assignment (line 1): unable to reference message as structured (with 'this.bar'): parse as json: \
         invalid character '@' looking for beginning of object key string"
    );
    assert_eq!(map("root = json().catch(\"fallback\")", "nope"), "fallback");
}

#[test]
fn wildcards_collect_from_arrays() {
    let input = r#"{"a":[{"b":1},{"c":1},{"b":2}],"e":[]}"#;
    assert_eq!(map(r#"root = this.get("a.*.b")"#, input), "[1,2]");
    assert_eq!(map(r#"root = this.e."*""#, input), "null");
}
