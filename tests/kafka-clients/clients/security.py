"""TLS, logging in and ACLs: librdkafka, through confluent-kafka for Python, and kafka-python.

The variables say where the files of TLS are; the first argument is where clients log in over TLS, and MTLS where they
show a certificate.
"""

import functools
import os

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka import KafkaProducer
from kafka.errors import KafkaError as PythonError
from report import BOOTSTRAP, expect, feature, run, topic

TIMEOUT = 20
FILES, MTLS = os.environ["TLS_FILES"], os.environ["MTLS"]
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def settings(user, password, mechanism="SCRAM-SHA-512", **more):
    return {
        "bootstrap.servers": BOOTSTRAP,
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": f"{FILES}/roots.pem",
        "sasl.mechanism": mechanism,
        "sasl.username": user,
        "sasl.password": password,
        "socket.connection.setup.timeout.ms": 5000,
        **more,
    }


# A client that nobody refers to is ended, whatever it was asked.
clients = []


def asking(configs):
    clients.append(AdminClient(configs))
    return clients[-1]


@functools.cache
def admin():
    return asking(settings("admin", "admin's"))


def done(futures):
    return [future.result(TIMEOUT) for future in futures.values()]


def send(configs, name):
    """Produces one message; the code of the error, or none."""
    outcome = []
    sender = Producer({**configs, "message.timeout.ms": 4000})
    sender.produce(name, b"a", on_delivery=lambda error, _: outcome.append(error and error.code()))
    sender.flush(TIMEOUT)
    return outcome[0]


def send_python(name, **configs):
    sender = KafkaProducer(max_block_ms=5000, bootstrap_timeout_ms=3000, retries=0, **configs)
    try:
        sender.send(name, b"a").get(TIMEOUT)
    finally:
        sender.close(1)


def allow(user, operation, name, pattern=ResourcePatternType.LITERAL, kind=ResourceType.TOPIC):
    allowed = AclPermissionType.ALLOW
    return AclBinding(kind, name, pattern, f"User:{user}", "*", operation, allowed)


@functools.cache
def shared():
    """A topic that alice may write to."""
    name = topic("security", "shared")
    done(admin().create_topics([NewTopic(name, 1)]))
    done(admin().create_acls([allow("alice", AclOperation.WRITE, name)]))
    return name


@feature("librdkafka logs in")
def librdkafka():
    for mechanism in MECHANISMS:
        expect((mechanism, send(settings("alice", "secret", mechanism), shared())), (mechanism, None))


@feature("librdkafka with a wrong password")
def librdkafka_wrong():
    for mechanism in MECHANISMS:
        told = []
        client = AdminClient(settings("alice", "wrong", mechanism, error_cb=lambda error: told.append(error.code())))
        try:
            client.list_topics(timeout=3)
            raise AssertionError("it was let in")
        except KafkaException:
            client.poll(0.1)
        expect(KafkaError._AUTHENTICATION in told, True)


@feature("librdkafka without TLS")
def librdkafka_plain():
    for protocol in ["SASL_PLAINTEXT", "PLAINTEXT"]:
        client = AdminClient(settings("alice", "secret") | {"security.protocol": protocol})
        try:
            client.list_topics(timeout=2)
            raise AssertionError("it was let in")
        except KafkaException:
            pass


@feature("kafka-python logs in")
def kafka_python():
    for mechanism in MECHANISMS:
        send_python(shared(), **python_settings("alice", "secret", mechanism))
    try:
        send_python(shared(), **python_settings("alice", "wrong", "SCRAM-SHA-256"))
        raise AssertionError("it was let in")
    except PythonError:
        pass


def python_settings(user, password, mechanism):
    return {
        "bootstrap_servers": BOOTSTRAP,
        "security_protocol": "SASL_SSL",
        "ssl_cafile": f"{FILES}/roots.pem",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }


@feature("certificates of clients")
def certificates():
    base = {"bootstrap.servers": MTLS, "security.protocol": "SSL", "ssl.ca.location": f"{FILES}/roots.pem"}
    shown = {
        "ssl.certificate.location": f"{FILES}/client.pem",
        "ssl.key.location": f"{FILES}/client.key",
    }
    name = topic("security", "certificates")
    done(asking({**base, **shown}).create_topics([NewTopic(name, 1)]))
    expect(send({**base, **shown}, name), None)
    python = {"bootstrap_servers": MTLS, "security_protocol": "SSL", "ssl_cafile": f"{FILES}/roots.pem"}
    send_python(name, **python, ssl_certfile=f"{FILES}/client.pem", ssl_keyfile=f"{FILES}/client.key")
    old = {"ssl.certificate.location": f"{FILES}/expired.pem", "ssl.key.location": f"{FILES}/expired.key"}
    for none in [{}, old]:
        try:
            asking({**base, **none}).list_topics(timeout=2)
            raise AssertionError("it was let in")
        except KafkaException:
            pass


@feature("ACLs are kept to")
def acls():
    name = topic("security", "acls")
    done(admin().create_topics([NewTopic(name, 1)]))
    alice = settings("alice", "secret")
    expect(send(alice, name), KafkaError.TOPIC_AUTHORIZATION_FAILED)
    expect(name in asking(alice).list_topics(timeout=TIMEOUT).topics, False)
    write = allow("alice", AclOperation.WRITE, name[:-2], ResourcePatternType.PREFIXED)
    done(admin().create_acls([write]))
    expect(send(alice, name), None)
    reader = Consumer({**alice, "group.id": "none", "enable.auto.commit": False})
    try:
        reader.get_watermark_offsets(TopicPartition(name, 0), timeout=TIMEOUT)
        reader.assign([TopicPartition(name, 0, 0)])
        codes = set()
        for _ in range(50):
            if (message := reader.poll(0.1)) and message.error():
                codes.add(message.error().code())
            if KafkaError.TOPIC_AUTHORIZATION_FAILED in codes:
                break
        expect(KafkaError.TOPIC_AUTHORIZATION_FAILED in codes, True)
    finally:
        reader.close()
    found = AclBindingFilter(
        ResourceType.TOPIC, name, ResourcePatternType.MATCH, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    expect([acl.name for acl in admin().describe_acls(found).result(TIMEOUT)], [name[:-2]])
    deleted = done(admin().delete_acls([found]))
    expect([len(acls) for acls in deleted], [1])
    expect(send(alice, name), KafkaError.TOPIC_AUTHORIZATION_FAILED)
    try:
        done(asking(alice).create_acls([write]))
        raise AssertionError("it was let in")
    except KafkaException as error:
        expect(error.args[0].code(), KafkaError.CLUSTER_AUTHORIZATION_FAILED)


@feature("credentials are changed")
def credentials():
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 4096)
    put = lambda password: UserScramCredentialUpsertion("bob", info, password)
    done(admin().alter_user_scram_credentials([put(b"first")]))
    done(admin().create_acls([allow("bob", AclOperation.WRITE, shared())]))
    bob = lambda password: settings("bob", password, "SCRAM-SHA-256")
    expect(send(bob("first"), shared()), None)
    done(admin().alter_user_scram_credentials([put(b"second")]))
    expect(send(bob("second"), shared()), None)
    expect(send(settings("bob", "second", "PLAIN"), shared()), None)
    (described,) = done(admin().describe_user_scram_credentials(["bob"]))
    expect([info.iterations for info in described.scram_credential_infos], [4096])
    gone = UserScramCredentialDeletion("bob", ScramMechanism.SCRAM_SHA_256)
    done(admin().alter_user_scram_credentials([gone]))
    expect(send(bob("second"), shared()) is None, False)


run()
