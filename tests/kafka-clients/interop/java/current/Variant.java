import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** What Java's client of these days has other names for, or has at all. */
final class Variant {
    static final String NAME = "java";
    static final List<String> ABSENT = List.of();

    private Variant() {}

    /** Sets a configuration of a topic, and deletes another. */
    static void change(AdminClient admin, ConfigResource topic, String name, String value, String deleted)
            throws Exception {
        Collection<AlterConfigOp> changes = List.of(
                new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET),
                new AlterConfigOp(new ConfigEntry(deleted, ""), AlterConfigOp.OpType.DELETE));
        admin.incrementalAlterConfigs(Map.of(topic, changes)).all().get(20, TimeUnit.SECONDS);
    }

    static TopicDescription describe(AdminClient admin, String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get(20, TimeUnit.SECONDS).get(topic);
    }

    static void more(AdminClient admin, TopicPartition three) throws Exception {
        Admin newer = admin;
        Map<OffsetSpec, Long> wanted =
                Map.of(OffsetSpec.earliest(), 0L, OffsetSpec.latest(), 3L, OffsetSpec.maxTimestamp(), 2L);
        for (Map.Entry<OffsetSpec, Long> spec : wanted.entrySet()) {
            long found = newer.listOffsets(Map.of(three, spec.getKey())).partitionResult(three).get().offset();
            if (found != spec.getValue()) {
                throw new AssertionError(spec.getKey() + ": " + found);
            }
        }
    }
}
