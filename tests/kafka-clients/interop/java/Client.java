import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Tries the features of Kafka's client in Java, and tells how each went: the feature, yes, no or absent, and why. */
public final class Client {
    private static final String RUN = Long.toString(System.currentTimeMillis(), 36);
    private static final List<String> COMPRESSIONS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static String bootstrap;
    private static AdminClient admin;

    interface Work {
        void run() throws Exception;
    }

    public static void main(String[] args) {
        bootstrap = args[0];
        List<String> only = Arrays.asList(args).subList(1, args.length);
        admin = AdminClient.create(Map.of("bootstrap.servers", bootstrap));
        features().forEach((name, work) -> {
            if (!only.isEmpty() && !only.contains(name)) {
                return;
            }
            if (Variant.ABSENT.contains(name)) {
                tell(name, "absent", "it is older than that");
                return;
            }
            long start = System.nanoTime();
            try {
                work.run();
                tell(name, "yes", "");
            } catch (Throwable error) {
                error.printStackTrace();
                tell(name, "no", error.toString());
            }
            System.err.printf("%s: %.1f s%n", name, (System.nanoTime() - start) / 1e9);
        });
        System.exit(0);
    }

    static void tell(String name, String outcome, String remark) {
        System.out.println(name + "\t" + outcome + "\t" + remark.replaceAll("\\s+", " "));
    }

    private static Map<String, Work> features() {
        Map<String, Work> features = new java.util.LinkedHashMap<>();
        features.put("metadata", Client::metadata);
        COMPRESSIONS.forEach(each -> features.put("produce " + each, () -> produce(each)));
        List.of("0", "1", "all").forEach(each -> features.put("acks " + each, () -> acks(each)));
        features.put("idempotent", Client::idempotent);
        features.put("auto-created topic", () ->
                expect(send(topic("auto-created topic"), values(1), Map.of()), range(1)));
        features.put("keys, headers and nulls", Client::headers);
        features.put("fetch from earliest", Client::earliest);
        features.put("fetch from latest", Client::latest);
        features.put("fetch from timestamp", Client::timestamp);
        features.put("seek", Client::seek);
        features.put("large records", Client::large);
        features.put("create and delete topics", Client::topics);
        features.put("add partitions", Client::partitions);
        features.put("configurations", Client::configurations);
        features.put("delete records", Client::deleteRecords);
        features.put("describe cluster", Client::cluster);
        features.put("topic made again under load", Client::madeAgain);
        features.put("errors", Client::errors);
        features.put("consumer group", () -> resume("group", Map.of()));
        features.put("rebalance", () -> rebalance("rebalance", Map.of()));
        String cooperative = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";
        features.put("cooperative rebalance",
                () -> rebalance("cooperative", Map.of("partition.assignment.strategy", cooperative)));
        features.put("group of KIP-848", () -> resume("kip 848", Map.of("group.protocol", "consumer")));
        features.put("rebalance of KIP-848",
                () -> rebalance("kip 848 rebalance", Map.of("group.protocol", "consumer")));
        return features;
    }

