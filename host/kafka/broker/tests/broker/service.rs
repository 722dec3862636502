use bytes::Bytes;
use forebay_kafka_broker::{RequestBody, Response};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    DeleteTopicsRequest, InitProducerIdRequest, ListOffsetsRequest, MetadataRequest,
};

use crate::node::Node;
use crate::requests::{
    batch, fetch, fetched, idempotent, name, partitions, produce, produced, topic, values,
};

#[tokio::test]
async fn what_is_produced_is_fetched_with_dense_offsets() {
    let node = Node::start().await;
    assert_eq!(topic(&node, "t").await.error_code, 0);
    let first = produced(&node, produce("t", &[(0, batch(&["a", "b"]))])).await;
    let second = produced(&node, produce("t", &[(0, batch(&["c"]))])).await;
    assert_eq!((first[0].error_code, first[0].base_offset, second[0].base_offset), (0, 0, 2));
    let response = fetched(&node, fetch("t", &[(0, 0)])).await;
    let data = partitions(&response)[0];
    assert_eq!((data.high_watermark, data.log_start_offset), (3, 0));
    let expected = [(0, "a"), (1, "b"), (2, "c")].map(|(offset, value)| (offset, value.to_owned()));
    assert_eq!(values(data), expected);
}

#[tokio::test]
async fn a_refused_batch_is_no_matter_to_its_neighbours() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let mut broken = batch(&["broken"]).to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let old = Bytes::from([&[0; 16][..], &[1], &[0; 60]].concat());
    let two = Bytes::from([batch(&["one"]), batch(&["two"])].concat());
    let large = batch(&["x".repeat(2 << 20).as_str()]);
    let cases = [
        (0, Bytes::from(broken), ResponseError::CorruptMessage),
        (0, old, ResponseError::InvalidRecord),
        (0, two, ResponseError::InvalidRecord),
        (0, large, ResponseError::MessageTooLarge),
        (0, Bytes::new(), ResponseError::CorruptMessage),
        (7, batch(&["nowhere"]), ResponseError::UnknownTopicOrPartition),
    ];
    for (offset, (partition, records, code)) in cases.into_iter().enumerate() {
        let answers = produced(&node, produce("t", &[(partition, records), (0, batch(&["good"]))])).await;
        assert_eq!(answers[0].error_code, code.code(), "{code:?}");
        assert_eq!((answers[1].error_code, answers[1].base_offset), (0, i64::try_from(offset).unwrap()));
    }
}

#[tokio::test]
async fn idempotent_producers_are_judged_as_kafka_does() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let request = InitProducerIdRequest::default().with_transactional_id(None);
    let Response::InitProducerId(producer) = node.ask(4, RequestBody::InitProducerId(request)).await else {
        panic!()
    };
    let id = producer.producer_id.0;
    let send = async |sequence, values: &[&str]| {
        let answers = produced(&node, produce("t", &[(0, idempotent(id, sequence, values))])).await;
        (answers[0].error_code, answers[0].base_offset)
    };
    assert_eq!(send(0, &["a", "b"]).await, (0, 0));
    assert_eq!(send(2, &["c"]).await, (0, 2));
    // Sent again: it has its offset already.
    assert_eq!(send(0, &["a", "b"]).await, (0, 0));
    assert_eq!(send(9, &["far"]).await, (ResponseError::OutOfOrderSequenceNumber.code(), -1));
    assert_eq!(send(3, &["d"]).await, (0, 3));
}

#[tokio::test]
async fn pipelined_batches_keep_their_order() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let mut waiting = Vec::new();
    for sequence in 0..5 {
        let body = RequestBody::Produce(produce("t", &[(0, idempotent(1, sequence, &["v"]))]));
        let request = forebay_kafka_broker::Request { version: 9, body };
        waiting.push(node.broker.start(&Default::default(), request).await);
    }
    // Answers are taken in any order.
    for (offset, started) in waiting.into_iter().enumerate().rev() {
        let Response::Produce(response) = started.answer().await.response else { panic!() };
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (0, i64::try_from(offset).unwrap()));
    }
}

#[tokio::test]
async fn a_fetch_that_waits_is_woken_by_a_commit() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let waiting = fetch("t", &[(0, 0)]).with_max_wait_ms(60_000).with_min_bytes(1);
    let (response, _) = tokio::join!(fetched(&node, waiting), async {
        produced(&node, produce("t", &[(0, batch(&["late"]))])).await
    });
    assert_eq!(values(partitions(&response)[0]), [(0, "late".to_owned())]);
}

#[tokio::test]
async fn a_fetch_that_waits_is_answered_when_the_agent_stops() {
    let node = Node::start().await;
    topic(&node, "t").await;
    let waiting = fetch("t", &[(0, 0)]).with_max_wait_ms(i32::MAX).with_min_bytes(1);
    let (response, ()) = tokio::join!(fetched(&node, waiting), async { node.broker.retire() });
    assert_eq!(partitions(&response)[0].error_code, 0);
    assert!(values(partitions(&response)[0]).is_empty());
}

#[tokio::test]
async fn min_bytes_waits_for_as_much_or_until_the_time_is_over() {
    let node = Node::start().await;
    topic(&node, "t").await;
    produced(&node, produce("t", &[(0, batch(&["small"]))])).await;
    let waiting = fetch("t", &[(0, 0)]).with_max_wait_ms(60_000).with_min_bytes(150);
    let (response, _) = tokio::join!(fetched(&node, waiting), async {
        produced(&node, produce("t", &[(0, batch(&["x".repeat(100).as_str()]))])).await
    });
    assert_eq!(values(partitions(&response)[0]).len(), 2);
    let short = fetch("t", &[(0, 0)]).with_max_wait_ms(1).with_min_bytes(1 << 20);
    assert_eq!(values(partitions(&fetched(&node, short).await)[0]).len(), 2);
}

