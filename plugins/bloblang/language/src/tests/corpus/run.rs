//! Cases, run.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Case;
use super::expect::{Got, compare};
use super::source::value;
use crate::compile;
use crate::eval::{Entries, Execution, Frame, Locals, Run, Site, Start, This, Variables, eval};
use crate::parser::{self, Imports};
use crate::testing::{Batch, Fixed, Message};
use crate::world::{Shared, World};
use crate::{Content, Form, Interpolated, Mapping, Object, Text, Value, spec};

/// A world with files.
#[derive(Default)]
struct Files {
    fixed: Fixed,
    files: BTreeMap<String, String>,
    counts: BTreeMap<String, i64>,
}

const DIRECTORY: &str = "/cases";

impl Files {
    fn of(case: &Case<'_>) -> Self {
        let mut files = BTreeMap::new();
        if let Some(Value::Object(written)) = case.field("files") {
            for (path, content) in written.iter() {
                files.insert(here(path), here(&content.to_text()));
            }
        }
        Self { files, ..Self::default() }
    }
}

impl World for Files {
    fn random_u64(&mut self) -> u64 {
        self.fixed.random_u64()
    }

    fn now(&mut self) -> (i64, u32) {
        self.fixed.now()
    }

    fn env(&mut self, name: &str) -> Result<Option<String>, String> {
        match name {
            "BENTO_TEST_BLOBLANG_FILE" => Ok(Some("/cases/foobar.json".to_owned())),
            "BENTO_TEST_BLOBLANG_SCHEMA_FILE" => Ok(Some("/cases/schema.json".to_owned())),
            "key" => Ok(Some("foobar".to_owned())),
            name => self.fixed.env(name),
        }
    }

    fn hostname(&mut self) -> Result<String, String> {
        self.fixed.hostname()
    }

    fn read_file(&mut self, path: &str) -> Result<Vec<u8>, String> {
        match (self.files.get(path), path) {
            (Some(content), _) => Ok(content.clone().into_bytes()),
            (None, "/cases/foobar.json") => Ok(b"{\"foo\":\"bar\"}".to_vec()),
            (None, path) => Err(format!("open {path}: no such file or directory")),
        }
    }

    fn count(&mut self, name: &str) -> Option<i64> {
        let count = self.counts.entry(name.to_owned()).or_default();
        *count += 1;
        Some(*count)
    }
}

fn here(text: &str) -> String {
    text.replace("$DIR", DIRECTORY)
}

pub(super) fn example(case: &Case<'_>) -> Result<(), String> {
    let mut world = Files::of(case);
    let mut mapping = Mapping::compile_in(case.text("mapping"), Form::Mapping, "", &mut world)
        .map_err(|error| error.to_string())?;
    let Some(Value::Array(cases)) = case.field("cases") else { return Err("no cases".to_owned()) };
    for pair in cases.iter() {
        let Value::Array(pair) = pair else { return Err("no pair".to_owned()) };
        let [Value::String(input), Value::String(wanted)] = &pair[..] else {
            return Err("no pair".to_owned());
        };
        let mut out = Vec::new();
        let mut batch = Batch::of(&[input.as_str()]);
        batch.0[0].trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned());
        let outcome = mapping.run(&batch, 0, &mut world, &mut out);
        let got = match (outcome.error, outcome.content) {
            (Some(error), _) => format!("Error({})", crate::value::quoted(&error)),
            (None, Content::Written) => String::from_utf8_lossy(&out).into_owned(),
            (None, Content::Unchanged) => input.to_string(),
            (None, Content::Deleted) => "<Message deleted>".to_owned(),
        };
        if got != wanted.as_str() {
            return Err(format!("expected {wanted}, got {got}"));
        }
    }
    Ok(())
}

