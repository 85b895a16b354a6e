package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.errors.RetriableException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a server with a certificate made for the test by the JDK's keytool. */
class TlsTest {
    private static final String PASSWORD = "changeit";

    @TempDir
    static Path folder;

    private static Path serverKey;

    @BeforeAll
    static void makeACertificate() throws IOException, InterruptedException {
        serverKey = folder.resolve("server.p12");
        String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        Process process = new ProcessBuilder(
                        keytool, "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=127.0.0.1",
                        "-ext", "SAN=IP:127.0.0.1", "-storetype", "PKCS12", "-keystore", serverKey.toString(),
                        "-storepass", PASSWORD)
                .inheritIO()
                .start();
        assertEquals(0, process.waitFor());
    }

    private static StubElasticsearch server() throws Exception {
        Tls.Store key = new Tls.Store(serverKey.toString(), Optional.of(new Password(PASSWORD)), "PKCS12");
        return StubElasticsearch.withTls(new Tls.Stores(Optional.empty(), Optional.of(key), Optional.empty()).context());
    }

    @Test
    void aServerInTheTrustStoreIsSpokenTo() throws Exception {
        try (StubElasticsearch server = server()) {
            Worker worker = Worker.withDeadLetter(
                    server.url(),
                    SinkConfig.SECURITY_PROTOCOL, "SSL",
                    SinkConfig.TRUSTSTORE_LOCATION, serverKey.toString(),
                    SinkConfig.TRUSTSTORE_PASSWORD, PASSWORD);
            worker.put(Worker.record(1, "x", "{}"));
            assertEquals(1, server.requests().size());
        }
    }

    @Test
    void anUnknownServerGetsNothing() throws Exception {
        try (StubElasticsearch server = server()) {
            Worker worker = Worker.withDeadLetter(server.url());
            RetriableException fault =
                    assertThrows(RetriableException.class, () -> worker.put(Worker.record(1, "x", "{}")));
            assertTrue(fault.getMessage().contains("SSLHandshakeException"), fault.getMessage());
            assertEquals(0, server.requests().size());
        }
    }

    @Test
    void aWrongPasswordIsToldBeforeTheStart() {
        Tls.Store store = new Tls.Store(serverKey.toString(), Optional.of(new Password("wrong")), "PKCS12");
        assertTrue(new Tls.Stores(Optional.of(store), Optional.empty(), Optional.empty()).mistake().isPresent());
    }
}
