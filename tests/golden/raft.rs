//! Scripts for the metadata quorum: its messages lie on a desk until the script delivers or drops them, and each server's
//! clock goes when the script says so.

use std::fmt::Write as _;

use goldenscript::{ArgumentConsumer, Command};
use tribunal::event::{Fact, LogFact, QuorumRole, RaftFact, VoterSetFacts};
use tribunal::files::{FileName, FilePath};
use tribunal::ids::{DirectoryId, LeaderEpoch, ProcessId, TopicPartition, VoterKey};
use tribunal::protocol::{
    AddRaftVoterRequest, DescribeQuorumRequest, RemoveRaftVoterRequest, Request, Response, UpdateRaftVoterRequest, VoteRequest,
};
use tribunal::raft::RaftNode;
use tribunal::time::Duration;

use crate::scripts::{Outcome, scripts};
use crate::support::MemoryDisk;
use crate::support::quorum::{Letter, Quorum, Says};

struct Runner {
    quorum: Quorum,
}

impl Runner {
    fn new() -> Self {
        Self { quorum: Quorum::quiet(3) }
    }

    /// What happened since the last command.
    fn report(&mut self, is_start: bool) -> String {
        let mut out = String::new();
        for event in std::mem::take(&mut self.quorum.events) {
            if is_start && matches!(event.fact, Fact::Raft(RaftFact::VotersChanged { .. })) {
                continue; // every start tells who votes
            }
            if let Some(told) = told(&event.fact) {
                writeln!(out, "{}: {told}", event.process).expect("a String takes all");
            }
        }
        for (from, answer) in std::mem::take(&mut self.quorum.answers) {
            writeln!(out, "  {from} answers: {}", answered(&answer)).expect("a String takes all");
        }
        for (who, seat) in &mut self.quorum.seats {
            if let Some(why) = seat.halted.take() {
                writeln!(out, "{who}: HALTED: {why}").expect("a String takes all");
            }
        }
        out
    }

    /// `quorum k1 k2 k3 prevote=off`: who votes, under which rules.
    fn set_up(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let mut voters = Vec::new();
        while let Some(name) = args.next_pos() {
            voters.push(server(name)?);
        }
        self.quorum = Quorum::quiet(0);
        self.quorum.voters = voters;
        while let Some((key, value)) = args.next_key() {
            match self.quorum.variants.set(key, value) {
                Ok(()) => {}
                Err(_) => self.quorum.config.set(key, value)?,
            }
        }
        Ok(())
    }

    /// `deliver`, `deliver k1 k2`: all that lies on the desk and what follows from it, or what is from the one to the other.
    fn deliver(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let Some((from, to)) = link(args)? else {
            self.quorum.deliver_all();
            return Ok(());
        };
        for letter in self.take_letters(from, to) {
            self.quorum.deliver(letter);
        }
        Ok(())
    }

    fn take_letters(&mut self, from: ProcessId, to: ProcessId) -> Vec<Letter> {
        self.quorum.desk.extract_if(.., |letter| letter.from == from && letter.to == to).collect()
    }

    /// `elapse k1 100ms`, `elapse k1 to-deadline`: one clock goes on.
    fn elapse(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let who = server(args.next_pos().ok_or("whose clock?")?)?;
        let span = match args.next_pos().ok_or("how long?")? {
            "to-deadline" => {
                let due = self.quorum.raft(who).and_then(RaftNode::next_deadline).ok_or("it waits for nothing")?;
                due.since(self.quorum.seats[&who].clock)
            }
            span => duration(span)?,
        };
        self.quorum.elapse(who, span);
        Ok(())
    }

