package codebank.connect.elasticsearch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class BackoffTest {
    private static void check(Backoff backoff, int failures, long least, long most) {
        for (int i = 0; i < 100; i++) {
            long waitMs = backoff.waitMs(failures);
            assertTrue(least <= waitMs && waitMs <= most, failures + ": " + waitMs);
        }
    }

    @Test
    void theWaitDoublesUpToTheLongest() {
        Backoff backoff = new Backoff(100, 10_000);
        check(backoff, 1, 50, 100);
        check(backoff, 2, 100, 200);
        check(backoff, 7, 3_200, 6_400);
        check(backoff, 8, 5_000, 10_000);
        check(backoff, Integer.MAX_VALUE, 5_000, 10_000);
        check(new Backoff(0, 0), 5, 0, 0);
        check(new Backoff(Long.MAX_VALUE, Long.MAX_VALUE), 40, Long.MAX_VALUE / 2, Long.MAX_VALUE);
    }
}
