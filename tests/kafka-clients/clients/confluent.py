"""librdkafka, through confluent-kafka for Python."""

import functools
import os
import threading
import time

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import ConsumerGroupTopicPartitions, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from report import BOOTSTRAP, COMPRESSIONS, expect, feature, run, until, values
import report

TIMEOUT = 20


def topic(name):
    return report.topic("confluent", name)


@functools.cache
def admin():
    return AdminClient({"bootstrap.servers": BOOTSTRAP})


def producer(**settings):
    settings = {name.replace("_", "."): value for name, value in settings.items()}
    return Producer({"bootstrap.servers": BOOTSTRAP, "linger.ms": 5, **settings})


def consumer(**settings):
    settings = {name.replace("_", "."): value for name, value in settings.items()}
    base = {
        "bootstrap.servers": BOOTSTRAP,
        # It is demanded, and not used: partitions are assigned by hand.
        "group.id": "none",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "fetch.wait.max.ms": 100,
        "topic.metadata.propagation.max.ms": 100,
    }
    return Consumer({**base, **settings})


def done(futures):
    """The result of each future by its name; raises what one failed with."""
    return {name: future.result(TIMEOUT) for name, future in futures.items()}


def create(name, partitions=1, **configs):
    configs = {name.replace("_", "."): str(value) for name, value in configs.items()}
    done(admin().create_topics([NewTopic(name, partitions, 1, config=configs)]))


def send(sender, name, all_values, **more):
    """Produces to partition 0, and tells the offsets."""
    offsets, failures = [], []

    def delivered(error, message):
        failures.append(error) if error else offsets.append(message.offset())

    for value in all_values:
        sender.produce(name, value, partition=0, on_delivery=delivered, **more)
        sender.poll(0)
    expect(sender.flush(TIMEOUT), 0)
    if failures:
        raise KafkaException(failures[0])
    return offsets


def read(name, offset=OFFSET_BEGINNING, partition=0, **settings):
    """All messages from an offset to the end."""
    reader = consumer(**settings)
    try:
        reader.assign([TopicPartition(name, partition, offset)])
        found, end = [], time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            for message in reader.consume(1000, 0.2):
                if message.error() is None:
                    found.append(message)
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    return found
                elif message.error().code() != NO_COORDINATOR:
                    raise KafkaException(message.error())
        raise AssertionError(f"no end of {name} after {len(found)} messages")
    finally:
        reader.close()


# librdkafka asks for the coordinator of a group also when partitions are assigned by hand, and tells the application
# when there is none. There is none until groups are supported.
NO_COORDINATOR = KafkaError.UNSUPPORTED_VERSION


def polled(reader, seconds=0.2):
    """The next message, or none; raises what else is told."""
    message = reader.poll(seconds)
    if message is None or message.error() is None:
        return message
    if message.error().code() not in (NO_COORDINATOR, KafkaError._PARTITION_EOF):
        raise KafkaException(message.error())
    return None


def failure(work):
    """The code that some work fails with."""
    try:
        work()
    except KafkaException as error:
        return error.args[0].code()
    return None


@feature("metadata")
def metadata():
    name = topic("metadata")
    create(name, 3)
    cluster = admin().list_topics(timeout=TIMEOUT)
    expect(len(cluster.brokers), 1)
    expect(sorted(cluster.topics[name].partitions), [0, 1, 2])


def produce(compression):
    name, sent = topic(f"produce {compression}"), values(500)
    create(name)
    send(producer(compression_type=compression), name, sent)
    expect([message.value() for message in read(name)], sent)


for each in COMPRESSIONS:
    feature(f"produce {each}", each)(produce)


def acks(wanted):
    name, sent = topic(f"acks {wanted}"), values(200)
    create(name)
    offsets = send(producer(acks=wanted), name, sent)
    if wanted != 0:
        expect(offsets, list(range(200)))
    found = until(lambda: (found := read(name)) and len(found) == len(sent) and found)
    expect([message.value() for message in found], sent)


for each in [0, 1, "all"]:
    feature(f"acks {each}", each)(acks)


@feature("idempotent")
def idempotent():
    name, sent = topic("idempotent"), values(100)
    create(name)
    offsets = send(producer(enable_idempotence=True, linger_ms=0, batch_num_messages=10), name, sent)
    expect(offsets, list(range(100)))
    expect([message.value() for message in read(name)], sent)


@feature("auto-created topic")
def auto_created():
    name = topic("auto-created topic")
    expect(send(producer(), name, values(1)), [0])


