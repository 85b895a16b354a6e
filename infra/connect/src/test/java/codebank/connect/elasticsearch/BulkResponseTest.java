package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import codebank.connect.elasticsearch.BulkResponse.Item;
import codebank.connect.elasticsearch.BulkResponse.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BulkResponseTest {
    private static BulkResponse parse(String body) throws IOException {
        return BulkResponse.parse(body.getBytes(StandardCharsets.UTF_8));
    }

    private static void check(Outcome expected, String action, int status, String type) {
        Optional<ElasticsearchError> error = Optional.ofNullable(type).map(name -> new ElasticsearchError(name, "", null));
        assertEquals(expected, new Item(action, status, error).outcome(), action + " " + status + " " + type);
    }

    @Test
    void itemsAreReadWithElasticsearchsOwnWords() throws IOException {
        BulkResponse response = parse("""
                {"took":3,"errors":true,"ingest":{"a":[1]},"items":[
                  {"create":{"_index":"i","_id":"1","_shards":{"total":1},"status":201}},
                  {"create":{"status":400,"error":{"type":"document_parsing_exception",
                    "reason":"[1:6] failed to parse field [n] of type [long] in document with id '3'. \
                Preview of field's value: '4111'","root_cause":[{"type":"x"}],
                    "caused_by":{"type":"illegal_argument_exception","reason":"For input string: \\"4111\\""}}}}]}""");
        assertEquals(List.of(201, 400), response.items().stream().map(Item::status).toList());
        Item refused = response.items().get(1);
        assertEquals("document_parsing_exception", refused.kind());
        assertEquals(
                "Elasticsearch answered 400 document_parsing_exception: [1:6] failed to parse field [n] of type [long] in "
                        + "document with id '3'. (caused by illegal_argument_exception)",
                refused.reason());
    }

    @Test
    void whatElasticsearchQuotesOfADocumentIsCutOff() {
        String quoted = "[1:6] failed to parse: [1:11] Duplicate field 'n'\n at [Source: (byte[])\"{\"n\":4111}\"; line: 1]";
        assertEquals("[1:6] failed to parse: [1:11] Duplicate field 'n'", ElasticsearchError.withoutQuotations(quoted));
    }

    @Test
    void anythingElseIsNotAnAnswer() {
        for (String body : List.of("", "[]", "<html>", "{\"items\":7}", "{\"items\":[{\"create\":{}}]}", "{\"items\":[{")) {
            assertThrows(IOException.class, () -> parse(body), body);
        }
    }

    @Test
    void anOutcomeIsDoneLaterOrRefused() {
        check(Outcome.DONE, "index", 200, null);
        check(Outcome.DONE, "create", 201, null);
        check(Outcome.DONE, "create", 409, "version_conflict_engine_exception");
        check(Outcome.DONE, "delete", 404, null);

        check(Outcome.LATER, "index", 429, "es_rejected_execution_exception");
        check(Outcome.LATER, "index", 503, "unavailable_shards_exception");
        check(Outcome.LATER, "index", 403, "cluster_block_exception");
        check(Outcome.LATER, "index", 404, "index_not_found_exception");
        check(Outcome.LATER, "index", 400, "index_closed_exception");
        check(Outcome.LATER, "index", 400, "validation_exception");

        check(Outcome.REFUSED, "index", 400, "strict_dynamic_mapping_exception");
        check(Outcome.REFUSED, "index", 400, null);
        check(Outcome.REFUSED, "index", 409, "version_conflict_engine_exception");
        check(Outcome.REFUSED, "create", 413, null);
    }
}
