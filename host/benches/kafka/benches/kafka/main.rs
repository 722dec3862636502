//! What does it cost to produce and to fetch, how long does it take, and how far is that from what nobody can avoid?
//!
//! Whole processes under load from this one, which sends record batches that it has prepared: it takes little of the
//! machine that it shares with what it measures. Beside the agent stand Apache Kafka, when `KAFKA_HOME` names it, and
//! the floor: a program that reads the same bytes from a socket, computes their checksums and writes them to a file.
//!
//! `cargo xtask bench kafka` takes the options that [`options::Options`] tells.

#![expect(clippy::print_stdout, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bench")]

mod apache;
mod connection;
mod fetch;
mod figures;
mod floor;
mod folder;
mod forebay;
mod frame;
mod latency;
mod load;
mod metrics;
mod options;
mod produce;
mod row;
mod run;
mod s3;
mod server;

use std::process::ExitCode;
use std::time::Duration;

use apache::Apache;
use forebay::{Forebay, Store};
use forebay_kafka_wire::Compression;
use load::Load;
use options::Options;
use row::Row;
use server::Peer;

const PARTITIONS: [i32; 3] = [1, 16, 1_000];
const COMPRESSIONS: [Compression; 2] = [Compression::None, Compression::Lz4];
/// The pause that agents make by themselves before they write a segment.
const BATCH_TIMEOUT: Duration = Duration::from_millis(250);

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
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == floor::ARGUMENT).is_some() {
        return floor::serve();
    }
    let options = Options::parse(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(Box::pin(bench(&options)))
}

async fn bench(options: &Options) -> anyhow::Result<()> {
    let forebay = Forebay::find()?;
    let apache = Apache::find();
    tell(options, &forebay, apache.as_ref());
    let mut peers: Vec<Box<dyn Peer>> = Vec::new();
    for store in [Store::File, Store::S3 { put: Duration::ZERO }] {
        peers.push(Box::new(Forebay { store, ..forebay.clone() }));
    }
    if let Some(apache) = &apache {
        peers.extend([false, true].map(|flush_each| Box::new(Apache { flush_each, ..apache.clone() }) as _));
    }
    let loads = COMPRESSIONS
        .map(|compression| PARTITIONS.map(|partitions| Load { partitions, compression, ..Load::default() }));
    let mut rows: Vec<Row> = Vec::new();
    println!("{}", Row::head());
    for load in loads.as_flattened() {
        for peer in &peers {
            if options.wants(&peer.title()) && options.wants_partitions(load.partitions) {
                let row = Box::pin(run::run(peer.as_ref(), *load, options)).await?;
                println!("{row}");
                rows.push(row);
            }
        }
    }
    if options.minute
        && let Some(first) = rows.first()
    {
        let peer = peers.iter().find(|peer| peer.title() == first.title);
        if let Some(peer) = peer {
            let again = Box::pin(run::run(peer.as_ref(), first.load, options)).await?;
            println!("\nA/A: the first row once more, {}\n{again}", first.compared(&again));
        }
    }
    Box::pin(floors(options)).await?;
    Box::pin(latency::print(&forebay, options)).await?;
    row::print_goals(&rows);
    Ok(())
}

async fn floors(options: &Options) -> anyhow::Result<()> {
    if !options.wants("floor") {
        return Ok(());
    }
    println!(
        "\nThe floor: one thread that reads the same bytes from a socket, computes their CRC-32C, writes them"
    );
    println!("to a file and syncs it after each 8 MiB");
    for compression in COMPRESSIONS {
        let load = Load { compression, ..Load::default() };
        let (rate, cost) = floor::measure(load, options).await?;
        println!("  {:<13}{rate:>8.0} MB/s {cost:>7.2} CPU s/GiB", load.compression());
    }
    Ok(())
}

fn tell(options: &Options, forebay: &Forebay, apache: Option<&Apache>) {
    let Load { record, request, connections, in_flight, .. } = Load::default();
    println!(
        "Forebay is {}, with a batch timeout of {} ms",
        forebay.program.display(),
        BATCH_TIMEOUT.as_millis()
    );
    if let Some(Apache { home, .. }) = apache {
        println!("Apache Kafka is {}, one node of KRaft with a heap of 1 GiB", home.display());
    } else {
        println!("KAFKA_HOME is not set: no figures of Apache Kafka");
    }
    println!(
        "S3 is a server in this process without any latency of its own, over HTTP without TLS, which writes files\n\
         without sync; so its CPU is not counted, but it shares the cores. Payloads are not signed, as over HTTPS"
    );
    println!(
        "Records of {record} bytes like lines of a log, which lz4 makes {:.2} of; idempotent producers, acks=all;\n\
         bytes are those of batches as they are sent, MB are 10^6 and GiB 2^30",
        Load { compression: Compression::Lz4, ..Load::default() }.ratio()
    );
    println!(
        "full: {connections} connections with {in_flight} requests of {} KiB under way on each, for {} s after {} s of \
         warming up,\n      at most {} GiB",
        request >> 10,
        options.full.as_secs(),
        options.warm_up.as_secs(),
        options.most_bytes >> 30,
    );
    let Load { connections, request, .. } = Load::paced();
    println!(
        "paced: {} requests of {} KiB per second on {connections} connections for {} s, while {} readers fetch all of it\n\
         \x20      (max.wait 500 ms, min.bytes 1); delays count from when a request was due",
        load::PACE,
        request >> 10,
        options.paced.as_secs(),
        run::TAILS,
    );
    println!(
        "catch-up: the server is started again and all is fetched by up to {} readers, up to {} MiB of each partition at a\n\
         \x20         time; the pages of the system are as they are, the server's own memory is cold\n",
        run::CATCHING_UP,
        fetch::PARTITION_BYTES >> 20,
    );
}
