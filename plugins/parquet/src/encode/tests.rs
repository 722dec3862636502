use forebay_sdk::testing;
use forebay_sdk::{Batch, BlockWriter, Context, IncrementalProcessor, MetadataWriter, Processing, Processor};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::{Value, json};

use super::Encode;
use crate::decode::Decode;

fn encoder(config: &Value) -> Encode {
    Encode::open(testing::config(config).expect("fields"), &Context::new("encode")).expect("a schema")
}

fn texts(rows: &[Value]) -> Vec<String> {
    rows.iter().map(Value::to_string).collect()
}

fn results(processing: Processing) -> Vec<Batch> {
    let Processing::Done(results) = processing else { panic!("nothing to wait for") };
    results.into_iter().map(|result| result.batch).collect()
}

/// The file of some rows.
fn file(config: &Value, rows: &[Value]) -> Vec<u8> {
    let batch = Batch::from_payloads(texts(rows));
    let made = results(encoder(config).process(batch).expect("a file"));
    assert_eq!((made.len(), made[0].len()), (1, 1));
    made[0].message(0).bytes().to_vec()
}

fn refused(config: &Value, row: &str) -> String {
    let batch = Batch::from_payloads([row]);
    encoder(config).process(batch).expect_err("refused").message().to_owned()
}

/// What the rows of a file are read as.
fn rows(file: &[u8], options: &Value) -> Vec<Value> {
    let config = testing::config(options).expect("fields");
    let mut decoder = Decode::open(config, &Context::new("decode")).expect("options");
    let read = results(decoder.process(Batch::from_payloads([file])).expect("rows"));
    let of = |batch: &Batch| {
        batch
            .messages()
            .map(|message| {
                assert_eq!(message.error(), None);
                serde_json::from_slice(message.bytes()).expect("JSON")
            })
            .collect::<Vec<_>>()
    };
    read.iter().flat_map(of).collect()
}

fn arrays() -> Value {
    json!({"byte_array_as_string": false, "use_parquet_list_format": false, "logical_types": false})
}

fn logical() -> Value {
    let mut options = arrays();
    options["logical_types"] = true.into();
    options
}

fn config(schema: Value) -> Value {
    json!({
        "schema": schema, "default_compression": "zstd", "default_encoding": "DELTA_LENGTH_BYTE_ARRAY",
        "row_group_bytes": 33_554_432, "statistics": "chunk",
    })
}

#[test]
fn rows_of_every_shape_come_back() {
    let config = config(json!([
        {"name": "id", "type": "INT64"},
        {"name": "name", "type": "UTF8", "optional": true},
        {"name": "tags", "type": "LIST", "optional": true, "fields": [{"name": "element", "type": "UTF8", "optional": true}]},
        {"name": "deep", "type": "LIST", "fields": [{"name": "element", "type": "LIST", "fields": [{"name": "element", "type": "INT32"}]}]},
        {"name": "place", "type": "STRUCT", "optional": true, "fields": [
            {"name": "x", "type": "DOUBLE"},
            {"name": "marks", "type": "BOOLEAN", "repeated": true},
        ]},
        {"name": "counts", "type": "MAP", "fields": [
            {"name": "key", "type": "UTF8"},
            {"name": "value", "type": "STRUCT", "fields": [{"name": "n", "type": "INT8", "optional": true}]},
        ]},
        {"name": "plain", "fields": [{"name": "f", "type": "FLOAT"}]},
    ]));
    let all = [
        json!({"id": 1, "name": "\"\u{e9}\n", "tags": ["a", null, ""], "deep": [[1, 2], [], [3]],
            "place": {"x": 1.5, "marks": [true, false]}, "counts": {"b": {"n": 1}, "a": {"n": null}},
            "plain": {"f": 0.1}, "unknown": [1, {"id": 5}]}),
        json!({"id": -2, "name": null, "tags": null, "deep": [], "place": null, "counts": {}, "plain": {"f": 3}}),
        json!({"id": 3}),
    ];
    let file = file(&config, &all);
    let expected = [
        json!({"id": 1, "name": "\"\u{e9}\n", "tags": ["a", null, ""], "deep": [[1, 2], [], [3]],
            "place": {"x": 1.5, "marks": [true, false]}, "counts": {"b": {"n": 1}, "a": {"n": null}},
            "plain": {"f": 0.1}}),
        json!({"id": -2, "name": null, "tags": null, "deep": [], "place": null, "counts": {}, "plain": {"f": 3}}),
        // What is required and missing is nought, as in Bento.
        json!({"id": 3, "name": null, "tags": null, "deep": [], "place": null, "counts": {}, "plain": {"f": 0}}),
    ];
    assert_eq!(rows(&file, &arrays()), expected);
}

