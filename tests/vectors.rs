//! Our codec against Apache Kafka's own client: 258 batches that it wrote, decoded, and made again byte for byte.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed, which is what it is for")]

use bytes::Bytes;
use serde_json::Value;
use tribunal::config::TimestampType;
use tribunal::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};
use tribunal::record::control::ControlRecord;
use tribunal::record::{BatchHeader, Compression, Record, RecordBatch, batches_of, encode};
use tribunal::time::Timestamp;

const LINES: &str = include_str!("data/kafka-vectors/record-batches.jsonl");

fn vectors() -> Vec<(Value, Bytes)> {
    let lines = LINES.lines().map(|line| serde_json::from_str::<Value>(line).expect("a JSON object a line"));
    lines.map(|vector| (vector.clone(), hex(&vector["hex"]).expect("every line has bytes"))).collect()
}

fn hex(value: &Value) -> Option<Bytes> {
    let text = value.as_str()?;
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("two hex digits");
    Some((0..text.len()).step_by(2).map(byte).collect())
}

fn number(value: &Value) -> i64 {
    value.as_i64().expect("a number")
}

/// -1 is Kafka's word for "none".
fn natural(value: &Value) -> Option<u64> {
    u64::try_from(number(value)).ok()
}

fn small(value: &Value) -> Option<u32> {
    natural(value).map(|number| u32::try_from(number).expect("32 bits"))
}

fn compression(value: &Value) -> Compression {
    match value.as_str() {
        Some("none") => Compression::None,
        Some("gzip") => Compression::Gzip,
        Some("snappy") => Compression::Snappy,
        Some("lz4") => Compression::Lz4,
        Some("zstd") => Compression::Zstd,
        other => panic!("{other:?}"),
    }
}

fn records(vector: &Value) -> Vec<Record> {
    let record = |record: &Value| Record {
        offset: Offset(natural(&record["offset"]).expect("an offset")),
        timestamp: Timestamp(number(&record["timestamp"])),
        key: hex(&record["key"]),
        value: hex(&record["value"]),
        headers: record["headers"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|pair| (hex(&pair[0]).expect("a key"), hex(&pair[1])))
            .collect(),
    };
    vector["records"].as_array().expect("a list").iter().map(record).collect()
}

fn assert_header(header: &BatchHeader, vector: &Value) {
    assert_eq!(Some(header.base_offset.0), natural(&vector["base_offset"]));
    assert_eq!(Some(header.last_offset().0), natural(&vector["last_offset"]));
    assert_eq!(header.leader_epoch, small(&vector["partition_leader_epoch"]).map(LeaderEpoch));
    assert_eq!(Some(header.crc), small(&vector["crc"]));
    assert_eq!(header.attributes.compression(), compression(&vector["compression"]));
    let is_create_time = header.attributes.timestamp_type() == TimestampType::CreateTime;
    assert_eq!(vector["timestamp_type"], if is_create_time { "CreateTime" } else { "LogAppendTime" });
    assert_eq!(header.max_timestamp.0, number(&vector["max_timestamp"]));
    assert_eq!(header.producer_id, natural(&vector["producer_id"]).map(ProducerId));
    assert_eq!(header.producer_epoch.map(|ProducerEpoch(epoch)| u32::from(epoch)), small(&vector["producer_epoch"]));
    assert_eq!(header.base_sequence, small(&vector["base_sequence"]).map(Sequence));
    assert_eq!(header.attributes.is_transactional(), vector["transactional"]);
    assert_eq!(header.attributes.is_control(), vector["control"]);
    assert_eq!(header.attributes.has_delete_horizon(), !vector["delete_horizon"].is_null());
    assert_eq!(Some(header.size), small(&vector["size"]));
    assert_eq!(usize::try_from(header.count).expect("small"), records(vector).len());
}

#[test]
fn every_batch_of_kafkas_client_is_decoded_to_what_it_contains() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 258);
    for (vector, bytes) in vectors {
        let batch = RecordBatch::decode(bytes).expect("Kafka wrote it");
        assert_header(&batch.header, &vector);
        assert_eq!(batch.records, records(&vector), "{:?}", batch.header.attributes.compression());
    }
}

#[test]
fn every_uncompressed_batch_is_encoded_to_kafkas_own_bytes() {
    let mut encoded = 0;
    for (vector, bytes) in vectors() {
        let batch = RecordBatch::decode(bytes.clone()).expect("Kafka wrote it");
        if batch.header.attributes.compression() == Compression::None {
            let mut records = records(&vector);
            for (record, create_time) in records.iter_mut().zip(batch.create_times()) {
                record.timestamp = create_time; // the leader's stamp hides it under LogAppendTime
            }
            assert_eq!(encode(&batch.header, &records), bytes);
            encoded += 1;
        }
    }
    assert_eq!(encoded, 179);
}

#[test]
fn every_marker_and_leader_change_is_read_and_written_again() {
    let mut seen = [0; 3];
    for (vector, bytes) in vectors() {
        let batch = RecordBatch::decode(bytes).expect("Kafka wrote it");
        if !batch.header.attributes.is_control() {
            continue;
        }
        let [record] = &batch.records[..] else { panic!("a control batch has one record") };
        let control = ControlRecord::decode(record).expect("of a known type");
        assert_eq!(Some(&control.key()[..]), record.key.as_deref());
        assert_eq!(Some(&control.value()[..]), record.value.as_deref());
        match control {
            ControlRecord::Abort { .. } => {
                assert_eq!(vector["marker"], "abort");
                seen[0] += 1;
            }
            ControlRecord::Commit { .. } => {
                assert_eq!(vector["marker"], "commit");
                seen[1] += 1;
            }
            ControlRecord::SnapshotHeader { .. } | ControlRecord::SnapshotFooter | ControlRecord::Voters { .. } => {
                panic!("the vectors have none of these")
            }
            ControlRecord::LeaderChange { leader, .. } => {
                assert_eq!(vector["leader_change"], leader);
                seen[2] += 1;
            }
        }
    }
    assert_eq!(seen[0] + seen[1], 12, "transaction markers");
    assert_eq!(seen[2], 6, "leader changes");
}

#[test]
fn a_run_of_batches_is_split_where_kafka_ended_each() {
    let wanted: Vec<Bytes> = vectors().into_iter().map(|(_, bytes)| bytes).collect();
    let split: Result<Vec<Bytes>, _> = batches_of(Bytes::from(wanted.concat())).collect();
    assert_eq!(split, Ok(wanted));
}
