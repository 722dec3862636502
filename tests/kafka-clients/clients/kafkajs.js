// KafkaJS, with codecs in JavaScript for what it has none for itself. Tells what `report.py` tells.

const crypto = require("crypto");
const { setTimeout: sleep } = require("timers/promises");
const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, Kafka, logLevel, Partitioners } = require("kafkajs");
const lz4 = require("lz4js");
const { ZstdCodec } = require("zstd-codec");

const [bootstrap, ...only] = process.argv.slice(2);
const run = Date.now().toString(36);
const features = [];
const kafka = new Kafka({ clientId: "kafkajs", brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 8, initialRetryTime: 50 } });

CompressionCodecs[CompressionTypes.Snappy] = require("kafkajs-snappy");
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async (encoder) => Buffer.from(lz4.compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from(lz4.decompress(buffer)),
});
const zstd = new Promise((resolve) => ZstdCodec.run((codec) => resolve(new codec.Streaming())));
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder) => Buffer.from((await zstd).compress(encoder.buffer)),
  decompress: async (buffer) => Buffer.from((await zstd).decompress(buffer)),
});

const feature = (name, work) => features.push({ name, work });
const absent = (name, why) => features.push({ name, why });
const topic = (name) => `kafkajs.${name.replace(/[^a-z0-9]+/g, "-")}.${run}`;
const values = (count) => Array.from({ length: count }, (_, number) => `${String(number).padStart(6, "0")}xxxxxxxxxxxxxxxxxxxx`);
const range = (count) => Array.from({ length: count }, (_, number) => number);