#[test]
fn lists_are_read_in_the_form_of_the_format_if_wanted() {
    let config = config(json!([
        {"name": "tags", "type": "LIST", "fields": [{"name": "element", "type": "LIST", "fields": [{"name": "e", "type": "INT32"}]}]},
    ]));
    let mut options = arrays();
    options["use_parquet_list_format"] = true.into();
    let file = file(&config, &[json!({"tags": [[1], []]}), json!({"tags": []})]);
    let expected =
        [json!({"tags": {"list": [{"element": [1]}, {"element": []}]}}), json!({"tags": {"list": []}})];
    assert_eq!(rows(&file, &options), expected);
}

#[test]
fn values_of_every_type_come_back() {
    let cases = [
        (json!({"type": "INT8"}), json!(-128), json!(-128), json!(-128)),
        (
            json!({"type": "UINT32"}),
            json!(4_294_967_295_u32),
            json!(4_294_967_295_u32),
            json!(4_294_967_295_u32),
        ),
        (json!({"type": "UINT64"}), json!(u64::MAX), json!(u64::MAX), json!(u64::MAX)),
        (json!({"type": "INT32"}), json!(2.9), json!(2), json!(2)),
        (json!({"type": "BYTE_ARRAY"}), json!("hi"), json!("aGk="), json!("aGk=")),
        (json!({"type": "JSON"}), json!({"a": [1]}), json!("{\"a\":[1]}"), json!({"a": [1]})),
        (json!({"type": "ENUM"}), json!("red"), json!("red"), json!("red")),
        (
            json!({"type": "UUID"}),
            json!("00010203-0405-0607-0809-0a0b0c0d0e0f"),
            json!("AAECAwQFBgcICQoLDA0ODw=="),
            json!("00010203-0405-0607-0809-0a0b0c0d0e0f"),
        ),
        (json!({"type": "FIXED_LEN_BYTE_ARRAY", "length": 2}), json!("hi"), json!("aGk="), json!("aGk=")),
        (
            json!({"type": "DECIMAL32", "decimal_precision": 5, "decimal_scale": 2}),
            json!(12_345),
            json!(12_345),
            json!(123.45),
        ),
        (
            json!({"type": "DECIMAL64", "decimal_precision": 12, "decimal_scale": 3}),
            json!("-1.5"),
            json!(-1_500),
            json!(-1.5),
        ),
        (
            json!({"type": "DECIMAL", "decimal_precision": 20, "decimal_scale": 1}),
            json!("-0.5"),
            json!("///////////7"),
            json!(-0.5),
        ),
        (json!({"type": "DATE"}), json!("2000-02-29"), json!(11_016), json!("2000-02-29")),
        (json!({"type": "TIME_MICROS"}), json!("00:00:01.5"), json!(1_500_000), json!("00:00:01.5")),
        (
            json!({"type": "TIMESTAMP_MILLIS"}),
            json!("2026-11-22T03:04:05.678+01:00"),
            json!(1_795_313_045_678_i64),
            json!("2026-11-22T02:04:05.678Z"),
        ),
        (json!({"type": "TIMESTAMP_NANOS"}), json!(-1), json!(-1), json!("1969-12-31T23:59:59.999999999Z")),
    ];
    for (mut field, value, number, meaning) in cases {
        field["name"] = "v".into();
        let file = file(&config(json!([field])), &[json!({"v": value})]);
        assert_eq!(rows(&file, &arrays()), [json!({"v": number})], "{field}");
        assert_eq!(rows(&file, &logical()), [json!({"v": meaning})], "{field}");
    }
}

#[test]
fn every_compression_and_encoding_is_read_again() {
    let all: Vec<Value> =
        (0..100).map(|n| json!({"n": n % 7, "s": format!("value {}", n % 5), "b": n % 2 == 0})).collect();
    for compression in ["uncompressed", "snappy", "gzip", "brotli", "zstd", "lz4raw"] {
        for encoding in ["DELTA_LENGTH_BYTE_ARRAY", "PLAIN", "RLE_DICTIONARY"] {
            let mut config = config(json!([
                {"name": "n", "type": "INT32", "bloom_filter": true},
                {"name": "s", "type": "UTF8"},
                {"name": "b", "type": "BOOLEAN"},
            ]));
            config["default_compression"] = compression.into();
            config["default_encoding"] = encoding.into();
            assert_eq!(rows(&file(&config, &all), &arrays()), all, "{compression} {encoding}");
        }
    }
    for (kind, encoding) in [
        ("INT64", "DELTA_BINARY_PACKED"),
        ("DOUBLE", "BYTE_STREAM_SPLIT"),
        ("UTF8", "DELTA_BYTE_ARRAY"),
        ("BOOLEAN", "RLE"),
    ] {
        let value = |n: i32| match kind {
            "UTF8" => json!(format!("key/{n}")),
            "BOOLEAN" => json!(n % 3 == 0),
            _ => json!(n),
        };
        let all: Vec<Value> = (0..50).map(|n| json!({"v": value(n)})).collect();
        let field = json!({"name": "v", "type": kind, "encoding": encoding, "compression": "snappy"});
        assert_eq!(rows(&file(&config(json!([field])), &all), &arrays()), all, "{encoding}");
    }
}

