package codebank.connect.elasticsearch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;

/**
 * Chooses the document id of a record: the id header, else the key, else where the record stands in Kafka.
 *
 * <p>Whichever it is, the same record always gets the same id; that is what makes a redelivery harmless.
 */
final class DocumentId {
    /** Elasticsearch refuses a whole request for one longer id. */
    private static final int BYTES_MAX = 512;

    private final Optional<String> header;
    private final boolean keyIgnore;

    DocumentId(Optional<String> header, boolean keyIgnore) {
        this.header = header;
        this.keyIgnore = keyIgnore;
    }

    String of(SinkRecord record) throws BadRecord {
        String id = chosen(record).orElseGet(() -> position(record));
        int bytes = id.getBytes(StandardCharsets.UTF_8).length;
        if (bytes == 0 || bytes > BYTES_MAX) {
            throw new BadRecord("bad_id", "the document id has " + bytes + " bytes, not 1 to " + BYTES_MAX);
        }
        return id;
    }

    /** The id that the record itself carries, if it carries one. */
    Optional<String> chosen(SinkRecord record) throws BadRecord {
        Optional<String> fromHeader = header.map(name -> record.headers().lastWithName(name))
                .map(Header::value)
                .map(value -> text("header " + header.get(), value));
        if (fromHeader.isPresent() || keyIgnore) {
            return fromHeader;
        }
        return Optional.ofNullable(record.key()).map(key -> text("key", key));
    }

    private static String position(SinkRecord record) {
        return record.originalTopic() + "+" + record.originalKafkaPartition() + "+" + record.originalKafkaOffset();
    }

    private static String text(String where, Object value) throws BadRecord {
        if (value instanceof String string) {
            return string;
        }
        if (value instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        if (value instanceof ByteBuffer buffer) {
            return StandardCharsets.UTF_8.decode(buffer.duplicate()).toString();
        }
        if (value instanceof Byte || value instanceof Short || value instanceof Integer || value instanceof Long) {
            return value.toString();
        }
        throw new BadRecord(
                "bad_id", "the " + where + " is a " + value.getClass().getSimpleName() + ", which is no document id");
    }
}
