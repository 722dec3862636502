//! What does a pipeline from Kafka to Kafka cost, how long does a message take through it, and what does it do to others?
//!
//! One and the same configuration in Bento and here, in front of Apache Kafka and of an agent, and inside of the agent.
//! Brokers and pipelines are whole processes; this one makes events, and looks what has come. Apache Kafka is there when
//! `KAFKA_HOME` names it, Bento when `BENTO_BIN` does.
//!
//! `cargo xtask bench kafka-pipelines` takes the options that [`options::Options`] tells.

#![expect(clippy::print_stdout, clippy::cast_precision_loss, reason = "a bench")]

#[path = "../kafka/apache.rs"]
mod apache;
mod beside;
mod broker;
mod event;
#[path = "../kafka/folder.rs"]
mod folder;
mod latency;
mod many;
#[path = "../../../benches/objects/server.rs"]
#[expect(clippy::unwrap_used, reason = "a bench")]
mod objects;
mod options;
mod parquet;
mod pipeline;
mod processes;
#[path = "../kafka/s3.rs"]
#[expect(dead_code, reason = "of the bench beside it only the kinds of servers are wanted")]
mod s3;
#[path = "../kafka/server.rs"]
#[expect(dead_code, reason = "of the bench beside it only the kinds of servers are wanted")]
mod server;
mod setup;
mod throughput;
mod topics;
mod trip;

use std::process::ExitCode;

use options::Options;
use setup::Programs;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the stack that `main` would print.
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    let programs = Programs::find()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Box::pin(bench(&options, &programs)))
}

async fn bench(options: &Options, programs: &Programs) -> anyhow::Result<()> {
    programs.tell();
    println!(
        "events of {} bytes of JSON, {} partitions, snappy; agents have a batch timeout of {} ms, a folder for a bucket and\n\
         SQLite, both synced; a core is a second of processor time",
        event::BYTES,
        topics::PARTITIONS,
        options.batch_timeout.as_millis(),
    );
    if options.wants("throughput") {
        Box::pin(throughput::print(options, programs)).await?;
    }
    if options.wants("latency") {
        Box::pin(latency::print(options, programs)).await?;
    }
    if options.wants("beside") {
        Box::pin(beside::print(options, programs)).await?;
    }
    if options.wants("many") {
        Box::pin(many::print(options, programs)).await?;
    }
    if options.wants("parquet") {
        Box::pin(parquet::print(options, programs)).await?;
    }
    Ok(())
}
