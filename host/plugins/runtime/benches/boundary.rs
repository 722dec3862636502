//! What does it cost to cross the boundary? Nanoseconds per message, beside the same Rust natively.
//!
//! Every figure is the least of several rounds: others may use the machine, and they only add.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "common/guests.rs"]
mod guests;

use std::time::Duration;

use forebay_columns::{Block, BlockWriter};
use forebay_lifecycle::clock;
use forebay_pipeline_message::{Batch, MetadataWriter, Value};
use forebay_plugins_api::{Processing, Processor};
use guests::Build;

/// Time spent on one figure.
const ROUND: Duration = Duration::from_millis(120);
const ROUNDS: usize = 5;
const SIZES: [usize; 2] = [200, 1024];
const BATCHES: [usize; 4] = [1, 20, 100, 1000];

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plain = guests::load("echo", Build::Default).await;
        let epochs = guests::load("echo", Build::Epochs).await;
        println!("ns per message, 3 metadata entries each, one thread, least of {ROUNDS} rounds\n");
        println!("{:<34}{:>6}{:>10}{:>10}{:>10}{:>10}", "", "bytes", "x 1", "x 20", "x 100", "x 1000");
        for size in SIZES {
            for (title, name) in [
                ("handle passed through", "echo"),
                ("columns read and written", "echo_columns"),
                ("payload rebuilt", "echo_rebuilt"),
                ("records", "echo_records"),
            ] {
                let mut processor = guests::processor(&plain, guests::setup(name)).await;
                row(title, size, &mut processor, payload).await;
            }
            native_row("columns natively", size, native_columns);
        }
        println!();
        for size in SIZES {
            let native = native_row("parse, add, serialise natively", size, native_add);
            for (title, plugins) in [("  in a default plugin", &plain), ("  under epochs", &epochs)] {
                let mut processor = guests::processor(plugins, guests::setup("add")).await;
                let guest = row(title, size, &mut processor, json).await;
                println!("{:<34}{:>6}{:>36.2} x native at 100", "", "", guest[2] / native[2]);
            }
        }
    });
}

async fn row(
    title: &str,
    size: usize,
    processor: &mut Box<dyn Processor>,
    payload: fn(usize) -> Vec<u8>,
) -> [f64; 4] {
    let mut figures = [0.0; 4];
    for (figure, messages) in figures.iter_mut().zip(BATCHES) {
        let batch = batch(messages, &payload(size));
        let mut least = f64::MAX;
        for _ in 0..ROUNDS {
            let start = clock::now();
            let mut calls = 0_u32;
            while clock::now() - start < ROUND {
                match processor.process(batch.clone()).await.unwrap() {
                    Processing::Done(results) => assert_eq!(results[0].batch.len(), messages),
                    Processing::Pending(_) => panic!("nothing is pending"),
                }
                calls += 1;
            }
            least = least.min((clock::now() - start).as_nanos() as f64 / f64::from(calls) / messages as f64);
        }
        *figure = least;
    }
    print(title, size, figures);
    figures
}

fn native_row(title: &str, size: usize, work: fn(&Batch) -> usize) -> [f64; 4] {
    let mut figures = [0.0; 4];
    for (figure, messages) in figures.iter_mut().zip(BATCHES) {
        let batch = batch(messages, &json(size));
        let mut least = f64::MAX;
        for _ in 0..ROUNDS {
            let start = clock::now();
            let mut calls = 0_u32;
            while clock::now() - start < ROUND {
                assert!(std::hint::black_box(work(std::hint::black_box(&batch))) > 0);
                calls += 1;
            }
            least = least.min((clock::now() - start).as_nanos() as f64 / f64::from(calls) / messages as f64);
        }
        *figure = least;
    }
    print(title, size, figures);
    figures
}

fn print(title: &str, size: usize, [one, twenty, hundred, thousand]: [f64; 4]) {
    println!("{title:<34}{size:>6}{one:>10.1}{twenty:>10.1}{hundred:>10.1}{thousand:>10.1}");
}

/// What the guest of `echo_columns` does: take the block, check it, make a batch of a copy.
fn native_columns(batch: &Batch) -> usize {
    let block = batch.block(u32::MAX);
    Batch::from_block(block.to_vec().into()).unwrap().len()
}

/// What the guest of `add` does, with the same library.
fn native_add(batch: &Batch) -> usize {
    let block = batch.block(u32::MAX);
    let parsed = Block::parse(&block).unwrap();
    let mut writer = BlockWriter::with_capacity(batch.len(), batch.byte_size());
    for payload in parsed.payload().unwrap().iter() {
        let mut object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(payload).unwrap();
        object.insert("added".into(), "value".into());
        serde_json::to_writer(writer.payload(), &object).unwrap();
        writer.end_message();
    }
    writer.finish().len()
}

fn batch(messages: usize, payload: &[u8]) -> Batch {
    let mut metadata = MetadataWriter::default();
    for index in 0..messages {
        metadata.push("topic", Value::Text("orders"));
        metadata.push("partition", Value::Signed(7));
        metadata.push("offset", Value::Unsigned(index as u64));
        metadata.end_message();
    }
    Batch::from_parts((0..messages).map(|_| Some(payload)), true, metadata, [])
}

fn payload(size: usize) -> Vec<u8> {
    vec![b'x'; size]
}

/// An object of about `size` bytes with numbers, texts and something nested.
fn json(size: usize) -> Vec<u8> {
    let mut text = String::from(
        r#"{"id":1234567,"name":"a name","price":12.75,"tags":["one","two"],"nested":{"a":true,"b":null}"#,
    );
    let mut field = 0;
    while text.len() + 24 < size {
        text.push_str(&format!(",\"field{field}\":\"value {field}\""));
        field += 1;
    }
    text.push('}');
    text.into_bytes()
}
