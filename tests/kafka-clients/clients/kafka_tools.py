"""The tools that come with Apache Kafka, as far as they are clients."""

import os
import subprocess
import tempfile

from report import BOOTSTRAP, expect, feature, run, topic, values

JARS = os.environ["KAFKA_TOOLS"]
TOPICS = "org.apache.kafka.tools.TopicCommand"
CONFIGS = "kafka.admin.ConfigCommand"
PRODUCER = "org.apache.kafka.tools.ConsoleProducer"
CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer"


def tool(main, *args, given=None):
    """What it prints."""
    quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"]
    command = ["java", *quick, "-cp", JARS, main, *args]
    done = subprocess.run(command, input=given, capture_output=True, timeout=90, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{main} {args}: {done.stdout} {done.stderr}")
    return done.stdout


def on(main, *args, **more):
    return tool(main, "--bootstrap-server", BOOTSTRAP, *args, **more)


def name_of(feature):
    return topic("kafka-tools", feature)


def create(name, *args):
    on(TOPICS, "--create", "--topic", name, *args)


def read(name, *args):
    got = on(CONSUMER, "--topic", name, "--partition", "0", "--timeout-ms", "3000", *args)
    return got.splitlines()


def text(count):
    return [value.decode() for value in values(count)]


@feature("metadata")
def metadata():
    printed = on("org.apache.kafka.tools.BrokerApiVersionsCommand")
    expect("Produce(0): 0 to 13" in printed, True)


@feature("create and delete topics")
def topics():
    name = name_of("topics")
    create(name, "--partitions", "3", "--config", "retention.ms=5000")
    expect(name in on(TOPICS, "--list").split(), True)
    described = on(TOPICS, "--describe", "--topic", name)
    expect(("PartitionCount: 3" in described, "retention.ms=5000" in described), (True, True))
    on(TOPICS, "--delete", "--topic", name)
    expect(name in on(TOPICS, "--list").split(), False)


@feature("add partitions")
def partitions():
    name = name_of("partitions")
    create(name)
    on(TOPICS, "--alter", "--topic", name, "--partitions", "4")
    expect("PartitionCount: 4" in on(TOPICS, "--describe", "--topic", name), True)


@feature("configurations")
def configurations():
    name = name_of("configurations")
    create(name)
    entity = ["--entity-type", "topics", "--entity-name", name]
    on(CONFIGS, "--alter", *entity, "--add-config", "retention.ms=6000,max.message.bytes=2000")
    on(CONFIGS, "--alter", *entity, "--delete-config", "retention.ms")
    described = on(CONFIGS, "--describe", *entity)
    expect(("retention.ms" in described, "max.message.bytes=2000" in described), (False, True))


def produce(compression):
    name, sent = name_of(f"produce {compression}"), text(100)
    given = "\n".join(sent) + "\n"
    on(PRODUCER, "--topic", name, "--compression-codec", compression, given=given)
    expect(read(name, "--offset", "earliest", "--max-messages", "100"), sent)


for each in ["none", "lz4", "zstd"]:
    feature(f"produce {each}", each)(produce)


@feature("keys, headers and nulls")
def headers():
    name = name_of("headers")
    shape = ["parse.key=true", "parse.headers=true", "null.marker=NULL"]
    properties = [word for each in shape for word in ["--reader-property", each]]
    on(PRODUCER, "--topic", name, *properties, given="a:1,a:2\tkey\tNULL\n")
    shown = [word for each in ["print.key=true", "print.headers=true"] for word in ["--formatter-property", each]]
    expect(read(name, "--offset", "earliest", "--max-messages", "1", *shown), ["a:1,a:2\tkey\tnull"])


@feature("seek")
def seek():
    name, sent = name_of("seek"), text(50)
    on(PRODUCER, "--topic", name, given="\n".join(sent) + "\n")
    expect(read(name, "--offset", "40", "--max-messages", "10"), sent[40:])
    offsets = lambda moment: on("org.apache.kafka.tools.GetOffsetShell", "--topic", name, "--time", moment).strip()
    expect((offsets("earliest"), offsets("latest")), (f"{name}:0:0", f"{name}:0:50"))


@feature("delete records")
def delete_records():
    name = name_of("delete records")
    on(PRODUCER, "--topic", name, given="\n".join(text(10)) + "\n")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write('{"version": 1, "partitions": [{"topic": "%s", "partition": 0, "offset": 4}]}' % name)
        file.flush()
        printed = on("org.apache.kafka.tools.DeleteRecordsCommand", "--offset-json-file", file.name)
    expect("low_watermark: 4" in printed, True)


@feature("idempotent")
def idempotent():
    # It is idempotent by itself.
    name = name_of("idempotent")
    printed = on("org.apache.kafka.tools.VerifiableProducer", "--topic", name, "--max-messages", "1000")
    expect('"sent":1000,"acked":1000' in printed.replace(" ", ""), True)


@feature("acks all")
def acks():
    name = name_of("perf")
    args = ["--topic", name, "--num-records", "20000", "--record-size", "1000", "--throughput", "-1"]
    given = ["--command-property", f"bootstrap.servers={BOOTSTRAP}", "acks=all"]
    printed = tool("org.apache.kafka.tools.ProducerPerformance", *args, *given)
    expect("20000 records sent" in printed, True)


@feature("describe cluster")
def cluster():
    printed = tool("org.apache.kafka.tools.ClusterTool", "cluster-id", "--bootstrap-server", BOOTSTRAP)
    expect("Cluster ID:" in printed, True)


@feature("errors")
def errors():
    name = name_of("errors")
    create(name)
    for args, wanted in [
        (["--create", "--topic", name], " already"),
        (["--create", "--topic", name_of("bad"), "--config", "retention.ms=soon"], "retention.ms"),
        (["--alter", "--topic", name, "--partitions", "1"], "has 1 partitions already"),
    ]:
        try:
            on(TOPICS, *args)
        except RuntimeError as error:
            expect((wanted, wanted in str(error), str(error)), (wanted, True, str(error)))
        else:
            raise AssertionError(f"{args} was taken")


GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"


@feature("consumer group")
def group():
    name = name_of("group")
    create(name, "--partitions", "2")
    on(PRODUCER, "--topic", name, given="a\nb\n")
    args = ["--topic", name, "--group", name, "--from-beginning", "--timeout-ms", "8000"]
    expect(sorted(on(CONSUMER, *args, "--max-messages", "2").splitlines()), ["a", "b"])
    described = on(GROUPS, "--describe", "--group", name)
    expect([line.split()[3:6] for line in described.splitlines() if line.startswith(name) and line.split()[3] != "0"] != [], True)


@feature("group administration")
def group_administration():
    name = name_of("administration")
    create(name)
    on(PRODUCER, "--topic", name, given="a\nb\n")
    on(CONSUMER, "--topic", name, "--group", name, "--from-beginning", "--timeout-ms", "8000", "--max-messages", "2")
    expect(name in on(GROUPS, "--list").split(), True)
    expect("Empty" in on(GROUPS, "--describe", "--group", name, "--state"), True)
    on(GROUPS, "--reset-offsets", "--group", name, "--topic", name, "--to-offset", "1", "--execute")
    (line,) = [line for line in on(GROUPS, "--describe", "--group", name).splitlines() if line.startswith(name)]
    expect(line.split()[2:6], ["0", "1", "2", "1"])
    on(GROUPS, "--delete-offsets", "--group", name, "--topic", name)
    on(GROUPS, "--delete", "--group", name)
    expect(name in on(GROUPS, "--list").split(), False)


run()
