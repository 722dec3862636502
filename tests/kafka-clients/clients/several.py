"""librdkafka with two agents, of which the one that it uses goes away while records are produced and consumed.

The folder FOREBAY_SIGNS is how this and the test tell each other what has happened: there is `flowing` once records have
gone all the way, and `gone` once the agent is gone.
"""

import os
import pathlib
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from report import BOOTSTRAP, expect, feature, run, until
import report

SIGNS = pathlib.Path(os.environ["FOREBAY_SIGNS"])
PARTITIONS = 3
# All have the same client id: they use the same agent.
BASE = {
    "bootstrap.servers": BOOTSTRAP,
    "client.id": "orders",
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 200,
    "topic.metadata.propagation.max.ms": 100,
}


class Reader(threading.Thread):
    """A member of a group that keeps what it sees."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.seen = set()
        self.failure = None
        self.stopping = threading.Event()
        self.consumer = Consumer({**BASE, "group.id": name, "auto.offset.reset": "earliest", "fetch.wait.max.ms": 100})
        self.consumer.subscribe([name])

    def run(self):
        try:
            while not self.stopping.is_set():
                for message in self.consumer.consume(500, 0.05):
                    if message.error() is None:
                        self.seen.add(message.value())
                    elif not message.error().retriable() and not message.error().code() < 0:
                        raise KafkaException(message.error())
            self.consumer.close()
        except Exception as failure:
            self.failure = failure


@feature("clients go to another agent when theirs is gone")
def follow():
    name = report.topic("several", "follow")
    admin = AdminClient(BASE)
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        future.result(20)
    producer = Producer({**BASE, "enable.idempotence": True, "linger.ms": 5})
    acknowledged, failures, sent = set(), [], 0

    def delivered(error, message):
        failures.append(error) if error else acknowledged.add(message.value())

    def send():
        nonlocal sent
        producer.produce(name, f"{sent:06d}", on_delivery=delivered)
        sent += 1
        producer.poll(0.002)

    reader = Reader(name)
    reader.start()
    until(lambda: send() or len(reader.seen) > 50)
    (SIGNS / "flowing").touch()
    until(lambda: send() or (SIGNS / "gone").exists())
    after = sent
    until(lambda: send() or any(value >= f"{after:06d}".encode() for value in reader.seen), 40)
    expect(producer.flush(40), 0)
    expect(failures, [])
    expect(len(acknowledged), sent)
    until(lambda: reader.failure or acknowledged <= reader.seen, 40)
    expect(reader.failure, None)
    reader.stopping.set()
    reader.join(20)
    consumer = Consumer({**BASE, "group.id": "none"})
    ends = [consumer.get_watermark_offsets(TopicPartition(name, at), 20)[1] for at in range(PARTITIONS)]
    consumer.close()
    expect(sum(ends), sent)


run()
