//! What the cleaner makes of a batch, against Apache Kafka's own `MemoryRecords.filterTo`: 120 runs of batches, byte for byte.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::Value;
use tribunal::record::clean::{BatchRule, clean};
use tribunal::record::{BatchHeader, Compression, RecordBatch, batches_of, encode};
use tribunal::time::{Duration, Timestamp};

const LINES: &str = include_str!("data/kafka-vectors/batch-cleaning.jsonl");

fn hex(value: &Value) -> Bytes {
    let text = value.as_str().expect("bytes in hex");
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hex digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn rule(word: &Value) -> BatchRule {
    match word.as_str() {
        Some("delete") => BatchRule::Discard,
        Some("delete-empty") => BatchRule::DropEmptied,
        Some("retain-empty") => BatchRule::KeepEmptied,
        other => panic!("{other:?}"),
    }
}

/// Cleans the batches of one line as it says; `how` packs them before.
fn cleaned(vector: &Value, how: Compression) -> Vec<Bytes> {
    let number = |name: &str| vector[name].as_i64().expect("a number");
    let horizon = Timestamp(number("now")).plus(Duration::from_millis(number("delete_retention").cast_unsigned()));
    let keep: BTreeSet<u64> =
        vector["keep"].as_array().expect("a list").iter().map(|offset| offset.as_u64().expect("an offset")).collect();
    let rules = vector["batch_policy"].as_array().expect("a list");
    let batches: Vec<Bytes> = batches_of(hex(&vector["in"])).map(|batch| packed(&batch.expect("Kafka wrote it"), how)).collect();
    assert_eq!(batches.len(), rules.len());
    let clean_one = |(batch, word): (&Bytes, &Value)| {
        let header = BatchHeader::parse(batch).expect("it was read before");
        let clean = clean(&header, batch, rule(word), Some(horizon), |record| keep.contains(&record.offset.0));
        clean.expect("its records are sound").bytes
    };
    batches.iter().zip(rules).filter_map(clean_one).collect()
}

/// The same batch, packed. Under LogAppendTime the producer's times are lost, which no reader sees.
fn packed(batch: &Bytes, how: Compression) -> Bytes {
    let read = RecordBatch::decode(batch.clone()).expect("Kafka wrote it");
    if how == Compression::None {
        return batch.clone();
    }
    encode(&BatchHeader { attributes: read.header.attributes.with_compression(how), ..read.header }, &read.records)
}

#[test]
fn every_run_of_batches_is_cleaned_to_kafkas_own_bytes() {
    let mut with_horizon = 0;
    for (nth, line) in LINES.lines().enumerate() {
        let vector: Value = serde_json::from_str(line).expect("a JSON object a line");
        let out = cleaned(&vector, Compression::None).concat();
        assert_eq!(Bytes::from(out.clone()), hex(&vector["out"]), "line {}", nth + 1);
        for batch in batches_of(Bytes::from(out)) {
            let header = BatchHeader::parse(&batch.expect("whole")).expect("sound");
            with_horizon += usize::from(header.delete_horizon().is_some());
        }
    }
    assert_eq!((LINES.lines().count(), with_horizon), (120, 78));
}

#[test]
fn a_packed_batch_is_cleaned_to_the_same_records_and_packed_again() {
    for how in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        for line in LINES.lines() {
            let vector: Value = serde_json::from_str(line).expect("a JSON object a line");
            let plain = cleaned(&vector, Compression::None);
            let repacked = cleaned(&vector, how);
            assert_eq!(plain.len(), repacked.len());
            for (plain, repacked) in plain.into_iter().zip(repacked) {
                let (plain, repacked) = (RecordBatch::decode(plain), RecordBatch::decode(repacked));
                let (plain, repacked) = (plain.expect("sound"), repacked.expect("sound"));
                assert_eq!(plain.records, repacked.records);
                let is_emptied = repacked.records.is_empty();
                let expected = if is_emptied { Compression::None } else { how };
                assert_eq!(repacked.header.attributes.compression(), expected);
                assert_eq!(plain.header.last_offset(), repacked.header.last_offset());
                assert_eq!(plain.header.delete_horizon(), repacked.header.delete_horizon());
            }
        }
    }
}
