//! The functions that scripts have beside those of the language itself.

mod replace;
mod sort;

use std::rc::Rc;

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, Position};

use crate::failure::Stop;
use crate::interpreter::Current;
use crate::world::World;
use crate::{json, time};

type Fallible<T> = Result<T, Box<EvalAltResult>>;

pub(crate) fn register(engine: &mut Engine, current: &Rc<Current>, world: &Rc<dyn World>) {
    of_the_message(engine, current);
    of_documents(engine);
    of_the_world(engine, world);
    sort::register(engine);
    replace::register(engine);
    // A script that waits would hold up everything that shares its thread.
    engine.register_fn("sleep", |_: i64| -> Fallible<()> { Err(raise("a script can't wait".to_owned())) });
    engine.register_fn("sleep", |_: f64| -> Fallible<()> { Err(raise("a script can't wait".to_owned())) });
}

fn of_the_message(engine: &mut Engine, current: &Rc<Current>) {
    let message = Rc::clone(current);
    engine.register_fn("content", move || message.content.borrow().clone());
    let message = Rc::clone(current);
    engine.register_fn("error", move || message.error.borrow().clone());
    let message = Rc::clone(current);
    engine.register_fn("drop", move || -> Fallible<()> {
        message.stop.set(Some(Stop::Dropped));
        Err(Stop::Dropped.raise())
    });
}

fn of_documents(engine: &mut Engine) {
    engine.register_fn("parse_json", |text: &str| json::read(text.as_bytes()).map_err(raise));
    engine.register_fn("parse_json", |text: rhai::Blob| json::read(&text).map_err(raise));
    engine.register_fn("to_json", |value: Dynamic| to_json(&value));
    engine.register_fn("to_json", |value: Array| to_json(&value.into()));
    engine.register_fn("to_json", |value: Map| to_json(&value.into()));
}

fn to_json(value: &Dynamic) -> Fallible<String> {
    let mut text = Vec::new();
    json::write(value, &mut text).map_err(raise)?;
    String::from_utf8(text).map_err(|error| raise(error.to_string()))
}

fn of_the_world(engine: &mut Engine, world: &Rc<dyn World>) {
    let outside = Rc::clone(world);
    engine.register_fn("now", move || {
        let (seconds, nanoseconds) = outside.now();
        time::rfc3339(seconds, nanoseconds)
    });
    let outside = Rc::clone(world);
    engine.register_fn("now_unix", move || outside.now().0);
    let outside = Rc::clone(world);
    engine.register_fn("now_unix_nano", move || {
        let (seconds, nanoseconds) = outside.now();
        seconds.saturating_mul(1_000_000_000).saturating_add(i64::from(nanoseconds))
    });
    let outside = Rc::clone(world);
    engine.register_fn("uuid_v4", move || uuid_v4(outside.as_ref()));
    let outside = Rc::clone(world);
    engine.register_fn("env", move |name: &str| -> Fallible<Dynamic> {
        Ok(outside.env(name).map_err(raise)?.map_or(Dynamic::UNIT, Dynamic::from))
    });
    let outside = Rc::clone(world);
    engine.register_fn("hostname", move || outside.hostname().map_err(raise));
    let outside = Rc::clone(world);
    engine.on_print(move |line| outside.print(line));
    let outside = Rc::clone(world);
    engine.on_debug(move |line, _, _| outside.debug(line));
}

fn uuid_v4(world: &dyn World) -> String {
    let mut bytes = [0; 16];
    world.random(&mut bytes);
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xf << 76) | 4 << 76;
    let number = number & !(3 << 62) | 2 << 62;
    let digits = format!("{number:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// An error that scripts can catch.
fn raise(message: String) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into()
}
