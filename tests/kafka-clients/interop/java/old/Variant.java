import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** What Java's client of 2018 does in its own way. */
final class Variant {
    static final String NAME = "java-old";
    static final List<String> ABSENT = List.of("produce zstd", "cooperative rebalance", "group of KIP-848", "rebalance of KIP-848");

    private Variant() {}

    /** Sets a configuration of a topic, which deletes all others. */
    static void change(AdminClient admin, ConfigResource topic, String name, String value, String deleted)
            throws Exception {
        Config config = new Config(List.of(new ConfigEntry(name, value)));
        admin.alterConfigs(Map.of(topic, config)).all().get(20, TimeUnit.SECONDS);
    }

    static TopicDescription describe(AdminClient admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).all().get(20, TimeUnit.SECONDS).get(topic);
    }

    static void more(AdminClient admin, TopicPartition three) {}
}
