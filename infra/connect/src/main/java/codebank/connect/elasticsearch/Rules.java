package codebank.connect.elasticsearch;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Validator;
import org.apache.kafka.common.config.ConfigException;

/** The rules for the value of one option. Rules between options are in {@link SinkConfig#judgeTogether}. */
final class Rules {
    /** What Elasticsearch forbids anywhere in the name of an index, besides upper case. */
    private static final Pattern FORBIDDEN_IN_INDEX = Pattern.compile("[\\\\/*?\"<>| ,#:]");

    private static final int INDEX_NAME_BYTES_MAX = 255;

    private Rules() {}

    static Validator addresses() {
        return rule("comma separated http or https addresses", (name, value) -> {
            List<?> urls = value instanceof List<?> list ? list : List.of();
            if (urls.isEmpty()) {
                throw new ConfigException(name, value, "at least one address is needed");
            }
            urls.forEach(url -> address(name, url.toString().strip()));
        });
    }

    private static void address(String name, String url) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new ConfigException(name, url, "not an address: " + e.getReason());
        }
        if (uri.getUserInfo() != null) {
            // The address appears in logs and in the task's status. It is not repeated here for the same reason.
            throw new ConfigException(
                    "Invalid value for " + name + ": credentials belong into " + SinkConfig.CONNECTION_USERNAME + " and "
                            + SinkConfig.CONNECTION_PASSWORD + ", not into an address");
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || uri.getHost() == null) {
            throw new ConfigException(name, url, "an address looks like http://host:9200");
        }
        if (uri.getQuery() != null || uri.getFragment() != null) {
            throw new ConfigException(name, url, "an address has no query or fragment");
        }
    }

    static Validator notEmpty() {
        return rule("not empty", (name, value) -> {
            if (value instanceof String text && text.isBlank()) {
                throw new ConfigException(name, value, "must not be empty");
            }
        });
    }

    static Validator indexName() {
        return rule("a name Elasticsearch accepts, or empty", (name, value) -> {
            Optional<String> mistake =
                    value == null || value.equals("") ? Optional.empty() : mistakeInIndexName((String) value);
            mistake.ifPresent(text -> {
                throw new ConfigException(name, value, text);
            });
        });
    }

    /** Why Elasticsearch would refuse an index of this name. */
    static Optional<String> mistakeInIndexName(String index) {
        if (!index.equals(index.toLowerCase(Locale.ROOT))) {
            return Optional.of("an index name is in lower case");
        }
        if (FORBIDDEN_IN_INDEX.matcher(index).find()) {
            return Optional.of("an index name has none of \\ / * ? \" < > | , # : nor spaces");
        }
        if (index.isEmpty() || "-_+".indexOf(index.charAt(0)) >= 0 || index.equals(".") || index.equals("..")) {
            return Optional.of("an index name does not begin with - _ or +, and is not . or ..");
        }
        if (index.getBytes(StandardCharsets.UTF_8).length > INDEX_NAME_BYTES_MAX) {
            return Optional.of("an index name has at most " + INDEX_NAME_BYTES_MAX + " bytes");
        }
        return Optional.empty();
    }

    /** The name of one of the constants, in any case. */
    static <E extends Enum<E>> Validator oneOf(Class<E> type) {
        String[] names = Arrays.stream(type.getEnumConstants()).map(Enum::name).toArray(String[]::new);
        return ConfigDef.CaseInsensitiveValidString.in(names);
    }

    private static Validator rule(String description, Validator check) {
        return new Validator() {
            @Override
            public void ensureValid(String name, Object value) {
                check.ensureValid(name, value);
            }

            @Override
            public String toString() {
                return description;
            }
        };
    }
}
