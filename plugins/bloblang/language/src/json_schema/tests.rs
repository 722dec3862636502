use super::Schema;
use crate::value::Value;

fn check(schema: &str, value: &str) -> String {
    let value = Value::from_json(value.as_bytes()).expect("valid");
    match Schema::compile(schema) {
        Err(error) => format!("schema: {error}"),
        Ok(schema) => schema.validate(&value).err().unwrap_or_default(),
    }
}

#[test]
fn mistakes_are_told_as_bento_tells_them() {
    let cases = [
        (
            r#"{"type":"object","properties":{"foo":{"type":"string"}}}"#,
            r#"{"foo":5}"#,
            "foo invalid type. expected: string, given: integer",
        ),
        (
            r#"{"type":["string","null"]}"#,
            "1.5",
            "(root) invalid type. expected: [string,null], given: number",
        ),
        (r#"{"required":["Foo"]}"#, "{}", "(root) Foo is required"),
        (r#"{"additionalProperties":false}"#, r#"{"X":1}"#, "(root) Xadditional property x is not allowed"),
        (r#"{"items":{"minimum":2.5}}"#, "[1,3]", "0 must be greater than or equal to 2.5"),
        (r#"{"multipleOf":0.1}"#, "0.35", "(root) must be a multiple of 0.1"),
        (r#"{"multipleOf":0.1}"#, "0.3", ""),
        (r#"{"enum":["A",1.0]}"#, r#""b""#, "(root) (root) must be one of the following: \"a\", 1"),
        (r#"{"enum":["A",1.0]}"#, "1", ""),
        (r#"{"uniqueItems":true}"#, "[1,2,1.0]", "(root) array items[0,2] must be unique"),
        (r#"{"properties":{"a":{"pattern":"^x$"}}}"#, r#"{"a":"y"}"#, "a does not match pattern '^x$'"),
        (
            r##"{"definitions":{"n":{"type":"object","properties":{"next":{"$ref":"#/definitions/n"}}}},"$ref":"#/definitions/n"}"##,
            r#"{"next":{"next":5}}"#,
            "next.next invalid type. expected: object, given: integer",
        ),
        (
            r#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#,
            "3",
            "(root) must validate at least one schema (anyof)\n(root) must be greater than or equal to 5",
        ),
        (r#"{"format":"date"}"#, r#""2020-02-30""#, "(root) does not match format 'date'"),
        (
            r#"{"type":"nope"}"#,
            "1",
            "schema: has a primitive type that is NOT VALID -- given: /nope/ Expected valid values are:[array boolean integer number null object string]",
        ),
        (r##"{"$ref":"#"}"##, "1", "the schema nests too deeply"),
    ];
    for (schema, value, expected) in cases {
        assert_eq!(check(schema, value), expected, "{schema} {value}");
    }
}
