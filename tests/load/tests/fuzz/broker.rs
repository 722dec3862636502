//! Every API of a broker, asked by chance: whatever can be decoded has an answer that can be encoded.

use std::time::Duration;

use forebay_kafka_broker::ConnectionContext;
use forebay_lifecycle::Workers;
use forebay_tests_load::fuzz::{Broken, explore, read_frame};
use forebay_tests_load::{Effort, Ground, Nothing, settings};

/// Nobody waits longer for an answer that may take long.
const PATIENCE: Duration = Duration::from_millis(20);

#[test]
fn whatever_is_asked_is_answered() {
    let workers = Workers::start("fuzz", 2).unwrap();
    let ground = Ground::in_memory(std::sync::Arc::new(forebay_storage_metadata::WallClock)).unwrap();
    let node = workers
        .block_on(ground.start(
            std::sync::Arc::new(Nothing),
            settings(Duration::from_secs(1)),
            workers.spawner(),
        ))
        .unwrap();
    let broker = node.broker().unwrap();
    let context = ConnectionContext::default();
    let read = |input: &[u8]| {
        let (header, request) = match read_frame(input)? {
            Ok(asked) => asked,
            Err(outcome) => return Ok((outcome, 0)),
        };
        let asked = format!("{} {}", header.api_key, header.api_version);
        let answer =
            workers.block_on(async { tokio::time::timeout(PATIENCE, broker.call(&context, request)).await });
        let Ok(answer) = answer else { return Ok((format!("{asked} waits"), 0)) };
        let frame = answer.response.to_frame(header.api_version, header.correlation_id);
        let frame = frame.map_err(|error| Broken(error.to_string()))?;
        Ok((format!("{asked} in {} bytes", frame.len().next_power_of_two()), 0))
    };
    let explored = explore("every API", crate::decoders::corpus(), (Effort::from_environment(), 1_500), read);
    println!("every API: {:?}", explored.unwrap_or_else(|found| panic!("{found}")));
    workers.block_on(node.stop(Duration::from_secs(10)));
}
