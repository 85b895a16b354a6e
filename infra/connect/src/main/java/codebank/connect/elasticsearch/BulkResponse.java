package codebank.connect.elasticsearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What Elasticsearch answered to each operation of a {@code _bulk} request, in the request's order. */
record BulkResponse(List<Item> items) {
    /** The parts of the answer that are read here; the rest need not be sent. */
    static final String FILTER_PATH = "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.type";

    private static final JsonFactory JSON = new JsonFactory();

    static BulkResponse parse(byte[] body) throws IOException {
        List<Item> items = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(body)) {
            expect(parser.nextToken(), JsonToken.START_OBJECT);
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isItems = parser.currentName().equals("items");
                JsonToken value = parser.nextToken();
                if (isItems) {
                    expect(value, JsonToken.START_ARRAY);
                    while (parser.nextToken() == JsonToken.START_OBJECT) {
                        items.add(item(parser));
                    }
                } else {
                    parser.skipChildren();
                }
            }
        }
        return new BulkResponse(items);
    }

    /** Reads {@code {"create":{"status":400,"error":{…}}}}. */
    private static Item item(JsonParser parser) throws IOException {
        expect(parser.nextToken(), JsonToken.FIELD_NAME);
        String action = parser.currentName();
        int status = 0;
        Optional<ElasticsearchError> error = Optional.empty();
        expect(parser.nextToken(), JsonToken.START_OBJECT);
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "status" -> status = parser.getIntValue();
                case "error" -> error = Optional.of(ElasticsearchError.read(parser));
                default -> parser.skipChildren();
            }
        }
        expect(parser.nextToken(), JsonToken.END_OBJECT);
        if (status == 0) {
            throw new IOException("an item without a status");
        }
        return new Item(action, status, error);
    }

    private static void expect(JsonToken found, JsonToken expected) throws IOException {
        if (found != expected) {
            throw new IOException("not the answer of a bulk request: " + found + " where " + expected + " belongs");
        }
    }

    /** What the answer to one operation means. */
    enum Outcome {
        /** The document is as the record wants it. */
        DONE,
        /** Not now: Elasticsearch or the index is not able to, whatever the document. */
        LATER,
        /** Never: the document itself is refused. */
        REFUSED
    }

    /** The answer to one operation. */
    record Item(String action, int status, Optional<ElasticsearchError> error) {
        Outcome outcome() {
            if (status >= 200 && status < 300) {
                return Outcome.DONE;
            }
            boolean alreadyThere = status == 409 && action.equals("create");
            boolean alreadyGone = status == 404 && action.equals("delete");
            if (alreadyThere || alreadyGone) {
                return Outcome.DONE;
            }
            return isAboutTheDocument() ? Outcome.REFUSED : Outcome.LATER;
        }

        /**
         * A closed, blocked, missing or forbidden index is put right in Elasticsearch; until then every record would
         * be refused, and none of them is at fault.
         */
        private boolean isAboutTheDocument() {
            return switch (status) {
                case 400 -> error.map(ElasticsearchError::type)
                        .filter(type -> type.equals("index_closed_exception") || type.equals("validation_exception"))
                        .isEmpty();
                case 401, 403, 404, 408, 429 -> false;
                default -> status < 500;
            };
        }

        /** Elasticsearch's own words. */
        String reason() {
            return "Elasticsearch answered " + status + error.map(text -> " " + text).orElse("");
        }

        String kind() {
            return error.map(ElasticsearchError::type).orElse("status_" + status);
        }
    }
}
