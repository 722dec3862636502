//! What small files may stand for.

use super::made::{Column, Node, Repeats, dictionary, file, page, varint};
use crate::parquet::read;
use crate::{Form, Mapping, Value};

const INT32: usize = 1;
const TEXT: usize = 6;
const PLAIN: usize = 0;
const DELTA: usize = 5;
const INDEXED: usize = 8;

/// A column of equal values: a dictionary of one, and a run of its index, which takes no bits.
fn equal(values: usize, value: &[u8]) -> Column {
    let dictionary = dictionary(1, value);
    let mut run = vec![0];
    varint(values << 1, &mut run);
    let pages = [&dictionary[..], &page(values, INDEXED, &run)].concat();
    Column { values, codec: 0, dictionary: dictionary.len(), pages }
}

fn number<'n>(name: &'n str) -> Node<'n> {
    Node::Column { name, physical: INT32, json: false }
}

fn group<'n>(name: &'n str, repeats: Repeats, children: usize) -> Node<'n> {
    Node::Group { name, repeats, children }
}

/// Behind its length.
fn text(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).expect("short").to_le_bytes()[..], bytes].concat()
}

#[track_caller]
fn refused(file: &[u8], reason: &str) {
    assert!(file.len() < 1 << 21, "{} bytes are no surprise", file.len());
    let error = read(file).map(|rows| rows.len()).expect_err("too much");
    assert!(error.contains(reason), "{error} lacks {reason}");
}

#[test]
fn groups_without_columns_cost_memory() {
    let mut schema = vec![number("a")];
    schema.extend((0..1000).map(|_| group("g", Repeats::Never, 0)));
    assert_eq!(read(&file(1001, &schema, &[equal(3, &[7, 0, 0, 0])])).expect("rows").len(), 3);
    refused(&file(1001, &schema, &[equal(1_000_000, &[7, 0, 0, 0])]), "the rows take more than");
}

#[test]
fn arrays_without_elements_cost_memory() {
    let mut schema = vec![number("a")];
    schema.extend((0..1000).map(|_| group("g", Repeats::Often, 0)));
    refused(&file(1001, &schema, &[equal(1_000_000, &[7, 0, 0, 0])]), "the rows take more than");
}

#[test]
fn the_values_of_a_column_cost_memory() {
    refused(&file(1, &[number("a")], &[equal(16 << 20, &[7, 0, 0, 0])]), "the rows take more than");
}

#[test]
fn columns_without_entries_cost_values() {
    // Rows are made as long as any column has some; the others are looked at in vain.
    let mut schema = vec![number("a"), group("g", Repeats::Often, 1000)];
    schema.extend((0..1000).map(|_| number("b")));
    let mut columns = vec![equal(100_000, &[7, 0, 0, 0])];
    columns.extend((0..1000).map(|_| Column { values: 0, codec: 0, dictionary: 0, pages: Vec::new() }));
    refused(&file(2, &schema, &columns), "values");
}

#[test]
fn documents_cost_what_they_become() {
    let json = format!("[{}[]]", "[],".repeat(1000));
    let schema = [Node::Column { name: "a", physical: TEXT, json: true }];
    refused(&file(1, &schema, &[equal(50_000, &text(json.as_bytes()))]), "the rows take more than");
}

#[test]
fn text_that_is_no_text_costs_what_it_is_shown_as() {
    // Pages of 20 MB of snappy each, of which every byte is shown as three.
    let content = text(&vec![0xff; 20_000_000]);
    let page =
        page(1, PLAIN, &forebay_compression::Algorithm::Snappy.compress(&content, -1).expect("a level"));
    let column = Column { values: 4, codec: 1, dictionary: 0, pages: page.repeat(4) };
    let file = file(1, &[Node::Column { name: "a", physical: TEXT, json: false }], &[column]);
    assert!(read(&file).map(|rows| rows.len()).expect_err("too much").contains("than"));
}

