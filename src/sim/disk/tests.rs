//! What survives a power failure, and what each fault does.

use super::*;
use crate::ids::{LogDirectory, Offset, PartitionIndex, TopicId, TopicPartition};

const SEGMENT: FilePath = FilePath { folder: Folder::Root(LogDirectory::FIRST), name: FileName::Segment(Offset(0)) };
const CHECKPOINT: FilePath = FilePath { folder: Folder::Root(LogDirectory::FIRST), name: FileName::HighWatermarkCheckpoint };

const LOG: Folder = Folder::Log(LogDirectory(1), ORDERS);
const ORDERS: TopicPartition = TopicPartition { topic: TopicId(1), partition: PartitionIndex(0) };

/// A power failure that leaves what this says, and nothing else of what was not synced.
struct Luck {
    folders: bool,
    entries: bool,
    half: bool,
}

fn worst() -> Luck {
    Luck { folders: false, entries: false, half: false }
}

impl PowerLuck for Luck {
    fn folder_survives(&mut self, _: Folder) -> bool {
        self.folders
    }
    fn entry_survives(&mut self, _: FilePath) -> bool {
        self.entries
    }
    fn bytes_kept(&mut self, _: FilePath, unsynced: u64) -> u64 {
        if self.half { unsynced / 2 } else { 0 }
    }
    fn torn_sector(&mut self, _: FilePath, _: u64) -> Option<u64> {
        None
    }
}

fn rule(kind: DiskFault) -> DiskRule {
    DiskRule { kind, only: None, left: None, id: FaultIndex(3), luck: 0, stall: Duration(7) }
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn content(disk: &mut SimDisk, file: FilePath) -> Option<Bytes> {
    let length = disk.len(file)?;
    disk.read(file, 0, length).ok()
}

fn write(disk: &mut SimDisk, file: FilePath, text: &'static str) {
    disk.append(file, bytes(text)).expect("there is room");
}

#[test]
fn the_synced_prefix_survives_a_power_failure_and_a_batch_may_be_torn() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "synced");
    disk.sync(SEGMENT).expect("the file is there");
    disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
    write(&mut disk, SEGMENT, "cached");
    let mut torn = disk.clone();
    assert_eq!(disk.lose_power(&mut worst()), [Loss { file: SEGMENT, bytes: 6 }]);
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("synced")));
    assert_eq!(torn.lose_power(&mut Luck { half: true, ..worst() }), [Loss { file: SEGMENT, bytes: 3 }]);
    assert_eq!(content(&mut torn, SEGMENT), Some(bytes("syncedcac")));
    assert!(torn.lose_power(&mut worst()).is_empty(), "what survived one failure is on the device");
}

#[test]
fn a_file_whose_entry_was_never_synced_is_gone_even_if_its_bytes_were() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "synced");
    disk.sync(SEGMENT).expect("the file is there");
    assert_eq!(disk.lose_power(&mut worst()), [Loss { file: SEGMENT, bytes: 6 }]);
    assert_eq!(content(&mut disk, SEGMENT), None);
    assert!(Disk::folders(&mut disk).is_empty());
}

#[test]
fn an_unsynced_rename_gives_the_old_checkpoint_back() {
    let mut disk = SimDisk::default();
    write(&mut disk, CHECKPOINT, "old");
    disk.sync(CHECKPOINT).expect("the file is there");
    disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
    let temporary = CHECKPOINT.temporary();
    write(&mut disk, temporary, "newer");
    disk.sync(temporary).expect("the file is there");
    disk.rename(temporary, CHECKPOINT).expect("the file is there");
    let mut synced = disk.clone();
    synced.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
    disk.lose_power(&mut worst());
    synced.lose_power(&mut worst());
    assert_eq!(content(&mut disk, CHECKPOINT), Some(bytes("old")));
    assert_eq!(disk.list(Folder::Root(LogDirectory::FIRST)), [CHECKPOINT.name]);
    assert_eq!(content(&mut synced, CHECKPOINT), Some(bytes("newer")));
}