#[tokio::test]
async fn the_first_batch_is_there_whatever_its_size() {
    let node = Node::start().await;
    topic(&node, "t").await;
    for _ in 0..3 {
        produced(&node, produce("t", &[(0, batch(&["x".repeat(1000).as_str()]))])).await;
    }
    let mut small = fetch("t", &[(0, 1)]).with_max_bytes(10);
    small.topics[0].partitions[0].partition_max_bytes = 10;
    let response = fetched(&node, small).await;
    let offsets: Vec<_> = values(partitions(&response)[0]).into_iter().map(|(offset, _)| offset).collect();
    assert_eq!(offsets, [1]);
}

#[tokio::test]
async fn offsets_out_of_range_and_unknown_partitions_are_told() {
    let node = Node::start().await;
    topic(&node, "t").await;
    produced(&node, produce("t", &[(0, batch(&["a"]))])).await;
    let response = fetched(&node, fetch("t", &[(0, 2), (0, -5), (9, 0)]).with_max_wait_ms(60_000)).await;
    let codes: Vec<_> = partitions(&response).iter().map(|data| data.error_code).collect();
    let out_of_range = ResponseError::OffsetOutOfRange.code();
    assert_eq!(codes, [out_of_range, out_of_range, ResponseError::UnknownTopicOrPartition.code()]);
    assert_eq!(partitions(&response)[0].high_watermark, 1);
}

#[tokio::test]
async fn a_session_is_told_changes_only() {
    let node = Node::start().await;
    topic(&node, "a").await;
    topic(&node, "b").await;
    let mut both = fetch("a", &[(0, 0)]).with_session_epoch(0);
    both.topics.extend(fetch("b", &[(0, 0)]).topics);
    let first = fetched(&node, both).await;
    assert_ne!(first.session_id, 0);
    assert_eq!(partitions(&first).len(), 2);
    let next = |epoch| {
        fetch("a", &[]).with_topics(Vec::new()).with_session_id(first.session_id).with_session_epoch(epoch)
    };
    assert_eq!(partitions(&fetched(&node, next(1)).await).len(), 0);
    produced(&node, produce("b", &[(0, batch(&["new"]))])).await;
    let changed = fetched(&node, next(2)).await;
    assert_eq!(changed.responses.len(), 1);
    assert_eq!(changed.responses[0].topic, name("b"));
    assert_eq!(values(partitions(&changed)[0]), [(0, "new".to_owned())]);
    // An epoch that was there before, and a session that never was.
    let code = fetched(&node, next(2)).await.error_code;
    assert_eq!(code, ResponseError::InvalidFetchSessionEpoch.code());
    let unknown = next(3).with_session_id(first.session_id ^ 1);
    assert_eq!(fetched(&node, unknown).await.error_code, ResponseError::FetchSessionIdNotFound.code());
    // Ended by the client.
    assert_eq!(fetched(&node, next(-1)).await.session_id, 0);
    assert_eq!(fetched(&node, next(3)).await.error_code, ResponseError::FetchSessionIdNotFound.code());
}

#[tokio::test]
async fn offsets_are_listed_by_place_and_time() {
    let node = Node::start().await;
    topic(&node, "t").await;
    produced(&node, produce("t", &[(0, batch(&["a", "b"]))])).await;
    let cases = [
        (-2, (0, -1)),
        (-1, (2, -1)),
        (-3, (0, 1000)),
        (-4, (0, -1)),
        (-5, (-1, -1)),
        (1000, (0, 1000)),
        (1001, (-1, -1)),
    ];
    for (timestamp, expected) in cases {
        let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
        let asked = ListOffsetsTopic::default().with_name(name("t")).with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default().with_topics(vec![asked]);
        let Response::ListOffsets(response) = node.ask(9, RequestBody::ListOffsets(request)).await else {
            panic!()
        };
        let found = &response.topics[0].partitions[0];
        assert_eq!((found.error_code, (found.offset, found.timestamp)), (0, expected), "{timestamp}");
    }
}

#[tokio::test]
async fn a_topic_made_again_shares_nothing_with_the_one_before() {
    let node = Node::start().await;
    let before = topic(&node, "t").await.topic_id;
    produced(&node, produce("t", &[(0, batch(&["old"]))])).await;
    let request = DeleteTopicsRequest::default().with_topic_names(vec![name("t")]);
    let Response::DeleteTopics(deleted) = node.ask(3, RequestBody::DeleteTopics(request)).await else {
        panic!()
    };
    assert_eq!(deleted.responses[0].error_code, 0);
    let gone = produced(&node, produce("t", &[(0, batch(&["gone"]))])).await;
    assert_eq!(gone[0].error_code, ResponseError::UnknownTopicOrPartition.code());
    assert_ne!(topic(&node, "t").await.topic_id, before);
    assert_eq!(produced(&node, produce("t", &[(0, batch(&["new"]))])).await[0].base_offset, 0);
}

#[tokio::test]
async fn names_that_no_topic_can_have_are_refused() {
    let node = Node::start().await;
    for bad in ["", ".", "..", "a/b", "a b", "x".repeat(250).as_str()] {
        assert_eq!(topic(&node, bad).await.error_code, ResponseError::InvalidTopicException.code(), "{bad}");
    }
    let all = MetadataRequest::default().with_topics(None);
    let Response::Metadata(all) = node.ask(9, RequestBody::Metadata(all)).await else { panic!() };
    assert_eq!((all.topics.len(), all.brokers.len(), all.controller_id), (0, 1, all.brokers[0].node_id));
}