pub(super) fn case(case: &Case<'_>) -> Result<(), String> {
    let mut world = Files::of(case);
    let times = if case.field("sequential").is_some() { 1 } else { 2 };
    let several = Case { fields: case.fields };
    if let Some(Value::Array(cases)) = case.field("cases") {
        for inner in cases.iter() {
            let Value::Object(fields) = inner else { return Err("no case".to_owned()) };
            let inner = Case { fields };
            one(&several, &inner, &mut world)?;
        }
        return Ok(());
    }
    for _ in 0..times {
        one(&several, case, &mut world)?;
    }
    Ok(())
}

/// Runs the text of `case` on what `given` says.
fn one(case: &Case<'_>, given: &Case<'_>, world: &mut Files) -> Result<(), String> {
    let Some(Value::Object(expected)) = given.field("expect") else {
        return Err("nothing expected".to_owned());
    };
    let text = here(case.text("text"));
    let got = match case.text("mode") {
        "mapping" | "mapping_structured" | "query_bool" => mapping(case, given, &text, world),
        "mapping_value" | "overlay" => on_value(case, given, &text, world),
        "field" => field(given, &text, world),
        "file" => Got { content: world.read_file(&text).ok(), ..Got::default() },
        "literal:name" => name_prefix(&text),
        mode if mode.starts_with("name:") => {
            let error = spec::check_name(mode.trim_start_matches("name:"), &text).err();
            Got { content: Some(error.unwrap_or_default().into_bytes()), ..Got::default() }
        }
        mode => query(given, &text, mode, world),
    };
    let mut entries = Vec::new();
    for (key, value) in expected.iter() {
        let value = match value {
            Value::String(text) => Value::from(here(text)),
            other => other.clone(),
        };
        entries.push((key.clone(), value));
    }
    compare(case, &Object::from(entries), &got)
}

fn batch(given: &Case<'_>) -> Batch {
    let Some(Value::Array(messages)) = given.field("batch") else { return Batch::default() };
    let message = |written: &Value| {
        let Value::Object(written) = written else { return Message::default() };
        let text = |name: &str| match written.get(name) {
            Some(Value::String(text)) => Some(text.to_string()),
            _ => None,
        };
        let mut metadata: Entries = Vec::new();
        if let Some(Value::Object(entries)) = written.get("meta") {
            metadata = entries.iter().map(|(key, inner)| (key.to_string(), value(inner))).collect();
        }
        Message {
            content: text("content").unwrap_or_default().into_bytes(),
            metadata,
            error: text("error"),
            trace: None,
        }
    };
    Batch(messages.iter().map(message).collect())
}

fn index(given: &Case<'_>) -> usize {
    given.field("index").and_then(|index| index.to_text().parse().ok()).unwrap_or(0)
}

fn mapping(case: &Case<'_>, given: &Case<'_>, text: &str, world: &mut Files) -> Got {
    let mut mapping = match Mapping::compile_in(text, Form::Mapping, "", world) {
        Ok(mapping) => mapping,
        Err(mistake) => return Got { mistake: Some(mistake), ..Got::default() },
    };
    let mut batch = batch(given);
    if let Some(this) = given.field("this") {
        let mut content = Vec::new();
        this.write_json(&mut content);
        batch = Batch(vec![Message { content, ..Message::default() }]);
    }
    let index = index(given);
    let mut out = Vec::new();
    let outcome = mapping.run(&batch, index, world, &mut out);
    let old = batch.0.get(index).cloned().unwrap_or_default();
    let mut got = Got {
        error: outcome.error,
        metadata: Some(outcome.metadata.unwrap_or(old.metadata)),
        ..Got::default()
    };
    match outcome.content {
        Content::Deleted => got.deleted = true,
        Content::Written => got.content = Some(out),
        Content::Unchanged => got.content = Some(old.content),
    }
    if case.text("mode") == "query_bool" && got.deleted {
        got.error = Some("query mapping resulted in deleted message, expected a boolean value".to_owned());
    }
    got.value = got.content.as_ref().map(|content| match Value::from_json(content) {
        Ok(value) => value,
        Err(_) => Value::from(String::from_utf8_lossy(content).as_ref()),
    });
    got
}

