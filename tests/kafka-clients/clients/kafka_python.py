"""kafka-python, with what it needs for all compressions."""

import functools
import os
import threading

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors as kafka_errors
from kafka.admin import ConfigResource, OffsetSpec
from report import BOOTSTRAP, COMPRESSIONS, expect, feature, run, until, values
import report

TIMEOUT = 20


def topic(name):
    return report.topic("kafka-python", name)


@functools.cache
def admin():
    return KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def producer(**settings):
    return KafkaProducer(bootstrap_servers=BOOTSTRAP, **{"enable_idempotence": False, "linger_ms": 5, **settings})


def consumer(name, **settings):
    base = {"auto_offset_reset": "none", "enable_auto_commit": False, "fetch_max_wait_ms": 100}
    reader = KafkaConsumer(bootstrap_servers=BOOTSTRAP, **{**base, **settings})
    reader.assign([TopicPartition(name, 0)])
    return reader


def create(name, partitions=1, **configs):
    configs = {name.replace("_", "."): str(value) for name, value in configs.items()}
    admin().create_topics({name: {"num_partitions": partitions, "replication_factor": 1, "configs": configs}})


def send(name, all_values, settings=None, **more):
    """Produces to partition 0, and tells the offsets."""
    sender = producer(**(settings or {}))
    try:
        sent = [sender.send(name, value, partition=0, **more) for value in all_values]
        return [future.get(TIMEOUT).offset for future in sent]
    finally:
        sender.close()


def read(name, count, offset=0, **settings):
    """As many messages from an offset on."""
    reader = consumer(name, **settings)
    try:
        reader.seek(TopicPartition(name, 0), offset)
        found = []

        def enough():
            for messages in reader.poll(timeout_ms=200).values():
                found.extend(messages)
            return len(found) >= count

        until(enough)
        return found
    finally:
        reader.close()


def failure(work):
    try:
        work()
    except kafka_errors.KafkaError as error:
        return type(error)
    return None


@feature("metadata")
def metadata():
    name = topic("metadata")
    create(name, 3)
    reader = KafkaConsumer(bootstrap_servers=BOOTSTRAP)
    expect(reader.partitions_for_topic(name), {0, 1, 2})
    expect(name in reader.topics(), True)
    reader.close()


def produce(compression):
    name, sent = topic(f"produce {compression}"), values(500)
    create(name)
    send(name, sent, {"compression_type": None if compression == "none" else compression})
    expect([message.value for message in read(name, 500)], sent)


for each in COMPRESSIONS:
    feature(f"produce {each}", each)(produce)


def acks(wanted):
    name, sent = topic(f"acks {wanted}"), values(200)
    create(name)
    offsets = send(name, sent, {"acks": wanted})
    if wanted != 0:
        expect(offsets, list(range(200)))
    expect([message.value for message in read(name, 200)], sent)


for each in [0, 1, "all"]:
    feature(f"acks {each}", each)(acks)


@feature("idempotent")
def idempotent():
    name, sent = topic("idempotent"), values(100)
    create(name)
    expect(send(name, sent, {"enable_idempotence": True, "batch_size": 512}), list(range(100)))
    expect([message.value for message in read(name, 100)], sent)


@feature("auto-created topic")
def auto_created():
    expect(send(topic("auto-created topic"), values(1)), [0])


@feature("keys, headers and nulls")
def headers():
    name = topic("headers")
    create(name)
    wanted = [("a", b"1"), ("a", b"\xff"), ("", b"")]
    send(name, [None], key=b"key", headers=wanted, timestamp_ms=1_700_000_000_123)
    (message,) = read(name, 1)
    expect((message.key, message.value, list(message.headers)), (b"key", None, wanted))
    expect((message.timestamp_type, message.timestamp), (0, 1_700_000_000_123))


def three(name):
    """Records of three moments: 1000, 2000 and 3000 ms."""
    create(name)
    for number in [1, 2, 3]:
        send(name, [b"%d" % number], timestamp_ms=number * 1000)


@feature("fetch from earliest")
def earliest():
    name = topic("earliest")
    three(name)
    partition = TopicPartition(name, 0)
    reader = consumer(name, auto_offset_reset="earliest")
    expect(reader.beginning_offsets([partition]), {partition: 0})
    reader.seek_to_beginning(partition)
    expect(reader.position(partition), 0)
    reader.close()
    expect([message.offset for message in read(name, 3)], [0, 1, 2])


