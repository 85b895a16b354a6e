package codebank.connect.elasticsearch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Optional;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.kafka.common.config.types.Password;

/**
 * The connector's own trust and key stores, and the TLS context made of them.
 *
 * <p>There is deliberately no switch that turns off the check of the server's name or certificate.
 */
final class Tls {
    private Tls() {}

    record Store(String location, Optional<Password> password, String type) {
        KeyStore load() throws IOException, GeneralSecurityException {
            KeyStore store = KeyStore.getInstance(type);
            try (InputStream file = Files.newInputStream(Path.of(location))) {
                store.load(file, characters(password));
            }
            return store;
        }
    }

    /** At least one of the two is there; what is missing is the Java runtime's. */
    record Stores(Optional<Store> trust, Optional<Store> keys, Optional<Password> keyPassword) {
        /** Why no TLS context can be made of these, found when the configuration is judged. */
        Optional<String> mistake() {
            try {
                context();
                return Optional.empty();
            } catch (IOException | GeneralSecurityException e) {
                return Optional.of("the TLS stores cannot be used: " + e);
            }
        }

        SSLContext context() throws IOException, GeneralSecurityException {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    keys.isPresent() ? ownKeys(keys.get()).getKeyManagers() : null,
                    trust.isPresent() ? trusted(trust.get()).getTrustManagers() : null,
                    null);
            return context;
        }

        private KeyManagerFactory ownKeys(Store store) throws IOException, GeneralSecurityException {
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store.load(), characters(keyPassword.or(store::password)));
            return factory;
        }

        private static TrustManagerFactory trusted(Store store) throws IOException, GeneralSecurityException {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store.load());
            return factory;
        }
    }

    private static char[] characters(Optional<Password> password) {
        return password.map(secret -> secret.value().toCharArray()).orElse(null);
    }
}
