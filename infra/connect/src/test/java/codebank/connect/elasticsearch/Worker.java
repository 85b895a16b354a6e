package codebank.connect.elasticsearch;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;

/** A task with the little of a Connect worker around it that it needs: options, a dead letter, and the wait it asks for. */
final class Worker {
    static final String TOPIC = "codebank.account.events.v1";

    record DeadLetter(SinkRecord record, Throwable error) {}

    final List<DeadLetter> deadLetters = new ArrayList<>();
    final ElasticsearchSinkTask task = new ElasticsearchSinkTask();
    long askedWaitMs = -1;

    static Worker withDeadLetter(String url, String... options) {
        return new Worker(true, url, options);
    }

    static Worker withoutDeadLetter(String url, String... options) {
        return new Worker(false, url, options);
    }

    private Worker(boolean deadLetter, String url, String... options) {
        ErrantRecordReporter reporter = (record, error) -> {
            deadLetters.add(new DeadLetter(record, error));
            return CompletableFuture.completedFuture(null);
        };
        // The interface has many methods and the task uses two: any other call is a mistake and throws.
        task.initialize((SinkTaskContext) Proxy.newProxyInstance(
                Worker.class.getClassLoader(), new Class<?>[] {SinkTaskContext.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "errantRecordReporter":
                            return deadLetter ? reporter : null;
                        case "timeout":
                            askedWaitMs = (long) arguments[0];
                            return null;
                        default:
                            throw new UnsupportedOperationException(method.getName());
                    }
                }));
        task.start(options(url, options));
    }

    /** Options as name, value, name, value; each may replace one of the usual ones. */
    static Map<String, String> options(String url, String... options) {
        Map<String, String> all = new HashMap<>(Map.of(SinkConfig.CONNECTION_URL, url, SinkConfig.RETRY_BACKOFF_MS, "40"));
        for (int i = 0; i < options.length; i += 2) {
            all.put(options[i], options[i + 1]);
        }
        return all;
    }

    void put(SinkRecord... records) {
        task.put(Arrays.asList(records));
    }

    List<String> reasons() {
        return deadLetters.stream().map(letter -> letter.error().getMessage()).toList();
    }

    static SinkRecord record(long offset, String id, Object value) {
        ConnectHeaders headers = new ConnectHeaders();
        if (id != null) {
            headers.addString("ce_id", id);
        }
        return record(offset, null, headers, value);
    }

    static SinkRecord record(long offset, Object key, ConnectHeaders headers, Object value) {
        return new SinkRecord(
                TOPIC, 3, keySchema(key), key, null, value, offset, 0L, TimestampType.CREATE_TIME, headers);
    }

    private static Schema keySchema(Object key) {
        return key instanceof String ? Schema.STRING_SCHEMA : null;
    }
}