#[test]
fn what_can_be_no_row_is_refused_by_its_field() {
    let schema = config(json!([
        {"name": "n", "type": "INT8"},
        {"name": "deep", "type": "STRUCT", "optional": true, "fields": [
            {"name": "list", "type": "LIST", "fields": [{"name": "element", "type": "INT64"}]},
        ]},
        {"name": "d", "type": "DECIMAL32", "decimal_precision": 3, "decimal_scale": 1, "optional": true},
        {"name": "t", "type": "TIMESTAMP_MILLIS", "optional": true},
        {"name": "m", "type": "MAP", "optional": true, "fields": [{"name": "key", "type": "UTF8"}, {"name": "value", "type": "INT32"}]},
    ]));
    for (row, reason) in [
        ("[]", "a row is an object, and the message is an array"),
        ("{", "failed to parse message as JSON: unexpected end of JSON input"),
        ("{\"n\":1} x", "failed to parse message as JSON: something follows the first value"),
        ("{\"n\":128}", "field n: cannot represent 128 as int8"),
        ("{\"n\":\"1\"}", "field n: a string can't be a value of type INT8"),
        ("{\"deep\":[]}", "field deep: an array can't be a STRUCT"),
        ("{\"deep\":{\"list\":[1,{}]}}", "field deep.list.element: an object can't be a value of type INT64"),
        (
            "{\"d\":\"1.25\"}",
            "field d: \"1.25\" has no place in a decimal of 3 digits, 1 of them behind the point",
        ),
        ("{\"d\":1000}", "field d: 1000 has no place in a decimal of 3 digits, 1 of them behind the point"),
        (
            "{\"t\":\"noon\"}",
            "field t: \"noon\" is not of the form 2006-01-02T15:04:05.999Z, or out of range",
        ),
        ("{\"m\":{\"a\":1,\"b\":true}}", "field m.value: a boolean can't be a value of type INT32"),
    ] {
        assert_eq!(refused(&schema, row), format!("unable to encode message as parquet row: {reason}"));
    }
}

#[test]
fn a_refused_row_is_named_by_where_it_came_from() {
    let mut block = BlockWriter::with_capacity(0, 0);
    block.push(b"{\"n\": []}");
    let mut metadata = MetadataWriter::default();
    metadata.push("kafka_topic", forebay_sdk::Value::Text("logs"));
    metadata.push("kafka_offset", forebay_sdk::Value::Signed(77));
    metadata.end_message();
    block.set_metadata(metadata);
    let config = config(json!([{"name": "n", "type": "INT64"}]));
    let error = encoder(&config).process(Batch::from_block(block)).expect_err("refused");
    assert_eq!(
        error.message(),
        "unable to encode message (kafka_topic logs, kafka_offset 77) as parquet row: field n: an array can't be a value of type INT64"
    );
}

#[test]
fn messages_that_come_slice_by_slice_make_the_same_rows_in_bounded_groups() {
    let mut config = config(json!([{"name": "n", "type": "INT64"}, {"name": "s", "type": "UTF8"}]));
    config["row_group_bytes"] = 2_000.into();
    let all: Vec<Value> = (0..500).map(|n| json!({"n": n, "s": format!("text {n}")})).collect();
    let mut encoder = encoder(&config);
    let (sink, written) = testing::sink();
    encoder.begin(sink).expect("begun");
    let mut before_the_end = 0;
    for slice in all.chunks(64) {
        encoder.add(&Batch::from_payloads(texts(slice))).expect("added");
        before_the_end = written.borrow().len();
    }
    // A slice that can't be added leaves nothing.
    let bad = ["{\"n\": 1, \"s\": \"x\"}", "{\"n\": {}}"];
    assert!(encoder.add(&Batch::from_payloads(bad)).is_err());
    encoder.finish().expect("finished");
    let file = written.borrow().clone();
    assert!(before_the_end > file.len() / 2, "{before_the_end} of {} bytes came early", file.len());
    let groups =
        SerializedFileReader::new(bytes::Bytes::from(file.clone())).expect("a file").num_row_groups();
    assert!((4..=9).contains(&groups), "{groups} groups");
    assert_eq!(rows(&file, &arrays()), all);
}