#[test]
fn an_unsynced_deletion_comes_back() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "kept");
    disk.sync(SEGMENT).expect("the file is there");
    disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
    disk.delete(SEGMENT).expect("deleting is possible");
    assert_eq!(content(&mut disk, SEGMENT), None);
    disk.lose_power(&mut worst());
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("kept")));
}

#[test]
fn a_clone_is_another_disk() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "shared");
    let mut other = disk.clone();
    write(&mut other, SEGMENT, "more");
    disk.truncate(SEGMENT, 2).expect("the file is there");
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("sh")));
    assert_eq!(content(&mut other, SEGMENT), Some(bytes("sharedmore")));
}

#[test]
fn a_folder_is_there_after_a_power_failure_once_its_log_directory_was_synced() {
    let mut disk = SimDisk::default();
    let file = LOG.file(FileName::Segment(Offset(0)));
    write(&mut disk, file, "synced");
    disk.sync(file).expect("the file is there");
    disk.sync_folder(LOG).expect("the folder is there");
    let mut whole = disk.clone();
    assert_eq!(disk.lose_power(&mut worst()), [Loss { file, bytes: 6 }]);
    assert!(Disk::folders(&mut disk).is_empty(), "its entry in the directory above was not durable");
    whole.sync_folder(Folder::Root(LogDirectory(1))).expect("the folder is there");
    assert!(whole.lose_power(&mut worst()).is_empty());
    assert_eq!(content(&mut whole, file), Some(bytes("synced")));
}

#[test]
fn another_log_directory_that_is_synced_does_not_help() {
    let mut disk = SimDisk::default();
    let file = LOG.file(FileName::Segment(Offset(0)));
    write(&mut disk, file, "x");
    disk.sync_folder(LOG).expect("the folder is there");
    disk.sync_folder(Folder::Root(LogDirectory::FIRST)).expect("the folder is there");
    assert!(!disk.is_entry_durable(file));
    assert_eq!(disk.lose_power(&mut worst()).len(), 1);
}

#[test]
fn a_deleted_log_comes_back_whole_or_in_part_unless_its_folder_was_synced() {
    let mut disk = SimDisk::default();
    let files = [0, 5].map(|base| LOG.file(FileName::Segment(Offset(base))));
    for file in files {
        write(&mut disk, file, "x");
        disk.sync(file).expect("the file is there");
    }
    disk.sync_folder(LOG).expect("the folder is there");
    disk.sync_folder(Folder::Root(LogDirectory(1))).expect("the folder is there");
    for file in files {
        disk.delete(file).expect("nothing is wrong");
    }
    let mut synced = disk.clone();
    disk.lose_power(&mut worst());
    assert_eq!(Disk::list(&mut disk, LOG).len(), 2);
    synced.sync_folder(LOG).expect("the folder is there");
    synced.lose_power(&mut worst());
    assert!(Disk::list(&mut synced, LOG).is_empty());
}

#[test]
fn a_failed_write_leaves_a_first_part_and_errs_as_often_as_it_may() {
    let mut disk = SimDisk::default();
    disk.add_rule(DiskRule { left: Some(1), luck: 99, ..rule(DiskFault::WriteFailed) });
    assert_eq!(disk.append(SEGMENT, bytes("abcdefgh")), Err(Fault::Io(SEGMENT.to_string())));
    let there = content(&mut disk, SEGMENT).expect("a part of it may be empty, but the file is made");
    assert!(bytes("abcdefg").starts_with(&there), "{there:?}");
    assert_eq!(
        disk.take_faulted(),
        [Faulted { file: SEGMENT, fault: DiskFault::WriteFailed, rule: FaultIndex(3), corrupted_at: None }]
    );
    write(&mut disk, SEGMENT, "again");
    assert!(disk.take_faulted().is_empty());
}