function expect(found, wanted) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${left?.slice(0, 300)} instead of ${right?.slice(0, 300)}`);
}

async function until(check) {
  for (const end = Date.now() + 20_000; ; await sleep(20)) {
    const answer = await check();
    if (answer) return answer;
    if (Date.now() > end) throw new Error("waited for 20 s in vain");
  }
}

async function using(client, work) {
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

const admin = (work) => using(kafka.admin(), work);
const producer = (settings, work) => using(kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, ...settings }), work);

async function create(name, numPartitions = 1, configs = {}) {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value: String(value) }));
  return admin((client) => client.createTopics({ topics: [{ topic: name, numPartitions, replicationFactor: 1, configEntries }] }));
}

// The base offset of what was produced to partition 0.
async function send(name, messages, { settings = {}, ...more } = {}) {
  const [told] = await producer(settings, (client) =>
    client.send({ topic: name, messages: messages.map((message) => ({ partition: 0, ...message })), ...more }));
  return told && Number(told.baseOffset);
}

const plain = (all) => all.map((value) => ({ value }));

// KafkaJS has no consumer without a group: partitions are read by what its consumer is built from.
const Cluster = require("kafkajs/src/cluster");
const createSocketFactory = require("kafkajs/src/network/socketFactory");
const { createLogger } = require("kafkajs/src/loggers");
const silent = createLogger({ level: logLevel.NOTHING, logCreator: () => () => {} });

async function cluster(work) {
  const cluster = new Cluster({
    logger: silent, socketFactory: createSocketFactory(), brokers: [bootstrap], clientId: "kafkajs", connectionTimeout: 1000,
    authenticationTimeout: 1000, reauthenticationThreshold: 1000, requestTimeout: 30000, metadataMaxAge: 1000, enforceRequestTimeout: true,
    maxInFlightRequests: null, offsets: new Map(), isolationLevel: 1, retry: { retries: 5 },
  });
  return using(cluster, work);
}

async function fetched(cluster, name, offset, maxBytes = 1_048_576) {
  await cluster.addTargetTopic(name);
  const nodeId = Object.keys(cluster.findLeaderForPartitions(name, [0]))[0];
  const broker = await cluster.findBroker({ nodeId });
  const { responses } = await broker.fetch({
    maxWaitTime: 100, minBytes: 1, maxBytes: 10_485_760, isolationLevel: 1,
    topics: [{ topic: name, partitions: [{ partition: 0, fetchOffset: String(offset), maxBytes }] }],
  });
  // A batch begins before the offset that was asked for when that lies inside of it.
  return responses[0].partitions[0].messages.filter((message) => Number(message.offset) >= offset);
}

const read = (name, count, offset = 0, maxBytes = undefined) => cluster(async (cluster) => {
  const found = [];
  await until(async () => {
    found.push(...(await fetched(cluster, name, offset + found.length, maxBytes)));
    return found.length >= count;
  });
  return found;
});

const text = (messages) => messages.map(({ value }) => value.toString());

async function failure(work) {
  try {
    await work();
  } catch (error) {
    const cause = error.errors?.[0] ?? error.cause ?? error;
    return cause.type ?? error.type ?? error.name;
  }
  return null;
}

feature("metadata", async () => {
  const name = topic("metadata");
  await create(name, 3);
  await admin(async (client) => {
    const { topics } = await client.fetchTopicMetadata({ topics: [name] });
    expect(topics[0].partitions.map(({ partitionId }) => partitionId).sort(), [0, 1, 2]);
    expect((await client.listTopics()).includes(name), true);
  });
});

for (const [compression, type] of [["none", "None"], ["gzip", "GZIP"], ["snappy", "Snappy"], ["lz4", "LZ4"], ["zstd", "ZSTD"]]) {
  feature(`produce ${compression}`, async () => {
    const [name, sent] = [topic(`produce ${compression}`), values(500)];
    await create(name);
    await send(name, plain(sent), { compression: CompressionTypes[type] });
    expect(text(await read(name, 500)), sent);
  });
}

for (const acks of [0, 1, "all"]) {
  feature(`acks ${acks}`, async () => {
    const [name, sent] = [topic(`acks ${acks}`), values(200)];
    await create(name);
    const base = await send(name, plain(sent), { acks: acks === "all" ? -1 : acks });
    if (acks !== 0) expect(base, 0);
    expect(text(await read(name, 200)), sent);
  });
}

feature("idempotent", async () => {
  const [name, sent] = [topic("idempotent"), values(100)];
  await create(name);
  await producer({ idempotent: true, maxInFlightRequests: 1 }, async (client) => {
    for (const part of range(5)) {
      await client.send({ topic: name, messages: plain(sent.slice(part * 20, part * 20 + 20)).map((message) => ({ partition: 0, ...message })) });
    }
  });
  const found = await read(name, 100);
  expect(found.map(({ offset }) => Number(offset)), range(100));
  expect(text(found), sent);
});

feature("auto-created topic", async () => expect(await send(topic("auto-created topic"), plain(values(1))), 0));

feature("keys, headers and nulls", async () => {
  const name = topic("headers");
  await create(name);
  const headers = { a: [Buffer.from("1"), Buffer.from([0xff])], "": Buffer.from("") };
  await send(name, [{ key: "key", value: null, headers, timestamp: "1700000000123" }]);
  const [message] = await read(name, 1);
  expect([message.key.toString(), message.value, message.timestamp, message.headers.a.map((value) => value.toString("hex"))],
    ["key", null, "1700000000123", ["31", "ff"]]);
});

// Records of three moments: 1000, 2000 and 3000 ms.
async function three(name) {
  await create(name);
  for (const number of [1, 2, 3]) await send(name, [{ value: String(number), timestamp: String(number * 1000) }]);
}

const numbers = (messages) => messages.map(({ offset }) => Number(offset));

feature("fetch from earliest", async () => {
  const name = topic("earliest");
  await three(name);
  const [{ low }] = await admin((client) => client.fetchTopicOffsets(name));
  expect(numbers(await read(name, 3, Number(low))), [0, 1, 2]);
});

feature("fetch from latest", async () => {
  const name = topic("latest");
  await three(name);
  const [{ high }] = await admin((client) => client.fetchTopicOffsets(name));
  expect(high, "3");
  await cluster(async (cluster) => {
    expect(await fetched(cluster, name, 3), []);
    await send(name, [{ value: "4" }]);
    expect(text(await until(async () => { const found = await fetched(cluster, name, 3); return found.length && found; })), ["4"]);
  });
});

feature("fetch from timestamp", async () => {
  const name = topic("timestamp");
  await three(name);
  await admin(async (client) => {
    for (const [moment, offset] of [[0, "0"], [1000, "0"], [1001, "1"], [3000, "2"]]) {
      const [found] = await client.fetchTopicOffsetsByTimestamp(name, moment);
      expect([moment, found.offset], [moment, offset]);
    }
  });
  expect(text(await read(name, 2, 1)), ["2", "3"]);
});

feature("seek", async () => {
  const [name, sent] = [topic("seek"), values(300)];
  await create(name);
  await send(name, plain(sent));
  expect(text(await read(name, 10, 250)).slice(0, 10), sent.slice(250, 260));
});

feature("large records", async () => {
  const [name, sent] = [topic("large"), range(3).map(() => crypto.randomBytes(4_000_000))];
  await create(name, 1, { "max.message.bytes": 5_000_000 });
  for (const value of sent) await send(name, [{ value }]);
  const found = await read(name, 3, 0, 100_000);
  expect(found.map(({ value }, index) => value.equals(sent[index])), [true, true, true]);
});

feature("create and delete topics", async () => {
  const name = topic("topics");
  expect(await create(name, 2, { "retention.ms": 1000 }), true);
  expect(await create(name, 2), false);
  await admin(async (client) => {
    expect((await client.listTopics()).includes(name), true);
    await client.deleteTopics({ topics: [name] });
    expect((await client.listTopics()).includes(name), false);
    await client.createTopics({ validateOnly: true, waitForLeaders: false, topics: [{ topic: name }] });
    expect((await client.listTopics()).includes(name), false);
  });
});

feature("add partitions", async () => {
  const name = topic("partitions");
  await create(name);
  await admin(async (client) => {
    await client.createPartitions({ topicPartitions: [{ topic: name, count: 4 }] });
    const { topics } = await client.fetchTopicMetadata({ topics: [name] });
    expect(topics[0].partitions.length, 4);
    expect(await failure(() => client.createPartitions({ topicPartitions: [{ topic: name, count: 2 }] })), "INVALID_PARTITIONS");
  });
});

feature("configurations", async () => {
  const name = topic("configurations");
  await create(name, 1, { "retention.ms": 5000 });
  await admin(async (client) => {
    const described = async () => {
      const { resources } = await client.describeConfigs({ resources: [{ type: ConfigResourceTypes.TOPIC, name }] });
      const configs = Object.fromEntries(resources[0].configEntries.map(({ configName, configValue }) => [configName, configValue]));
      return [configs["retention.ms"], configs["max.message.bytes"]];
    };
    expect(await described(), ["5000", "1048588"]);
    await client.alterConfigs({ validateOnly: false, resources: [{ type: ConfigResourceTypes.TOPIC, name, configEntries: [{ name: "max.message.bytes", value: "2000" }] }] });
    expect(await described(), ["604800000", "2000"]);
  });
});

feature("delete records", async () => {
  const [name, sent] = [topic("delete records"), values(10)];
  await create(name);
  await send(name, plain(sent));
  await admin(async (client) => {
    // It must have heard of the topic, or it does not know whom to ask.
    await client.fetchTopicOffsets(name);
    await client.deleteTopicRecords({ topic: name, partitions: [{ partition: 0, offset: "4" }] });
    const [{ low, high }] = await client.fetchTopicOffsets(name);
    expect([low, high], ["4", "10"]);
  });
  expect(text(await read(name, 6, 4)), sent.slice(4));
});

feature("describe cluster", async () => {
  const { brokers, controller, clusterId } = await admin((client) => client.describeCluster());
  expect([brokers.length, brokers[0].nodeId, Boolean(clusterId)], [1, controller, true]);
});

feature("topic made again under load", async () => {
  const name = topic("again");
  await create(name);
  let [sent, stop, wrong] = [0, false, []];
  await producer({ retry: { retries: 20, initialRetryTime: 20, maxRetryTime: 200 }, metadataMaxAge: 50 }, async (client) => {
    const load = (async () => {
      while (!stop) {
        try {
          await client.send({ topic: name, messages: [{ value: String(sent), partition: 0 }] });
          sent += 1;
        } catch (error) {
          wrong.push(error.type ?? error.name);
        }
      }
    })();
    for (const round of range(4)) {
      const seen = sent;
      await until(() => sent > seen + 3);
      if (round === 3) break;
      await admin((client) => client.deleteTopics({ topics: [name] }));
      await create(name);
    }
    stop = true;
    await load;
  });
  expect(wrong.filter((type) => type !== "UNKNOWN_TOPIC_OR_PARTITION"), []);
  const [{ high }] = await admin((client) => client.fetchTopicOffsets(name));
  expect(numbers(await read(name, Number(high))), range(Number(high)));
});

// Reads as a member of a group until there are so many values; what was read is committed.
async function member(group, name, count) {
  const consumer = kafka.consumer({ groupId: group, sessionTimeout: 6000, heartbeatInterval: 300, maxWaitTimeInMs: 100 });
  const found = [];
  return using(consumer, async () => {
    await consumer.subscribe({ topic: name, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => found.push(message.value.toString()) });
    await until(() => found.length >= count);
    await consumer.stop();
    return found.sort();
  });
}

feature("consumer group", async () => {
  const name = topic("group");
  await create(name, 2);
  await send(name, plain(["a", "b"]));
  expect(await member(name, name, 2), ["a", "b"]);
  await send(name, plain(["c"]));
  expect(await member(name, name, 1), ["c"]);
});

feature("rebalance", async () => {
  const name = topic("rebalance");
  await create(name, 4);
  const shares = [];
  const start = async (index) => {
    const consumer = kafka.consumer({ groupId: name, sessionTimeout: 6000, heartbeatInterval: 300, maxWaitTimeInMs: 100 });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => (shares[index] = payload.memberAssignment[name]?.length ?? 0));
    await consumer.connect();
    await consumer.subscribe({ topic: name, fromBeginning: true });
    await consumer.run({ eachMessage: async () => {} });
    return consumer;
  };
  const consumers = [await start(0), await start(1)];
  await until(() => shares[0] === 2 && shares[1] === 2);
  await consumers[1].disconnect();
  await until(() => shares[0] === 4);
  await consumers[0].disconnect();
});

feature("group administration", async () => {
  const name = topic("administration");
  await create(name, 1);
  await send(name, plain(["a", "b"]));
  await member(name, name, 2);
  await admin(async (client) => {
    const { groups } = await client.listGroups();
    expect(groups.some(({ groupId }) => groupId === name), true);
    const [{ partitions }] = await client.fetchOffsets({ groupId: name, topics: [name] });
    expect(partitions.map(({ offset }) => offset), ["2"]);
    await client.deleteGroups([name]);
  });
});

feature("errors", async () => {
  const name = topic("errors");
  await create(name);
  expect(await failure(() => send(name, [{ value: crypto.randomBytes(2_000_000) }])), "MESSAGE_TOO_LARGE");
  expect(await failure(() => create("not/a/topic")), "INVALID_TOPIC_EXCEPTION");
  expect(await failure(() => create(topic("none"), 0)), "INVALID_PARTITIONS");
  expect(await failure(() => create(topic("bad"), 1, { "segment.flavour": 1 })), "INVALID_CONFIG");
  expect(await failure(() => cluster((cluster) => fetched(cluster, name, 17))), "OFFSET_OUT_OF_RANGE");
});

const oneLine = (text) => String(text).split(/\s+/).join(" ");

(async () => {
  for (const { name, work, why } of features.filter(({ name }) => !only.length || only.includes(name))) {
    const start = Date.now();
    try {
      if (work) await work();
      console.log([name, work ? "yes" : "absent", work ? "" : why].join("\t"));
    } catch (error) {
      console.error(error);
      console.log([name, "no", oneLine(error)].join("\t"));
    }
    console.error(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
  process.exit(0);
})();
