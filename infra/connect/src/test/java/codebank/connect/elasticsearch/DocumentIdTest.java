package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.sink.SinkRecord;
import org.junit.jupiter.api.Test;

class DocumentIdTest {
    private static final DocumentId BY_HEADER_THEN_KEY = new DocumentId(Optional.of("ce_id"), false);
    private static final DocumentId BY_HEADER = new DocumentId(Optional.of("ce_id"), true);
    private static final DocumentId BY_KEY = new DocumentId(Optional.empty(), false);

    private static final String POSITION = Worker.TOPIC + "+3+7";

    private static SinkRecord record(Object key, Object header) {
        ConnectHeaders headers = new ConnectHeaders();
        if (header != null) {
            headers.add("ce_id", header, null);
        }
        return Worker.record(7, key, headers, "{}");
    }

    @Test
    void theHeaderIsFirstThenTheKeyThenThePosition() {
        assertEquals("account-42", BY_HEADER_THEN_KEY.of(record("account", "account-42")));
        assertEquals("account", BY_HEADER_THEN_KEY.of(record("account", null)));
        assertEquals(POSITION, BY_HEADER_THEN_KEY.of(record(null, null)));
        assertEquals("account-42", BY_HEADER.of(record("account", "account-42")));
        assertEquals(POSITION, BY_HEADER.of(record("account", null)));
        assertEquals("account", BY_KEY.of(record("account", "account-42")));
    }

    @Test
    void theLastOfSeveralHeadersCounts() {
        ConnectHeaders headers = new ConnectHeaders();
        headers.addString("ce_id", "first").addString("ce_id", "last");
        assertEquals("last", BY_HEADER.of(Worker.record(7, null, headers, "{}")));
    }

    @Test
    void textBytesAndWholeNumbersAreIds() {
        byte[] bytes = "é-1".getBytes(StandardCharsets.UTF_8);
        for (Object id : List.of("é-1", bytes, ByteBuffer.wrap(bytes))) {
            assertEquals("é-1", BY_HEADER.of(record(null, id)));
        }
        for (Object id : List.of((byte) 42, (short) 42, 42, 42L)) {
            assertEquals("42", BY_KEY.of(record(id, null)));
        }
    }

    @Test
    void whatElasticsearchWouldRefuseTheWholeRequestForIsABadRecord() {
        for (Object id : List.of("", "é".repeat(257), 1.5, List.of("a"))) {
            BadRecord fault = assertThrows(BadRecord.class, () -> BY_HEADER.of(record("account", id)));
            assertEquals("bad_id", fault.kind());
        }
        assertEquals("x".repeat(512), BY_HEADER.of(record(null, "x".repeat(512))));
    }
}