    /// `damage k1 log 117`, `damage k1 snapshot 60`: on its disk one bit of that byte is another, in the newest such file.
    fn damage(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<()> {
        let who = server(args.next_pos().ok_or("whose disk?")?)?;
        let is_log = args.next_pos().ok_or("the log or the snapshot?")? == "log";
        let at: usize = args.next_pos().ok_or("which byte?")?.parse()?;
        let disk = &mut self.quorum.seats.get_mut(&who).ok_or("it never lived")?.disk;
        let is_meant = |path: &FilePath| match path.name {
            FileName::Segment(_) => is_log,
            FileName::Snapshot(..) => !is_log,
            _ => false,
        };
        let newest = disk.files().map(|(path, _)| path).filter(is_meant).max().ok_or("there is none")?;
        *disk.bytes_mut(newest).and_then(|bytes| bytes.get_mut(at)).ok_or("it is shorter")? ^= 1;
        Ok(())
    }

    fn voter_change(&mut self, args: &mut ArgumentConsumer<'_>) -> Outcome<Request> {
        let key = voter_key(args.next_pos().ok_or("whom?")?)?;
        Ok(match args.take_key("how") {
            Some("remove") => RemoveRaftVoterRequest { voter: key }.into(),
            Some("update") => UpdateRaftVoterRequest { voter: key, current_leader_epoch: self.epoch() }.into(),
            _ => AddRaftVoterRequest { voter: key }.into(),
        })
    }

    fn epoch(&self) -> LeaderEpoch {
        self.quorum.leader().and_then(|leader| self.quorum.raft(leader)).map(RaftNode::epoch).unwrap_or_default()
    }

    /// Each server's role, log and committed end.
    fn picture(&self) -> String {
        let mut out = String::new();
        for (who, seat) in &self.quorum.seats {
            let Some(raft) = &seat.raft else {
                writeln!(out, "{who}: down").expect("a String takes all");
                continue;
            };
            let leader = raft.leader().map_or(String::new(), |leader| format!(" of {leader}"));
            let applied: Vec<&str> = seat.applied.iter().filter_map(|(_, record)| std::str::from_utf8(record).ok()).collect();
            writeln!(
                out,
                "{who}: {:?}{leader} in {}, log {}..{}, committed {}, applied [{}]",
                raft.role(),
                raft.epoch(),
                raft.start_offset(),
                raft.end_offset(),
                raft.committed(),
                applied.join(" ")
            )
            .expect("a String takes all");
        }
        out
    }

    fn servers(args: &mut ArgumentConsumer<'_>) -> Outcome<Vec<ProcessId>> {
        let mut servers = Vec::new();
        while let Some(name) = args.next_pos() {
            servers.push(server(name)?);
        }
        Ok(servers)
    }
}

impl goldenscript::Runner for Runner {
    type Command = Command;

