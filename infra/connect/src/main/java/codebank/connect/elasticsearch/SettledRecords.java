package codebank.connect.elasticsearch;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.sink.SinkRecord;

/**
 * Which records of the batch at hand are done with, so that the worker's next try sends and reports only the rest.
 *
 * <p>It is a convenience and not a store: when it is lost with the task, the ids of the documents make a repeat harmless.
 */
final class SettledRecords {
    private final Map<TopicPartition, Set<Long>> offsets = new HashMap<>();

    void add(SinkRecord record) {
        offsets.computeIfAbsent(partition(record), partition -> new HashSet<>()).add(record.originalKafkaOffset());
    }

    boolean contains(SinkRecord record) {
        return !offsets.isEmpty()
                && offsets.getOrDefault(partition(record), Set.of()).contains(record.originalKafkaOffset());
    }

    /** The batch is complete. */
    void clear() {
        offsets.clear();
    }

    /** These partitions are another task's now; should they return, they are read from the committed offset. */
    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(offsets::remove);
    }

    private static TopicPartition partition(SinkRecord record) {
        return new TopicPartition(record.originalTopic(), record.originalKafkaPartition());
    }
}
