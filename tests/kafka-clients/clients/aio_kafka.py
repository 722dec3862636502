"""aiokafka, with what it needs for all compressions."""

import asyncio
import contextlib
import os
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import errors as kafka_errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import OffsetAndTimestamp
from report import BOOTSTRAP, COMPRESSIONS, absent, expect, feature, run, values
import report

TIMEOUT = 20


def topic(name):
    return report.topic("aiokafka", name)


@contextlib.asynccontextmanager
async def started(client):
    await client.start()
    try:
        yield client
    finally:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())


def admin():
    return started(AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP))


def producer(**settings):
    return started(AIOKafkaProducer(bootstrap_servers=BOOTSTRAP, **{"linger_ms": 5, **settings}))


@contextlib.asynccontextmanager
async def consumer(name, **settings):
    base = {"auto_offset_reset": "none", "enable_auto_commit": False, "fetch_max_wait_ms": 100}
    async with started(AIOKafkaConsumer(bootstrap_servers=BOOTSTRAP, **{**base, **settings})) as reader:
        reader.assign([TopicPartition(name, 0)])
        yield reader


async def until(check):
    """Asks until the answer is true."""
    end = time.monotonic() + TIMEOUT
    while not (answer := await check()):
        if time.monotonic() > end:
            raise AssertionError(f"waited for {TIMEOUT} s in vain")
        await asyncio.sleep(0.02)
    return answer


async def create(name, partitions=1, **configs):
    configs = {name.replace("_", "."): str(value) for name, value in configs.items()}
    async with admin() as client:
        response = await client.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        demand(response.topic_errors)


def demand(errors):
    """Raises the first error of an answer that tells them by topic."""
    for _, code, *_ in errors:
        if code:
            raise kafka_errors.for_code(code)


async def delete(name):
    async with admin() as client:
        demand((await client.delete_topics([name])).topic_error_codes)


async def topic_names():
    async with admin() as client:
        return await client.list_topics()


async def send(name, all_values, settings=None, **more):
    """Produces to partition 0, and tells the offsets."""
    async with producer(**(settings or {})) as sender:
        sent = [await sender.send(name, value, partition=0, **more) for value in all_values]
        await sender.flush()
        told = [await asyncio.wait_for(future, TIMEOUT) for future in sent]
        return [message and message.offset for message in told]


async def read(name, count, offset=0, **settings):
    """As many messages from an offset on."""
    async with consumer(name, **settings) as reader:
        reader.seek(TopicPartition(name, 0), offset)
        found = []

        async def enough():
            for messages in (await reader.getmany(timeout_ms=200)).values():
                found.extend(messages)
            return len(found) >= count

        await until(enough)
        return found


async def failure(work):
    try:
        await work
    except kafka_errors.KafkaError as error:
        return type(error)
    return None


@feature("metadata")
async def metadata():
    name = topic("metadata")
    await create(name, 3)
    async with admin() as client:
        (described,) = await client.describe_topics([name])
    expect(sorted(partition["partition"] for partition in described["partitions"]), [0, 1, 2])
    expect(name in await topic_names(), True)


async def produce(compression):
    name, sent = topic(f"produce {compression}"), values(500)
    await create(name)
    await send(name, sent, {"compression_type": None if compression == "none" else compression})
    expect([message.value for message in await read(name, 500)], sent)


for each in COMPRESSIONS:
    feature(f"produce {each}", each)(produce)


async def acks(wanted):
    name, sent = topic(f"acks {wanted}"), values(200)
    await create(name)
    offsets = await send(name, sent, {"acks": wanted})
    if wanted != 0:
        expect(offsets, list(range(200)))
    expect([message.value for message in await read(name, 200)], sent)


for each in [0, 1, "all"]:
    feature(f"acks {each}", each)(acks)


@feature("idempotent")
async def idempotent():
    name, sent = topic("idempotent"), values(100)
    await create(name)
    expect(await send(name, sent, {"enable_idempotence": True, "max_batch_size": 512}), list(range(100)))
    expect([message.value for message in await read(name, 100)], sent)


@feature("auto-created topic")
async def auto_created():
    expect(await send(topic("auto-created topic"), values(1)), [0])


