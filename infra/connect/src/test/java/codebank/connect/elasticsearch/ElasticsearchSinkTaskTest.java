package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ElasticsearchSinkTaskTest {
    private StubElasticsearch elasticsearch;

    @BeforeEach
    void start() throws IOException {
        elasticsearch = new StubElasticsearch();
    }

    @AfterEach
    void stop() {
        elasticsearch.close();
    }

    private static SinkRecord[] records(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> Worker.record(i, "id-" + i, "{\"n\":" + i + "}"))
                .toArray(SinkRecord[]::new);
    }

    private List<Integer> operationsPerRequest() {
        return elasticsearch.requests().stream().map(StubElasticsearch.Request::operations).toList();
    }

    /** The ids of a request's operations, in order. */
    private List<String> ids(int request) {
        return elasticsearch.requests().get(request).lines().stream()
                .filter(line -> line.contains("\"_id\":"))
                .map(line -> line.replaceAll(".*\"_id\":\"(.*)\"}}", "$1"))
                .toList();
    }

    @Test
    void aPutIsOneBulkRequest() {
        Worker.withDeadLetter(elasticsearch.url() + "/path/").put(records(3));
        StubElasticsearch.Request request = elasticsearch.requests().get(0);
        assertEquals(List.of(3), operationsPerRequest());
        assertTrue(request.path().startsWith("/path/_bulk?filter_path=items."), request.path());
        assertEquals("application/x-ndjson", request.headers().getFirst("Content-Type"));
        assertFalse(request.headers().containsKey("Authorization"));
        assertEquals(
                List.of("{\"index\":{\"_index\":\"codebank.account.events.v1\",\"_id\":\"id-0\"}}", "{\"n\":0}"),
                request.lines().subList(0, 2));
    }

    @Test
    void batchesAreBoundedByCount() {
        Worker.withDeadLetter(elasticsearch.url(), "batch.size", "2").put(records(5));
        assertEquals(List.of(2, 2, 1), operationsPerRequest());
    }

    @Test
    void batchesAreBoundedByBytes() {
        // Each operation is 67 bytes of action and 8 of document.
        Worker.withDeadLetter(elasticsearch.url(), "bulk.size.bytes", "160").put(records(5));
        assertEquals(List.of(2, 2, 1), operationsPerRequest());
        Worker.withDeadLetter(elasticsearch.url(), "bulk.size.bytes", "1").put(records(2));
        assertEquals(List.of(2, 2, 1, 1, 1), operationsPerRequest());
    }

    @Test
    void nothingIsSentForNothing() {
        Worker.withDeadLetter(elasticsearch.url()).put();
        Worker.withDeadLetter(elasticsearch.url(), "behavior.on.null.values", "ignore").put(Worker.record(1, "x", null));
        assertEquals(List.of(), elasticsearch.requests());
    }

    @Test
    void credentialsAreSent() {
        Worker.withDeadLetter(elasticsearch.url(), "connection.username", "u", "connection.password", "p").put(records(1));
        Worker.withDeadLetter(elasticsearch.url(), "connection.api.key", "a2V5").put(records(1));
        assertEquals(
                List.of("Basic dTpw", "ApiKey a2V5"),
                elasticsearch.requests().stream()
                        .map(request -> request.headers().getFirst("Authorization"))
                        .toList());
    }

    @Test
    void requestsAreCompressedWhenAsked() {
        Worker.withDeadLetter(elasticsearch.url(), "connection.compression", "true").put(records(3));
        assertEquals("gzip", elasticsearch.requests().get(0).headers().getFirst("Content-Encoding"));
        assertEquals(List.of(3), operationsPerRequest());
    }

    @Test
    void overloadAndFailureAreTriedAgainAndThenSucceed() {
        for (int status : List.of(408, 429, 500, 502, 503, 504)) {
            elasticsearch.then(status, "{\"error\":{\"type\":\"busy\",\"reason\":\"later\"}}");
            Worker worker = Worker.withDeadLetter(elasticsearch.url());
            RetriableException fault = assertThrows(RetriableException.class, () -> worker.put(records(2)));
            assertTrue(fault.getMessage().contains("HTTP " + status + " busy: later"), fault.getMessage());
            assertTrue(20 <= worker.askedWaitMs && worker.askedWaitMs <= 40, "waits " + worker.askedWaitMs);
            worker.put(records(2));
            assertEquals(List.of(), worker.deadLetters);
        }
    }

    @Test
    void theWaitGrowsWithEachFailureInARowAndStartsAnew() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        elasticsearch.then(503, "").then(503, "").then(503, "");
        for (long longest : List.of(40L, 80L, 160L)) {
            assertThrows(RetriableException.class, () -> worker.put(records(1)));
            assertTrue(longest / 2 <= worker.askedWaitMs && worker.askedWaitMs <= longest, "waits " + worker.askedWaitMs);
        }
        worker.put(records(1));
        elasticsearch.then(503, "");
        assertThrows(RetriableException.class, () -> worker.put(records(1)));
        assertTrue(worker.askedWaitMs <= 40, "waits " + worker.askedWaitMs);
    }

    @Test
    void noAnswerIsTriedAgain() throws IOException {
        elasticsearch.thenSilence();
        Worker slow = Worker.withDeadLetter(
                elasticsearch.url(), "read.timeout.ms", "50", "connection.timeout.ms", "50");
        RetriableException fault = assertThrows(RetriableException.class, () -> slow.put(records(1)));
        assertTrue(fault.getMessage().contains("no answer within 100 ms"), fault.getMessage());
        slow.put(records(1));

        int unused;
        try (ServerSocket socket = new ServerSocket(0)) {
            unused = socket.getLocalPort();
        }
        Worker away = Worker.withDeadLetter("http://127.0.0.1:" + unused);
        assertThrows(RetriableException.class, () -> away.put(records(1)));
    }

    @Test
    void anUnreadableOrShortAnswerIsTriedAgain() {
        for (String body : List.of("<html>a secret</html>", "{\"items\":[]}", "{}")) {
            elasticsearch.then(200, body);
            Worker worker = Worker.withDeadLetter(elasticsearch.url());
            RetriableException fault = assertThrows(RetriableException.class, () -> worker.put(records(1)));
            assertFalse(fault.getMessage().contains("a secret"), fault.getMessage());
        }
    }

    @Test
    void retriesEndWhenALimitIsSet() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url(), "max.retries", "1");
        elasticsearch.then(503, "").then(503, "");
        assertThrows(RetriableException.class, () -> worker.put(records(1)));
        ConnectException fault = assertThrows(ConnectException.class, () -> worker.put(records(1)));
        assertFalse(fault instanceof RetriableException);
        assertTrue(fault.getMessage().contains("giving up after max.retries"), fault.getMessage());
    }

    @Test
    void wrongCredentialsFailTheTask() {
        elasticsearch.then(401, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"missing credentials\"}}");
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        ConnectException fault = assertThrows(ConnectException.class, () -> worker.put(records(1)));
        assertFalse(fault instanceof RetriableException);
        assertTrue(fault.getMessage().endsWith(
                "refuses bulk requests: HTTP 401 security_exception: missing credentials"), fault.getMessage());
    }

    @Test
    void theNextAddressIsTriedAndKept() throws IOException {
        try (StubElasticsearch other = new StubElasticsearch()) {
            elasticsearch.then(503, "");
            Worker worker = Worker.withDeadLetter(elasticsearch.url() + "," + other.url());
            worker.put(records(2));
            worker.put(records(2));
            assertEquals(1, elasticsearch.requests().size());
            assertEquals(2, other.requests().size());

            other.then(503, "");
            elasticsearch.then(429, "");
            RetriableException fault = assertThrows(RetriableException.class, () -> worker.put(records(2)));
            assertTrue(fault.getMessage().contains("HTTP 503; "), fault.getMessage());
            assertTrue(fault.getMessage().contains("HTTP 429; "), fault.getMessage());
        }
    }

    @Test
    void aRefusedDocumentIsADeadLetterWithElasticsearchsReasonAndTheRestFlows() {
        elasticsearch.thenItems("index:201", "index:400:strict_dynamic_mapping_exception", "index:201");
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        worker.put(records(3));
        assertEquals(
                List.of("Elasticsearch answered 400 strict_dynamic_mapping_exception: "
                        + "the reason of strict_dynamic_mapping_exception (caused by the_cause)"),
                worker.reasons());
        assertEquals(1, worker.deadLetters.get(0).record().kafkaOffset());
    }

    @Test
    void whatIsNoDocumentIsADeadLetterAndIsNotSent() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        worker.put(Worker.record(0, "a", "{}"), Worker.record(1, "b", "not json"), Worker.record(2, "c", null),
                Worker.record(3, "d", "{}"));
        assertEquals(List.of("a", "d"), ids(0));
        assertEquals(List.of("the value is not valid JSON, line 1 column 1", "the record has no value"), worker.reasons());
    }

    @Test
    void withoutADeadLetterABadRecordFailsTheTask() {
        elasticsearch.thenItems("index:201", "index:400:document_parsing_exception");
        Worker worker = Worker.withoutDeadLetter(elasticsearch.url());
        ConnectException fault = assertThrows(ConnectException.class, () -> worker.put(records(2)));
        assertFalse(fault instanceof RetriableException);
        assertInstanceOf(BadRecord.class, fault.getCause());
        assertEquals(
                "a bad record at codebank.account.events.v1-3 offset 1, and no dead letter topic is set to put it aside: "
                        + "Elasticsearch answered 400 document_parsing_exception: the reason of "
                        + "document_parsing_exception (caused by the_cause)",
                fault.getMessage());
    }

    @Test
    void whatIsAlreadyThereIsNoFault() {
        elasticsearch.thenItems("create:409:version_conflict_engine_exception", "create:201");
        Worker worker = Worker.withDeadLetter(elasticsearch.url(), "write.method", "create");
        worker.put(records(2));
        assertEquals(List.of(), worker.deadLetters);
    }

    @Test
    void onlyWhatIsNotSettledIsSentAgainAndNothingIsReportedTwice() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        SinkRecord[] batch = {
            Worker.record(0, "done", "{}"), Worker.record(1, "busy", "{}"), Worker.record(2, "bad", "{}"),
            Worker.record(3, "text", "no"),
        };
        elasticsearch.thenItems("index:201", "index:429:es_rejected_execution_exception", "index:400:bad");
        RetriableException fault = assertThrows(RetriableException.class, () -> worker.put(batch));
        assertTrue(fault.getMessage().contains("{429 es_rejected_execution_exception=1}"), fault.getMessage());
        worker.put(batch);
        assertEquals(List.of("busy"), ids(1));
        assertEquals(2, worker.deadLetters.size());
        worker.put(batch);
        assertEquals(List.of("done", "busy", "bad"), ids(2), "the memory ends with the batch");
    }

    @Test
    void aLaterOperationIsNotOvertakenByAnEarlierOneOnTheSameDocument() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        SinkRecord[] batch = {
            Worker.record(0, "x", "{\"v\":1}"), Worker.record(1, "y", "{}"), Worker.record(2, "x", "{\"v\":2}"),
        };
        elasticsearch.thenItems("index:503:unavailable_shards_exception", "index:201", "index:201");
        assertThrows(RetriableException.class, () -> worker.put(batch));
        worker.put(batch);
        assertEquals(List.of("x", "x"), ids(1));
        assertEquals("{\"v\":2}", elasticsearch.requests().get(1).lines().get(3));
    }

    @Test
    void partitionsThatLeaveAreForgotten() {
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        elasticsearch.thenItems("index:201", "index:503");
        assertThrows(RetriableException.class, () -> worker.put(records(2)));
        worker.task.close(Set.of(new TopicPartition(Worker.TOPIC, 3)));
        worker.put(records(2));
        assertEquals(List.of(2, 2), operationsPerRequest());
    }

    @Test
    void aBlockedIndexIsWaitedForAndIsNobodysDeadLetter() {
        elasticsearch.thenItems("index:403:cluster_block_exception");
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        assertThrows(RetriableException.class, () -> worker.put(records(1)));
        assertEquals(List.of(), worker.deadLetters);
    }

    @Test
    void aRequestThatIsTooLargeIsDivided() {
        elasticsearch.then(413, "").then(413, "");
        Worker worker = Worker.withDeadLetter(elasticsearch.url());
        worker.put(records(4));
        // 4 refused, 2 refused, then 1 and 1, and the other 2.
        assertEquals(List.of(4, 2, 1, 1, 2), operationsPerRequest());
        assertEquals(List.of(), worker.deadLetters);

        elasticsearch.then(413, "");
        worker.put(records(1));
        assertEquals("too_large", ((BadRecord) worker.deadLetters.get(0).error()).kind());
    }
}