#[test]
fn the_last_of_several_members_with_one_key_counts() {
    let config = config(json!([{"name": "n", "type": "INT64"}]));
    let batch = Batch::from_payloads([r#"{"n": "x", "\u006e": 2}"#]);
    let made = results(encoder(&config).process(batch).expect("a file"));
    assert_eq!(rows(made[0].message(0).bytes(), &arrays()), [json!({"n": 2})]);
}

mod random {
    use proptest::prelude::*;

    use super::*;

    /// A type, and rows of it: as they are written, and as they are read.
    #[derive(Clone, Debug)]
    enum Shape {
        Int,
        Text,
        Bool,
        Double,
        List(Box<Field>),
        Map(Box<Field>),
        Struct(Vec<Field>),
    }

    #[derive(Clone, Debug)]
    struct Field {
        shape: Shape,
        optional: bool,
        repeated: bool,
    }

    fn field() -> impl Strategy<Value = Field> {
        let leaf = prop_oneof![Just(Shape::Int), Just(Shape::Text), Just(Shape::Bool), Just(Shape::Double)];
        let of = |shape: BoxedStrategy<Shape>| {
            (shape, any::<bool>(), proptest::bool::weighted(0.2))
                .prop_map(|(shape, optional, repeated)| Field { shape, optional, repeated })
        };
        of(leaf.boxed()).prop_recursive(4, 16, 3, move |inner| {
            let shape = prop_oneof![
                inner.clone().prop_map(|element| Shape::List(Box::new(Field { repeated: false, ..element }))),
                inner.clone().prop_map(|value| Shape::Map(Box::new(value))),
                proptest::collection::vec(inner, 1..4).prop_map(Shape::Struct),
            ];
            of(shape.boxed())
        })
    }

    fn schema(name: &str, field: &Field) -> Value {
        let inner = match &field.shape {
            Shape::Int => json!({"type": "INT64"}),
            Shape::Text => json!({"type": "UTF8"}),
            Shape::Bool => json!({"type": "BOOLEAN"}),
            Shape::Double => json!({"type": "DOUBLE"}),
            Shape::List(element) => json!({"type": "LIST", "fields": [schema("element", element)]}),
            Shape::Map(value) => {
                json!({"type": "MAP", "fields": [{"name": "key", "type": "UTF8"}, schema("value", value)]})
            }
            Shape::Struct(fields) => {
                let fields: Vec<Value> = fields
                    .iter()
                    .enumerate()
                    .map(|(index, field)| schema(&format!("f{index}"), field))
                    .collect();
                json!({"type": "STRUCT", "fields": fields})
            }
        };
        let mut described = inner;
        described["name"] = name.into();
        described["optional"] = field.optional.into();
        described["repeated"] = field.repeated.into();
        described
    }

    /// A value of a field, from numbers that are drawn one after the other.
    fn value(field: &Field, draw: &mut impl FnMut(u32) -> u32) -> Value {
        if field.repeated {
            return (0..draw(3)).map(|_| once(&field.shape, draw)).collect();
        }
        if field.optional && draw(3) == 0 { Value::Null } else { once(&field.shape, draw) }
    }

    fn once(shape: &Shape, draw: &mut impl FnMut(u32) -> u32) -> Value {
        match shape {
            Shape::Int => json!(i64::from(draw(1000)) - 500),
            Shape::Text => json!("x\"\u{e9}".repeat(draw(4) as usize)),
            Shape::Bool => json!(draw(2) == 0),
            Shape::Double => json!(f64::from(draw(1000)) / 8.0 + 0.0625),
            Shape::List(element) => (0..draw(4)).map(|_| value(element, draw)).collect(),
            Shape::Map(of) => {
                let entries = (0..draw(4)).map(|index| (format!("k{index}"), value(of, draw)));
                Value::Object(entries.collect())
            }
            Shape::Struct(fields) => {
                let members = fields.iter().enumerate();
                Value::Object(
                    members.map(|(index, field)| (format!("f{index}"), value(field, draw))).collect(),
                )
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn random_rows_of_random_schemas_come_back(
            fields in proptest::collection::vec(field(), 1..4), seed in any::<u64>(), count in 0_usize..40,
        ) {
            let mut state = seed | 1;
            let mut draw = |below: u32| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                u32::try_from(state % u64::from(below)).expect("below")
            };
            let row = Shape::Struct(fields.clone());
            let all: Vec<Value> = (0..=count).map(|_| once(&row, &mut draw)).collect();
            let described: Vec<Value> =
                fields.iter().enumerate().map(|(index, field)| schema(&format!("f{index}"), field)).collect();
            let mut config = config(json!(described));
            config["row_group_bytes"] = 300.into();
            let file = file(&config, &all);
            prop_assert_eq!(rows(&file, &arrays()), all);
        }
    }
}