@feature("keys, headers and nulls")
def headers():
    name = topic("headers")
    create(name)
    wanted = [("a", b"1"), ("a", b"\xff"), ("none", None), ("", b"")]
    send(producer(), name, [None], key=b"key", headers=wanted, timestamp=1_700_000_000_123)
    (message,) = read(name)
    expect((message.key(), message.value(), message.headers()), (b"key", None, wanted))
    expect(message.timestamp(), (1, 1_700_000_000_123))


def three(name):
    """Records of three moments: 1000, 2000 and 3000 ms."""
    create(name)
    sender = producer()
    for number in [1, 2, 3]:
        send(sender, name, [b"%d" % number], timestamp=number * 1000)


@feature("fetch from earliest")
def earliest():
    name = topic("earliest")
    three(name)
    expect([message.offset() for message in read(name)], [0, 1, 2])


@feature("fetch from latest")
def latest():
    name = topic("latest")
    three(name)
    expect(read(name, OFFSET_END), [])
    reader = consumer()
    reader.assign([TopicPartition(name, 0, OFFSET_END)])
    is_end = lambda message: message.error() and message.error().code() == KafkaError._PARTITION_EOF
    until(lambda: (message := reader.poll(0.2)) and is_end(message))
    send(producer(), name, [b"4"])
    message = until(lambda: polled(reader))
    expect((message.offset(), message.value()), (3, b"4"))
    reader.close()


@feature("fetch from timestamp")
def timestamp():
    name = topic("timestamp")
    three(name)
    reader = consumer()
    for moment, offset in [(0, 0), (1000, 0), (1001, 1), (3000, 2), (3001, -1)]:
        (found,) = reader.offsets_for_times([TopicPartition(name, 0, moment)], TIMEOUT)
        expect((moment, found.offset), (moment, offset))
    (partition,) = reader.offsets_for_times([TopicPartition(name, 0, 1500)], TIMEOUT)
    reader.close()
    expect([message.value() for message in read(name, partition.offset)], [b"2", b"3"])
    partition = TopicPartition(name, 0)
    for spec, offset in [(OffsetSpec.earliest(), 0), (OffsetSpec.latest(), 3), (OffsetSpec.max_timestamp(), 2)]:
        expect(done(admin().list_offsets({partition: spec}))[partition].offset, offset)


@feature("seek")
def seek():
    name, sent = topic("seek"), values(300)
    create(name)
    send(producer(), name, sent)
    reader = consumer()
    reader.assign([TopicPartition(name, 0, 0)])
    until(lambda: polled(reader))
    reader.seek(TopicPartition(name, 0, 250))
    message = until(lambda: (message := polled(reader)) and message.offset() >= 250 and message)
    expect((message.offset(), message.value()), (250, sent[250]))
    expect(reader.get_watermark_offsets(TopicPartition(name, 0), TIMEOUT), (0, 300))
    reader.close()


@feature("large records")
def large():
    name, sent = topic("large"), [os.urandom(4_000_000) for _ in range(3)]
    create(name, max_message_bytes=5_000_000)
    send(producer(message_max_bytes=5_000_000, compression_type="none"), name, sent)
    found = read(name, fetch_message_max_bytes=100_000)
    expect([message.value() == value for message, value in zip(found, sent, strict=True)], [True] * 3)


@feature("create and delete topics")
def topics():
    name = topic("topics")
    create(name, 2, retention_ms=1000)
    expect(failure(lambda: create(name)), KafkaError.TOPIC_ALREADY_EXISTS)
    until(lambda: name in admin().list_topics(timeout=TIMEOUT).topics)
    done(admin().delete_topics([name]))
    until(lambda: name not in admin().list_topics(timeout=TIMEOUT).topics)
    expect(failure(lambda: done(admin().delete_topics([name]))), KafkaError.UNKNOWN_TOPIC_OR_PART)
    done(admin().create_topics([NewTopic(name, 2, 1)], validate_only=True))
    expect(name in admin().list_topics(timeout=TIMEOUT).topics, False)


@feature("add partitions")
def partitions():
    name = topic("partitions")
    create(name)
    done(admin().create_partitions([NewPartitions(name, 4)]))
    until(lambda: len(admin().list_topics(name, timeout=TIMEOUT).topics[name].partitions) == 4)
    less = lambda: done(admin().create_partitions([NewPartitions(name, 2)]))
    expect(failure(less), KafkaError.INVALID_PARTITIONS)


