use std::sync::Arc;

use bytes::Bytes;
use forebay_sdk::testing;
use forebay_sdk::{Batch, Context, Processing, Processor};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::json;

use super::Decode;
use super::plan::Options;
use super::rows::Rows;

/// The values of a column with their levels.
struct Given(Vec<i32>, Vec<i16>, Vec<i16>);

/// A file with columns of 32-bit numbers, as other writers lay them out.
fn file(schema: &str, columns: Vec<Given>) -> Bytes {
    file_of(schema, columns, WriterProperties::builder().set_compression(Compression::SNAPPY))
}

fn file_of(schema: &str, columns: Vec<Given>, properties: WriterPropertiesBuilder) -> Bytes {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = Arc::new(properties.build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).expect("a file");
    let mut group = writer.next_row_group().expect("a group");
    for Given(values, definitions, repetitions) in columns {
        let mut column = group.next_column().expect("a column").expect("a column");
        let ColumnWriter::Int32ColumnWriter(typed) = column.untyped() else { panic!("numbers") };
        typed.write_batch(&values, Some(&definitions), Some(&repetitions)).expect("written");
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.into_inner().expect("written").into()
}

fn rows(file: Bytes) -> Vec<String> {
    let options = Options { list_format: false, logical_types: false };
    let mut rows = Rows::new(file, options).expect("a file");
    let mut all = Vec::new();
    loop {
        let mut row = Vec::new();
        if !rows.next(&mut row).expect("a row") {
            return all;
        }
        all.push(String::from_utf8(row).expect("text"));
    }
}

#[test]
fn lists_of_old_writers_are_lists() {
    // Two elements, none, and no list at all, in the forms that the format asks readers to know.
    let levels = || Given(vec![1, 2], vec![2, 2, 1, 0], vec![0, 1, 0, 0]);
    let expected = [r#"{"l":[1,2]}"#, r#"{"l":[]}"#, r#"{"l":null}"#];
    for schema in [
        "message m { optional group l (LIST) { repeated int32 element; } }",
        "message m { optional group l (LIST) { repeated group list { required int32 element; } } }",
        "message m { optional group l (LIST) { repeated group bag { required int32 array_element; } } }",
    ] {
        assert_eq!(rows(file(schema, vec![levels()])), expected, "{schema}");
    }
    let expected = [r#"{"l":[{"x":1},{"x":2}]}"#, r#"{"l":[]}"#, r#"{"l":null}"#];
    for schema in [
        "message m { optional group l (LIST) { repeated group array { required int32 x; } } }",
        "message m { optional group l (LIST) { repeated group l_tuple { required int32 x; } } }",
    ] {
        assert_eq!(rows(file(schema, vec![levels()])), expected, "{schema}");
    }
    // Of two fields it is an object whatever its name.
    let schema = "message m { optional group l (LIST) { repeated group list { required int32 x; required int32 y; } } }";
    let expected = [r#"{"l":[{"x":1,"y":1},{"x":2,"y":2}]}"#, r#"{"l":[]}"#, r#"{"l":null}"#];
    assert_eq!(rows(file(schema, vec![levels(), levels()])), expected);
    // Repeated without a list.
    let schema = "message m { repeated int32 l; }";
    let given = Given(vec![1, 2], vec![1, 1, 0], vec![0, 1, 0]);
    assert_eq!(rows(file(schema, vec![given])), [r#"{"l":[1,2]}"#, r#"{"l":[]}"#]);
}

#[test]
fn maps_may_lack_values() {
    let schema = "message m { required group s (MAP) { repeated group key_value { required int32 key; } } }";
    let given = Given(vec![2, 1, 2], vec![1, 1, 1, 0], vec![0, 1, 1, 0]);
    assert_eq!(rows(file(schema, vec![given])), [r#"{"s":{"1":null,"2":null}}"#, r#"{"s":{}}"#]);
}

fn decode(messages: &[&[u8]]) -> Vec<(Vec<u8>, Option<String>)> {
    let config =
        json!({"byte_array_as_string": false, "use_parquet_list_format": true, "logical_types": false});
    let config = testing::config(&config).expect("fields");
    let mut decoder = Decode::open(config, &Context::new("decode")).expect("options");
    let Processing::Done(results) = decoder.process(Batch::from_payloads(messages)).expect("results") else {
        panic!("nothing to wait for")
    };
    let messages = results.iter().flat_map(|result| result.batch.messages());
    messages.map(|message| (message.bytes().to_vec(), message.error().map(str::to_owned))).collect()
}

#[test]
fn what_is_no_file_is_flagged_and_its_neighbours_are_read() {
    let good = file("message m { required int32 n; }", vec![Given(vec![7, 8], vec![0, 0], vec![0, 0])]);
    let results = decode(&[&good, b"not a file", &good]);
    assert_eq!(results.len(), 5);
    assert_eq!(results[1], (b"{\"n\":8}".to_vec(), None));
    assert_eq!(results[2].0, b"not a file");
    let error = results[2].1.as_deref().expect("an error");
    assert!(error.starts_with("read a Parquet file: "), "{error}");
    assert_eq!(results[4].0, b"{\"n\":8}");
}

#[test]
fn no_more_is_made_of_a_file_than_the_limit() {
    let given = Given(vec![5; 200_000], vec![0; 200_000], vec![0; 200_000]);
    let large = file("message m { required int32 a_long_name; }", vec![given]);
    let results = decode(&[&large, b""]);
    assert_eq!(results.len(), 2);
    let error = results[0].1.as_deref().expect("an error");
    assert_eq!(error, "the rows of a batch would hold more than 1048576 bytes, which is the limit");
    assert_eq!(results[0].0, large);
}

#[test]
fn no_broken_file_takes_the_process_down() {
    let good = file(
        "message m { optional group l (LIST) { repeated group list { optional int32 element; } } }",
        vec![Given(vec![1, 2], vec![3, 3, 2, 1, 0], vec![0, 1, 1, 0, 0])],
    );
    for length in 0..good.len() {
        let _ = decode(&[&good[..length]]);
    }
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = good.to_vec();
            bad[at] ^= flip;
            let _ = decode(&[&bad]);
        }
    }
}

#[test]
fn pages_of_both_versions_are_read_whatever_compresses_them() {
    let schema = "message m { optional group l (LIST) { repeated group list { required int32 element; } } }";
    // Lists of two, none at all, and none.
    let mixed = || {
        let levels = (0..3_000_i16).flat_map(|_| [(2, 0), (2, 1), (1, 0), (0, 0)]);
        let (definitions, repetitions) = levels.unzip();
        Given((0..6_000).map(|n| n % 700).collect(), definitions, repetitions)
    };
    let nothing = || Given(Vec::new(), vec![0; 3_000], vec![0; 3_000]);
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::SNAPPY,
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4_RAW,
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                let properties = || {
                    WriterProperties::builder()
                        .set_compression(compression)
                        .set_writer_version(version)
                        .set_dictionary_enabled(dictionary)
                        .set_data_page_size_limit(1_000)
                };
                let what = format!("{compression:?} {version:?} {dictionary}");
                let read = rows(file_of(schema, vec![mixed()], properties()));
                assert_eq!(read.len(), 9_000, "{what}");
                for (index, rows) in read.chunks(3).enumerate() {
                    let (first, second) = (index * 2 % 700, (index * 2 + 1) % 700);
                    assert_eq!(rows[0], format!(r#"{{"l":[{first},{second}]}}"#), "{what}");
                    assert_eq!(
                        (rows[1].as_str(), rows[2].as_str()),
                        (r#"{"l":[]}"#, r#"{"l":null}"#),
                        "{what}"
                    );
                }
                let read = rows(file_of(schema, vec![nothing()], properties()));
                assert!(read.len() == 3_000 && read.iter().all(|row| row == r#"{"l":null}"#), "{what}");
            }
        }
    }
}
