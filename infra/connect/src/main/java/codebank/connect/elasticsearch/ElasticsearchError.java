package codebank.connect.elasticsearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An error as Elasticsearch words it, without what it quotes of the document.
 *
 * @param type a stable name such as {@code strict_dynamic_mapping_exception}
 * @param reason the explanation, cut before a preview of the document's values
 * @param cause the type of the underlying error, or null
 */
record ElasticsearchError(String type, String reason, String cause) {
    private static final JsonFactory JSON = new JsonFactory();
    private static final String[] QUOTATIONS = {"Preview of field's value:", "at [Source:"};

    /** Reads the object that the parser stands on. Older answers have plain text there. */
    static ElasticsearchError read(JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            parser.skipChildren();
            return new ElasticsearchError("unknown", "", null);
        }
        String type = "unknown";
        String reason = "";
        String cause = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "type" -> type = parser.getValueAsString(type);
                case "reason" -> reason = withoutQuotations(parser.getValueAsString(reason));
                case "caused_by" -> cause = read(parser).type();
                default -> parser.skipChildren();
            }
        }
        return new ElasticsearchError(type, reason, cause);
    }

    /** The error of a request that was refused as a whole; nothing when the body says none. */
    static Optional<ElasticsearchError> ofWholeAnswer(byte[] body) {
        try (JsonParser parser = JSON.createParser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Optional.empty();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isError = parser.currentName().equals("error");
                parser.nextToken();
                if (isError) {
                    return Optional.of(read(parser));
                }
                parser.skipChildren();
            }
            return Optional.empty();
        } catch (IOException notJson) {
            return Optional.empty();
        }
    }

    static String withoutQuotations(String reason) {
        int end = Stream.of(QUOTATIONS)
                .mapToInt(reason::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(reason.length());
        return reason.substring(0, end).strip();
    }

    @Override
    public String toString() {
        return type + (reason.isEmpty() ? "" : ": " + reason) + (cause == null ? "" : " (caused by " + cause + ")");
    }
}