@feature("configurations")
def configurations():
    name = topic("configurations")
    create(name, retention_ms=5000)
    resource = ConfigResource(ResourceType.TOPIC, name)

    def described():
        (configs,) = done(admin().describe_configs([resource])).values()
        return configs["retention.ms"].value, configs["max.message.bytes"].value

    expect(described(), ("5000", "1048588"))
    change = ConfigEntry("retention.ms", "6000", incremental_operation=AlterConfigOpType.SET)
    done(admin().incremental_alter_configs([ConfigResource(ResourceType.TOPIC, name, incremental_configs=[change])]))
    expect(described(), ("6000", "1048588"))
    done(admin().alter_configs([ConfigResource(ResourceType.TOPIC, name, {"max.message.bytes": "2000"})]))
    expect(described(), ("604800000", "2000"))
    broker = str(next(iter(admin().list_topics(timeout=TIMEOUT).brokers)))
    (configs,) = done(admin().describe_configs([ConfigResource(ResourceType.BROKER, broker)])).values()
    expect(bool(configs), True)


@feature("delete records")
def delete_records():
    name, sent = topic("delete records"), values(10)
    create(name)
    send(producer(), name, sent)
    partition = TopicPartition(name, 0, 4)
    expect(done(admin().delete_records([partition]))[partition].low_watermark, 4)
    expect([message.value() for message in read(name)], sent[4:])
    beyond = TopicPartition(name, 0, 11)
    expect(failure(lambda: done(admin().delete_records([beyond]))), KafkaError.OFFSET_OUT_OF_RANGE)


@feature("describe cluster")
def cluster():
    described = admin().describe_cluster().result(TIMEOUT)
    expect(len(described.nodes), 1)
    expect(described.controller.id, described.nodes[0].id)
    expect(bool(described.cluster_id), True)


@feature("topic made again under load")
def made_again():
    name, sender = topic("again"), producer(topic_metadata_refresh_interval_ms=50, enable_idempotence=True)
    create(name)
    stop, outcomes = threading.Event(), []

    def load():
        number = 0
        while not stop.is_set():
            try:
                sender.produce(name, b"%d" % number, partition=0, on_delivery=lambda error, _: outcomes.append(error))
            except KafkaException as error:
                outcomes.append(error.args[0])
            number += 1
            sender.poll(0.002)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(3):
            seen = len(outcomes)
            until(lambda: len(outcomes) > seen + 20)
            done(admin().delete_topics([name]))
            # The producer may have been faster: its question about the topic makes it again.
            expect(failure(lambda: create(name)) in (None, KafkaError.TOPIC_ALREADY_EXISTS), True)
        seen = len(outcomes)
        until(lambda: outcomes[seen:].count(None) > 20)
    except AssertionError:
        raise AssertionError(f"after {len(outcomes)} records: {[str(error) for error in outcomes[-3:]]}")
    finally:
        stop.set()
        thread.join()
    expect(sender.flush(TIMEOUT), 0)
    allowed = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
    wrong = {str(error) for error in outcomes if error is not None and error.code() not in allowed}
    expect(wrong, set())
    found = read(name)
    expect([message.offset() for message in found], list(range(len(found))))
    numbers = [int(message.value()) for message in found]
    expect(numbers, sorted(set(numbers)))


@feature("errors")
def errors():
    name = topic("errors")
    create(name)
    too_large = lambda: send(producer(message_max_bytes=5_000_000), name, [os.urandom(2_000_000)])
    expect(failure(too_large), KafkaError.MSG_SIZE_TOO_LARGE)
    expect(failure(lambda: create("not/a/topic")), KafkaError.TOPIC_EXCEPTION)
    expect(failure(lambda: create(topic("none"), 0)), KafkaError.INVALID_PARTITIONS)
    expect(failure(lambda: create(topic("bad"), segment_flavour=1)), KafkaError.INVALID_CONFIG)
    expect(failure(lambda: create(topic("bad"), retention_ms="soon")), KafkaError.INVALID_CONFIG)
    expect(failure(lambda: read(name, 17)), KafkaError._AUTO_OFFSET_RESET)
    missing = TopicCollection([topic("missing")])
    expect(failure(lambda: done(admin().describe_topics(missing))), KafkaError.UNKNOWN_TOPIC_OR_PART)


GROUP = {"auto_offset_reset": "earliest", "enable_partition_eof": False, "session_timeout_ms": 6000, "heartbeat_interval_ms": 300}
# With the protocol of KIP-848 the group says when to give a sign, and assigns.
KIP_848 = {"auto_offset_reset": "earliest", "enable_partition_eof": False, "group_protocol": "consumer"}