@feature("keys, headers and nulls")
async def headers():
    name = topic("headers")
    await create(name)
    wanted = [("a", b"1"), ("a", b"\xff"), ("", b"")]
    await send(name, [None], key=b"key", headers=wanted, timestamp_ms=1_700_000_000_123)
    (message,) = await read(name, 1)
    expect((message.key, message.value, list(message.headers)), (b"key", None, wanted))
    expect((message.timestamp_type, message.timestamp), (0, 1_700_000_000_123))


async def three(name):
    """Records of three moments: 1000, 2000 and 3000 ms."""
    await create(name)
    for number in [1, 2, 3]:
        await send(name, [b"%d" % number], timestamp_ms=number * 1000)


@feature("fetch from earliest")
async def earliest():
    name = topic("earliest")
    await three(name)
    partition = TopicPartition(name, 0)
    async with consumer(name) as reader:
        expect(await reader.beginning_offsets([partition]), {partition: 0})
        await reader.seek_to_beginning(partition)
        expect((await asyncio.wait_for(reader.getone(), TIMEOUT)).offset, 0)


@feature("fetch from latest")
async def latest():
    name = topic("latest")
    await three(name)
    partition = TopicPartition(name, 0)
    async with consumer(name) as reader:
        expect(await reader.end_offsets([partition]), {partition: 3})
        await reader.seek_to_end(partition)
        expect(await reader.position(partition), 3)
        await send(name, [b"4"])
        message = await asyncio.wait_for(reader.getone(), TIMEOUT)
        expect((message.offset, message.value), (3, b"4"))


@feature("fetch from timestamp")
async def timestamp():
    name = topic("timestamp")
    await three(name)
    partition = TopicPartition(name, 0)
    async with consumer(name) as reader:
        for moment, wanted in [(0, (0, 1000)), (1000, (0, 1000)), (1001, (1, 2000)), (3000, (2, 3000)), (3001, None)]:
            found = (await reader.offsets_for_times({partition: moment}))[partition]
            expect((moment, found), (moment, wanted and OffsetAndTimestamp(*wanted)))
    expect([message.value for message in await read(name, 2, 1)], [b"2", b"3"])


@feature("seek")
async def seek():
    name, sent = topic("seek"), values(300)
    await create(name)
    await send(name, sent)
    async with consumer(name) as reader:
        reader.seek(TopicPartition(name, 0), 0)
        expect((await asyncio.wait_for(reader.getone(), TIMEOUT)).value, sent[0])
        reader.seek(TopicPartition(name, 0), 250)
        message = await asyncio.wait_for(reader.getone(), TIMEOUT)
        expect((message.offset, message.value), (250, sent[250]))


@feature("large records")
async def large():
    name, sent = topic("large"), [os.urandom(4_000_000) for _ in range(3)]
    await create(name, max_message_bytes=5_000_000)
    await send(name, sent, {"max_request_size": 5_000_000})
    found = await read(name, 3, max_partition_fetch_bytes=100_000)
    expect([message.value == value for message, value in zip(found, sent, strict=True)], [True] * 3)


@feature("create and delete topics")
async def topics():
    name = topic("topics")
    await create(name, 2, retention_ms=1000)
    expect(await failure(create(name)), kafka_errors.TopicAlreadyExistsError)
    expect(name in await topic_names(), True)
    await delete(name)
    expect(name in await topic_names(), False)
    expect(await failure(delete(name)), kafka_errors.UnknownTopicOrPartitionError)
    async with admin() as client:
        demand((await client.create_topics([NewTopic(name, 2, 1)], validate_only=True)).topic_errors)
    expect(name in await topic_names(), False)


@feature("add partitions")
async def partitions():
    name = topic("partitions")
    await create(name)
    async with admin() as client:
        await client.create_partitions({name: NewPartitions(4)})
        (described,) = await client.describe_topics([name])
        expect(len(described["partitions"]), 4)
        less = client.create_partitions({name: NewPartitions(2)})
        expect(await failure(less), kafka_errors.InvalidPartitionsError)


