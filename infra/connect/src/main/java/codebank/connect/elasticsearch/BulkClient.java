package codebank.connect.elasticsearch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.connect.errors.ConnectException;

/**
 * Sends one bulk request and waits for its answer, over connections that are kept open, to the first address that gives
 * one. It neither retries nor waits between tries: the worker does, and keeps its place in the consumer group meanwhile.
 */
final class BulkClient {
    private final List<URI> endpoints;
    private final Optional<String> authorization;
    private final boolean compression;
    private final Duration deadline;
    private final HttpClient http;
    private int current;

    BulkClient(SinkConfig config) {
        endpoints = config.urls().stream().map(BulkClient::endpoint).toList();
        authorization = config.authorization();
        compression = config.compression();
        deadline = config.connectionTimeout().plus(config.readTimeout());
        http = http(config);
    }

    private static URI endpoint(URI url) {
        String base = url.toString().replaceAll("/+$", "");
        return URI.create(base + "/_bulk?filter_path=" + BulkResponse.FILTER_PATH);
    }

    private static HttpClient http(SinkConfig config) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(config.connectionTimeout());
        config.tlsStores().ifPresent(stores -> {
            try {
                builder.sslContext(stores.context());
            } catch (IOException | GeneralSecurityException e) {
                throw new ConnectException("the TLS stores cannot be used", e);
            }
        });
        return builder.build();
    }

    /**
     * @throws Unavailable when no address gave an answer to the operations; sending them again later is right
     * @throws TooLarge when the request has to be divided
     * @throws ConnectException when the configuration has to be changed
     */
    BulkResponse send(BulkRequest request) throws Unavailable, TooLarge {
        byte[] body = compression ? compressed(request.body()) : request.body();
        List<String> failures = new ArrayList<>();
        for (int tries = 0; tries < endpoints.size(); tries++) {
            URI endpoint = endpoints.get(current);
            try {
                return judge(endpoint, exchange(endpoint, body), request.operations().size());
            } catch (Unavailable e) {
                failures.add(name(endpoint) + ": " + e.getMessage());
                current = (current + 1) % endpoints.size();
            }
        }
        throw new Unavailable(String.join("; ", failures));
    }

    private HttpResponse<byte[]> exchange(URI endpoint, byte[] body) throws Unavailable {
        HttpRequest.Builder request = HttpRequest.newBuilder(endpoint)
                .header("Content-Type", "application/x-ndjson")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        authorization.ifPresent(value -> request.header("Authorization", value));
        if (compression) {
            request.header("Content-Encoding", "gzip");
        }
        // The client's own timeout ends with the headers; this one covers the body of the answer too.
        CompletableFuture<HttpResponse<byte[]>> answer =
                http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray());
        try {
            return answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            answer.cancel(true);
            throw new Unavailable("no answer within " + deadline.toMillis() + " ms");
        } catch (ExecutionException e) {
            throw new Unavailable(e.getCause().toString());
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            throw new Unavailable("interrupted");
        }
    }

    private static BulkResponse judge(URI endpoint, HttpResponse<byte[]> answer, int operations)
            throws Unavailable, TooLarge {
        int status = answer.statusCode();
        if (status == 200) {
            return read(answer.body(), operations);
        }
        if (status == 413) {
            throw new TooLarge();
        }
        String words = "HTTP " + status
                + ElasticsearchError.ofWholeAnswer(answer.body()).map(error -> " " + error).orElse("");
        if (status == 408 || status == 429 || status >= 500) {
            throw new Unavailable(words);
        }
        throw new ConnectException(name(endpoint) + " refuses bulk requests: " + words);
    }

    private static BulkResponse read(byte[] body, int operations) throws Unavailable {
        try {
            BulkResponse response = BulkResponse.parse(body);
            if (response.items().size() != operations) {
                throw new Unavailable(response.items().size() + " answers to " + operations + " operations");
            }
            return response;
        } catch (IOException e) {
            // The parser's words quote the answer, which quotes documents.
            throw new Unavailable("an answer that cannot be read (" + e.getClass().getSimpleName() + ")");
        }
    }

    private static byte[] compressed(byte[] body) {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream(body.length / 4);
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(body);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return compressed.toByteArray();
    }

    private static String name(URI endpoint) {
        return endpoint.getScheme() + "://" + endpoint.getAuthority();
    }

    /** Elasticsearch is away, overloaded or failing. */
    static final class Unavailable extends Exception {
        private static final long serialVersionUID = 1L;

        Unavailable(String message) {
            super(message);
        }
    }

    /** Elasticsearch, or a proxy before it, does not take a request of this size. */
    static final class TooLarge extends Exception {
        private static final long serialVersionUID = 1L;
    }
}