@feature("fetch from latest")
def latest():
    name = topic("latest")
    three(name)
    partition = TopicPartition(name, 0)
    reader = consumer(name)
    expect(reader.end_offsets([partition]), {partition: 3})
    reader.seek_to_end(partition)
    expect(reader.position(partition), 3)
    send(name, [b"4"])
    messages = until(lambda: reader.poll(timeout_ms=200))
    expect([(message.offset, message.value) for message in messages[partition]], [(3, b"4")])
    reader.close()


@feature("fetch from timestamp")
def timestamp():
    name = topic("timestamp")
    three(name)
    partition = TopicPartition(name, 0)
    reader = consumer(name)
    for moment, offset in [(0, 0), (1000, 0), (1001, 1), (3000, 2), (3001, None)]:
        found = reader.offsets_for_times({partition: moment})[partition]
        expect((moment, found and found.offset), (moment, offset))
    reader.close()
    expect([message.value for message in read(name, 2, 1)], [b"2", b"3"])
    for spec, offset in [(OffsetSpec.EARLIEST, 0), (OffsetSpec.LATEST, 3), (OffsetSpec.MAX_TIMESTAMP, 2)]:
        expect(admin().list_partition_offsets({partition: spec})[partition].offset, offset)


@feature("seek")
def seek():
    name, sent = topic("seek"), values(300)
    create(name)
    send(name, sent)
    reader, partition = consumer(name), TopicPartition(name, 0)
    reader.seek(partition, 0)
    until(lambda: reader.poll(timeout_ms=200, max_records=10))
    reader.seek(partition, 250)
    messages = until(lambda: reader.poll(timeout_ms=200))[partition]
    expect((messages[0].offset, messages[0].value), (250, sent[250]))
    reader.close()


@feature("large records")
def large():
    name, sent = topic("large"), [os.urandom(4_000_000) for _ in range(3)]
    create(name, max_message_bytes=5_000_000)
    send(name, sent, {"max_request_size": 5_000_000})
    found = read(name, 3, max_partition_fetch_bytes=100_000)
    expect([message.value == value for message, value in zip(found, sent, strict=True)], [True] * 3)


@feature("create and delete topics")
def topics():
    name = topic("topics")
    create(name, 2, retention_ms=1000)
    expect(failure(lambda: create(name)), kafka_errors.TopicAlreadyExistsError)
    expect(name in admin().list_topics(), True)
    admin().delete_topics([name])
    until(lambda: name not in admin().list_topics())
    expect(failure(lambda: admin().delete_topics([name])), kafka_errors.UnknownTopicOrPartitionError)
    admin().create_topics({name: {"num_partitions": 2, "replication_factor": 1}}, validate_only=True)
    expect(name in admin().list_topics(), False)


@feature("add partitions")
def partitions():
    name = topic("partitions")
    create(name)
    admin().create_partitions({name: 4})
    (described,) = admin().describe_topics([name])
    expect(len(described["partitions"]), 4)
    (described,) = admin().describe_topic_partitions([name])["topics"]
    expect(len(described["partitions"]), 4)
    expect(failure(lambda: admin().create_partitions({name: 2})), kafka_errors.InvalidPartitionsError)


@feature("configurations")
def configurations():
    name = topic("configurations")
    create(name, retention_ms=5000)

    def described():
        resource = ConfigResource("TOPIC", name)
        configs = admin().describe_configs([resource], config_filter="all")["topic"][name]
        return configs["retention.ms"]["value"], configs["max.message.bytes"]["value"]

    expect(described(), ("5000", "1048588"))
    admin().alter_configs([ConfigResource("TOPIC", name, {"retention.ms": "6000"})])
    expect(described(), ("6000", "1048588"))
    admin().alter_configs([ConfigResource("TOPIC", name, {"max.message.bytes": "2000"})], incremental=False)
    expect(described(), ("6000", "2000"))
    admin().reset_configs([ConfigResource("TOPIC", name, ["retention.ms"])])
    expect(described(), ("604800000", "2000"))


