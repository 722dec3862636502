use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use rhai::{Dynamic, Map};
use rstest::rstest;

use super::{Content, Form, Outcome, Script, mentions};
use crate::limits::{CODE, MEMORY, TIME};
use crate::{Interpreter, Message, World};

#[derive(Default)]
struct Land {
    printed: RefCell<Vec<String>>,
    gave_way: Cell<usize>,
    /// Whether what is allocated grows every time that others run.
    grows: bool,
    /// Whether time goes by, and how often somebody looked.
    ages: bool,
    looked: Cell<u32>,
}

impl World for Land {
    fn now(&self) -> (i64, u32) {
        (1_732_177_861, 500_000_000)
    }

    fn random(&self, buffer: &mut [u8]) {
        buffer.fill(0xff);
    }

    fn env(&self, name: &str) -> Result<Option<String>, String> {
        match name {
            "HOME" => Ok(Some("/home".to_owned())),
            "SECRET" => Err("the variable is not granted".to_owned()),
            _ => Ok(None),
        }
    }

    fn hostname(&self) -> Result<String, String> {
        Ok("here".to_owned())
    }

    fn print(&self, line: &str) {
        self.printed.borrow_mut().push(line.to_owned());
    }

    fn debug(&self, line: &str) {
        self.printed.borrow_mut().push(format!("debug {line}"));
    }

    fn give_way(&self) {
        self.gave_way.set(self.gave_way.get() + 1);
    }

    fn elapsed(&self) -> Duration {
        // What others take is none of the script's affair.
        let turn = Duration::from_secs(60 * u64::try_from(self.gave_way.get()).unwrap());
        self.looked.set(self.looked.get() + u32::from(self.ages));
        turn + TIME / 10 * self.looked.get().div_ceil(2)
    }

    fn allocated(&self) -> usize {
        if self.grows { self.gave_way.get() * (MEMORY / 10) } else { 0 }
    }
}

struct Case<'a> {
    content: &'a [u8],
    metadata: Map,
    error: Option<&'a str>,
}

impl Message for Case<'_> {
    fn content(&self) -> &[u8] {
        self.content
    }

    fn metadata(&self) -> Map {
        self.metadata.clone()
    }

    fn error(&self) -> Option<&str> {
        self.error
    }

    fn position(&self) -> (usize, usize) {
        (2, 5)
    }
}

fn case(content: &str) -> Case<'_> {
    let metadata = [("topic", Dynamic::from("orders")), ("n", Dynamic::from(5_i64))];
    let metadata = metadata.into_iter().map(|(key, value)| (key.into(), value)).collect();
    Case { content: content.as_bytes(), metadata, error: None }
}