#[test]
fn every_kind_of_write_fails_and_changes_nothing() {
    let mut disk = SimDisk::default();
    write(&mut disk, CHECKPOINT, "old");
    let before = disk.clone();
    disk.add_rule(rule(DiskFault::WriteFailed));
    assert!(disk.truncate(CHECKPOINT, 1).is_err());
    assert!(disk.rename(CHECKPOINT, SEGMENT).is_err());
    assert!(disk.delete(CHECKPOINT).is_err());
    assert_eq!(disk.take_faulted().len(), 3);
    disk.remove_rule(FaultIndex(3));
    assert_eq!(content(&mut disk, CHECKPOINT), content(&mut before.clone(), CHECKPOINT));
}

#[test]
fn a_failed_read_errs_and_a_short_one_says_so() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "abc");
    disk.add_rule(DiskRule { left: Some(1), ..rule(DiskFault::ReadFailed) });
    disk.add_rule(DiskRule { left: Some(1), ..rule(DiskFault::ShortRead) });
    assert_eq!(disk.read(SEGMENT, 0, 3), Err(Fault::Io(SEGMENT.to_string())));
    assert_eq!(disk.read(SEGMENT, 0, 3), Err(Fault::ShortRead { file: SEGMENT.to_string(), at: 0, wanted: 3 }));
    assert_eq!(disk.read(SEGMENT, 0, 3), Ok(bytes("abc")));
}

#[test]
fn a_bit_that_rotted_stays_so_until_it_is_written_again() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "abc");
    disk.add_rule(DiskRule { left: Some(1), luck: 5, ..rule(DiskFault::BitRot) });
    let rotten = disk.read(SEGMENT, 0, 3).expect("it reads");
    let flipped: u32 = rotten.iter().zip(b"abc").map(|(one, other)| (one ^ other).count_ones()).sum();
    assert_eq!(flipped, 1);
    assert_eq!(disk.read(SEGMENT, 0, 3), Ok(rotten.clone()));
    let at = disk.take_faulted().first().and_then(|faulted| faulted.corrupted_at).expect("it says where");
    let place = usize::try_from(at).expect("small");
    assert_ne!(rotten.get(place), b"abc".get(place));
    disk.truncate(SEGMENT, 0).expect("the file is there");
    write(&mut disk, SEGMENT, "abc");
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("abc")));
}

#[test]
fn a_failed_sync_errs_once_and_the_next_one_does_not_make_up_for_it() {
    for luck in 1..9 {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "old");
        disk.sync(SEGMENT).expect("nothing is wrong yet");
        disk.sync_folder(SEGMENT.folder).expect("the folder is there");
        write(&mut disk, SEGMENT, "new");
        disk.add_rule(DiskRule { left: Some(1), luck, ..rule(DiskFault::SyncFailed) });
        assert_eq!(disk.sync(SEGMENT), Err(Fault::Io(SEGMENT.to_string())));
        let cached = content(&mut disk, SEGMENT).expect("it is there");
        assert!(cached == bytes("oldnew") || cached == bytes("old"), "{cached:?}");
        disk.sync(SEGMENT).expect("a sync with nothing to write succeeds");
        disk.lose_power(&mut Luck { half: true, ..worst() });
        assert_eq!(content(&mut disk, SEGMENT), Some(bytes("old")));
    }
}

#[test]
fn a_sync_that_lied_leaves_everything_to_luck() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "abc");
    disk.add_rule(rule(DiskFault::SyncLied));
    disk.sync(SEGMENT).expect("so it says");
    disk.sync_folder(SEGMENT.folder).expect("so it says");
    assert_eq!((disk.not_durable(SEGMENT).first(), disk.is_entry_durable(SEGMENT)), (Some(&(0..3)), false));
    assert_eq!(disk.take_faulted().len(), 2);
    disk.lose_power(&mut worst());
    assert_eq!(content(&mut disk, SEGMENT), None);
}