    /** A member of a group named after its topic. */
    private static KafkaConsumer<byte[], byte[]> member(String name, Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(Map.of(
                "bootstrap.servers", bootstrap, "group.id", name, "auto.offset.reset", "earliest",
                "enable.auto.commit", "false", "fetch.max.wait.ms", "100"));
        if (!settings.containsKey("group.protocol")) {
            all.put("session.timeout.ms", "6000");
            all.put("heartbeat.interval.ms", "300");
        }
        all.putAll(settings);
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(name));
        return consumer;
    }

    private static int take(KafkaConsumer<byte[], byte[]> consumer, int count) {
        int found = 0;
        for (long end = System.nanoTime() + 40_000_000_000L; found < count && System.nanoTime() < end; ) {
            found += consumer.poll(Duration.ofMillis(50)).count();
        }
        return found;
    }

    private static void resume(String feature, Map<String, Object> settings) throws Exception {
        String name = create(feature, 2);
        send(name, values(3), Map.of());
        try (KafkaConsumer<byte[], byte[]> consumer = member(name, settings)) {
            expect(take(consumer, 3), 3);
            consumer.commitSync();
        }
        send(name, values(1), Map.of());
        try (KafkaConsumer<byte[], byte[]> consumer = member(name, settings)) {
            expect(take(consumer, 1), 1);
            expect(consumer.position(new TopicPartition(name, 0)), 4L);
        }
    }

    private static void rebalance(String feature, Map<String, Object> settings) throws Exception {
        String name = create(feature, 4);
        try (KafkaConsumer<byte[], byte[]> one = member(name, settings)) {
            try (KafkaConsumer<byte[], byte[]> two = member(name, settings)) {
                share(2, List.of(one, two));
            }
            share(4, List.of(one));
        }
    }

    /** Polls until each has so many partitions. */
    private static void share(int each, List<KafkaConsumer<byte[], byte[]>> consumers) {
        for (long end = System.nanoTime() + 60_000_000_000L; System.nanoTime() < end; ) {
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(50)));
            if (consumers.stream().allMatch(consumer -> consumer.assignment().size() == each)) {
                return;
            }
        }
        throw new AssertionError("no fair share within a minute");
    }

    private static void metadata() throws Exception {
        String name = create("metadata", 3);
        expect(Variant.describe(admin, name).partitions().size(), 3);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(name, Map.of())) {
            expect(consumer.partitionsFor(name).size(), 3);
            expect(consumer.listTopics().containsKey(name), true);
        }
    }

    private static void produce(String compression) throws Exception {
        String name = create("produce " + compression, 1);
        send(name, values(500), Map.of("compression.type", compression));
        expectValues(read(name, 500, 0, Map.of()), values(500));
    }

    private static void acks(String acks) throws Exception {
        String name = create("acks " + acks, 1);
        List<Long> offsets = send(name, values(200), Map.of("acks", acks));
        if (!acks.equals("0")) {
            expect(offsets, range(200));
        }
        expectValues(read(name, 200, 0, Map.of()), values(200));
    }

    private static void idempotent() throws Exception {
        String name = create("idempotent", 1);
        Map<String, Object> settings = Map.of("enable.idempotence", "true", "acks", "all", "batch.size", "256");
        expect(send(name, values(400), settings), range(400));
        expectValues(read(name, 400, 0, Map.of()), values(400));
    }

    private static void headers() throws Exception {
        String name = create("headers", 1);
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            ProducerRecord<byte[], byte[]> record =
                    new ProducerRecord<>(name, 0, 1_700_000_000_123L, "key".getBytes(), (byte[]) null);
            record.headers().add("a", new byte[] {1}).add("a", new byte[] {-1}).add("none", null).add("", new byte[0]);
            done(producer.send(record));
        }
        ConsumerRecord<byte[], byte[]> found = read(name, 1, 0, Map.of()).get(0);
        expect(new String(found.key()), "key");
        expect(found.value(), null);
        expect(found.timestamp(), 1_700_000_000_123L);
        List<String> headers = new ArrayList<>();
        for (Header header : found.headers()) {
            headers.add(header.key() + "=" + Arrays.toString(header.value()));
        }
        expect(headers, List.of("a=[1]", "a=[-1]", "none=null", "=[]"));
    }

    /** Records of three moments: 1000, 2000 and 3000 ms. */
    private static TopicPartition three(String feature) throws Exception {
        String name = create(feature, 1);
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of())) {
            for (long number = 1; number <= 3; number++) {
                done(producer.send(new ProducerRecord<>(name, 0, number * 1000, null, value((int) number))));
            }
        }
        return new TopicPartition(name, 0);
    }

    private static void earliest() throws Exception {
        TopicPartition partition = three("earliest");
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(partition.topic(), Map.of())) {
            expect(consumer.beginningOffsets(List.of(partition)), Map.of(partition, 0L));
            consumer.seekToBeginning(List.of(partition));
            expect(poll(consumer, 3).size(), 3);
        }
    }

    private static void latest() throws Exception {
        TopicPartition partition = three("latest");
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(partition.topic(), Map.of())) {
            expect(consumer.endOffsets(List.of(partition)), Map.of(partition, 3L));
            consumer.seekToEnd(List.of(partition));
            expect(consumer.position(partition), 3L);
            send(partition.topic(), values(1), Map.of());
            expect(poll(consumer, 1).get(0).offset(), 3L);
        }
    }

    private static void timestamp() throws Exception {
        TopicPartition partition = three("timestamp");
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(partition.topic(), Map.of())) {
            for (long[] moment : new long[][] {{0, 0}, {1000, 0}, {1001, 1}, {3000, 2}, {3001, -1}}) {
                OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(partition, moment[0])).get(partition);
                expect(found == null ? -1 : found.offset(), moment[1]);
            }
        }
        Variant.more(admin, partition);
    }

    private static void seek() throws Exception {
        String name = create("seek", 1);
        send(name, values(300), Map.of());
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(name, Map.of())) {
            consumer.seek(new TopicPartition(name, 0), 0);
            expect(poll(consumer, 1).get(0).offset(), 0L);
            consumer.seek(new TopicPartition(name, 0), 250);
            expect(poll(consumer, 1).get(0).offset(), 250L);
        }
    }

    private static void large() throws Exception {
        String name = create("large", 1, Map.of("max.message.bytes", "5000000"));
        List<byte[]> values = new ArrayList<>();
        for (int number = 0; number < 3; number++) {
            values.add(random(4_000_000));
        }
        send(name, values, Map.of("max.request.size", 5_000_000));
        expectValues(read(name, 3, 0, Map.of("max.partition.fetch.bytes", 100_000)), values);
    }

    private static void topics() throws Exception {
        String name = create("topics", 2, Map.of("retention.ms", "1000"));
        expect(failure(() -> create("topics", 2)), TopicExistsException.class);
        expect(done(admin.listTopics().names()).contains(name), true);
        done(admin.deleteTopics(List.of(name)).all());
        expect(done(admin.listTopics().names()).contains(name), false);
        expect(failure(() -> done(admin.deleteTopics(List.of(name)).all())), UnknownTopicOrPartitionException.class);
        expect(failure(() -> Variant.describe(admin, name)), UnknownTopicOrPartitionException.class);
    }

    private static void partitions() throws Exception {
        String name = create("partitions", 1);
        done(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(4))).all());
        expect(Variant.describe(admin, name).partitions().size(), 4);
        expect(failure(() -> done(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(2))).all())),
                InvalidPartitionsException.class);
    }

    private static List<String> described(ConfigResource topic) throws Exception {
        Config config = done(admin.describeConfigs(List.of(topic)).all()).get(topic);
        return List.of(config.get("retention.ms").value(), config.get("max.message.bytes").value());
    }

    private static void configurations() throws Exception {
        String name = create("configurations", 1, Map.of("retention.ms", "5000"));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        expect(described(topic), List.of("5000", "1048588"));
        Variant.change(admin, topic, "max.message.bytes", "2000", "retention.ms");
        expect(described(topic), List.of("604800000", "2000"));
        String node = done(admin.describeCluster().controller()).idString();
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, node);
        expect(done(admin.describeConfigs(List.of(broker)).all()).get(broker).entries().isEmpty(), false);
    }

    private static void deleteRecords() throws Exception {
        String name = create("delete records", 1);
        send(name, values(10), Map.of());
        TopicPartition partition = new TopicPartition(name, 0);
        Map<TopicPartition, RecordsToDelete> to = Map.of(partition, RecordsToDelete.beforeOffset(4));
        expect(done(admin.deleteRecords(to).lowWatermarks().get(partition)).lowWatermark(), 4L);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(name, Map.of())) {
            expect(consumer.beginningOffsets(List.of(partition)), Map.of(partition, 4L));
        }
        expectValues(read(name, 6, 4, Map.of()), values(10).subList(4, 10));
    }

    private static void cluster() throws Exception {
        expect(done(admin.describeCluster().nodes()).size(), 1);
        expect(done(admin.describeCluster().clusterId()).isEmpty(), false);
    }

    private static void madeAgain() throws Exception {
        String name = create("again", 1);
        AtomicInteger written = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
        try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("metadata.max.age.ms", 50, "acks", "all"))) {
            Thread load = new Thread(() -> {
                for (int number = 0; !stop.get(); number++) {
                    producer.send(new ProducerRecord<>(name, 0, null, value(number)), (told, error) -> {
                        if (error == null) {
                            written.incrementAndGet();
                        } else if (!(error instanceof UnknownTopicOrPartitionException)) {
                            wrong.add(error.toString());
                        }
                    });
                    producer.flush();
                }
            });
            load.start();
            try {
                for (int round = 0; round < 4; round++) {
                    int seen = written.get();
                    until(() -> written.get() > seen + 20);
                    if (round < 3) {
                        done(admin.deleteTopics(List.of(name)).all());
                        Class<?> failure = failure(() -> create("again", 1));
                        // The producer may have been faster: its question about the topic makes it again.
                        expect(failure == null || failure == TopicExistsException.class, true);
                    }
                }
            } finally {
                stop.set(true);
                load.join();
            }
        }
        expect(wrong, List.of());
        TopicPartition partition = new TopicPartition(name, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(name, Map.of())) {
            int end = consumer.endOffsets(List.of(partition)).get(partition).intValue();
            List<Long> offsets = new ArrayList<>();
            read(name, end, 0, Map.of()).forEach(record -> offsets.add(record.offset()));
            expect(offsets, range(end));
        }
    }

    private static void errors() throws Exception {
        String name = create("errors", 1);
        expect(failure(() -> send(name, List.of(random(2_000_000)), Map.of("max.request.size", 5_000_000))),
                RecordTooLargeException.class);
        expect(failure(() -> make("not/a/topic", 1, Map.of())), InvalidTopicException.class);
        expect(failure(() -> make(topic("none"), 0, Map.of())), InvalidPartitionsException.class);
        expect(failure(() -> make(topic("bad"), 1, Map.of("segment.flavour", "1"))),
                InvalidConfigurationException.class);
        expect(failure(() -> read(name, 1, 17, Map.of())), OffsetOutOfRangeException.class);
    }

    private static String topic(String feature) {
        return Variant.NAME + "." + feature.replaceAll("[^a-z0-9]+", "-") + "." + RUN;
    }

    private static String create(String feature, int partitions) throws Exception {
        return create(feature, partitions, Map.of());
    }

    private static String create(String feature, int partitions, Map<String, String> configs) throws Exception {
        String name = topic(feature);
        make(name, partitions, configs);
        return name;
    }

    private static void make(String name, int partitions, Map<String, String> configs) throws Exception {
        done(admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(configs))).all());
    }

    private static KafkaProducer<byte[], byte[]> producer(Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5));
        // It stands against acks of 0 and 1 where it is the default.
        settings.put("enable.idempotence", "false");
        settings.putAll(more);
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private static KafkaConsumer<byte[], byte[]> consumer(String name, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "fetch.max.wait.ms", 100));
        settings.putAll(Map.of("auto.offset.reset", "none", "enable.auto.commit", "false"));
        settings.putAll(more);
        KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.assign(List.of(new TopicPartition(name, 0)));
        return consumer;
    }

    /** Produces to partition 0, and tells the offsets. */
    private static List<Long> send(String name, List<byte[]> values, Map<String, Object> settings) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer(settings)) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (byte[] value : values) {
                sent.add(producer.send(new ProducerRecord<>(name, 0, null, value)));
            }
            List<Long> offsets = new ArrayList<>();
            for (Future<RecordMetadata> future : sent) {
                offsets.add(done(future).offset());
            }
            return offsets;
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(
            String name, int count, long offset, Map<String, Object> settings) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(name, settings)) {
            consumer.seek(new TopicPartition(name, 0), offset);
            return poll(consumer, count);
        }
    }

    /** At least as many records as these. */
    private static List<ConsumerRecord<byte[], byte[]>> poll(KafkaConsumer<byte[], byte[]> consumer, int count)
            throws Exception {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        until(() -> {
            consumer.poll(Duration.ofMillis(200)).forEach(found::add);
            return found.size() >= count;
        });
        return found;
    }

    private static <T> T done(Future<T> future) throws Exception {
        try {
            return future.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            throw error.getCause() instanceof KafkaException cause ? cause : error;
        }
    }

    private static Class<?> failure(Work work) throws Exception {
        try {
            work.run();
        } catch (ExecutionException error) {
            return error.getCause().getClass();
        } catch (KafkaException error) {
            return error.getClass();
        }
        return null;
    }

    private static void until(Callable<Boolean> check) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!check.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited for 20 s in vain");
            }
            Thread.sleep(10);
        }
    }

    private static byte[] value(int number) {
        return String.format("%06d%s", number, "x".repeat(20)).getBytes(StandardCharsets.UTF_8);
    }

    private static List<byte[]> values(int count) {
        List<byte[]> values = new ArrayList<>();
        for (int number = 0; number < count; number++) {
            values.add(value(number));
        }
        return values;
    }

    private static byte[] random(int size) {
        byte[] value = new byte[size];
        new Random().nextBytes(value);
        return value;
    }

    private static List<Long> range(int count) {
        List<Long> range = new ArrayList<>();
        for (long number = 0; number < count; number++) {
            range.add(number);
        }
        return range;
    }

    private static void expectValues(Collection<ConsumerRecord<byte[], byte[]>> found, List<byte[]> wanted) {
        List<byte[]> values = new ArrayList<>();
        found.forEach(record -> values.add(record.value()));
        expect(values.size(), wanted.size());
        for (int index = 0; index < wanted.size(); index++) {
            expect(Arrays.equals(values.get(index), wanted.get(index)), true);
        }
    }

    private static void expect(Object found, Object wanted) {
        if (!Objects.equals(found, wanted)) {
            throw new AssertionError(found + " instead of " + wanted);
        }
    }
}
