// KafkaJS over TLS: logged in, and with certificates. Tells what `report.py` tells.

const fs = require("fs");
const { Kafka, logLevel } = require("kafkajs");

const [bootstrap] = process.argv.slice(2);
const { TLS_FILES: files, MTLS: mtls } = process.env;
const read = (name) => fs.readFileSync(`${files}/${name}`, "utf8");
const ca = [read("roots.pem")];
const quick = { logLevel: logLevel.NOTHING, connectionTimeout: 5_000, retry: { retries: 2, initialRetryTime: 50 } };
const login = (mechanism, password = "admin's") =>
  new Kafka({ ...quick, brokers: [bootstrap], ssl: { ca }, sasl: { mechanism, username: "admin", password } });
const shown = (name) =>
  new Kafka({ ...quick, brokers: [mtls], ssl: { ca, ...(name && { cert: read(`${name}.pem`), key: read(`${name}.key`) }) } });

async function using(client, work) {
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.disconnect();
  }
}

// Makes a topic, and produces to it and consumes from it.
async function roundTrip(kafka, topic) {
  await using(kafka.admin(), (admin) => admin.createTopics({ topics: [{ topic, numPartitions: 1 }] }));
  await using(kafka.producer(), (producer) => producer.send({ topic, messages: [{ value: "a" }] }));
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  await using(consumer, async () => {
    await consumer.subscribe({ topic, fromBeginning: true });
    const value = await new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error("waited for 20 s in vain")), 20_000).unref();
      consumer.run({ eachMessage: async ({ message }) => resolve(message.value.toString()) });
    });
    if (value !== "a") throw new Error(`${value} instead of a`);
  });
}

async function refused(kafka) {
  try {
    await using(kafka.admin(), (admin) => admin.listTopics());
  } catch {
    return;
  }
  throw new Error("it was let in");
}

const features = {
  "PLAIN and SCRAM": () =>
    Promise.all(["plain", "scram-sha-256", "scram-sha-512"].map((each) => roundTrip(login(each), `kafkajs.${each}`))),
  "a wrong password": () => Promise.all(["plain", "scram-sha-512"].map((each) => refused(login(each, "wrong")))),
  "no TLS": () => refused(new Kafka({ ...quick, brokers: [bootstrap] })),
  "certificates of clients": async () => {
    await roundTrip(shown("client"), "kafkajs.certificates");
    await Promise.all(["", "expired"].map((name) => refused(shown(name))));
  },
};

(async () => {
  for (const [name, work] of Object.entries(features)) {
    const start = Date.now();
    try {
      await work();
      console.log(`${name}\tyes\t`);
    } catch (error) {
      console.error(error);
      console.log(`${name}\tno\t${String(error).replace(/\s+/g, " ")}`);
    }
    console.error(`${name}: ${(Date.now() - start) / 1000} s`);
  }
  process.exit(0);
})();
