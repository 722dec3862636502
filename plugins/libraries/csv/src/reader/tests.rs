use proptest::prelude::*;

use super::{Dialect, Fields, Reader, Step};
use crate::Row;

/// All rows, those with mistakes marked with them.
fn read<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    dialect: Dialect,
    fields: Fields,
) -> Vec<(Vec<String>, String)> {
    let mut reader = Reader::new(dialect, fields).expect("a delimiter");
    let mut chunks = chunks.into_iter();
    let mut row = Row::default();
    let mut rows = Vec::new();
    loop {
        let mistake = match reader.next(&mut row) {
            Step::Row => String::new(),
            Step::Broken(error) => error.to_string(),
            Step::Wanting => {
                match chunks.next() {
                    Some(chunk) => reader.push(chunk),
                    None => reader.finish(),
                }
                continue;
            }
            Step::Ended => return rows,
        };
        let fields = row.fields().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
        rows.push((fields, mistake));
    }
}

fn whole(text: &str) -> Vec<(Vec<String>, String)> {
    read([text.as_bytes()], Dialect::default(), Fields::AsFirst)
}

fn lazy(text: &str) -> Vec<(Vec<String>, String)> {
    let dialect = Dialect { lazy_quotes: true, ..Dialect::default() };
    read([text.as_bytes()], dialect, Fields::AsFirst)
}

fn good(fields: &[&str]) -> (Vec<String>, String) {
    broken(fields, "")
}

fn broken(fields: &[&str], mistake: &str) -> (Vec<String>, String) {
    (fields.iter().map(|field| (*field).to_owned()).collect(), mistake.to_owned())
}

#[test]
fn empty_lines_are_skipped_and_carriage_returns_belong_to_line_feeds() {
    assert_eq!(
        whole("a,b\r\n\r\n\n\"x\r\ny\",\r\nc,d\r"),
        [good(&["a", "b"]), good(&["x\ny", ""]), good(&["c", "d"])]
    );
    assert_eq!(whole(""), []);
    assert_eq!(whole("\r"), []);
}

#[test]
fn mistakes_are_told_in_the_words_of_go_and_reading_goes_on() {
    assert_eq!(
        whole("a,b\n1\n2,x\"y\n\"3\"4,\n5,6\n7,\"\n8"),
        [
            good(&["a", "b"]),
            broken(&["1"], "record on line 2: wrong number of fields"),
            broken(&["2"], "parse error on line 3, column 4: bare \" in non-quoted-field"),
            broken(&[], "parse error on line 4, column 3: extraneous or missing \" in quoted-field"),
            good(&["5", "6"]),
            broken(
                &["7"],
                "record on line 6; parse error on line 7, column 2: extraneous or missing \" in quoted-field"
            ),
        ]
    );
}

#[test]
fn lazy_quotes_stand_anywhere() {
    assert_eq!(
        lazy("a\"b,c\n\"d\"e\",f\n\"g,h\ni"),
        [
            good(&["a\"b", "c"]),
            good(&["d\"e", "f"]),
            broken(&["g,h\ni"], "record on line 3: wrong number of fields")
        ]
    );
}

#[test]
fn a_broken_first_record_says_how_many_fields_there_are() {
    assert_eq!(
        whole("a,b\"\nc\nd,e")[1..],
        [good(&["c"]), broken(&["d", "e"], "record on line 3: wrong number of fields")]
    );
    assert_eq!(whole("a\"\nc,d\n")[1..], [good(&["c", "d"])]);
}

#[test]
fn the_number_of_fields_can_be_demanded() {
    let rows = read([&b"a,b\nc\n"[..]], Dialect::default(), Fields::Exactly(1));
    assert_eq!(rows, [broken(&["a", "b"], "record on line 1: wrong number of fields"), good(&["c"])]);
}

#[test]
fn a_record_beyond_the_limit_ends_the_reading() {
    let dialect = Dialect { limit: 20, ..Dialect::default() };
    for text in ["a\nbbbbbbbbbbbbbbbbbbbbbbb\nc\n", "a\n\"b\nbbbbbbbb\nbbbbbbbbbbbbb\nc\"\n"] {
        for size in [3, 100] {
            let rows = read(text.as_bytes().chunks(size), dialect, Fields::AsFirst);
            assert_eq!(rows.len(), 2, "{rows:?}");
            assert_eq!(rows[1].1, "record on line 2: more than 20 bytes, which is the limit");
        }
    }
}

#[test]
fn a_delimiter_is_any_character_but_a_few() {
    let dialect = Dialect { delimiter: '\u{2022}', ..Dialect::default() };
    assert_eq!(
        read(["a\u{2022}\"b\"\u{2022}c".as_bytes()], dialect, Fields::AsFirst),
        [good(&["a", "b", "c"])]
    );
    for delimiter in ['"', '\r', '\n', '\0', '\u{fffd}'] {
        assert!(Reader::new(Dialect { delimiter, ..dialect }, Fields::AsFirst).is_err());
    }
}

proptest! {
    #[test]
    fn the_bounds_of_chunks_do_not_matter(
        text in "[ab,\"\r\n]{0,40}",
        size in 1_usize..7,
        lazy_quotes: bool,
    ) {
        let dialect = Dialect { lazy_quotes, ..Dialect::default() };
        prop_assert_eq!(
            read([text.as_bytes()], dialect, Fields::AsFirst),
            read(text.as_bytes().chunks(size), dialect, Fields::AsFirst)
        );
    }
}
