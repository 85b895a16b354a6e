package codebank.connect.elasticsearch;

import codebank.connect.elasticsearch.BulkClient.TooLarge;
import codebank.connect.elasticsearch.BulkClient.Unavailable;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.errors.RetriableException;
import org.apache.kafka.connect.sink.ErrantRecordReporter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTask;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the records it is given through to Elasticsearch: when {@code put} returns, each of them is a document there or
 * a dead letter. So it keeps no buffer, and the offsets the worker commits are always acknowledged ones.
 *
 * <p>It does not wait or sleep: what cannot be written now goes back to the worker, which keeps the batch and its place
 * in the consumer group and delivers again after the wait that was asked for.
 */
public final class ElasticsearchSinkTask extends SinkTask {
    private static final Logger LOG = LoggerFactory.getLogger(ElasticsearchSinkTask.class);

    private final SettledRecords settled = new SettledRecords();
    private SinkConfig config;
    private Operation.Maker operations;
    private BulkClient client;
    private Backoff backoff;
    private Optional<ErrantRecordReporter> deadLetters = Optional.empty();
    private int failuresInARow;

    @Override
    public String version() {
        return ElasticsearchSinkConnector.versionOfThisJar();
    }

    @Override
    public void start(Map<String, String> properties) {
        config = new SinkConfig(properties);
        operations = new Operation.Maker(config);
        client = new BulkClient(config);
        backoff = config.backoff();
        deadLetters = Optional.ofNullable(context.errantRecordReporter());
        LOG.info("Writing to {}; bad records {}", config.urls(),
                deadLetters.isPresent() ? "are reported" : "fail the task: no dead letter topic is set");
    }

    @Override
    public void put(Collection<SinkRecord> records) {
        if (records.isEmpty()) {
            return;
        }
        Refusals refusals = new Refusals();
        try {
            write(records, refusals);
        } catch (Unavailable e) {
            throw tryAgain(records.size(), e);
        } finally {
            refusals.log(records.size());
        }
        settled.clear();
        if (failuresInARow > 0) {
            LOG.info("Elasticsearch takes documents again, after {} failed tries", failuresInARow);
            failuresInARow = 0;
        }
    }

    @Override
    public void close(Collection<TopicPartition> partitions) {
        settled.forget(partitions);
    }

    @Override
    public void stop() {
        // Nothing is buffered, and the connections close when idle.
    }

    private void write(Collection<SinkRecord> records, Refusals refusals) throws Unavailable {
        BulkRequest request = emptyRequest();
        for (SinkRecord record : records) {
            if (settled.contains(record)) {
                continue;
            }
            Optional<Operation> operation;
            try {
                operation = operations.of(record);
            } catch (BadRecord e) {
                refuse(record, e, refusals);
                continue;
            }
            if (operation.isEmpty()) {
                continue;
            }
            if (!request.hasRoomFor(operation.get())) {
                send(request, refusals);
                request = emptyRequest();
            }
            request.add(operation.get());
        }
        if (!request.isEmpty()) {
            send(request, refusals);
        }
    }

    private BulkRequest emptyRequest() {
        return new BulkRequest(config.batchSize(), config.bulkSizeBytes());
    }

    private void send(BulkRequest request, Refusals refusals) throws Unavailable {
        List<Operation> sent = request.operations();
        try {
            settle(sent, client.send(request).items(), refusals);
        } catch (TooLarge e) {
            if (sent.size() == 1) {
                String reason = "Elasticsearch answered 413 to a request of this document alone: it is too large";
                refuse(sent.get(0).record(), new BadRecord("too_large", reason), refusals);
                return;
            }
            for (BulkRequest half : request.halves()) {
                send(half, refusals);
            }
        }
    }

    /**
     * Once an operation has to be sent again, so have all later ones on the same document, even those that succeeded:
     * otherwise the older one would overtake them.
     */
    private void settle(List<Operation> sent, List<BulkResponse.Item> answers, Refusals refusals) throws Unavailable {
        Set<String> later = new HashSet<>();
        Map<String, Integer> kinds = new TreeMap<>();
        for (int i = 0; i < sent.size(); i++) {
            Operation operation = sent.get(i);
            BulkResponse.Item answer = answers.get(i);
            BulkResponse.Outcome outcome = answer.outcome();
            if (outcome == BulkResponse.Outcome.LATER) {
                later.add(operation.target());
                kinds.merge(answer.status() + " " + answer.kind(), 1, Integer::sum);
            }
            if (later.contains(operation.target())) {
                continue;
            }
            if (outcome == BulkResponse.Outcome.REFUSED) {
                refuse(operation.record(), new BadRecord(answer.kind(), answer.reason()), refusals);
            } else {
                settled.add(operation.record());
            }
        }
        if (!later.isEmpty()) {
            throw new Unavailable("some operations were put off: " + kinds);
        }
    }

    private void refuse(SinkRecord record, BadRecord fault, Refusals refusals) {
        ErrantRecordReporter reporter = deadLetters.orElseThrow(() -> new ConnectException(
                "a bad record at " + Operation.where(record) + ", and no dead letter topic is set to put it aside: "
                        + fault.getMessage(),
                fault));
        // The worker waits for the dead letter to be stored before it commits the record's offset.
        reporter.report(record, fault);
        settled.add(record);
        refusals.count(fault.kind());
    }

    private ConnectException tryAgain(int records, Unavailable failure) {
        failuresInARow++;
        String what = "Elasticsearch did not take a batch of " + records + " records (try " + failuresInARow + "): "
                + failure.getMessage();
        if (failuresInARow > config.maxRetries()) {
            return new ConnectException(what + "; giving up after " + SinkConfig.MAX_RETRIES + " retries");
        }
        long waitMs = backoff.waitMs(failuresInARow);
        context.timeout(waitMs);
        return new TryAgain(what + "; trying again in " + waitMs + " ms");
    }

    /** The worker logs it on every try of an outage, so it says what happened and brings no stack trace. */
    private static final class TryAgain extends RetriableException {
        private static final long serialVersionUID = 1L;

        TryAgain(String message) {
            super(message);
        }

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }

    /** Counts a batch's refusals by kind, for one line of log that says nothing of the documents. */
    private static final class Refusals {
        private final Map<String, Integer> kinds = new TreeMap<>();

        void count(String kind) {
            kinds.merge(kind, 1, Integer::sum);
        }

        void log(int records) {
            if (!kinds.isEmpty()) {
                LOG.warn("Of a batch of {} records some were refused and reported: {}", records, kinds);
            }
        }
    }
}
