//! What does the sandbox add to a mapping? Nanoseconds per message, beside the same crate natively, which
//! reads and writes the same blocks.
//!
//! Every figure is the least of several rounds: others may use the machine, and they only add.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

#[path = "../../../plugins/bloblang/language/benches/mappings/cases.rs"]
mod cases;
#[path = "../../../plugins/bloblang/language/benches/mappings/documents.rs"]
mod documents;
#[path = "../../plugins/runtime/benches/common/guests.rs"]
mod guests;
#[path = "../../../plugins/bloblang/language/benches/mappings/surroundings.rs"]
mod surroundings;

use std::time::Duration;

use forebay_bloblang::{Content, Form, Mapping};
use forebay_columns::{Block, BlockWriter};
use forebay_lifecycle::clock;
use forebay_pipeline_message::{Batch, MetadataWriter};
use forebay_plugins_api::{Processing, Processor, Setup};
use guests::Build;
use surroundings::{Nowhere, One};

/// Time spent on one figure.
const ROUND: Duration = Duration::from_millis(60);
const ROUNDS: usize = 5;
const SIZES: [usize; 3] = [200, 1024, 10 * 1024];
const MESSAGES: usize = 100;

/// A plugin that is loaded as a file is granted what it uses, or else refused.
const GRANTS: &str = "grants: [{plugin: bloblang, files: [], variables: []}]";

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plain = guests::load("bloblang", Build::Default).await;
        let epochs = guests::load_with("bloblang", Build::Epochs, GRANTS).await;
        println!("ns per message, batches of {MESSAGES}, one thread, least of {ROUNDS} rounds\n");
        print!("{:<24}", "");
        for size in SIZES {
            print!("{:>40}", format!("{size} B: native, guest, epochs"));
        }
        println!();
        for (name, form, source) in cases::CASES {
            print!("{name:<24}");
            for size in SIZES {
                let document = documents::of(size);
                let batch = Batch::from_parts(
                    (0..MESSAGES).map(|_| Some(document.as_slice())),
                    true,
                    MetadataWriter::default(),
                    [],
                );
                let native = native(&batch, *form, source);
                let processor = match form {
                    Form::Mapping => "mapping",
                    Form::Mutation => "mutation",
                };
                let setup = Setup { config: (*source).into(), ..guests::setup(processor) };
                print!("{native:>12.0}");
                for plugins in [&plain, &epochs] {
                    let guest = guest(&batch, guests::processor(plugins, setup.clone()).await).await;
                    print!("{:>14}", format!("{guest:.0} ({:.2})", guest / native));
                }
            }
            println!();
        }
    });
}

fn native(batch: &Batch, form: Form, source: &str) -> f64 {
    let mut mapping = Mapping::compile(source, form).unwrap();
    let run = || {
        let block = batch.block(u32::MAX);
        let parsed = Block::parse(&block).unwrap();
        let mut writer = BlockWriter::with_capacity(batch.len(), batch.byte_size());
        for payload in parsed.payload().unwrap().iter() {
            let message = One(payload.to_vec());
            let outcome = mapping.run(&message, 0, &mut Nowhere, writer.payload());
            if outcome.content == Content::Unchanged {
                writer.payload().extend_from_slice(payload);
            }
            writer.end_message();
        }
        assert!(writer.finish().len() > MESSAGES);
    };
    least(run)
}

fn least(mut run: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let start = clock::now();
        let mut calls = 0_u32;
        while clock::now() - start < ROUND {
            run();
            calls += 1;
        }
        least = least.min(per_message(clock::now() - start, calls));
    }
    least
}

async fn guest(batch: &Batch, mut processor: Box<dyn Processor>) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let start = clock::now();
        let mut calls = 0_u32;
        while clock::now() - start < ROUND {
            match processor.process(batch.clone()).await.unwrap() {
                Processing::Done(results) => assert_eq!(results[0].batch.len(), MESSAGES),
                Processing::Pending(_) => panic!("nothing is pending"),
            }
            calls += 1;
        }
        least = least.min(per_message(clock::now() - start, calls));
    }
    least
}

fn per_message(time: Duration, calls: u32) -> f64 {
    time.as_nanos() as f64 / f64::from(calls) / MESSAGES as f64
}