def take(readers, count):
    """So many messages, from whichever of the readers has them."""
    found, end = [], time.monotonic() + 2 * TIMEOUT
    while len(found) < count:
        for reader in readers:
            for message in reader.consume(100, 0.05):
                if message.error() is not None:
                    raise KafkaException(message.error())
                found.append(message)
        if time.monotonic() > end:
            raise AssertionError(f"{len(found)} messages of {count}")
    return found


def group_of(feature, partitions=4):
    name = topic(feature)
    create(name, partitions)
    return name


def fill(name, partitions, text):
    sender = producer()
    for partition in range(partitions):
        sender.produce(name, f"{text}{partition}", partition=partition)
    expect(sender.flush(TIMEOUT), 0)


def resume(name, settings):
    """A group goes on where it was."""
    fill(name, 4, "a")
    first = consumer(group_id=name, **settings)
    first.subscribe([name])
    expect(sorted(message.value() for message in take([first], 4)), [b"a0", b"a1", b"a2", b"a3"])
    first.commit(asynchronous=False)
    first.close()
    fill(name, 4, "b")
    second = consumer(group_id=name, **settings)
    second.subscribe([name])
    expect(sorted(message.value() for message in take([second], 4)), [b"b0", b"b1", b"b2", b"b3"])
    second.close()


def rebalance(name, settings):
    """Two share the partitions, and one has all when the other leaves."""
    readers = [consumer(group_id=name, **settings) for _ in range(2)]
    for reader in readers:
        reader.subscribe([name])

    def shares():
        for reader in readers:
            expect(reader.consume(100, 0.05), [])
        return [sorted(each.partition for each in reader.assignment()) for reader in readers]

    until(lambda: sorted(map(len, shares())) == [2, 2] and sorted(sum(shares(), [])) == [0, 1, 2, 3], 60)
    readers.pop().close()
    until(lambda: shares() == [[0, 1, 2, 3]], 60)
    readers.pop().close()


@feature("consumer group")
def group():
    resume(group_of("group"), GROUP)


@feature("rebalance")
def group_rebalance():
    rebalance(group_of("rebalance"), GROUP)


@feature("cooperative rebalance")
def cooperative():
    rebalance(group_of("cooperative"), {**GROUP, "partition_assignment_strategy": "cooperative-sticky"})


@feature("static member")
def static():
    name = group_of("static")
    settings = {**GROUP, "group_instance_id": "one"}
    first = consumer(group_id=name, **settings)
    first.subscribe([name])
    until(lambda: first.consume(1, 0.05) == [] and len(first.assignment()) == 4, 40)
    first.close()
    # It has not left: it has its partitions again without a rebalance.
    second = consumer(group_id=name, **settings)
    second.subscribe([name])
    until(lambda: second.consume(1, 0.05) == [] and len(second.assignment()) == 4, 40)
    second.close()


@feature("group of KIP-848")
def kip_848():
    resume(group_of("kip 848"), KIP_848)


@feature("rebalance of KIP-848")
def kip_848_rebalance():
    rebalance(group_of("kip 848 rebalance"), KIP_848)


@feature("group administration")
def group_administration():
    name = group_of("administration")
    fill(name, 4, "a")
    reader = consumer(group_id=name, **GROUP)
    reader.subscribe([name])
    take([reader], 4)
    reader.commit(asynchronous=False)
    listed = {each.group_id: each.state.name for each in admin().list_consumer_groups().result(TIMEOUT).valid}
    expect(listed[name], "STABLE")
    described = done(admin().describe_consumer_groups([name]))[name]
    expect([len(member.assignment.topic_partitions) for member in described.members], [4])
    reader.close()
    wanted = [ConsumerGroupTopicPartitions(name)]
    offsets = done(admin().list_consumer_group_offsets(wanted))[name].topic_partitions
    expect(sorted((each.partition, each.offset) for each in offsets), [(index, 1) for index in range(4)])
    back = ConsumerGroupTopicPartitions(name, [TopicPartition(name, 2, 0)])
    done(admin().alter_consumer_group_offsets([back]))
    offsets = done(admin().list_consumer_group_offsets(wanted))[name].topic_partitions
    expect(sorted((each.partition, each.offset) for each in offsets), [(0, 1), (1, 1), (2, 0), (3, 1)])
    done(admin().delete_consumer_groups([name]))
    listed = {each.group_id for each in admin().list_consumer_groups().result(TIMEOUT).valid}
    expect(name in listed, False)


run()