    fn run(&mut self, command: &Command, _: &goldenscript::Context) -> Outcome<String> {
        let mut args = command.consume_args();
        match command.name.as_str() {
            "quorum" => self.set_up(&mut args)?,
            "start" => Self::servers(&mut args)?.into_iter().for_each(|who| self.quorum.start(who)),
            "kill" => Self::servers(&mut args)?.into_iter().for_each(|who| self.quorum.kill(who, true)),
            "power-off" => Self::servers(&mut args)?.into_iter().for_each(|who| self.quorum.power_off(who)),
            "wipe" => {
                for who in Self::servers(&mut args)? {
                    self.quorum.kill(who, true);
                    self.quorum.seats.get_mut(&who).ok_or("it never lived")?.disk = MemoryDisk::default();
                }
            }
            "damage" => self.damage(&mut args)?,
            "cut" => {
                let one = server(args.next_pos().ok_or("whom?")?)?;
                Self::servers(&mut args)?.into_iter().for_each(|other| self.quorum.cut(one, other));
            }
            "heal" => self.quorum.cuts.clear(),
            "run" => self.quorum.run(duration(args.next_pos().ok_or("how long?")?)?),
            "elapse" => self.elapse(&mut args)?,
            "deliver" => self.deliver(&mut args)?,
            "drop" => {
                let (from, to) = link(&mut args)?.ok_or("from whom to whom?")?;
                self.take_letters(from, to);
            }
            "desk" => return Ok(self.quorum.desk.iter().map(letter).collect()),
            "append" => {
                let who = server(args.next_pos().ok_or("who?")?)?;
                let records: Vec<&str> = std::iter::from_fn(|| args.next_pos()).collect();
                self.quorum.append(who, &records);
            }
            "ask" => {
                let who = server(args.next_pos().ok_or("whom?")?)?;
                let request = self.voter_change(&mut args)?;
                self.quorum.ask(who, request);
            }
            "describe" => {
                let who = server(args.next_pos().ok_or("whom?")?)?;
                self.quorum.ask(who, DescribeQuorumRequest {}.into());
            }
            "resign" => {
                let who = server(args.next_pos().ok_or("who?")?)?;
                self.quorum.turn(who, RaftNode::resign);
            }
            "snapshot" => Self::servers(&mut args)?.into_iter().for_each(|who| self.quorum.snapshot(who)),
            "show" => return Ok(self.picture()),
            other => return Err(format!("unknown command {other}").into()),
        }
        args.reject_next()?;
        Ok(self.report(command.name == "start"))
    }
}

fn server(text: &str) -> Outcome<ProcessId> {
    Ok(ProcessId::Controller(text.trim_start_matches('k').parse()?))
}

/// `k4`, or `k4/d2` with its directory.
fn voter_key(text: &str) -> Outcome<VoterKey> {
    let (name, directory) = text.split_once("/d").map_or((text, None), |(name, directory)| (name, Some(directory)));
    Ok(VoterKey { voter: server(name)?, directory: directory.map(str::parse).transpose()?.map(DirectoryId) })
}

fn link(args: &mut ArgumentConsumer<'_>) -> Outcome<Option<(ProcessId, ProcessId)>> {
    let Some(from) = args.next_pos() else { return Ok(None) };
    Ok(Some((server(from)?, server(args.next_pos().ok_or("to whom?")?)?)))
}

fn duration(text: &str) -> Outcome<Duration> {
    Ok(Duration::from_millis(text.trim_end_matches("ms").parse()?))
}

fn key(voter: VoterKey) -> String {
    voter.directory.map_or(voter.voter.to_string(), |directory| format!("{}/{directory}", voter.voter))
}

fn set(facts: &VoterSetFacts) -> String {
    let names: Vec<String> = facts.voters.iter().map(|voter| key(*voter)).collect();
    format!("voters {} since {} {}", names.join(" "), facts.epoch, facts.offset)
}

/// The facts that a script tells; what a log writes is told by its end.
fn told(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Raft(RaftFact::QuorumRoleChanged { role, epoch, leader }) => match (role, leader) {
            (QuorumRole::Follower, Some(leader)) => format!("follows {leader} in {epoch}"),
            (role, _) => format!("{role:?} in {epoch}"),
        },
        Fact::Raft(RaftFact::QuorumLeaderElected { epoch }) => format!("ELECTED in {epoch}"),
        Fact::Raft(RaftFact::MetadataCommitted { end, .. }) => format!("committed to {end}"),
        Fact::Raft(RaftFact::VoteCast { epoch, candidate }) => format!("votes for {} in {epoch}", key(*candidate)),
        Fact::Raft(RaftFact::VoteRefused { epoch, candidate, pre_vote }) => {
            format!("refuses {candidate} its {} in {epoch}", if *pre_vote { "pre-vote" } else { "vote" })
        }
        Fact::Raft(RaftFact::QuorumLeaderResigned { epoch, why }) => format!("RESIGNS {epoch}: {why:?}"),
        Fact::Raft(RaftFact::VotersChanged { voters }) => set(voters),
        Fact::Raft(RaftFact::SnapshotTaken { end, epoch, .. }) => format!("snapshot of all below {end}, {epoch}"),
        Fact::Raft(RaftFact::SnapshotInstalled { end, epoch, from }) => format!("installs {from}'s snapshot below {end}, {epoch}"),
        Fact::Raft(RaftFact::VoterCaughtUp { voter }) => format!("{} has caught up", key(*voter)),
        Fact::Log(LogFact::LogTruncated { partition: TopicPartition::METADATA, from, to, .. }) => format!("cuts {to}..{from}"),
        Fact::Log(LogFact::LogStartAdvanced { old, new, .. }) => format!("log start {old} -> {new}"),
        Fact::Log(LogFact::RecordsReplicated { batch, .. }) => {
            format!("replicates {}..={} of {}", batch.base, batch.last, batch.leader_epoch)
        }
        _ => return None,
    })
}

