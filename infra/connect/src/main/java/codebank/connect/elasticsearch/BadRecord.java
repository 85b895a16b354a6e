package codebank.connect.elasticsearch;

import org.apache.kafka.connect.errors.DataException;

/**
 * A record that no retry will make a document: its message becomes the reason in the headers of the dead letter.
 *
 * <p>The message never carries the value or a part of it, because it also reaches logs and the task's status.
 */
final class BadRecord extends DataException {
    private static final long serialVersionUID = 1L;

    private final String kind;

    /**
     * @param kind a stable short name, for counting
     * @param reason what is wrong, for the person who reads the dead letter
     */
    BadRecord(String kind, String reason) {
        super(reason);
        this.kind = kind;
    }

    String kind() {
        return kind;
    }
}