#[test]
fn tiny_pages_of_many_values_cost_time() {
    // Blocks of 65,536 values, of which the page wants one.
    let content = [0x80, 0x80, 4, 1, 0x80, 0x80, 4, 2, 4, 0];
    let compressed = forebay_compression::Algorithm::Snappy.compress(&content, -1).expect("a level");
    let pages = page(1, DELTA, &compressed).repeat(20_000);
    let column = Column { values: 20_000, codec: 1, dictionary: 0, pages };
    refused(&file(1, &[number("a")], &[column]), "the content is longer than");
}

#[test]
fn ten_megabytes_of_ordinary_rows_are_read() {
    const ROWS: u32 = 100_000;
    let numbers: Vec<u8> = (0..ROWS).flat_map(u32::to_le_bytes).collect();
    let words: Vec<u8> =
        (0..ROWS).flat_map(|row| text(format!("some text in row {row:08}").as_bytes())).collect();
    let mut schema = Vec::new();
    let mut columns = Vec::new();
    let values = ROWS as usize;
    for (name, physical, content) in [
        ("a", INT32, &numbers),
        ("b", TEXT, &words),
        ("c", INT32, &numbers),
        ("d", TEXT, &words),
        ("e", INT32, &numbers),
        ("f", TEXT, &words),
        ("g", INT32, &numbers),
    ] {
        schema.push(Node::Column { name, physical, json: false });
        columns.push(Column { values, codec: 0, dictionary: 0, pages: page(values, PLAIN, content) });
    }
    let file = file(7, &schema, &columns);
    assert!(file.len() > 10_000_000);
    let rows = read(&file).expect("rows");
    let Some(Value::Object(last)) = rows.last() else { panic!("no row") };
    assert_eq!((rows.len(), last.get("g")), (values, Some(&Value::Int(99_999))));
}

/// A file whose only column is in so many groups.
fn nested(depth: usize, repeats: Repeats) -> Vec<u8> {
    let mut schema: Vec<Node<'_>> = (0..depth).map(|_| group("g", repeats, 1)).collect();
    schema.push(number("a"));
    let levels = |width: usize| {
        let mut run = Vec::new();
        varint(2, &mut run);
        run.push(u8::try_from(width).expect("small"));
        text(&run)
    };
    let content = match repeats {
        Repeats::Never => vec![7, 0, 0, 0],
        Repeats::Often => [levels(0), levels(depth), vec![7, 0, 0, 0]].concat(),
    };
    let pages = page(1, PLAIN, &content);
    file(1, &schema, &[Column { values: 1, codec: 0, dictionary: 0, pages }])
}

/// The deepest file that is read.
fn deepest(repeats: Repeats) -> Vec<u8> {
    let depth = (1..200).take_while(|depth| read(&nested(*depth, repeats)).is_ok()).count();
    assert!((60..70).contains(&depth), "{depth}");
    let error = read(&nested(depth + 1, repeats)).expect_err("too deep");
    assert!(error.contains("nested levels"), "{error}");
    nested(depth, repeats)
}

#[test]
fn the_deepest_columns_take_no_more_stack_than_a_plugin_has() {
    // In an unoptimised build, which takes several times as much.
    for repeats in [Repeats::Never, Repeats::Often] {
        let file = deepest(repeats);
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        let thread = thread.spawn(move || read(&file).map(|rows| rows.len())).expect("a thread");
        assert_eq!(thread.join().expect("no overflow"), Ok(1));
    }
}

#[test]
fn the_deepest_columns_fit_on_the_stack_of_the_deepest_evaluation() {
    for repeats in [Repeats::Never, Repeats::Often] {
        let hex: String = deepest(repeats).iter().map(|byte| format!("{byte:02x}")).collect();
        // Every map reads the file before it goes deeper, the last one where it cannot.
        let source = format!(
            "map m {{\n  root.rows = \"{hex}\".decode(\"hex\").parse_parquet().length()\n  root.next = this.apply(\"m\")\n}}\n\
             root = this.apply(\"m\")"
        );
        crate::tests::limits::in_small_thread(move || {
            assert!(Mapping::compile(&source, Form::Mapping).is_ok());
            let error = crate::tests::mappings::map(&source, "5");
            assert!(error.contains("entering map m exceeded maximum allowed stacks of"), "{error}");
        });
    }
}
