//! Which partition an account's events go to: Kafka's own default (murmur2 of the key), so that every producer and reader
//! agrees, with or without a broker.

use uuid::Uuid;

/// Partitions of the account events topic.
pub const PARTITIONS: i32 = 12;

/// The partition of an account, as Kafka's Java clients and librdkafka's `murmur2_random` choose it for the account id.
pub fn of_account(account: Uuid) -> i32 {
    let key = account.to_string();
    let positive = (murmur2(key.as_bytes()) & 0x7fff_ffff).cast_signed();
    positive % PARTITIONS
}

/// `MurmurHash2`, 32 bit, with the seed that Kafka uses (public domain, Austin Appleby).
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;

    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let mut hash = SEED ^ length;
    let (words, rest) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> R)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    if !rest.is_empty() {
        for (index, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of Kafka's own test (`UtilsTest.testMurmur2`).
    #[test]
    fn the_hash_is_kafkas() {
        let cases: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (data, expected) in cases {
            assert_eq!(murmur2(data).cast_signed(), expected);
        }
    }
}
