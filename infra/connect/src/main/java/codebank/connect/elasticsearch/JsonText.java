package codebank.connect.elasticsearch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/**
 * Judges whether a value is one complete JSON object, and puts it on one line. It does not change or build documents,
 * but for a time that may be added at their end.
 *
 * <p>The check protects the neighbours of a bad value: lines are what separates documents in a bulk request, so an
 * unchecked line break could pass for another request line.
 */
final class JsonText {
    /** Names in documents are not ours and without number: they are not kept for the life of the process. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private JsonText() {}

    static String oneLine(String value) throws BadRecord {
        try (JsonParser parser = JSON.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new BadRecord("not_an_object", "the value is not a JSON object");
            }
            parser.skipChildren();
            if (parser.nextToken() != null) {
                throw new BadRecord("not_an_object", "the value goes on after its JSON object");
            }
        } catch (JsonProcessingException e) {
            // Jackson's own message quotes the value.
            JsonLocation at = e.getLocation();
            String where = at == null ? "" : ", line " + at.getLineNr() + " column " + at.getColumnNr();
            throw new BadRecord("not_json", "the value is not valid JSON" + where);
        } catch (IOException e) {
            throw new UncheckedIOException("reading text in memory", e);
        }
        // Inside a JSON string a line break is written as an escape, so these stand between tokens.
        return value.replace('\n', ' ').replace('\r', ' ');
    }

    /** A document of {@link #oneLine} with one more field at its end: an instant, to the millisecond. */
    static String withTime(String document, String field, Instant time) {
        String begun = document.stripTrailing();
        begun = begun.substring(0, begun.length() - 1);
        boolean isEmpty = begun.strip().equals("{");
        String name = new String(JsonStringEncoder.getInstance().quoteAsString(field));
        return begun + (isEmpty ? "" : ",") + '"' + name + "\":\"" + time.truncatedTo(ChronoUnit.MILLIS) + "\"}";
    }
}