fn answered(response: &Response) -> String {
    match response {
        Response::DescribeQuorum(told) => {
            let of = |replica: &tribunal::protocol::QuorumReplica| {
                format!("{}{} at {}", key(replica.replica), if replica.is_voter { "" } else { " (observer)" }, replica.end)
            };
            let replicas: Vec<String> = told.replicas.iter().map(of).collect();
            let leader = told.leader.map_or("nobody".to_owned(), |leader| leader.to_string());
            let error = told.error.map_or(String::new(), |code| format!("{code}, "));
            format!("{error}{leader} leads {}, high watermark {}, {}", told.epoch, told.high_watermark, replicas.join(", "))
        }
        other => other.facts().error.map_or_else(|| "done".to_owned(), |code| code.to_string()),
    }
}

fn letter(letter: &Letter) -> String {
    let says = match &letter.says {
        Says::Reset => "reset".to_owned(),
        Says::Request(_, Request::Vote(VoteRequest { epoch, pre_vote, .. })) => {
            format!("{} {epoch}", if *pre_vote { "pre-vote" } else { "vote" })
        }
        Says::Request(_, request) => format!("{:?}", request.api()),
        Says::Response(_, Response::Vote(told)) => {
            let said = if told.granted { "granted" } else { "refused" };
            format!("{said} in {}{}", told.epoch, told.error.map_or(String::new(), |code| format!(", {code}")))
        }
        Says::Response(_, response) => {
            let facts = response.facts();
            format!("{:?} answered{}", facts.api, facts.error.map_or(String::new(), |code| format!(": {code}")))
        }
    };
    let nth = match &letter.says {
        Says::Request(reply_to, _) | Says::Response(reply_to, _) => reply_to.connection.0,
        Says::Reset => 0,
    };
    let anew = if nth == 0 { String::new() } else { format!(" (connection {nth})") };
    format!("{} -> {}: {says}{anew}\n", letter.from, letter.to)
}

scripts!("raft", Runner::new() =>
    a_candidate_leaves_a_connection_that_is_mute,
    a_candidate_with_a_stale_log_is_refused,
    a_damaged_batch_of_the_leader_ends_no_follower,
    a_damaged_snapshot_of_the_leader_ends_no_follower,
    a_disruptive_server_raises_the_epoch,
    a_diverging_follower_truncates,
    a_far_behind_follower_installs_a_snapshot,
    a_leader_without_a_majority_resigns,
    a_pre_vote_does_not_raise_the_epoch,
    a_removed_leader_resigns_when_that_is_committed,
    a_resigning_leader_hands_over,
    a_split_vote_is_tried_again,
    a_standby_becomes_a_voter,
    a_vote_is_given_once_an_epoch_across_a_restart,
    a_voter_names_its_directory,
    a_voter_that_does_not_know_it_yet_helps_to_elect,
    a_wiped_voter_with_a_directory_id_does_not_vote,
    a_wiped_voter_without_a_directory_id_loses_what_was_committed,
    an_uncommitted_voter_change_is_undone_by_truncation,
    figure_eight,
    the_first_election,
    the_last_voter_stays,
    the_only_voter_elects_itself,
    two_changes_at_once_without_the_guard,
    voters_change_one_at_a_time,
);
