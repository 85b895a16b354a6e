package codebank.connect.elasticsearch;

import java.util.concurrent.ThreadLocalRandom;

/** How long to wait before the next try: doubling from a first wait to a longest one, with jitter. It does not wait itself. */
record Backoff(long firstMs, long mostMs) {
    /**
     * @param failures how many tries in a row have failed, at least 1
     * @return between half and the whole of the doubled wait, so that many tasks do not come back at once
     */
    long waitMs(int failures) {
        int doublings = Math.min(failures - 1, 30);
        long whole = firstMs > (mostMs >> doublings) ? mostMs : firstMs << doublings;
        return whole - ThreadLocalRandom.current().nextLong(whole / 2 + 1);
    }
}