fn on_value(case: &Case<'_>, given: &Case<'_>, text: &str, world: &mut Files) -> Got {
    let tree = parser::mapping(text, &mut Imports::none()).and_then(|tree| compile::program(&tree));
    let program = match tree {
        Ok(program) => program,
        Err(fault) => return Got { mistake: Some(fault.in_mapping(text)), ..Got::default() },
    };
    let sites: Vec<RefCell<Site>> = (0..program.sites).map(|_| RefCell::default()).collect();
    let outside = Shared::new(world);
    let batch = Batch::default();
    let run = Run::new(&batch, 0, &outside, &program.maps, &sites);
    let this = given.field("this").map(value);
    let start = Start { current: this.as_ref(), nested: true, ..Start::of(&run, This::Message) };
    let mut execution = Execution::new(&run, &program.main, start);
    if let ("overlay", Some(overlay)) = (case.text("mode"), given.field("overlay"))
        && *overlay != Value::Null
    {
        execution = execution.live(value(overlay));
    }
    match execution.execute() {
        Err(failed) => Got { error: Some(failed.report(None)), ..Got::default() },
        Ok(()) if execution.root == Value::Delete => {
            Got { error: Some("root was deleted".to_owned()), ..Got::default() }
        }
        Ok(()) => Got { value: Some(execution.root), ..Got::default() },
    }
}

fn field(given: &Case<'_>, text: &str, world: &mut Files) -> Got {
    let mut field = match Interpolated::compile(text) {
        Ok(field) => field,
        Err(mistake) => return Got { mistake: Some(mistake), ..Got::default() },
    };
    let mut out = Vec::new();
    match field.run(&batch(given), index(given), world, &mut out) {
        Err(error) => Got { error: Some(error), ..Got::default() },
        Ok(()) => {
            let value = Some(Value::from(String::from_utf8_lossy(&out).as_ref()));
            Got { content: Some(out), value, ..Got::default() }
        }
    }
}

fn name_prefix(text: &str) -> Got {
    let mut lexer = crate::lexer::Lexer::new(text);
    let value = lexer.name().map(Value::from);
    Got { value, remaining: Some(lexer.rest().to_owned()), ..Got::default() }
}

fn query(given: &Case<'_>, text: &str, mode: &str, world: &mut Files) -> Got {
    let (node, end) = match parser::query_prefix(text) {
        Ok(parsed) => parsed,
        Err(fault) => return Got { mistake: Some(fault.in_mapping(text)), ..Got::default() },
    };
    let remaining = text.get(end..).map(str::to_owned);
    if mode == "query_prefix" {
        return Got { remaining, ..Got::default() };
    }
    let (expressions, count) = compile::queries(std::iter::once(&node)).expect("it was checked");
    let sites: Vec<RefCell<Site>> = (0..count).map(|_| RefCell::default()).collect();
    let outside = Shared::new(world);
    let batch = batch(given);
    let run = Run::new(&batch, index(given), &outside, &[], &sites);
    let (mut names, mut values) = (Vec::<Text>::new(), Vec::new());
    if let Some(Value::Object(variables)) = given.field("vars") {
        for (name, written) in variables.iter() {
            names.push(name.clone());
            values.push(Some(value(written)));
        }
    }
    let variables = given.field("vars").map(|_| Variables { names: &names, values: &values });
    let locals = Locals { root: None, variables, metadata: None, this: This::Message };
    let this = given.field("this").map(value);
    let frame = Frame { current: this.as_ref(), ..Frame::new(&run, &locals) };
    match eval(&expressions[0], frame) {
        Ok(value) => Got { value: Some(value.into_owned()), remaining, ..Got::default() },
        Err(failure) => Got { error: Some(failure.to_string()), remaining, ..Got::default() },
    }
}