fn compile(source: &str, form: Form) -> Script {
    let interpreter = Interpreter::new(Rc::new(Land::default()));
    Script::compile(&interpreter, source, form).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn run_as(form: Form, source: &str, content: &str) -> (Outcome, String) {
    let mut out = b"before".to_vec();
    let outcome = compile(source, form).run(&case(content), &mut out);
    let written = out.strip_prefix(b"before").expect("what was there stays").to_vec();
    (outcome, String::from_utf8(written).unwrap())
}

/// The new content.
fn mapped(source: &str, content: &str) -> String {
    let (outcome, written) = run_as(Form::Mapping, source, content);
    assert_eq!((outcome.error, outcome.content), (None, Content::Written), "{source}");
    written
}

/// The error of a message that stays as it is.
fn failed(source: &str, content: &str) -> String {
    let (outcome, written) = run_as(Form::Mapping, source, content);
    assert_eq!(
        (outcome.content, outcome.metadata.is_none(), written.as_str()),
        (Content::Unchanged, true, "")
    );
    outcome.error.unwrap_or_else(|| panic!("no error: {source}"))
}

fn value(source: &str, content: &str) -> Result<Option<String>, String> {
    let mut out = Vec::new();
    Ok(match compile(source, Form::Query).value(&case(content), &mut out)? {
        Content::Written => Some(String::from_utf8(out).unwrap()),
        _ => None,
    })
}

#[rstest]
#[case("doc.b = doc.a + 1", r#"{"a":1}"#, r#"{"a":1,"b":2}"#)]
#[case("doc.remove(\"a\")", r#"{"a":1,"b":[1.5]}"#, r#"{"b":[1.5]}"#)]
#[case("doc = #{id: doc.a.b[1], all: doc.a.b.len()}", r#"{"a":{"b":[7,8]}}"#, r#"{"all":2,"id":8}"#)]
#[case(
    "let least = doc.least; doc.items = doc.items.filter(|i| i.n > least).map(|i| i.n * 2)",
    r#"{"items":[{"n":1},{"n":2}],"least":1}"#,
    r#"{"items":[4],"least":1}"#
)]
#[case("let doc = #{fresh: true};", "{}", r#"{"fresh":true}"#)]
#[case("doc = [payload, content(), batch_index, batch_size]", "text", r#"["text","text",2,5]"#)]
#[case("fn twice(x) { x * 2 } doc.a = twice(doc.a)", r#"{"a":1.5}"#, r#"{"a":3.0}"#)]
#[case("fn length() { content().len() } doc = length()", "abc", "3")]
#[case("doc = ()", "5", "null")]
#[case("payload = payload.to_upper()", "abc", "ABC")]
#[case("payload = blob(2, 0x41)", "abc", "AA")]
#[case("payload = #{a: [1]}", "abc", r#"{"a":[1]}"#)]
#[case("payload = parse_json(content()).a.to_json()", r#"{"a":{"b":1}}"#, r#"{"b":1}"#)]
#[case("doc.x = error() == ()", "{}", r#"{"x":true}"#)]
#[case(
    "doc = [now(), now_unix(), now_unix_nano(), hostname(), env(\"HOME\"), env(\"NONE\")]",
    "",
    r#"["2024-11-21T08:31:01.5Z",1732177861,1732177861500000000,"here","/home",null]"#
)]
#[case("payload = uuid_v4()", "", "ffffffff-ffff-4fff-bfff-ffffffffffff")]
#[case("try { throw 1 } catch (e) { doc.t = e }", "{}", r#"{"t":1}"#)]
#[case("if doc.a == 1 { exit(); } doc.b = 1;", r#"{"a":2}"#, r#"{"a":2,"b":1}"#)]
#[case("doc.text = `${doc.a} and ${doc.b}`", r#"{"a":1,"b":"x"}"#, r#"{"a":1,"b":"x","text":"1 and x"}"#)]
fn scripts_make_new_content(#[case] source: &str, #[case] content: &str, #[case] expected: &str) {
    assert_eq!(mapped(source, content), expected);
}

#[rstest]
#[case("")]
#[case("let a = doc.a; let p = payload; let m = meta.topic; a")]
#[case("doc.a = doc.a")]
#[case("doc.b = 5; doc.remove(\"b\")")]
#[case("payload = payload + \"\"")]
#[case("#{a: 1}")]
#[case("exit(5)")]
#[case("return doc.a")]
fn what_is_not_changed_is_not_written_again(#[case] source: &str) {
    let (outcome, written) = run_as(Form::Mapping, source, "{ \"a\" : 1.50, \"z\": 18446744073709551615 }");
    assert_eq!(
        (outcome.content, outcome.metadata.is_none(), outcome.error),
        (Content::Unchanged, true, None)
    );
    assert_eq!(written, "");
}

#[test]
fn metadata_is_read_set_and_deleted() {
    let (outcome, _) =
        run_as(Form::Mapping, "meta.fresh = meta.topic + meta[\"n\"]; meta.remove(\"n\")", "no json");
    let metadata = outcome.metadata.unwrap();
    let entries: Vec<_> = metadata.iter().map(|(key, value)| (key.as_str(), value.to_string())).collect();
    assert_eq!(entries, [("fresh", "orders5".to_owned()), ("topic", "orders".to_owned())]);
    assert_eq!((outcome.content, outcome.error), (Content::Unchanged, None));
    assert_eq!(failed("meta = 5", ""), "`meta` must stay an object map and can't become i64");
}

#[test]
fn a_message_can_be_dropped_and_nothing_catches_that() {
    for source in [
        "drop()",
        "if true { drop() } throw 5",
        "fn f() { drop() } try { f() } catch { } doc.a = 1",
        "[1].map(|x| drop())",
        "try { [1].map(|x| drop()) } catch { }",
    ] {
        assert_eq!(run_as(Form::Mapping, source, "{}").0.content, Content::Dropped, "{source}");
    }
    assert_eq!(value("drop()", "").unwrap_err(), "a query can't drop a message");
}

#[test]
fn content_without_a_value_is_a_tombstone() {
    let (outcome, written) = run_as(Form::Mapping, "payload = ()", "abc");
    assert_eq!((outcome.content, written.as_str()), (Content::Null, ""));
}