#[test]
fn a_misdirected_write_lands_elsewhere_and_leaves_zeros_where_it_was_meant_to_be() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "abcdefgh");
    write(&mut disk, CHECKPOINT, "checkpoint");
    disk.add_rule(DiskRule { left: Some(1), only: Some(Place::Name(SEGMENT.name)), luck: 1, ..rule(DiskFault::MisdirectedWrite) });
    assert_eq!(disk.append(SEGMENT, bytes("XYZ")), Ok(8), "it says it went well");
    let (segment, checkpoint) = (content(&mut disk, SEGMENT), content(&mut disk, CHECKPOINT));
    let landed = [Some(bytes("XYZdefgh\0\0\0")), Some(bytes("abcdefgh\0\0\0"))].contains(&segment);
    assert!(landed, "{segment:?}");
    assert_ne!(segment == Some(bytes("abcdefgh\0\0\0")), checkpoint == Some(bytes("checkpoint")), "one of the two was hit");
    assert_eq!(disk.take_faulted().len(), 2, "where it is missing, and where it is");
}

#[test]
fn a_full_disk_takes_nothing_and_one_with_little_room_a_first_part() {
    let mut disk = SimDisk::default();
    disk.set_capacity(Some(5));
    write(&mut disk, SEGMENT, "abc");
    assert_eq!(disk.append(SEGMENT, bytes("defg")), Err(Fault::DiskFull));
    assert_eq!((content(&mut disk, SEGMENT), disk.bytes()), (Some(bytes("abcde")), 5));
    disk.truncate(SEGMENT, 3).expect("a full disk can be made emptier");
    write(&mut disk, SEGMENT, "de");
    disk.set_capacity(None);
    disk.add_rule(rule(DiskFault::Full));
    assert_eq!(disk.append(SEGMENT, bytes("f")), Err(Fault::DiskFull));
    disk.delete(SEGMENT).expect("a full disk can be made emptier");
    assert_eq!(disk.bytes(), 0);
}

#[test]
fn a_stalled_call_does_what_it_should_and_takes_longer() {
    let mut disk = SimDisk::default();
    disk.add_rule(DiskRule { left: Some(2), ..rule(DiskFault::Stalled) });
    write(&mut disk, SEGMENT, "abc");
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("abc")));
    disk.sync(SEGMENT).expect("nothing is wrong");
    assert_eq!(disk.take_calls(), Calls { writes: 1, reads: 1, syncs: 1, stalled: Duration(14) });
}

#[test]
fn a_rule_is_about_the_files_it_names() {
    let segment = LOG.file(FileName::Segment(Offset(4)));
    let index = LOG.file(FileName::OffsetIndex(Offset(4)));
    let fails = |only: Place, file: FilePath| {
        let mut disk = SimDisk::default();
        disk.add_rule(DiskRule { only: Some(only), ..rule(DiskFault::WriteFailed) });
        disk.append(file, bytes("x")).is_err()
    };
    assert!(fails(Place::Segments(ORDERS), segment));
    assert!(!fails(Place::Segments(ORDERS), index));
    assert!(fails(Place::Name(CHECKPOINT.name), CHECKPOINT.temporary()));
    assert!(!fails(Place::Name(CHECKPOINT.name), SEGMENT.temporary()));
    assert!(fails(Place::Directory(LogDirectory(1)), index));
    assert!(!fails(Place::Directory(LogDirectory(1)), SEGMENT));
    assert!(fails(Place::Folder(LOG), index));
}

#[test]
fn a_file_that_is_lost_is_lost_for_good() {
    let mut disk = SimDisk::default();
    write(&mut disk, CHECKPOINT, "abc");
    assert_eq!(disk.lose_file(CHECKPOINT), Some(3));
    assert_eq!((disk.lose_file(CHECKPOINT), disk.bytes()), (None, 0));
    assert!(disk.lose_power(&mut Luck { entries: true, folders: true, half: true }).is_empty());
}

