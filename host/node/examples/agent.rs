//! An agent to try clients on by hand, without the plugins that the program has:
//! `cargo run -p forebay-node --example agent -- 127.0.0.1:9092 file:///tmp/bucket sqlite:///tmp/meta.db`.

use std::error::Error;
use std::time::Duration;

use forebay_lifecycle::Workers;
use forebay_node::{Machine, Node, NodeSettings, Stores};

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    let mut args = std::env::args().skip(1);
    let listen = args.next().unwrap_or_else(|| "127.0.0.1:9092".to_owned());
    let bucket = args.next().unwrap_or_else(|| "mem://records".to_owned());
    let metadata = args.next().unwrap_or_else(|| "sqlite://:memory:".to_owned());
    let machine = Machine::detect();
    let workers = Workers::start("agent", machine.cores)?;
    let stores = Stores::open(&bucket, &metadata, std::env::vars())?;
    let settings = NodeSettings { kafka: Some(listen.parse()?), ..NodeSettings::for_machine(machine) };
    workers.block_on(async {
        let node = Node::start(settings, stores, workers.spawner()).await?;
        std::future::pending::<()>().await;
        node.stop(Duration::from_secs(10)).await;
        Ok(())
    })
}
