//! An agent as `forebay agent` is, without the plugins, which take long to compile: what the bench measures where the
//! program itself was not built. It takes those of its flags that the bench gives.

use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_lifecycle::Workers;
use forebay_node::{Machine, Node, NodeSettings, Stores};

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let machine = Machine::detect();
    // As with the role of a proxy alone: the bench gives no other.
    let mut settings = NodeSettings { cleaning: None, ..NodeSettings::for_machine(machine) };
    let (mut bucket, mut metadata) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "agent" {
            continue;
        }
        let value = arguments.next().with_context(|| format!("{argument} has no value"))?;
        match argument.as_str() {
            "-bucketURL" => bucket = Some(value),
            "-metadataURL" => metadata = Some(value),
            "-roles" if value == "proxy" => {}
            "-listenAddress" => {
                let ip = value.parse()?;
                settings.kafka.iter_mut().chain(&mut settings.http).for_each(|address| address.set_ip(ip));
            }
            "-kafkaPort" => set_port(&mut settings.kafka, &value)?,
            "-httpPort" => set_port(&mut settings.http, &value)?,
            "-batchTimeout" => {
                let millis = value.strip_suffix("ms").context("a batch timeout in ms")?;
                settings.writer.batch_timeout = Duration::from_millis(millis.parse()?);
            }
            unknown => bail!("this agent has no flag {unknown}; forebay agent may"),
        }
    }
    let bucket = bucket.context("-bucketURL is missing")?;
    let metadata = metadata.context("-metadataURL is missing")?;
    let workers = Workers::start("agent", machine.cores)?;
    let stores = Stores::open(&bucket, &metadata, std::env::vars())?;
    workers.block_on(async {
        let _node = Box::pin(Node::start(settings, stores, workers.spawner())).await?;
        // Ended by a signal.
        std::future::pending().await
    })
}

fn set_port(address: &mut Option<std::net::SocketAddr>, port: &str) -> anyhow::Result<()> {
    let port = port.parse()?;
    address.iter_mut().for_each(|address| address.set_port(port));
    Ok(())
}
