package codebank.connect.elasticsearch;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.sink.SinkRecord;

/**
 * One record as the lines of a bulk request: what to do with which id in which index, and the document.
 *
 * @param record where it came from, for the dead letter
 * @param target index and id together: what must keep its order
 * @param lines the encoded lines, each with its line end
 */
record Operation(SinkRecord record, String target, byte[] lines) {

    /** Makes operations the way one configuration says. */
    static final class Maker {
        private final SinkConfig.WriteMethod writeMethod;
        private final SinkConfig.NullValues nullValues;
        private final Optional<String> indexName;
        private final Optional<String> ingestedField;
        private final DocumentId ids;
        private final Clock clock;
        private final Map<String, String> indexByTopic = new HashMap<>();

        Maker(SinkConfig config) {
            this(config, Clock.systemUTC());
        }

        Maker(SinkConfig config, Clock clock) {
            writeMethod = config.writeMethod();
            nullValues = config.nullValues();
            indexName = config.indexName();
            ingestedField = config.documentIngestedField();
            this.clock = clock;
            ids = new DocumentId(config.documentIdHeader(), config.keyIgnore());
        }

        /**
         * @return nothing for a record that is to be ignored
         * @throws BadRecord when no document can be made of the record
         * @throws ConnectException when the fault is the configuration's, so that every record would share it
         */
        Optional<Operation> of(SinkRecord record) throws BadRecord {
            if (record.value() == null) {
                return ofNull(record);
            }
            if (!(record.value() instanceof String value)) {
                throw new ConnectException("this sink takes JSON text, but the value of " + where(record) + " is a "
                        + record.value().getClass().getSimpleName()
                        + ": set value.converter to org.apache.kafka.connect.storage.StringConverter");
            }
            String action = writeMethod == SinkConfig.WriteMethod.CREATE ? "create" : "index";
            String line = JsonText.oneLine(value);
            String document = ingestedField.map(field -> JsonText.withTime(line, field, clock.instant())).orElse(line);
            return Optional.of(operation(record, action, ids.of(record), document));
        }

        private Optional<Operation> ofNull(SinkRecord record) throws BadRecord {
            return switch (nullValues) {
                case IGNORE -> Optional.empty();
                case FAIL -> throw new BadRecord("null_value", "the record has no value");
                case DELETE -> {
                    if (ids.chosen(record).isEmpty()) {
                        throw new BadRecord("null_value", "the record has neither a value nor an id to delete");
                    }
                    yield Optional.of(operation(record, "delete", ids.of(record), null));
                }
            };
        }

        private Operation operation(SinkRecord record, String action, String id, String document) {
            String index = indexByTopic.computeIfAbsent(record.topic(), this::index);
            ByteArrayOutputStream lines = new ByteArrayOutputStream(document == null ? 128 : document.length() + 192);
            lines.writeBytes(utf8("{\"" + action + "\":{\"_index\":\"" + escaped(index) + "\",\"_id\":\"" + escaped(id)
                    + "\"}}\n"));
            if (document != null) {
                lines.writeBytes(utf8(document));
                lines.write('\n');
            }
            return new Operation(record, index + "/" + id, lines.toByteArray());
        }

        private String index(String topic) {
            String index = indexName.orElseGet(() -> topic.toLowerCase(Locale.ROOT));
            Rules.mistakeInIndexName(index).ifPresent(mistake -> {
                throw new ConnectException("topic " + topic + " cannot name an index (" + mistake + "): set "
                        + SinkConfig.INDEX_NAME);
            });
            return index;
        }
    }

    /** Where a record stands, in words. */
    static String where(SinkRecord record) {
        return record.originalTopic() + "-" + record.originalKafkaPartition() + " offset "
                + record.originalKafkaOffset();
    }

    private static String escaped(String text) {
        return new String(JsonStringEncoder.getInstance().quoteAsString(text));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
