//! Scripts about a broker whose disks fail: b1, with some log directories, beside b2, with one. What each command does stands at
//! its variant; what b1 told of its disks is written under it.

use std::error::Error;
use std::fmt::Write as _;

use tribunal::config::{LogDirs, Value};
use tribunal::context::DiskView;
use tribunal::event::{Acks, DiskFault, Fact, FaultIndex, LogFact, ReplicaFact};
use tribunal::files::Folder;
use tribunal::ids::{BrokerId, LogDirectory, PartitionIndex, ProcessId, TopicId, TopicPartition};
use tribunal::protocol::{CreateTopicsRequest, NewTopic, ProducePartition, ProduceRequest, Response};
use tribunal::record::BatchBuilder;
use tribunal::sim::disk::{DiskRule, Place};
use tribunal::time::{Duration, Timestamp};

use crate::scripts::scripts;
use crate::support::{Cluster, NothingUnsynced};

const B1: ProcessId = ProcessId::Broker(BrokerId(1));

#[derive(goldenscript::Command)]
enum Command {
    /// Starts the controller, b1 with these log directories, and b2.
    Begin { dirs: String },
    /// Makes the topic, with so many partitions, all of them on b1 alone.
    Topic { partitions: u32 },
    /// Produces a record to a partition, with acks=all.
    Produce { partition: u32, word: String },
    /// Lays a fault on b1's disk, in one directory.
    Fault {
        kind: String,
        directory: u8,
        #[arg(key)]
        times: Option<u32>,
    },
    /// Leaves b1's disk room for so many bytes more.
    Room(u64),
    /// Takes the faults from b1's disk.
    Heal,
    /// Lets so many ms pass.
    Run(u64),
    /// b1 dies and starts again.
    Crash,
    /// The power of b1 fails: nothing stays that was not synced. It starts again.
    PowerOff,
    /// Lists the folders on b1's disk.
    Folders,
    /// Removes the last segment but one of a partition on b1's disk.
    LoseSegment(u32),
}

#[derive(Default)]
struct Runner {
    cluster: Option<Cluster>,
    seen: usize,
    partitions: u32,
}

impl Runner {
    fn cluster(&mut self) -> Result<&mut Cluster, Box<dyn Error>> {
        self.cluster.as_mut().ok_or_else(|| "begin first".into())
    }

    fn begin(&mut self, dirs: &str) -> Result<(), Box<dyn Error>> {
        let mut cluster = Cluster::new();
        cluster.config.log_dirs = LogDirs::parse(dirs)?;
        cluster.halts = Some(Vec::new());
        cluster.start_all(2);
        cluster.run(Duration::from_millis(500));
        self.cluster = Some(cluster);
        Ok(())
    }

    fn topic(&mut self, partitions: u32) -> Result<(), Box<dyn Error>> {
        self.partitions = partitions;
        let assignment = (0..partitions).map(|_| vec![BrokerId(1)]).collect();
        let config = vec![("segment.bytes".to_owned(), "1024".to_owned())];
        let topic = NewTopic { name: "orders".to_owned(), partitions, replication_factor: 1, assignment, config };
        let request = CreateTopicsRequest { topics: vec![topic], timeout: Duration::from_millis(3_000) };
        let cluster = self.cluster()?;
        cluster.ask(ProcessId::Broker(BrokerId(2)), request);
        cluster.run(Duration::from_millis(200));
        Ok(())
    }

