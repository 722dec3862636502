import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Java's client over TLS: logged in, and with certificates. Tells what Client tells. */
public final class Security {
    private static final String FILES = System.getenv("TLS_FILES");
    private static final String MTLS = System.getenv("MTLS");
    private static final List<String> MECHANISMS = List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");
    private static String bootstrap;

    private Security() {}

    public static void main(String[] args) {
        bootstrap = args[0];
        Map<String, Client.Work> features = new LinkedHashMap<>();
        MECHANISMS.forEach(each -> features.put("log in by " + each, () ->
                roundTrip(login(each, "admin", "admin's"), "java." + each)));
        features.put("a wrong password", () -> {
            for (String mechanism : MECHANISMS) {
                expect(failure(login(mechanism, "alice", "wrong")), SaslAuthenticationException.class);
            }
        });
        features.put("what no ACL allows", Security::denied);
        features.put("certificates of clients", Security::certificates);
        features.forEach((name, work) -> {
            long start = System.nanoTime();
            try {
                work.run();
                Client.tell(name, "yes", "");
            } catch (Throwable error) {
                error.printStackTrace();
                Client.tell(name, "no", error.toString());
            }
            System.err.printf("%s: %.1f s%n", name, (System.nanoTime() - start) / 1e9);
        });
        System.exit(0);
    }

    private static String read(String name) throws Exception {
        return Files.readString(Path.of(FILES, name), StandardCharsets.US_ASCII);
    }

    private static Map<String, Object> tls(String servers) throws Exception {
        return new HashMap<>(Map.of(
                "bootstrap.servers", servers, "security.protocol", "SSL", "ssl.truststore.type", "PEM",
                "ssl.truststore.certificates", read("roots.pem"),
                "request.timeout.ms", "5000", "default.api.timeout.ms", "10000"));
    }

    private static Map<String, Object> login(String mechanism, String user, String password) throws Exception {
        String module = mechanism.equals("PLAIN") ? "plain.PlainLoginModule" : "scram.ScramLoginModule";
        Map<String, Object> settings = tls(bootstrap);
        settings.put("security.protocol", "SASL_SSL");
        settings.put("sasl.mechanism", mechanism);
        settings.put("sasl.jaas.config", String.format(
                "org.apache.kafka.common.security.%s required username=\"%s\" password=\"%s\";",
                module, user, password));
        return settings;
    }

    private static Map<String, Object> certificate(String name) throws Exception {
        Map<String, Object> settings = tls(MTLS);
        settings.put("ssl.keystore.type", "PEM");
        settings.put("ssl.keystore.key", read(name + ".key"));
        settings.put("ssl.keystore.certificate.chain", read(name + ".pem"));
        return settings;
    }

    private static void send(Map<String, Object> settings, String topic) throws Exception {
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>(topic, "a")).get(20, TimeUnit.SECONDS);
        }
    }

    /** Makes a topic, and produces to it and consumes from it as a member of a group. */
    private static void roundTrip(Map<String, Object> settings, String topic) throws Exception {
        try (AdminClient admin = AdminClient.create(settings)) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get(20, TimeUnit.SECONDS);
        }
        send(settings, topic);
        Map<String, Object> reading = new HashMap<>(settings);
        reading.putAll(Map.of("group.id", topic, "auto.offset.reset", "earliest", "group.protocol", "consumer"));
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(topic));
            for (long end = System.nanoTime() + 20_000_000_000L; System.nanoTime() < end; ) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(100));
                if (!records.isEmpty()) {
                    expect(records.iterator().next().value(), "a");
                    consumer.commitSync();
                    return;
                }
            }
            throw new AssertionError("waited for 20 s in vain");
        }
    }

    /** Why it is not told what topics there are. */
    private static Class<?> failure(Map<String, Object> settings) throws Exception {
        try (AdminClient admin = AdminClient.create(settings)) {
            admin.listTopics().names().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException error) {
            return error.getCause().getClass();
        }
        throw new AssertionError("it was let in");
    }

    private static void denied() throws Exception {
        String topic = "java.denied";
        try (AdminClient admin = AdminClient.create(login("PLAIN", "admin", "admin's"))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get(20, TimeUnit.SECONDS);
        }
        try {
            send(login("SCRAM-SHA-512", "alice", "secret"), topic);
        } catch (ExecutionException error) {
            expect(error.getCause().getClass(), TopicAuthorizationException.class);
            return;
        }
        throw new AssertionError("it was let in");
    }

    private static void certificates() throws Exception {
        roundTrip(certificate("client"), "java.certificates");
        failure(certificate("expired"));
        failure(tls(MTLS));
    }

    private static void expect(Object found, Object wanted) {
        if (!found.equals(wanted)) {
            throw new AssertionError(found + " instead of " + wanted);
        }
    }
}
