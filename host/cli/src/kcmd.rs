//! `forebay kcmd`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use forebay_kafka_client::{ClientSecurity, ClientTls, Connection, FetchStart, Login};
use forebay_lifecycle::clock;
use forebay_model::{Offset, TopicName};

use crate::args::{Kcmd, KcmdType};

/// How long the address that a broker names has to answer.
const REACH: Duration = Duration::from_secs(5);

pub(crate) async fn kcmd(flags: Kcmd) -> anyhow::Result<ExitCode> {
    let Kcmd { kind, host, port, topic, partition, num_partitions, offset, records, key, client_id, client } =
        flags;
    let security = client.security();
    if kind == KcmdType::DiagnoseConnection {
        return Box::pin(diagnose(&host, port, &client_id, &security)).await;
    }
    let Some(topic) = topic else { bail!("-topic is missing") };
    let mut connection = Box::pin(Connection::open_with(&host, port, &client_id, &security)).await?;
    match kind {
        KcmdType::CreateTopic => {
            connection.create_topic(&topic, num_partitions).await?;
            println!("created topic {topic}");
        }
        KcmdType::Produce => {
            // A topic that is not there yet is made by asking for it, as every client does.
            connection.partitions(&topic).await?;
            let values: Vec<_> =
                records.split(",,").map(|value| (Some(key.as_bytes()), Some(value.as_bytes()))).collect();
            let first = connection.produce_at(&topic, partition, &values, clock::wall()).await?;
            println!(
                "produced {} records to {topic}, partition {partition}, from offset {first} on",
                values.len()
            );
        }
        KcmdType::Fetch => fetch(&mut connection, &topic, partition, offset).await?,
        KcmdType::DiagnoseConnection => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the records of a partition from an offset on, up to what was its end.
async fn fetch(
    connection: &mut Connection,
    topic: &TopicName,
    partition: i32,
    offset: i64,
) -> anyhow::Result<()> {
    let mut next = Offset::new(offset).context("-offset")?;
    loop {
        let fetched = connection.fetch(topic, partition, FetchStart::At(next)).await?;
        for record in &fetched.records {
            println!(
                "topic:{:?} partition:{partition} offset:{} key:{} value:{}",
                topic.as_str(),
                record.offset,
                shown(record.key.as_deref()),
                shown(record.value.as_deref())
            );
        }
        if fetched.next.get() >= fetched.high_watermark {
            return Ok(());
        }
        next = fetched.next;
    }
}

fn shown(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "null".to_owned(), |bytes| format!("{:?}", String::from_utf8_lossy(bytes)))
}

/// By what, and as whom.
fn shown_security(ClientSecurity { tls, logins }: &ClientSecurity) -> String {
    let by = match tls {
        None => "",
        Some(ClientTls { certificate: None, .. }) => " by TLS",
        Some(ClientTls { certificate: Some(_), .. }) => " by TLS, with a certificate",
    };
    let login = match logins.first() {
        None => String::new(),
        Some(Login::Password(login)) => format!(", as {} by {}", login.user, login.mechanism.name()),
        Some(login) => format!(", by {}", login.mechanism()),
    };
    format!("{by}{login}")
}

/// Does what a client does at first, and says what it finds.
async fn diagnose(
    host: &str,
    port: u16,
    client_id: &str,
    security: &ClientSecurity,
) -> anyhow::Result<ExitCode> {
    println!("connecting to {host}:{port}{}", shown_security(security));
    let mut connection = Box::pin(Connection::open_with(host, port, client_id, security)).await?;
    let peer = connection.peer().context("ask where the connection leads")?;
    println!("connected to {peer}; {} APIs are served", connection.served().iter().count());
    let cluster = connection.cluster().await?;
    let id = cluster.id.as_deref().unwrap_or("without an id");
    println!("cluster {id}, {} topics", cluster.topics.len());
    let mut is_reached = true;
    for broker in &cluster.brokers {
        let address = format!("{}:{}", broker.host, broker.port);
        let reached = match u16::try_from(broker.port) {
            Ok(port) => {
                let opening = Connection::open_with(&broker.host, port, client_id, security);
                tokio::time::timeout(REACH, Box::pin(opening)).await
            }
            Err(_) => bail!("broker {} is told to be at {address}, which is no port", broker.node),
        };
        match reached {
            Ok(Ok(_)) => println!("broker {} is told to be at {address}, and answers there", broker.node),
            Ok(Err(error)) => {
                is_reached = false;
                println!(
                    "broker {} is told to be at {address}, where it does not answer: {:#}",
                    broker.node,
                    anyhow::Error::from(error)
                );
            }
            Err(_) => {
                is_reached = false;
                println!(
                    "broker {} is told to be at {address}, where nobody answers within {} s",
                    broker.node,
                    REACH.as_secs()
                );
            }
        }
    }
    if is_reached && !cluster.brokers.is_empty() {
        println!("clients can use it");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "clients can't use it: -discoveryKafkaHostnameOverride of the agent says where they are told to go"
    );
    Ok(ExitCode::FAILURE)
}