@feature("configurations")
async def configurations():
    name = topic("configurations")
    await create(name, retention_ms=5000)
    async with admin() as client:

        async def described():
            (response,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
            (resource,) = response.resources
            configs = {config[0]: config[1] for config in resource[4]}
            return configs["retention.ms"], configs["max.message.bytes"]

        expect(await described(), ("5000", "1048588"))
        change = ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": "2000"})
        (response,) = await client.alter_configs([change])
        demand((resource[1], resource[0]) for resource in response.resources)
        expect(await described(), ("604800000", "2000"))


@feature("delete records")
async def delete_records():
    name, sent = topic("delete records"), values(10)
    await create(name)
    await send(name, sent)
    partition = TopicPartition(name, 0)
    async with admin() as client:
        expect(await client.delete_records({partition: RecordsToDelete(4)}), {partition: 4})
        beyond = client.delete_records({partition: RecordsToDelete(11)})
        expect(await failure(beyond), kafka_errors.OffsetOutOfRangeError)
    expect([message.value for message in await read(name, 6, 4)], sent[4:])


@feature("describe cluster")
async def cluster():
    async with admin() as client:
        described = await client.describe_cluster()
    (broker,) = described["brokers"]
    expect(described["controller_id"], broker["node_id"])


@feature("topic made again under load")
async def made_again():
    name = topic("again")
    await create(name)
    outcomes, stop = [], asyncio.Event()
    async with producer(metadata_max_age_ms=50, acks="all") as sender:

        async def load():
            while not stop.is_set():
                try:
                    future = await sender.send(name, b"%d" % len(outcomes), partition=0)
                    future.add_done_callback(lambda done: outcomes.append(done.exception()))
                except (kafka_errors.KafkaError, AssertionError):
                    pass  # It did not know the topic for a moment.
                await asyncio.sleep(0.002)

        loading = asyncio.create_task(load())
        for _ in range(4):
            seen = len(outcomes)

            async def going_on():
                return outcomes[seen:].count(None) > 20

            await until(going_on)
            if _ < 3:
                await delete(name)
                expect(await failure(create(name)) in (None, kafka_errors.TopicAlreadyExistsError), True)
        stop.set()
        await loading
        await sender.flush()
    wrong = [error for error in outcomes if error and not isinstance(error, kafka_errors.UnknownTopicOrPartitionError)]
    expect(wrong, [])
    async with consumer(name) as reader:
        (end,) = (await reader.end_offsets([TopicPartition(name, 0)])).values()
    expect([message.offset for message in await read(name, end)], list(range(end)))


@feature("errors")
async def errors():
    name = topic("errors")
    await create(name)
    too_large = send(name, [os.urandom(2_000_000)], {"max_request_size": 5_000_000})
    expect(await failure(too_large), kafka_errors.MessageSizeTooLargeError)
    expect(await failure(create("not/a/topic")), kafka_errors.InvalidTopicError)
    expect(await failure(create(topic("none"), 0)), kafka_errors.InvalidPartitionsError)
    expect(await failure(create(topic("bad"), segment_flavour=1)), kafka_errors.InvalidConfigurationError)
    expect(await failure(read(name, 1, 17)), kafka_errors.OffsetOutOfRangeError)


GROUP = {"auto_offset_reset": "earliest", "session_timeout_ms": 6000, "heartbeat_interval_ms": 300}


def member(name):
    return AIOKafkaConsumer(
        name, bootstrap_servers=BOOTSTRAP, group_id=name, enable_auto_commit=False, fetch_max_wait_ms=100, **GROUP
    )


async def fill(name, sent):
    async with producer() as sender:
        for value in sent:
            await sender.send_and_wait(name, value, partition=0)


async def take(reader, count):
    return [(await asyncio.wait_for(reader.getone(), 2 * TIMEOUT)).value for _ in range(count)]


@feature("consumer group")
async def group():
    name = topic("group")
    await create(name, 2)
    await fill(name, [b"a", b"b"])
    async with started(member(name)) as first:
        expect(await take(first, 2), [b"a", b"b"])
        await first.commit()
    await fill(name, [b"c"])
    async with started(member(name)) as second:
        expect(await take(second, 1), [b"c"])


@feature("rebalance")
async def group_rebalance():
    name = topic("rebalance")
    await create(name, 4)

    async def shares(*readers):
        for reader in readers:
            await reader.getmany(timeout_ms=50)
        return sorted(len(reader.assignment()) for reader in readers)

    async def shared():
        return await shares(first, second) == [2, 2]

    async def alone():
        return await shares(first) == [4]

    async with started(member(name)) as first:
        async with started(member(name)) as second:
            await until(shared)
        await until(alone)


run()
