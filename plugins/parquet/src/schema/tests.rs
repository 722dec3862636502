use forebay_sdk::{Config, config::Pointer};
use serde_json::{Value, json};

use super::{FieldConfig, Schema};
use crate::leaf::NAMES;

fn read(fields: &Value) -> Result<Schema, String> {
    let configs = Vec::<FieldConfig>::parse(fields, &Pointer::ROOT.key("schema"));
    let configs = configs.map_err(|problem| problem.to_string())?;
    Schema::read(&configs, &Pointer::ROOT.key("schema")).map_err(|problem| problem.to_string())
}

#[test]
fn what_can_be_no_field_is_refused_where_it_stands() {
    let text = json!({"name": "key", "type": "UTF8"});
    for (fields, expected) in [
        (json!([]), "/schema: at least one field is needed"),
        (json!([{"type": "INT64"}]), "/schema/0: field name is required"),
        (json!([{"name": "a"}]), "/schema/0: a field has a type, or fields, or both"),
        (json!([{"name": "a", "type": "INT63"}]), "/schema/0/type: type INT63 not recognised"),
        (json!([{"name": "a", "type": "STRUCT"}]), "/schema/0/fields: at least one field is needed"),
        (
            json!([{"name": "a", "type": "LIST", "fields": [text, text]}]),
            "/schema/0/fields: a LIST has one field, its element",
        ),
        (
            json!([{"name": "a", "type": "LIST", "fields": [{"name": "e", "type": "INT32", "repeated": true}]}]),
            "/schema/0/fields/0/repeated: the element of a LIST is not repeated: make it a LIST",
        ),
        (
            json!([{"name": "a", "type": "MAP", "fields": [{"name": "key", "type": "INT32"}, text]}]),
            "/schema/0/fields/0: keys of a MAP are of type UTF8 or BYTE_ARRAY, and required",
        ),
        (
            json!([{"name": "a", "fields": [{"name": "b", "type": "DECIMAL32", "decimal_precision": 10}]}]),
            "/schema/0/fields/0/type: decimal_precision is 10: it must be from 1 to 9 for this type",
        ),
        (json!([text, text]), "/schema/1/name: there are two fields called key"),
        (
            json!([{"name": "a", "type": "UTF8", "optoinal": true}]),
            "/schema/0: field optoinal not recognised",
        ),
        (
            json!([{"name": "a", "type": "UTF8", "optional": 1}]),
            "/schema/0/optional: expected bool value, got int",
        ),
    ] {
        let reason = read(&fields).expect_err("refused");
        assert!(reason.starts_with(expected), "{reason}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth| {
        let leaf = json!({"name": "a", "type": "INT64"});
        (1..depth).fold(leaf, |inner, _| json!({"name": "a", "fields": [inner]}))
    };
    assert!(read(&json!([nested(64)])).is_ok());
    let error = read(&json!([nested(65)])).expect_err("too deep");
    assert!(error.ends_with("fields are nested more than 64 deep"), "{error}");
}

#[test]
fn the_documented_types_are_the_ones_that_exist() {
    let spec = FieldConfig::spec().into_json();
    let documented = spec["fields"][1]["options"].as_array().expect("options");
    assert_eq!(documented, &NAMES.map(Value::from).to_vec());
}

#[test]
fn a_schema_is_written_as_the_format_has_it() {
    let schema = read(&json!([
        {"name": "id", "type": "INT64"},
        {"name": "small", "type": "UINT8", "optional": true},
        {"name": "price", "type": "DECIMAL", "decimal_precision": 20, "decimal_scale": 2},
        {"name": "tags", "type": "LIST", "optional": true, "fields": [{"name": "element", "type": "UTF8"}]},
        {"name": "old", "type": "UTF8", "repeated": true},
        {"name": "counts", "type": "MAP", "fields": [
            {"name": "key", "type": "UTF8"}, {"name": "value", "type": "INT32", "optional": true}
        ]},
    ]))
    .expect("a schema");
    let mut printed = Vec::new();
    parquet::schema::printer::print_schema(&mut printed, &schema.root().expect("types"));
    assert_eq!(
        String::from_utf8(printed).expect("text"),
        "message schema {
  REQUIRED INT64 id;
  OPTIONAL INT32 small (INTEGER(8,false));
  REQUIRED FIXED_LEN_BYTE_ARRAY (9) price (DECIMAL(20,2));
  OPTIONAL group tags (LIST) {
    REPEATED group list {
      REQUIRED BYTE_ARRAY element (STRING);
    }
  }
  REPEATED BYTE_ARRAY old (STRING);
  REQUIRED group counts (MAP) {
    REPEATED group key_value {
      REQUIRED BYTE_ARRAY key (STRING);
      OPTIONAL INT32 value;
    }
  }
}
"
    );
}
