use std::time::Duration;

use forebay_sdk::columns::Value;
use forebay_sdk::testing;
use forebay_sdk::waits::Woken;

use super::*;

fn settings() -> Settings {
    Settings {
        dialect: Dialect::default(),
        fields: Fields::AsFirst,
        parse_header_row: true,
        expected_headers: Vec::new(),
        batch_count: 1,
    }
}

fn open(settings: Settings, source: ByteStream) -> Rows {
    let file = FileDetails { path: "a.csv".to_owned(), size: 0, modified: Some(Duration::from_secs(60)) };
    Rows::new(source, file, Rc::new(settings)).expect("opens")
}

/// All batches, and what was logged.
fn read(settings: Settings, text: &str) -> (Vec<Batch>, Vec<String>) {
    let mut rows = open(settings, testing::stream(text.as_bytes(), text.len().max(1)));
    let mut batches = Vec::new();
    while let Got::Batch(batch) = rows.next() {
        batches.push(batch);
    }
    (batches, testing::take_log().into_iter().map(|line| line.message).collect())
}

fn texts(batches: &[Batch]) -> Vec<Vec<String>> {
    batches.iter().map(testing::texts).collect()
}

#[test]
fn rows_have_the_metadata_of_their_file() {
    let (batches, _) = read(settings(), "b,a\n1,2\n");
    assert_eq!(texts(&batches), [[r#"{"a":"2","b":"1"}"#]]);
    let metadata: Vec<_> = batches[0].message(0).metadata_entries().collect();
    assert_eq!(
        metadata,
        [
            ("path", Value::Text("a.csv")),
            ("mod_time_unix", Value::Signed(60)),
            ("mod_time", Value::Text("1970-01-01T00:01:00Z")),
            ("header", Value::Json(r#"["b","a"]"#)),
        ]
    );
    assert!(batches[0].independent());
}

#[test]
fn rows_may_have_other_numbers_of_fields() {
    let (batches, log) = read(settings(), "a,b\n1\n2,3,4\n5,x\"\n\"y\"z\n6,7");
    assert_eq!(
        texts(&batches).concat(),
        [r#"{"a":"1"}"#, r#"["2","3","4"]"#, r#"{"a":"5"}"#, r#"{"a":"6","b":"7"}"#]
    );
    assert_eq!(
        log,
        ["read a.csv: parse error on line 5, column 3: extraneous or missing \" in quoted-field"]
    );
    let header = |batch: &Batch, index| batch.metadata().get(index, "header").is_some();
    assert!(header(&batches[0], 0) && !header(&batches[0], 1) && header(&batches[0], 2));
}

#[test]
fn rows_stand_together_as_many_as_are_asked_for() {
    let (batches, _) = read(Settings { batch_count: 2, ..settings() }, "a\n1\n2\n3\n");
    assert_eq!(texts(&batches), [vec![r#"{"a":"1"}"#, r#"{"a":"2"}"#], vec![r#"{"a":"3"}"#]]);
    assert!(batches.iter().all(|batch| !batch.independent()));
}

#[test]
fn other_numbers_of_fields_are_left_out_where_one_is_expected() {
    let expecting = Settings { fields: Fields::Exactly(2), ..settings() };
    let (batches, log) = read(expecting, "a,b\n1\n2,3\n");
    assert_eq!(texts(&batches), [[r#"{"a":"2","b":"3"}"#]]);
    assert_eq!(log, ["read a.csv: record on line 2: wrong number of fields"]);
}

#[test]
fn rows_before_the_expected_names_are_left_out() {
    let expecting = Settings { expected_headers: vec!["a".to_owned(), "b".to_owned()], ..settings() };
    let (batches, log) = read(expecting, "b,a\n1,2\na,b\n3,4\n");
    assert_eq!(texts(&batches), [[r#"{"a":"3","b":"4"}"#]]);
    assert_eq!(log, ["read a.csv: expected_headers don't match file contents"]);
}

#[test]
fn a_woken_read_keeps_the_rows_of_a_batch() {
    let chunks = vec![
        Chunk::Bytes(b"a\n1\n".to_vec()),
        Chunk::Woken(Woken::SHUTDOWN),
        Chunk::Bytes(b"2\n3\n".to_vec()),
        Chunk::Failed(Error::new("gone")),
    ];
    let mut rows = open(Settings { batch_count: 2, ..settings() }, testing::scripted_stream(chunks));
    assert!(matches!(rows.next(), Got::Idle));
    let mut batches = Vec::new();
    let whole = loop {
        match rows.next() {
            Got::Batch(batch) => batches.push(batch),
            Got::Idle => {}
            Got::Ended { whole } => break whole,
        }
    };
    assert_eq!(texts(&batches), [vec![r#"{"a":"1"}"#, r#"{"a":"2"}"#], vec![r#"{"a":"3"}"#]]);
    assert!(!whole);
}
