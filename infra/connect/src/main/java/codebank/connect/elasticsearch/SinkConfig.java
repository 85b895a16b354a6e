package codebank.connect.elasticsearch;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.apache.kafka.common.config.ConfigDef.Width;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.config.types.Password;

/**
 * The options, their documentation and their rules, and the typed values the task works with.
 *
 * <p>An option that the Confluent Elasticsearch sink has too bears its name and meaning, so that an operator can put
 * that connector in this one's place. An option that is not here is not supported; none is accepted and ignored.
 */
final class SinkConfig extends AbstractConfig {
    static final String CONNECTION_URL = "connection.url";
    static final String CONNECTION_USERNAME = "connection.username";
    static final String CONNECTION_PASSWORD = "connection.password";
    static final String CONNECTION_API_KEY = "connection.api.key";
    static final String CONNECTION_COMPRESSION = "connection.compression";
    static final String CONNECTION_TIMEOUT_MS = "connection.timeout.ms";
    static final String READ_TIMEOUT_MS = "read.timeout.ms";
    static final String SECURITY_PROTOCOL = "elastic.security.protocol";
    static final String TRUSTSTORE_LOCATION = "elastic.https.ssl.truststore.location";
    static final String TRUSTSTORE_PASSWORD = "elastic.https.ssl.truststore.password";
    static final String TRUSTSTORE_TYPE = "elastic.https.ssl.truststore.type";
    static final String KEYSTORE_LOCATION = "elastic.https.ssl.keystore.location";
    static final String KEYSTORE_PASSWORD = "elastic.https.ssl.keystore.password";
    static final String KEYSTORE_TYPE = "elastic.https.ssl.keystore.type";
    static final String KEY_PASSWORD = "elastic.https.ssl.key.password";
    static final String BATCH_SIZE = "batch.size";
    static final String BULK_SIZE_BYTES = "bulk.size.bytes";
    static final String MAX_RETRIES = "max.retries";
    static final String RETRY_BACKOFF_MS = "retry.backoff.ms";
    static final String RETRY_BACKOFF_MAX_MS = "retry.backoff.max.ms";
    static final String INDEX_NAME = "index.name";
    static final String DOCUMENT_ID_HEADER = "document.id.header";
    static final String DOCUMENT_INGESTED_FIELD = "document.ingested.field";
    static final String KEY_IGNORE = "key.ignore";
    static final String WRITE_METHOD = "write.method";
    static final String BEHAVIOR_ON_NULL_VALUES = "behavior.on.null.values";

    static final ConfigDef DEFINITION = definition();

    /** What a record does to the document that already has its id. */
    enum WriteMethod {
        /** Nothing: the first record of an id stays, a repeat finds the document there. */
        CREATE,
        /** Replaces it: the newest record of an id wins. */
        INSERT
    }

    /** What a record without a value means. */
    enum NullValues {
        FAIL,
        IGNORE,
        DELETE
    }

    enum SecurityProtocol {
        PLAINTEXT,
        SSL
    }

    SinkConfig(Map<String, String> properties) {
        super(DEFINITION, properties, false);
        List<ConfigValue> values = DEFINITION.validate(properties);
        judgeTogether(values);
        String mistakes = values.stream()
                .flatMap(value -> value.errorMessages().stream())
                .collect(Collectors.joining("; "));
        if (!mistakes.isEmpty()) {
            throw new ConfigException(mistakes);
        }
    }

    List<URI> urls() {
        return getList(CONNECTION_URL).stream().map(String::strip).map(URI::create).toList();
    }

