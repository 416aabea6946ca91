//! The partitioner against Kafka's own client: 400 keys with their murmur2 and partition (tests/data/kafka-vectors).

use proptest::prelude::*;
use serde_json::Value;
use tribunal::client::partitioner::{murmur2, partition_of_key};
use tribunal::ids::PartitionIndex;

const VECTORS: &str = include_str!("data/kafka-vectors/partitioner.jsonl");

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("a hex digit")).expect("a digit is small");
    hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |sum, byte| sum * 16 + digit(*byte))).collect()
}

fn number(line: &Value, field: &str) -> i64 {
    line.get(field).and_then(Value::as_i64).expect("the README describes the fields")
}

#[test]
fn every_key_falls_where_kafka_puts_it() {
    let mut count = 0;
    for line in VECTORS.lines() {
        let line: Value = serde_json::from_str(line).expect("one JSON object a line");
        let key = bytes_of(line.get("key").and_then(Value::as_str).expect("a key in hex"));
        let partitions = u32::try_from(number(&line, "partitions")).expect("a small number");
        assert_eq!(i64::from(murmur2(&key).cast_signed()), number(&line, "murmur2"), "murmur2 of {line}");
        let expected = u32::try_from(number(&line, "partition")).expect("a small number");
        assert_eq!(partition_of_key(&key, partitions), PartitionIndex(expected), "partition of {line}");
        count += 1;
    }
    assert_eq!(count, 400, "no line of the vectors is left out");
}

proptest! {
    #[test]
    fn a_key_has_one_partition_and_it_exists(key in proptest::collection::vec(any::<u8>(), 0..64), partitions in 1_u32..5_000) {
        let partition = partition_of_key(&key, partitions);
        prop_assert!(partition.0 < partitions);
        prop_assert_eq!(partition, partition_of_key(&key, partitions));
    }
}