#[test]
fn content_that_is_no_text_is_a_blob() {
    let mut out = Vec::new();
    let mut script = compile("payload[0] = 0x41", Form::Mapping);
    let message = Case { content: &[0xff, 0xfe], metadata: Map::new(), error: Some("bad") };
    assert_eq!(script.run(&message, &mut out).content, Content::Written);
    assert_eq!(out, [0x41, 0xfe]);
    let mut script = compile("payload = error()", Form::Mapping);
    out.clear();
    assert_eq!(script.run(&message, &mut out).content, Content::Written);
    assert_eq!(out, b"bad");
}

#[rstest]
#[case("throw \"no good\"", "{}", "no good (line 1, column 1)")]
#[case("let a = 1;\n  throw #{code: 5}", "{}", "{\"code\":5} (line 2, column 3)")]
#[case("sleep(5)", "{}", "a script can't wait (line 1, column 1)")]
#[case("sleep(0.5)", "{}", "a script can't wait (line 1, column 1)")]
#[case("fn f() { doc } f()", "{}", "Variable not found: doc (line 1, column 10) in function f")]
#[case("[1, \"a\"].sort()", "{}", "i64 and string can't be sorted (line 1, column 10)")]
#[case(
    "[1, 2].sort(|a, b| \"\")",
    "{}",
    "a comparison gives a number or a bool, and this one string (line 1, column 8)"
)]
#[case("[1, 2].sort(|a, b| throw \"no\")", "{}", "no (line 1, column 20)")]
#[case("throw", "{}", "the script has thrown (line 1, column 1)")]
#[case("let a = [1];\na[5]", "{}", "Array index 5 out of bounds: only 1 element in array (line 2, column 3)")]
#[case("fn f(x) {\n  throw x\n}\nf(3)", "{}", "3 (line 2, column 3) in function f")]
#[case("[1].map(|x| 1 / 0)", "{}", "Division by zero: 1 / 0 (line 1, column 15)")]
#[case("parse_json(\"{\")", "{}", "no name of a member at byte 2 (line 1, column 1)")]
#[case("env(\"SECRET\")", "{}", "the variable is not granted (line 1, column 1)")]
#[case("doc = |x| x", "{}", "a value of type Fn can't stand in a document")]
#[case("doc = 0.0 / 0.0", "{}", "the number NaN can't stand in a document")]
#[case(
    "doc = 1; payload = \"\"",
    "{}",
    "both `doc` and `payload` were changed, and only one can be the content"
)]
fn a_message_that_fails_stays_as_it_is_with_an_error(
    #[case] source: &str,
    #[case] content: &str,
    #[case] expected: &str,
) {
    assert_eq!(failed(source, content), expected);
}