@feature("delete records")
def delete_records():
    name, sent = topic("delete records"), values(10)
    create(name)
    send(name, sent)
    partition = TopicPartition(name, 0)
    expect(admin().delete_records({partition: 4})[partition]["low_watermark"], 4)
    expect([message.value for message in read(name, 6, 4)], sent[4:])
    beyond = lambda: admin().delete_records({partition: 11})
    expect(failure(beyond), kafka_errors.OffsetOutOfRangeError)


@feature("describe cluster")
def cluster():
    described = admin().describe_cluster()
    expect(len(described["brokers"]), 1)
    expect(described["controller_id"], described["brokers"][0]["broker_id"])
    expect(bool(described["cluster_id"]), True)


@feature("topic made again under load")
def made_again():
    name, sender = topic("again"), producer(metadata_max_age_ms=50, retries=100, acks="all")
    create(name)
    stop, sent = threading.Event(), []

    def load():
        while not stop.wait(0.002):
            try:
                sent.append(sender.send(name, b"%d" % len(sent), partition=0))
            except kafka_errors.KafkaError:
                pass  # It did not know the topic for a moment.

    def succeeded(since):
        return sum(future.is_done and not future.failed() for future in sent[since:])

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(3):
            seen = len(sent)
            until(lambda: succeeded(seen) > 20)
            admin().delete_topics([name])
            expect(failure(lambda: create(name)) in (None, kafka_errors.TopicAlreadyExistsError), True)
        seen = len(sent)
        until(lambda: succeeded(seen) > 20)
    finally:
        stop.set()
        thread.join()
        sender.close(TIMEOUT)
    wrong = {repr(future.exception) for future in sent if future.failed()}
    expect({error for error in wrong if "UnknownTopic" not in error}, set())
    end = consumer(name).end_offsets([TopicPartition(name, 0)])[TopicPartition(name, 0)]
    found = read(name, end)
    expect([message.offset for message in found], list(range(end)))


@feature("errors")
def errors():
    name = topic("errors")
    create(name)
    too_large = lambda: send(name, [os.urandom(2_000_000)], {"max_request_size": 5_000_000})
    expect(failure(too_large), kafka_errors.MessageSizeTooLargeError)
    expect(failure(lambda: create("not/a/topic")), kafka_errors.InvalidTopicError)
    expect(failure(lambda: create(topic("none"), 0)), kafka_errors.InvalidPartitionsError)
    expect(failure(lambda: create(topic("bad"), segment_flavour=1)), kafka_errors.InvalidConfigurationError)
    expect(failure(lambda: read(name, 1, 17)), kafka_errors.OffsetOutOfRangeError)


GROUP = {"auto_offset_reset": "earliest", "session_timeout_ms": 6000, "heartbeat_interval_ms": 300}


def member(name):
    return KafkaConsumer(name, bootstrap_servers=BOOTSTRAP, group_id=name, enable_auto_commit=False, fetch_max_wait_ms=100, **GROUP)


def take(reader, count):
    found = []

    def enough():
        for messages in reader.poll(timeout_ms=200).values():
            found.extend(message.value for message in messages)
        return len(found) >= count

    until(enough, 40)
    return sorted(found)


@feature("consumer group")
def group():
    name = topic("group")
    create(name, 2)
    send(name, [b"a", b"b"])
    first = member(name)
    expect(take(first, 2), [b"a", b"b"])
    first.commit()
    first.close()
    send(name, [b"c"])
    second = member(name)
    expect(take(second, 1), [b"c"])
    second.close()


class Polled(threading.Thread):
    """A member on a thread of its own: what a short poll leaves undone of a join, the client begins anew."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name_of_topic = name
        self.share = []
        self.stopped = threading.Event()
        self.start()

    def run(self):
        reader = member(self.name_of_topic)
        while not self.stopped.is_set():
            reader.poll(timeout_ms=1000)
            self.share = sorted(each.partition for each in reader.assignment())
        reader.close()

    def stop(self):
        self.stopped.set()
        self.join()


@feature("rebalance")
def group_rebalance():
    name = topic("rebalance")
    create(name, 4)
    readers = [Polled(name), Polled(name)]
    until(lambda: sorted(len(each.share) for each in readers) == [2, 2], 60)
    readers.pop().stop()
    until(lambda: readers[0].share == [0, 1, 2, 3], 60)
    readers.pop().stop()


run()
