//! A checkpoint is replaced whole, wherever the process is killed and the power fails.

use proptest::collection::btree_map;
use proptest::prelude::*;
use tribunal::config::Switch;
use tribunal::files::{FileName, FilePath};
use tribunal::ids::{Offset, PartitionIndex, TopicId, TopicPartition};
use tribunal::log::checkpoint::{read, write};

use crate::support::{Bench, MemoryDisk, cases};

const FILE: FilePath =
    FilePath { folder: tribunal::files::Folder::Root(tribunal::ids::LogDirectory::FIRST), name: FileName::HighWatermarkCheckpoint };

type Entries = Vec<(TopicPartition, Offset)>;

fn entries() -> impl Strategy<Value = Entries> {
    btree_map((0..9u32, 0..9u32), any::<u64>(), 0..9).prop_map(|offsets| {
        let entry = |((topic, partition), offset)| (TopicPartition::new(TopicId(topic), PartitionIndex(partition)), Offset(offset));
        offsets.into_iter().map(entry).collect()
    })
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn the_old_content_or_the_new_is_found_never_a_mixture(old in entries(), new in entries(), killed_after in 0..8u32, keep in 0..40usize) {
        let mut bench = Bench::<MemoryDisk>::new();
        prop_assert_eq!(bench.turn(|cx| read(FILE, cx)), Ok(Vec::new()), "none was written yet");
        bench.turn(|cx| write(FILE, &old, Switch::On, cx)).expect("the disk is sound");
        bench.killed_turn(killed_after, |cx| write(FILE, &new, Switch::On, cx));
        bench.disk.lose_power(|_, unsynced| unsynced.min(keep));
        let found = bench.turn(|cx| read(FILE, cx)).expect("it is whole");
        let is_done = killed_after >= 5; // delete, append, sync, rename, sync the folder
        prop_assert_eq!(&found, if is_done { &new } else { &old });
    }
}