#[test]
fn a_message_that_is_no_json_fails_only_where_the_document_is_needed() {
    let error = failed("doc.a.b += 1", "no json");
    assert!(
        error.ends_with("; `doc` is empty because the content is no JSON: no value at byte 1"),
        "{error}"
    );
    assert_eq!(mapped("doc = #{text: payload}", "no json"), r#"{"text":"no json"}"#);
}

#[test]
fn a_mutation_that_fails_keeps_what_it_did() {
    let (outcome, written) = run_as(Form::Mutation, "doc.a = 1; meta.x = 2; throw \"late\"; doc.b = 2", "{}");
    assert_eq!((outcome.content, written.as_str()), (Content::Written, r#"{"a":1}"#));
    assert!(outcome.metadata.unwrap().contains_key("x"));
    assert_eq!(outcome.error.as_deref(), Some("late (line 1, column 24)"));
}

#[test]
fn a_query_has_the_text_of_its_value() {
    assert_eq!(value("doc.a > 1", r#"{"a":2}"#), Ok(Some("true".to_owned())));
    assert_eq!(value("let x = doc.a; x.name", r#"{"a":{"name":"n"}}"#), Ok(Some("n".to_owned())));
    assert_eq!(value("meta.topic == \"orders\" && batch_index == 2", ""), Ok(Some("true".to_owned())));
    assert_eq!(value("doc.nothing", "{}"), Ok(None));
    assert_eq!(value("[1, 2]", ""), Ok(Some("[1,2]".to_owned())));
    assert_eq!(value("throw 1", "").unwrap_err(), "1 (line 1, column 1)");
    assert!(value("|x| x", "").unwrap_err().contains("can't stand"));
}

#[test]
fn nothing_of_a_message_is_there_for_the_next() {
    let source =
        "let seen = if is_def_var(\"left\") { 1 } else { 0 }; let left = doc; doc = [seen, doc]; meta.x = 1";
    let mut script = compile(source, Form::Mapping);
    for _ in 0..2 {
        let mut out = Vec::new();
        let outcome = script.run(&case("5"), &mut out);
        assert_eq!((outcome.error, out.as_slice()), (None, &b"[0,5]"[..]));
        assert_eq!(outcome.metadata.unwrap().len(), 3);
    }
}

#[test]
fn what_is_printed_goes_to_the_log() {
    let world = Rc::new(Land::default());
    let interpreter = Interpreter::new(Rc::clone(&world) as Rc<dyn World>);
    let mut script = Script::compile(&interpreter, "print(doc.a); debug([1])", Form::Mapping).unwrap();
    let outcome = script.run(&case(r#"{"a":"x"}"#), &mut Vec::new());
    assert_eq!(outcome.error, None);
    assert_eq!(*world.printed.borrow(), ["x", "debug [1]"]);
}

#[rstest]
#[case("let a = 1;\nlet b = nope;", 2, 9, "Undefined variable: nope")]
#[case("let a = (1", 1, 11, "Expecting ')' for a matching ( in this expression")]
#[case("eval(\"1\")", 1, 1, "reserved keyword 'eval' is disabled")]
#[case("import \"x\" as y;", 1, 1, "'import' is a reserved keyword")]
#[case("let f = |x| x; curry(f, 1)", 1, 16, "reserved keyword 'curry' is disabled")]
fn code_at_fault_has_a_position(
    #[case] source: &str,
    #[case] line: usize,
    #[case] column: usize,
    #[case] message: &str,
) {
    let interpreter = Interpreter::new(Rc::new(Land::default()));
    let error = Script::compile(&interpreter, source, Form::Mapping).unwrap_err();
    assert_eq!((error.line, error.column), (line, column), "{error}");
    assert!(error.message.starts_with(message), "{error}");
}

#[rstest]
#[case::brackets("(".repeat(10_000))]
#[case::closed_brackets(format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)))]
#[case::arrays("[".repeat(100_000))]
#[case::blocks("{".repeat(100_000))]
#[case::negations("-".repeat(100_000))]
#[case::nots("!".repeat(100_000))]
#[case::closures("|x| ".repeat(50_000))]
#[case::conditions("if true { ".repeat(20_000))]
#[case::alternatives(format!("{}{{}}", "if false {} else ".repeat(10_000)))]
#[case::strings("`${".repeat(50_000))]
#[case::accesses(format!("doc{}", ".a".repeat(100_000)))]
#[case::sums(format!("1{}", " + 1".repeat(60_000)))]
#[case::powers(format!("1{}", " ** 1".repeat(50_000)))]
#[case::unterminated("let x = \"abc".to_owned())]
#[case::comments("/*".repeat(100_000))]
#[case::too_long(" ".repeat(CODE + 1))]
fn code_that_nests_without_end_is_refused_or_compiled(#[case] source: String) {
    let interpreter = Interpreter::new(Rc::new(Land::default()));
    if let Ok(mut script) = Script::compile(&interpreter, &source, Form::Mapping) {
        let _ = script.run(&case("{}"), &mut Vec::new());
    }
}

#[rstest]
#[case("loop {}", "Too many operations")]
#[case("while true { try { throw 1 } catch {} }", "Too many operations")]
#[case("fn f() { loop {} } try { f() } catch { loop {} }", "Too many operations")]
#[case("fn f(x) { f(x + 1) } f(0)", "Stack overflow")]
#[case("fn f(x) { g(x) } fn g(x) { f(x) } f(0)", "Stack overflow")]
#[case("let f = |f, x| f.call(f, x); f.call(f, 1)", "Stack overflow")]
#[case("let s = \"x\"; loop { s += s }", "Length of string too large")]
#[case("let s = \"x\"; loop { s = s + s }", "Length of string too large")]
#[case("let s = \"x\"; s.pad(1000000000, 'y')", "Length of string too large")]
#[case("let s = \"xx\"; loop { s.replace(\"x\", \"xxxxxxxx\") }", "Length of string too large")]
#[case("let a = []; a.pad(1000000000, 0)", "Size of array/BLOB too large")]
#[case("let a = [0]; loop { a += a }", "Size of array/BLOB too large")]
#[case("let a = [\"xxxxxxxxxxxxxxxxxxxxxxxx\"]; loop { a += a }", "too large")]
#[case("let b = blob(1000000000, 0)", "Size of array/BLOB too large")]
#[case(
    "let m = #{}; for i in 0..1000 { m[\"k\" + i] = 1 } let a = []; loop { a.push(m) }",
    "Size of object map too large"
)]
#[case("let s = \"x\"; s.pad(1000000, 'x'); s.replace(\"x\", s)", "Length of string too large")]
#[case("let s = \"x\"; s.pad(1000000, 'x'); s.split(\"\")", "too large")]
#[case("for i in 0..1000000000000000000 { let j = i; }", "Too many operations")]
#[case("let a = []; loop { a = [a] }", "nests values too deep")]
#[case("let a = []; loop { let b = []; b.push(a); a = b }", "nests values too deep")]
#[case("let m = #{}; loop { m = #{m: m} }", "nests values too deep")]
#[case("let m = #{}; loop { let n = m; m.m = n }", "nests values too deep")]
#[case(
    "fn wrap(x) { for i in 0..50 { x = [x]; } x } let a = []; loop { a = wrap(a) }",
    "nests values too deep"
)]
#[case("let f = || 1; loop { let g = f; f = || g.call(); }", "nests values too deep")]
#[case("let f = || 1; for i in 0..100 { let g = [f, f]; f = || g; } loop { f; }", "nests values too deep")]
#[case("let x = 2; loop { x *= x }", "overflow")]
fn scripts_without_end_are_ended(#[case] source: &str, #[case] expected: &str) {
    let error = failed(source, "{}");
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_script_that_holds_too_much_memory_is_ended_and_can_not_catch_that() {
    for source in ["loop {}", "fn f() { loop {} } loop { try { f() } catch {} }"] {
        let world = Rc::new(Land { grows: true, ..Land::default() });
        let interpreter = Interpreter::new(Rc::clone(&world) as Rc<dyn World>);
        let mut script = Script::compile(&interpreter, source, Form::Mapping).unwrap();
        let outcome = script.run(&case("{}"), &mut Vec::new());
        let error = outcome.error.unwrap();
        assert!(error.starts_with("the script holds too much memory"), "{error}");
        assert_eq!(world.gave_way.get(), 11);
    }
}

#[test]
fn a_script_that_takes_too_long_is_ended_whatever_others_take() {
    for (ages, expected) in [(true, "the script takes too long"), (false, "Too many operations")] {
        let world = Rc::new(Land { ages, ..Land::default() });
        let interpreter = Interpreter::new(Rc::clone(&world) as Rc<dyn World>);
        let mut script = Script::compile(&interpreter, "loop {}", Form::Mapping).unwrap();
        for _ in 0..2 {
            let error = script.run(&case("{}"), &mut Vec::new()).error.unwrap();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

#[rstest]
#[case("let x = [3, 1, 2]; x.sort(); x", "[1,2,3]")]
#[case("let x = [0.0 / 0.0, 1.0, -1.0]; x.sort(); x.len", "3")]
#[case("let x = [\"b\", \"a\"]; x.sort(); x", "[\"a\",\"b\"]")]
#[case("let x = [3, 1, 2]; x.sort_desc(); x", "[3,2,1]")]
#[case("let x = [[1, 5], [0, 9], [1, 2]]; x.sort(|a, b| a[0] - b[0]); x", "[[0,9],[1,5],[1,2]]")]
#[case("let x = [1, 2, 3, 4]; x.sort_by(|a, b| a > b); x", "[4,3,2,1]")]
#[case("let x = []; x.pad(1000, 1); x.sort(|a, b| -1); x.sort(|a, b| 1); x.sort(|a, b| true); x.len", "1000")]
#[case("let x = \"abcabc\"; x.replace(\"b\", \"xx\"); x.replace('a', '-'); x", "-xxc-xxc")]
fn values_are_sorted_and_replaced(#[case] source: &str, #[case] expected: &str) {
    assert_eq!(value(source, ""), Ok(Some(expected.to_owned())));
}

#[test]
fn only_whole_words_count_as_mentioned() {
    assert!(mentions("doc", "doc") && mentions("x=doc.a", "doc") && mentions("`${doc}`", "doc"));
    assert!(!mentions("docs", "doc") && !mentions("my_doc", "doc") && !mentions("", "doc"));
}