    /** The value of the Authorization header. */
    Optional<String> authorization() {
        Password apiKey = getPassword(CONNECTION_API_KEY);
        if (apiKey != null) {
            return Optional.of("ApiKey " + apiKey.value());
        }
        String username = getString(CONNECTION_USERNAME);
        if (username == null) {
            return Optional.empty();
        }
        String pair = username + ":" + getPassword(CONNECTION_PASSWORD).value();
        return Optional.of("Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    }

    boolean compression() {
        return getBoolean(CONNECTION_COMPRESSION);
    }

    Duration connectionTimeout() {
        return Duration.ofMillis(getInt(CONNECTION_TIMEOUT_MS));
    }

    Duration readTimeout() {
        return Duration.ofMillis(getInt(READ_TIMEOUT_MS));
    }

    int batchSize() {
        return getInt(BATCH_SIZE);
    }

    int bulkSizeBytes() {
        return getInt(BULK_SIZE_BYTES);
    }

    int maxRetries() {
        return getInt(MAX_RETRIES);
    }

    Backoff backoff() {
        return new Backoff(getLong(RETRY_BACKOFF_MS), getLong(RETRY_BACKOFF_MAX_MS));
    }

    Optional<String> indexName() {
        return text(INDEX_NAME);
    }

    Optional<String> documentIdHeader() {
        return text(DOCUMENT_ID_HEADER);
    }

    Optional<String> documentIngestedField() {
        return text(DOCUMENT_INGESTED_FIELD);
    }

    boolean keyIgnore() {
        return getBoolean(KEY_IGNORE);
    }

    WriteMethod writeMethod() {
        return choice(WriteMethod.class, getString(WRITE_METHOD));
    }

    NullValues nullValues() {
        return choice(NullValues.class, getString(BEHAVIOR_ON_NULL_VALUES));
    }

    /** The TLS stores, when this connector brings its own. */
    Optional<Tls.Stores> tlsStores() {
        return tlsStores(values()::get);
    }

    private Optional<String> text(String option) {
        return Optional.of(getString(option)).filter(value -> !value.isEmpty());
    }

    /** The rules between options; each mistake is added to the option it concerns. */
    static void judgeTogether(List<ConfigValue> values) {
        Map<String, ConfigValue> byName =
                values.stream().collect(Collectors.toMap(ConfigValue::name, Function.identity()));
        Function<String, Object> value = name -> byName.get(name).value();

        boolean username = value.apply(CONNECTION_USERNAME) != null;
        boolean password = value.apply(CONNECTION_PASSWORD) != null;
        if (username != password) {
            String missing = username ? CONNECTION_PASSWORD : CONNECTION_USERNAME;
            byName.get(missing).addErrorMessage(
                    CONNECTION_USERNAME + " and " + CONNECTION_PASSWORD + " go together: " + missing + " is not set");
        }
        if (username && value.apply(CONNECTION_API_KEY) != null) {
            byName.get(CONNECTION_API_KEY).addErrorMessage(
                    "set either " + CONNECTION_API_KEY + " or " + CONNECTION_USERNAME + ", not both");
        }
        if (value.apply(RETRY_BACKOFF_MS) instanceof Long first
                && value.apply(RETRY_BACKOFF_MAX_MS) instanceof Long most
                && first > most) {
            byName.get(RETRY_BACKOFF_MAX_MS).addErrorMessage(
                    RETRY_BACKOFF_MAX_MS + " must not be less than " + RETRY_BACKOFF_MS);
        }
        judgeTls(byName, value);
    }

    private static void judgeTls(Map<String, ConfigValue> byName, Function<String, Object> value) {
        ConfigValue protocol = byName.get(SECURITY_PROTOCOL);
        if (!protocol.errorMessages().isEmpty()) {
            return;
        }
        boolean ssl = choice(SecurityProtocol.class, (String) protocol.value()) == SecurityProtocol.SSL;
        if (ssl && value.apply(CONNECTION_URL) instanceof List<?> urls) {
            urls.stream()
                    .map(url -> url.toString().strip())
                    .filter(url -> !url.toLowerCase(Locale.ROOT).startsWith("https://"))
                    .forEach(url -> byName.get(CONNECTION_URL).addErrorMessage(
                            SECURITY_PROTOCOL + "=SSL wants https addresses, not " + url));
        }
        Optional<Tls.Stores> stores = tlsStores(value);
        if (!ssl && stores.isPresent()) {
            protocol.addErrorMessage("the elastic.https.ssl options need " + SECURITY_PROTOCOL + "=SSL");
        }
        if (ssl && stores.isPresent()) {
            stores.get().mistake().ifPresent(protocol::addErrorMessage);
        }
    }

    private static Optional<Tls.Stores> tlsStores(Function<String, ?> value) {
        Optional<Tls.Store> trust = store(value, TRUSTSTORE_LOCATION, TRUSTSTORE_PASSWORD, TRUSTSTORE_TYPE);
        Optional<Tls.Store> keys = store(value, KEYSTORE_LOCATION, KEYSTORE_PASSWORD, KEYSTORE_TYPE);
        if (trust.isEmpty() && keys.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Tls.Stores(trust, keys, password(value, KEY_PASSWORD)));
    }

    private static Optional<Tls.Store> store(Function<String, ?> value, String location, String secret, String type) {
        return Optional.ofNullable((String) value.apply(location))
                .map(path -> new Tls.Store(path, password(value, secret), (String) value.apply(type)));
    }

    private static Optional<Password> password(Function<String, ?> value, String option) {
        return Optional.ofNullable((Password) value.apply(option));
    }

    private static <E extends Enum<E>> E choice(Class<E> type, String name) {
        return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
    }

    private static ConfigDef definition() {
        ConfigDef options = new ConfigDef();
        connection(options);
        tls(options);
        batching(options);
        documents(options);
        return options;
    }

    private static void connection(ConfigDef options) {
        new Group(options, "Connection")
                .add(CONNECTION_URL, Type.LIST, ConfigDef.NO_DEFAULT_VALUE, Rules.addresses(), Importance.HIGH,
                        "Addresses of Elasticsearch, comma separated, as http://host:port or https://host:port with an "
                                + "optional path. One is used at a time; when it does not answer, the next is tried.")
                .add(CONNECTION_USERNAME, Type.STRING, null, Rules.notEmpty(), Importance.MEDIUM,
                        "User name for basic authentication; needs " + CONNECTION_PASSWORD + ".")
                .add(CONNECTION_PASSWORD, Type.PASSWORD, null, null, Importance.MEDIUM,
                        "Password for basic authentication; needs " + CONNECTION_USERNAME + ".")
                .add(CONNECTION_API_KEY, Type.PASSWORD, null, null, Importance.MEDIUM,
                        "Encoded API key, as Elasticsearch hands it out; instead of a user name and password.")
                .add(CONNECTION_COMPRESSION, Type.BOOLEAN, false, null, Importance.LOW,
                        "Whether requests are compressed with gzip: less network for more processor time.")
                .add(CONNECTION_TIMEOUT_MS, Type.INT, 1_000, ConfigDef.Range.atLeast(1), Importance.LOW,
                        "How long opening a connection may take, in milliseconds.")
                .add(READ_TIMEOUT_MS, Type.INT, 10_000, ConfigDef.Range.atLeast(1), Importance.LOW,
                        "How long a whole answer may take once connected, in milliseconds. With several addresses all of "
                                + "them together must stay below the consumer's max.poll.interval.ms.")
                .add(MAX_RETRIES, Type.INT, Integer.MAX_VALUE, ConfigDef.Range.atLeast(0), Importance.MEDIUM,
                        "How often in a row a batch is tried again when Elasticsearch is away, overloaded (429) or failing "
                                + "(5xx) before the task fails. The default never gives up: an outage loses nothing and "
                                + "needs no restart.")
                .add(RETRY_BACKOFF_MS, Type.LONG, 100L, ConfigDef.Range.atLeast(0), Importance.LOW,
                        "The wait before the first retry, in milliseconds; each further one waits twice as long, with "
                                + "jitter.")
                .add(RETRY_BACKOFF_MAX_MS, Type.LONG, 10_000L, ConfigDef.Range.atLeast(0), Importance.LOW,
                        "The longest wait between retries, in milliseconds.");
    }

    private static void tls(ConfigDef options) {
        new Group(options, "TLS")
                .add(SECURITY_PROTOCOL, Type.STRING, SecurityProtocol.PLAINTEXT.name(),
                        Rules.oneOf(SecurityProtocol.class), Importance.MEDIUM,
                        "SSL: every address is https, and the elastic.https.ssl stores below are used. PLAINTEXT: an https "
                                + "address is judged by the trust store of the Java runtime.")
                .add(TRUSTSTORE_LOCATION, Type.STRING, null, Rules.notEmpty(), Importance.MEDIUM,
                        "File with the certificates to trust.")
                .add(TRUSTSTORE_PASSWORD, Type.PASSWORD, null, null, Importance.MEDIUM,
                        "Password of the trust store.")
                .add(TRUSTSTORE_TYPE, Type.STRING, "PKCS12", Rules.notEmpty(), Importance.LOW,
                        "Format of the trust store: PKCS12 or JKS.")
                .add(KEYSTORE_LOCATION, Type.STRING, null, Rules.notEmpty(), Importance.MEDIUM,
                        "File with this client's own certificate, where Elasticsearch asks for one.")
                .add(KEYSTORE_PASSWORD, Type.PASSWORD, null, null, Importance.MEDIUM,
                        "Password of the key store.")
                .add(KEYSTORE_TYPE, Type.STRING, "PKCS12", Rules.notEmpty(), Importance.LOW,
                        "Format of the key store: PKCS12 or JKS.")
                .add(KEY_PASSWORD, Type.PASSWORD, null, null, Importance.LOW,
                        "Password of the key in the key store, where it differs from the store's.");
    }

    private static void batching(ConfigDef options) {
        new Group(options, "Batching")
                .add(BATCH_SIZE, Type.INT, 2_000, ConfigDef.Range.between(1, 1_000_000), Importance.MEDIUM,
                        "The most documents in one bulk request. A request never holds more than one poll of the consumer: "
                                + "raise consumer.override.max.poll.records (500) with it.")
                .add(BULK_SIZE_BYTES, Type.INT, 5 * 1024 * 1024, ConfigDef.Range.atLeast(1), Importance.MEDIUM,
                        "The most bytes in one bulk request, before compression. A single larger document is sent alone.");
    }

    private static void documents(ConfigDef options) {
        new Group(options, "Documents")
                .add(INDEX_NAME, Type.STRING, "", Rules.indexName(), Importance.MEDIUM,
                        "The index, alias or data stream to write to. Empty: the record's topic, in lower case.")
                .add(DOCUMENT_ID_HEADER, Type.STRING, "ce_id", null, Importance.MEDIUM,
                        "The record header whose value is the document id. Empty: no header is looked at. A record without "
                                + "it falls back to the key, see " + KEY_IGNORE + ".")
                .add(DOCUMENT_INGESTED_FIELD, Type.STRING, "", null, Importance.LOW,
                        "A field that is added to each document: the time it is sent to Elasticsearch, by this worker's "
                                + "clock, such as event.ingested. Empty: nothing is added.")
                .add(KEY_IGNORE, Type.BOOLEAN, false, null, Importance.HIGH,
                        "false: a record without the id header has its key as document id. true: the key is no id, and such "
                                + "a record is named topic+partition+offset, as is one without a key.")
                .add(WRITE_METHOD, Type.STRING, WriteMethod.INSERT.name(), Rules.oneOf(WriteMethod.class), Importance.MEDIUM,
                        "INSERT: a record replaces the document of its id. CREATE: the first record of an id stays and a "
                                + "repeat changes nothing, for facts that never change; data streams need it.")
                .add(BEHAVIOR_ON_NULL_VALUES, Type.STRING, NullValues.FAIL.name(), Rules.oneOf(NullValues.class),
                        Importance.LOW,
                        "What a record without a value does. FAIL: it is a bad record and goes to the dead letter. IGNORE: "
                                + "nothing. DELETE: it deletes the document of its id.");
    }

    /** Adds options in the order a person reads them. */
    private static final class Group {
        private final ConfigDef options;
        private final String name;
        private int order;

        Group(ConfigDef options, String name) {
            this.options = options;
            this.name = name;
        }

        Group add(
                String option, Type type, Object preset, ConfigDef.Validator rule, Importance importance, String text) {
            options.define(
                    option, type, preset, rule, importance, text, name, order++, Width.MEDIUM, option);
            return this;
        }
    }
}
