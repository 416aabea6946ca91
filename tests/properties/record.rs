//! The codec: what is written is read, and no bytes whatever make the reader panic.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tribunal::ids::{LeaderEpoch, Offset};
use tribunal::record::{BatchBuilder, BatchHeader, RecordBatch, batches_of, encode, restamp};
use tribunal::time::Timestamp;

use crate::support::cases;

type NewRecord = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Bytes>)>);

fn bytes(limit: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..limit)
}

fn record() -> impl Strategy<Value = NewRecord> {
    let time = prop_oneof![0..2_000_000_000_000i64, Just(-1), 1_767_225_600_000..1_767_225_700_000i64];
    let headers = vec(("[a-z]{0,9}", option::of(bytes(9).prop_map(Bytes::from))), 0..3);
    (time, option::of(bytes(20)), option::of(bytes(200)), headers)
}

fn batch() -> impl Strategy<Value = (Vec<NewRecord>, Bytes)> {
    vec(record(), 1..9).prop_map(|records| {
        let mut builder = BatchBuilder::new(Timestamp(records[0].0));
        for (time, key, value, headers) in &records {
            let foretold = builder.size_with(Timestamp(*time), key.as_deref(), value.as_deref(), headers);
            builder.append(Timestamp(*time), key.as_deref(), value.as_deref(), headers);
            assert_eq!(builder.estimated_size(), foretold);
        }
        let size = builder.estimated_size();
        let bytes = builder.build();
        assert_eq!(bytes.len(), size);
        (records, bytes)
    })
}

/// Makes the checksum right again, so that the damage is met behind it.
fn reseal(bytes: &mut [u8]) {
    if bytes.len() >= 21 {
        let crc = crc32c::crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_a_producer_builds_is_what_a_reader_decodes((records, bytes) in batch()) {
        let batch = RecordBatch::decode(bytes.clone()).expect("it was just built");
        prop_assert_eq!(batch.records.len(), records.len());
        for (place, (read, (time, key, value, headers))) in batch.records.iter().zip(&records).enumerate() {
            prop_assert_eq!(read.offset, Offset(place as u64));
            prop_assert_eq!(read.timestamp, Timestamp(*time));
            prop_assert_eq!(read.key.as_deref(), key.as_deref());
            prop_assert_eq!(read.value.as_deref(), value.as_deref());
            let wanted: Vec<_> = headers.iter().map(|(key, value)| (Bytes::from(key.clone()), value.clone())).collect();
            prop_assert_eq!(&read.headers, &wanted);
        }
        prop_assert_eq!(encode(&batch.header, &batch.records), bytes);
        let newest = records.iter().map(|(time, ..)| *time).max().expect("there is one");
        prop_assert_eq!(batch.header.max_timestamp, Timestamp(newest));
    }

    #[test]
    fn a_stamp_moves_the_batch_and_leaves_its_records(
        (_, bytes) in batch(),
        base in 0..1u64 << 40,
        epoch in 0..1000u32,
        append_time in option::of(0..2_000_000_000_000i64),
    ) {
        let before = RecordBatch::decode(bytes.clone()).expect("it was just built");
        let stamped = restamp(&bytes, Offset(base), LeaderEpoch(epoch), append_time.map(Timestamp));
        let after = RecordBatch::decode(stamped.clone()).expect("its checksum is right");
        prop_assert_eq!(after.header.leader_epoch, Some(LeaderEpoch(epoch)));
        prop_assert_eq!(after.create_times(), before.create_times());
        for (old, new) in before.records.iter().zip(&after.records) {
            prop_assert_eq!(new.offset, Offset(base + old.offset.0));
            prop_assert_eq!(new.timestamp, append_time.map_or(old.timestamp, Timestamp));
            prop_assert_eq!((&new.key, &new.value, &new.headers), (&old.key, &old.value, &old.headers));
        }
        if append_time.is_none() {
            prop_assert_eq!(&stamped[16..], &bytes[16..], "magic, checksum and all it covers");
        }
    }

    #[test]
    fn a_batch_with_one_byte_changed_is_refused((_, bytes) in batch(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut damaged = bytes.to_vec();
        let at = at.index(damaged.len());
        damaged[at] ^= 1 << bit;
        let is_stamped_part = at < 8 || (12..16).contains(&at); // a leader fills these in without a new checksum
        prop_assert!(is_stamped_part || RecordBatch::decode(Bytes::from(damaged)).is_err());
    }

    #[test]
    fn damage_behind_a_right_checksum_never_panics(
        (_, bytes) in batch(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..9),
        cut in option::of(any::<prop::sample::Index>()),
    ) {
        let mut damaged = bytes.to_vec();
        for (at, byte) in damage {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        if let Some(cut) = cut {
            damaged.truncate(cut.index(bytes.len()));
        }
        reseal(&mut damaged);
        if let Ok(batch) = RecordBatch::decode(Bytes::from(damaged)) {
            prop_assert_eq!(batch.facts().records.len(), batch.records.len());
            prop_assert!(batch.records.iter().all(|record| record.offset <= batch.header.last_offset()));
        }
    }

    #[test]
    fn no_bytes_whatever_make_the_reader_panic(noise in bytes(200)) {
        let noise = Bytes::from(noise);
        let _ = BatchHeader::parse(&noise);
        let _ = RecordBatch::decode(noise.clone());
        let found: Vec<_> = batches_of(noise).collect();
        prop_assert!(found.iter().rev().skip(1).all(Result::is_ok), "a fault ends it");
    }
}