    fn produce(&mut self, partition: u32, word: &str, out: &mut String) -> Result<(), Box<dyn Error>> {
        let mut builder = BatchBuilder::new(Timestamp::RUN_START);
        builder.append(Timestamp::RUN_START, Some(word.as_bytes()), Some(&[b'v'; 600]), &[]);
        let partition = TopicPartition::new(TopicId(1), PartitionIndex(partition));
        let partitions = vec![ProducePartition { partition, batch: builder.build() }];
        let request = ProduceRequest { acks: Acks::All, timeout: Duration::from_millis(100), partitions };
        let cluster = self.cluster()?;
        let asked = cluster.ask(B1, request);
        cluster.run(Duration::from_millis(150));
        match cluster.answer(asked) {
            Some(Response::Produce(answer)) => match answer.partitions.first().ok_or("no partition")?.result {
                Ok(base) => writeln!(out, "acknowledged: {word} is {base}")?,
                Err(code) => writeln!(out, "refused: {code}")?,
            },
            _ => writeln!(out, "no answer")?,
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Box<dyn Error>> {
        let cluster = self.cluster()?;
        cluster.crash(B1);
        cluster.run(Duration::from_millis(1_500)); // until the controller has fenced the life before
        cluster.start(B1);
        cluster.run(Duration::from_millis(1_500));
        Ok(())
    }

    fn act(&mut self, command: &Command, out: &mut String) -> Result<(), Box<dyn Error>> {
        match command {
            Command::Begin { dirs } => self.begin(dirs)?,
            Command::Topic { partitions } => self.topic(*partitions)?,
            Command::Produce { partition, word } => self.produce(*partition, word, out)?,
            Command::Fault { kind, directory, times } => {
                let kind = match kind.as_str() {
                    "write-fails" => DiskFault::WriteFailed,
                    "sync-fails" => DiskFault::SyncFailed,
                    "read-fails" => DiskFault::ReadFailed,
                    other => return Err(format!("no such fault: {other}").into()),
                };
                let only = Some(Place::Directory(LogDirectory(*directory)));
                let rule = DiskRule { kind, only, left: *times, id: FaultIndex(0), luck: 3, stall: Duration::ZERO };
                self.cluster()?.disk(B1).add_rule(rule);
            }
            Command::Room(bytes) => {
                let disk = self.cluster()?.disk(B1);
                let used = disk.bytes();
                disk.set_capacity(Some(used + bytes));
            }
            Command::Heal => {
                let disk = self.cluster()?.disk(B1);
                disk.remove_rule(FaultIndex(0));
                disk.set_capacity(None);
            }
            Command::Run(ms) => self.cluster()?.run(Duration::from_millis(*ms)),
            Command::Crash => self.restart()?,
            Command::PowerOff => {
                self.cluster()?.crash(B1);
                self.cluster()?.disk(B1).lose_power(&mut NothingUnsynced);
                self.restart()?;
            }
            Command::Folders => {
                for folder in DiskView::folders(self.cluster()?.disk(B1)) {
                    writeln!(out, "{folder}")?;
                }
            }
            Command::LoseSegment(partition) => {
                let wanted = TopicPartition::new(TopicId(1), PartitionIndex(*partition));
                let disk = self.cluster()?.disk(B1);
                let mut folders = DiskView::folders(disk).into_iter();
                let folder = folders.find(|folder| matches!(folder, Folder::Log(_, other) if *other == wanted));
                let folder = folder.ok_or("no such log")?;
                let names = DiskView::files(disk, folder).into_iter().filter(|name| name.segment_base().is_some());
                let name = names.rev().nth(1).ok_or("it has one segment")?;
                disk.lose_file(folder.file(name)).ok_or("gone")?;
                writeln!(out, "lost {}", folder.file(name))?;
            }
        }
        Ok(())
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Result<String, Box<dyn Error>> {
        let mut answer = String::new();
        self.act(command, &mut answer)?;
        let mut out = String::new();
        let seen = self.seen;
        let cluster = self.cluster()?;
        for event in cluster.events.iter().skip(seen).filter(|event| event.process == B1) {
            write_fact(&event.fact, &mut out)?;
        }
        let halts = cluster.halts.as_mut().map(std::mem::take).unwrap_or_default();
        self.seen = cluster.events.len();
        for (process, why) in halts {
            writeln!(out, "{process} ended itself: {why}")?;
        }
        Ok(out + &answer)
    }
}

/// What b1 told of its disks and of the replicas on them.
fn write_fact(fact: &Fact, out: &mut String) -> std::fmt::Result {
    match fact {
        Fact::Log(LogFact::LogFenced { partition, end, why }) => writeln!(out, "LogFenced {partition} at {end}: {why}"),
        Fact::Log(LogFact::LogRefused { partition, why }) => writeln!(out, "LogRefused {partition}: {why}"),
        Fact::Log(LogFact::LogDirectoryFailed { directory, why }) => writeln!(out, "LogDirectoryFailed {directory}: {why}"),
        Fact::Log(LogFact::LogRecovered { recovery }) if recovery.partition != TopicPartition::METADATA => {
            let (partition, start, end) = (recovery.partition, recovery.start, recovery.end);
            writeln!(out, "LogRecovered {partition} {start}..{end}, {} bytes torn", recovery.torn_bytes)
        }
        Fact::Log(LogFact::LogCreated { partition }) if *partition != TopicPartition::METADATA => {
            writeln!(out, "LogCreated {partition}")
        }
        Fact::Replica(ReplicaFact::ReplicaOffline { partition, why }) => writeln!(out, "ReplicaOffline {partition}: {why}"),
        Fact::Replica(ReplicaFact::BecameLeader { partition, end, .. }) => writeln!(out, "BecameLeader {partition}, end {end}"),
        _ => Ok(()),
    }
}

scripts!("recovery_broker", Runner::default() =>
    a_disk_is_full,
    a_log_s_folder_is_lost,
    a_refused_log_is_one_replica_offline,
    one_of_two_directories_fails,
    the_first_directory_fails,
    the_recovery_points_spare_a_start,
);
