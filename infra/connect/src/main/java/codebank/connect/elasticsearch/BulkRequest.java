package codebank.connect.elasticsearch;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** The operations of one {@code _bulk} request, in the order they came, within the limits of count and bytes. */
final class BulkRequest {
    private final int operationsMax;
    private final int bytesMax;
    private final List<Operation> operations = new ArrayList<>();
    private int bytes;

    BulkRequest(int operationsMax, int bytesMax) {
        this.operationsMax = operationsMax;
        this.bytesMax = bytesMax;
    }

    /** Whether the operation may be added. An empty request takes any: what is too large for every request goes alone. */
    boolean hasRoomFor(Operation operation) {
        return operations.isEmpty()
                || (operations.size() < operationsMax && operation.lines().length <= bytesMax - bytes);
    }

    void add(Operation operation) {
        operations.add(operation);
        bytes += operation.lines().length;
    }

    boolean isEmpty() {
        return operations.isEmpty();
    }

    List<Operation> operations() {
        return operations;
    }

    byte[] body() {
        ByteArrayOutputStream body = new ByteArrayOutputStream(bytes);
        operations.forEach(operation -> body.writeBytes(operation.lines()));
        return body.toByteArray();
    }

    /** The same operations in two requests, in order; for an answer that the whole was too large. */
    List<BulkRequest> halves() {
        int middle = operations.size() / 2;
        return List.of(part(0, middle), part(middle, operations.size()));
    }

    private BulkRequest part(int from, int to) {
        BulkRequest part = new BulkRequest(operationsMax, bytesMax);
        operations.subList(from, to).forEach(part::add);
        return part;
    }
}
