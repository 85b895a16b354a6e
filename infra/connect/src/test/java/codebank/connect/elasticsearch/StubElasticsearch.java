package codebank.connect.elasticsearch;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLContext;

/**
 * An HTTP server that keeps every request and answers as it was told; by default every operation succeeds. It stores no
 * documents: what Elasticsearch makes of them is shown by the integration test on the real server.
 */
final class StubElasticsearch implements AutoCloseable {
    /** A request as it arrived, with its body uncompressed. */
    record Request(String path, Headers headers, List<String> lines) {
        int operations() {
            return (int) lines.stream().filter(line -> line.contains("\"_id\":")).count();
        }
    }

    record Answer(int status, String body) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final Deque<Answer> answers = new ArrayDeque<>();

    StubElasticsearch() throws IOException {
        this(HttpServer.create(anyPort(), 0));
    }

    private StubElasticsearch(HttpServer server) {
        this.server = server;
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** The same over TLS, presenting the key of the context. */
    static StubElasticsearch withTls(SSLContext context) throws IOException {
        HttpsServer server = HttpsServer.create(anyPort(), 0);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        return new StubElasticsearch(server);
    }

    private static InetSocketAddress anyPort() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    String url() {
        String scheme = server instanceof HttpsServer ? "https" : "http";
        return scheme + "://127.0.0.1:" + server.getAddress().getPort();
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    /** The next request without an answer of its own gets this one. */
    StubElasticsearch then(int status, String body) {
        synchronized (answers) {
            answers.add(new Answer(status, body));
        }
        return this;
    }

    /** The next request is answered operation by operation, each with {@code action:status[:error type]}. */
    StubElasticsearch thenItems(String... items) {
        return then(200, body(List.of(items)));
    }

    /** The next request is accepted and never answered. */
    StubElasticsearch thenSilence() {
        return then(0, "");
    }

    private static String body(List<String> items) {
        StringBuilder body = new StringBuilder("{\"items\":[");
        for (String item : items) {
            String[] parts = item.split(":");
            body.append(body.charAt(body.length() - 1) == '[' ? "" : ",");
            body.append("{\"").append(parts[0]).append("\":{\"status\":").append(parts[1]);
            if (parts.length > 2) {
                body.append(",\"error\":{\"type\":\"").append(parts[2]).append("\",\"reason\":\"the reason of ")
                        .append(parts[2]).append("\",\"caused_by\":{\"type\":\"the_cause\"}}");
            }
            body.append("}}");
        }
        return body.append("]}").toString();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Request request = read(exchange);
        requests.add(request);
        Answer answer;
        synchronized (answers) {
            answer = answers.isEmpty() ? allDone(request) : answers.remove();
        }
        if (answer.status() == 0) {
            return;
        }
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(answer.status(), body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    private static Answer allDone(Request request) {
        return new Answer(200, body(Collections.nCopies(request.operations(), "index:201")));
    }

    private static Request read(HttpExchange exchange) throws IOException {
        boolean gzip = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
        InputStream raw = exchange.getRequestBody();
        try (InputStream body = gzip ? new GZIPInputStream(raw) : raw) {
            String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
            return new Request(exchange.getRequestURI().toString(), exchange.getRequestHeaders(), List.of(text.split("\n")));
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
