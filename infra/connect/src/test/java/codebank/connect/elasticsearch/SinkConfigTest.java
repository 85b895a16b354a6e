package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.connect.sink.SinkConnector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SinkConfigTest {
    private static final String URL = "http://127.0.0.1:9200";

    /** What the Connect validate endpoint answers: mistakes by option. */
    private static Map<String, List<String>> mistakes(String url, String... options) {
        Map<String, List<String>> mistakes = new TreeMap<>();
        for (ConfigValue value : new ElasticsearchSinkConnector().validate(Worker.options(url, options)).configValues()) {
            if (!value.errorMessages().isEmpty()) {
                mistakes.put(value.name(), value.errorMessages());
            }
        }
        return mistakes;
    }

    private static void check(Set<String> expected, String url, String... options) {
        assertEquals(expected, mistakes(url, options).keySet());
        if (expected.isEmpty()) {
            new SinkConfig(Worker.options(url, options));
        } else {
            assertThrows(ConfigException.class, () -> new SinkConfig(Worker.options(url, options)));
        }
    }

    @Test
    void theWorkerFindsTheConnector() {
        assertTrue(ServiceLoader.load(SinkConnector.class).stream()
                .anyMatch(provider -> provider.type() == ElasticsearchSinkConnector.class));
    }

    @Test
    void everyTaskGetsTheWholeConfiguration() {
        ElasticsearchSinkConnector connector = new ElasticsearchSinkConnector();
        connector.start(Worker.options(URL));
        assertEquals(List.of(Worker.options(URL), Worker.options(URL)), connector.taskConfigs(2));
    }

    @Test
    void addressesAreChecked() {
        check(Set.of(), URL);
        check(Set.of(), "http://a:9200, https://b/elastic");
        for (String url : List.of("", "a:9200", "ftp://a", "http://", "http://a?b", "${env:UNSET}", "http://a,b")) {
            check(Set.of("connection.url"), url);
        }
        String withSecret = mistakes("http://elastic:secret@a").get("connection.url").toString();
        assertFalse(withSecret.contains("secret"), withSecret);
    }

    @Test
    void theAddressIsNeeded() {
        assertEquals(Set.of("connection.url"), new ElasticsearchSinkConnector().validate(Map.of()).configValues().stream()
                .filter(value -> !value.errorMessages().isEmpty())
                .map(ConfigValue::name)
                .collect(Collectors.toSet()));
    }

    @Test
    void allMistakesAreToldTogether() {
        check(
                Set.of("connection.url", "batch.size", "write.method", "connection.password", "index.name",
                        "retry.backoff.max.ms", "key.ignore", "behavior.on.null.values", "elastic.security.protocol"),
                "nowhere",
                "batch.size", "0",
                "write.method", "upsert",
                "connection.username", "u",
                "index.name", "Upper",
                "retry.backoff.ms", "200",
                "retry.backoff.max.ms", "100",
                "key.ignore", "perhaps",
                "behavior.on.null.values", "cry",
                "elastic.security.protocol", "SASL");
    }

    @Test
    void indexNamesAreChecked() {
        for (String name : List.of("", "codebank.account.events.v1", ".hidden")) {
            check(Set.of(), URL, "index.name", name);
        }
        for (String name : List.of("_a", "-a", "+a", "A", "a b", "a*", "a/b", "..", "x".repeat(256))) {
            check(Set.of("index.name"), URL, "index.name", name);
        }
    }

    @Test
    void authorizationIsBasicOrAKey() {
        assertEquals(Optional.empty(), new SinkConfig(Worker.options(URL)).authorization());
        assertEquals(
                Optional.of("Basic dXNlcjpww6Rzcw=="),
                new SinkConfig(Worker.options(URL, "connection.username", "user", "connection.password", "päss"))
                        .authorization());
        assertEquals(
                Optional.of("ApiKey a2V5"),
                new SinkConfig(Worker.options(URL, "connection.api.key", "a2V5")).authorization());
        check(Set.of("connection.username"), URL, "connection.password", "p");
        check(Set.of("connection.api.key"), URL,
                "connection.username", "u", "connection.password", "p", "connection.api.key", "a2V5");
    }

    @Test
    void tlsOptionsMustMakeSenseTogether(@TempDir Path folder) {
        check(Set.of(), "https://a", "elastic.security.protocol", "ssl");
        check(Set.of("connection.url"), "https://a,http://b", "elastic.security.protocol", "SSL");
        check(Set.of("elastic.security.protocol"), "https://a", "elastic.https.ssl.truststore.location", "/t.p12");
        check(Set.of("elastic.security.protocol"), "https://a", "elastic.security.protocol", "SSL",
                "elastic.https.ssl.truststore.location", folder.resolve("absent.p12").toString());
    }
}
