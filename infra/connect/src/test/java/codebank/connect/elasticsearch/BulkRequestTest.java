package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class BulkRequestTest {
    private static Operation operation(int bytes) {
        return new Operation(null, "index/id", new byte[bytes]);
    }

    private static BulkRequest request(int operationsMax, int bytesMax, int... sizes) {
        BulkRequest request = new BulkRequest(operationsMax, bytesMax);
        for (int size : sizes) {
            request.add(operation(size));
        }
        return request;
    }

    @Test
    void thereIsRoomUpToTheLimits() {
        assertTrue(request(3, 100, 10, 10).hasRoomFor(operation(80)));
        assertFalse(request(3, 100, 10, 10).hasRoomFor(operation(81)), "bytes");
        assertFalse(request(2, 100, 10, 10).hasRoomFor(operation(1)), "count");
    }

    @Test
    void whatIsTooLargeForEveryRequestGoesAlone() {
        assertTrue(request(3, 100).hasRoomFor(operation(1_000)));
        assertFalse(request(3, 100, 1_000).hasRoomFor(operation(1)));
    }

    @Test
    void theBodyIsTheLinesInOrder() {
        BulkRequest request = new BulkRequest(9, 99);
        request.add(new Operation(null, "i/1", new byte[] {1, 2}));
        request.add(new Operation(null, "i/2", new byte[] {3}));
        assertArrayEquals(new byte[] {1, 2, 3}, request.body());
    }

    @Test
    void halvesKeepTheOrder() {
        BulkRequest request = request(9, 99, 1, 2, 3);
        List<List<Integer>> sizes = request.halves().stream()
                .map(half -> half.operations().stream().map(operation -> operation.lines().length).toList())
                .toList();
        assertEquals(List.of(List.of(1), List.of(2, 3)), sizes);
    }
}
