package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.sink.SinkRecord;
import org.junit.jupiter.api.Test;

class OperationTest {
    private static Optional<String> lines(SinkRecord record, String... options) {
        SinkConfig config = new SinkConfig(Worker.options("http://127.0.0.1:9200", options));
        return new Operation.Maker(config)
                .of(record)
                .map(operation -> new String(operation.lines(), StandardCharsets.UTF_8));
    }

    private static void check(SinkRecord record, String expected, String... options) {
        assertEquals(Optional.of(expected), lines(record, options));
    }

    private static void checkBad(String kind, Object value, String... options) {
        BadRecord fault = assertThrows(BadRecord.class, () -> lines(Worker.record(1, null, value), options));
        assertEquals(kind, fault.kind());
        assertFalse(fault.getMessage().contains("4111"), fault.getMessage());
    }

    @Test
    void aDocumentPassesAsItIs() {
        String document = "{\"a\" : 1.50, \"b\":\"é\\n\\u00e9\",\"c\":{\"d\":[null,true]}}";
        check(Worker.record(1, "x-1", document),
                "{\"index\":{\"_index\":\"codebank.account.events.v1\",\"_id\":\"x-1\"}}\n" + document + "\n");
    }

    @Test
    void theTimeOfSendingIsAddedWhereItIsWanted() {
        Clock clock = Clock.fixed(Instant.parse("2026-11-22T15:33:50.677291Z"), ZoneOffset.UTC);
        SinkConfig config = new SinkConfig(
                Worker.options("http://127.0.0.1:9200", SinkConfig.DOCUMENT_INGESTED_FIELD, "event.ingested"));
        Operation.Maker maker = new Operation.Maker(config, clock);
        String time = "\"event.ingested\":\"2026-11-22T15:33:50.677Z\"}\n";
        Map<String, String> expected = Map.of(
                "{}", "{" + time, "{ }\n", "{ " + time, "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}," + time,
                "{\"a\":\"}\" }  ", "{\"a\":\"}\" ," + time);
        expected.forEach((value, document) -> {
            Operation operation = maker.of(Worker.record(1, "x-1", value)).orElseThrow();
            String lines = new String(operation.lines(), StandardCharsets.UTF_8);
            assertEquals(document, lines.substring(lines.indexOf('\n') + 1));
        });
    }

    @Test
    void theWriteMethodAndTheIndexAreChosen() {
        check(Worker.record(1, "x-1", "{}"), "{\"create\":{\"_index\":\"events\",\"_id\":\"x-1\"}}\n{}\n",
                SinkConfig.WRITE_METHOD, "create", SinkConfig.INDEX_NAME, "events");
    }

    @Test
    void anIdCannotBreakOutOfItsLine() {
        check(Worker.record(1, "a\"}}\n{\"delete\":\\", "{}"),
                "{\"index\":{\"_index\":\"codebank.account.events.v1\",\"_id\":\"a\\\"}}\\n{\\\"delete\\\":\\\\\"}}\n{}\n");
    }

    @Test
    void aDocumentCannotBreakOutOfItsLine() {
        check(Worker.record(1, "x", "\n{\r\n  \"a\": 1\n}\n"),
                "{\"index\":{\"_index\":\"codebank.account.events.v1\",\"_id\":\"x\"}}\n {    \"a\": 1 } \n");
    }

    @Test
    void whatIsNotOneJsonObjectIsABadRecord() {
        for (String value : List.of("", "4111111111111111", "\"4111\"", "[4111]", "null", "{} {}", "{}]")) {
            BadRecord fault = assertThrows(BadRecord.class, () -> lines(Worker.record(1, null, value)));
            assertTrue(List.of("not_an_object", "not_json").contains(fault.kind()), value);
            assertFalse(fault.getMessage().contains("4111"), fault.getMessage());
        }
        for (String value : List.of("{\"card\":4111", "{4111}", "card 4111", "{\"a\":\"4111\n\"}", "{\"a\":04111}")) {
            checkBad("not_json", value);
        }
        checkBad("not_an_object", "{}\n{\"delete\":{\"_index\":\"a\",\"_id\":\"4111\"}}");
    }

    @Test
    void aValueThatIsNotTextIsTheConfigurationsFault() {
        ConnectException fault =
                assertThrows(ConnectException.class, () -> lines(Worker.record(1, null, Map.of("card", "4111"))));
        assertFalse(fault instanceof BadRecord);
        assertTrue(fault.getMessage().contains("value.converter"), fault.getMessage());
        assertFalse(fault.getMessage().contains("4111"), fault.getMessage());
    }

    @Test
    void aNullValueIsRefusedIgnoredOrDeletes() {
        checkBad("null_value", null);
        assertEquals(Optional.empty(),
                lines(Worker.record(1, "x", null), SinkConfig.BEHAVIOR_ON_NULL_VALUES, "ignore"));
        check(Worker.record(1, "x", null), "{\"delete\":{\"_index\":\"codebank.account.events.v1\",\"_id\":\"x\"}}\n",
                SinkConfig.BEHAVIOR_ON_NULL_VALUES, "delete");
        checkBad("null_value", null, SinkConfig.BEHAVIOR_ON_NULL_VALUES, "delete");
    }

    @Test
    void aTopicThatNamesNoIndexIsTheConfigurationsFault() {
        SinkRecord record = new SinkRecord("_topic", 0, null, null, null, "{}", 1, null, null, new ConnectHeaders());
        ConnectException fault = assertThrows(ConnectException.class, () -> lines(record));
        assertTrue(fault.getMessage().contains("index.name"), fault.getMessage());
    }

    @Test
    void aTopicInUpperCaseNamesAnIndexInLowerCase() {
        SinkRecord record = new SinkRecord("Events", 0, null, "k", null, "{}", 1, null, null, new ConnectHeaders());
        check(record, "{\"index\":{\"_index\":\"events\",\"_id\":\"k\"}}\n{}\n");
    }
}
