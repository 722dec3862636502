"""Debian's kcat: an older librdkafka, without administration."""

import subprocess
import time

from report import BOOTSTRAP, COMPRESSIONS, absent, expect, feature, run, topic, until, values


def kcat(*args, given=None):
    """What it prints."""
    command = ["kcat", "-b", BOOTSTRAP, "-X", "topic.metadata.propagation.max.ms=100", *args]
    done = subprocess.run(command, input=given, capture_output=True, timeout=40)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def name_of(feature):
    return topic("kcat", feature)


def send(name, sent, *args):
    kcat("-P", "-t", name, "-p", "0", *args, given=b"\n".join(sent))


def read(name, *args):
    """The values from an offset to the end."""
    return kcat("-C", "-t", name, "-p", "0", "-e", "-q", *args).splitlines()


@feature("metadata")
def metadata():
    name = name_of("metadata")
    send(name, values(1))
    listed = kcat("-L").decode()
    expect(f'topic "{name}" with 1 partitions' in listed and "1 brokers:" in listed, True)


def produce(compression):
    name, sent = name_of(f"produce {compression}"), values(500)
    send(name, sent, "-z", compression)
    expect(read(name, "-o", "beginning"), sent)


for each in COMPRESSIONS:
    feature(f"produce {each}", each)(produce)


def acks(wanted):
    name, sent = name_of(f"acks {wanted}"), values(200)
    send(name, values(1))
    send(name, sent, "-X", f"acks={wanted}")
    until(lambda: read(name, "-o", "1") == sent)


for each in [0, 1, "all"]:
    feature(f"acks {each}", each)(acks)


@feature("idempotent")
def idempotent():
    name, sent = name_of("idempotent"), values(100)
    send(name, sent, "-X", "enable.idempotence=true", "-X", "batch.num.messages=20")
    expect(read(name, "-o", "beginning"), sent)


@feature("auto-created topic")
def auto_created():
    name = name_of("auto-created topic")
    send(name, values(3))
    expect(read(name, "-o", "beginning"), values(3))


@feature("keys, headers and nulls")
def headers():
    name = name_of("headers")
    send(name, [b"key:"], "-K", ":", "-Z", "-H", "a=1", "-H", "a=2")
    expect(read(name, "-o", "beginning", "-f", "%k %S %h\n"), [b"key -1 a=1,a=2"])


@feature("fetch from earliest")
def earliest():
    name = name_of("earliest")
    send(name, values(3))
    expect(read(name, "-o", "beginning", "-f", "%o\n"), [b"0", b"1", b"2"])


@feature("fetch from latest")
def latest():
    name = name_of("latest")
    send(name, values(3))
    expect(read(name, "-o", "end"), [])
    expect(read(name, "-o", "-2"), values(3)[1:])
    expect(kcat("-Q", "-t", f"{name}:0:-1").split(), [name.encode(), b"[0]", b"offset", b"3"])


@feature("fetch from timestamp")
def timestamp():
    name = name_of("timestamp")
    send(name, values(2))
    (last,) = read(name, "-o", "1", "-f", "%T\n")
    # The next records must be of a later moment.
    until(lambda: time.time() * 1000 > int(last) + 1)
    moment = str(int(last) + 1)
    expect(kcat("-Q", "-t", f"{name}:0:{moment}").split()[-1], b"-1")
    send(name, [b"late"])
    expect(kcat("-Q", "-t", f"{name}:0:{moment}").split()[-1], b"2")
    expect(read(name, "-o", f"s@{moment}"), [b"late"])


@feature("seek")
def seek():
    name, sent = name_of("seek"), values(300)
    send(name, sent)
    expect(read(name, "-o", "250", "-c", "10"), sent[250:260])


@feature("large records")
def large():
    name, sent = name_of("large"), [b"%d" % number * 900_000 for number in [1, 2, 3]]
    send(name, sent, "-X", "message.max.bytes=1000000")
    expect(read(name, "-o", "beginning", "-X", "fetch.message.max.bytes=1000") == sent, True)


for each in ["create and delete topics", "add partitions", "configurations", "delete records", "describe cluster"]:
    absent(each, "kcat does not administer")
absent("topic made again under load", "kcat does not administer")


@feature("errors")
def errors():
    name = name_of("errors")
    send(name, values(1))
    for args, wanted in [
        (["-C", "-t", name, "-p", "7", "-e"], "does not exist"),
        (["-C", "-t", name, "-p", "0", "-o", "17", "-e", "-X", "auto.offset.reset=error"], "out of range"),
        (["-P", "-t", "not/a/topic"], "Invalid topic"),
    ]:
        try:
            printed = kcat(*args, given=b"x")
        except RuntimeError as error:
            expect((wanted, wanted in str(error), str(error)), (wanted, True, str(error)))
        else:
            raise AssertionError(f"{args} printed {printed}")


@feature("consumer group")
def group():
    name = name_of("group")
    send(name, values(3))
    assigned = ["-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000"]
    expect(kcat("-G", name, "-q", "-e", *assigned, name).splitlines(), values(3))
    send(name, [b"more"])
    expect(kcat("-G", name, "-q", "-e", *assigned, name).splitlines(), [b"more"])


for each in [
    "rebalance", "cooperative rebalance", "static member", "group of KIP-848", "rebalance of KIP-848",
    "group administration",
]:
    absent(each, "kcat does no more with groups than to read")


run()