#[test]
fn a_renamed_folder_has_its_old_name_again_with_all_that_was_in_it_unless_its_directory_was_synced() {
    let (mut disk, gone) = (SimDisk::default(), Folder::Deleted(LogDirectory(1), ORDERS));
    let file = LOG.file(FileName::Segment(Offset(0)));
    write(&mut disk, file, "x");
    disk.sync(file).expect("the file is there");
    disk.sync_folder(LOG).expect("the folder is there");
    disk.sync_folder(Folder::Root(LogDirectory(1))).expect("the folder is there");
    disk.rename_folder(LOG, gone).expect("nothing is wrong");
    let mut synced = disk.clone();
    disk.delete(gone.file(file.name)).expect("nothing is wrong");
    disk.lose_power(&mut worst());
    assert_eq!((Disk::folders(&mut disk), content(&mut disk, file)), (vec![LOG], Some(bytes("x"))));
    synced.sync_folder(Folder::Root(LogDirectory(1))).expect("the folder is there");
    synced.lose_power(&mut worst());
    assert_eq!(Disk::folders(&mut synced), [gone]);
}

/// The last copy that can be led from: its disk is spared, and then nothing of it is wrong later.
#[test]
fn a_disk_that_is_made_whole_holds_what_was_written_whatever_was_done_to_it() {
    let faults = [DiskFault::BitRot, DiskFault::MisdirectedWrite, DiskFault::SyncFailed, DiskFault::SyncLied];
    for (fault, luck) in faults.into_iter().flat_map(|fault| (0..20).map(move |luck| (fault, luck))) {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "first ");
        write(&mut disk, CHECKPOINT, "checkpoint");
        disk.sync(SEGMENT).expect("nothing is wrong yet");
        disk.add_rule(DiskRule { luck, ..rule(fault) });
        write(&mut disk, SEGMENT, "second ");
        let _ = disk.sync(SEGMENT);
        let _ = (content(&mut disk, SEGMENT), content(&mut disk, CHECKPOINT), disk.sync_folder(SEGMENT.folder));
        disk.remove_rule(FaultIndex(3));
        disk.make_whole();
        for _ in 0..2 {
            let found = (content(&mut disk, SEGMENT), content(&mut disk, CHECKPOINT));
            assert_eq!(found, (Some(bytes("first second ")), Some(bytes("checkpoint"))), "{fault:?} with luck {luck}");
            assert_eq!(disk.lose_power(&mut worst()), [], "all of it is durable");
        }
        assert_eq!(disk.bytes(), 23);
    }
}

/// What was given up after the fault, or written since, is not brought back.
#[test]
fn a_disk_that_is_made_whole_keeps_what_was_written_since() {
    let mut disk = SimDisk::default();
    write(&mut disk, SEGMENT, "abcdef");
    disk.add_rule(DiskRule { left: Some(1), ..rule(DiskFault::BitRot) });
    assert_ne!(content(&mut disk, SEGMENT), Some(bytes("abcdef")));
    disk.truncate(SEGMENT, 0).expect("cuts are well");
    write(&mut disk, SEGMENT, "xyz");
    disk.make_whole();
    assert_eq!(content(&mut disk, SEGMENT), Some(bytes("xyz")));
}

/// A server that came back after a power failure has seen what was gone, and has gone on from there.
#[test]
fn what_a_fault_took_is_not_brought_back_once_the_power_has_failed() {
    for luck in 0..20 {
        let mut disk = SimDisk::default();
        write(&mut disk, SEGMENT, "abc");
        disk.sync_folder(SEGMENT.folder).expect("nothing is wrong yet");
        disk.add_rule(DiskRule { luck, left: Some(1), ..rule(DiskFault::SyncFailed) });
        assert!(disk.sync(SEGMENT).is_err());
        disk.lose_power(&mut worst());
        let left = content(&mut disk, SEGMENT);
        disk.make_whole();
        assert_eq!(content(&mut disk, SEGMENT), left);
    }
}
