//! A metadata quorum on a desk: its servers, their disks and clocks, and every message between them as a letter that is
//! delivered or dropped when the test says so.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use tribunal::choice::{Choices, Luck};
use tribunal::config::{BrokerConfig, Profile, Variants};
use tribunal::context::{Context, Effect, Moment, Outbox, Payload, ReplyTo};
use tribunal::event::{ConnectionNumber, Event, Purpose, QuorumRole};
use tribunal::ids::{CorrelationId, Incarnation, Offset, ProcessId, Step};
use tribunal::protocol::{Request, Response};
use tribunal::raft::{RaftNews, RaftNode, RaftSetup};
use tribunal::time::{Duration, Instant, Timestamp, Trail};

use super::MemoryDisk;

/// The operator.
pub const OPERATOR: ProcessId = ProcessId::Client(1);

/// A message on the desk.
#[derive(Clone, Debug)]
pub struct Letter {
    pub from: ProcessId,
    pub to: ProcessId,
    pub says: Says,
}

/// What a message says.
#[derive(Clone, Debug)]
pub enum Says {
    Request(ReplyTo, Request),
    Response(ReplyTo, Response),
    Reset,
}

/// One server.
pub struct Seat {
    /// `None` while it is down.
    pub raft: Option<RaftNode>,
    pub disk: MemoryDisk,
    pub life: Incarnation,
    /// Its `mono` clock.
    pub clock: Instant,
    /// What it knows to be committed: each record with its offset.
    pub applied: Vec<(Offset, Bytes)>,
    /// Up to where it has applied the log.
    pub applied_end: Offset,
    /// It leads, as its owner was told.
    pub leads: bool,
    /// How often it was given a snapshot while it led.
    pub snapshots_while_leading: u32,
    /// It ended itself, and why.
    pub halted: Option<String>,
}

/// The quorum.
pub struct Quorum {
    pub seats: BTreeMap<ProcessId, Seat>,
    pub desk: Vec<Letter>,
    pub events: Vec<Event>,
    /// Answers to the operator.
    pub answers: Vec<(ProcessId, Response)>,
    pub cuts: BTreeSet<(ProcessId, ProcessId)>,
    pub voters: Vec<ProcessId>,
    pub config: BrokerConfig,
    pub variants: Variants,
    /// Whether servers take snapshots as soon as they want one.
    pub takes_snapshots: bool,
    connections: BTreeMap<(ProcessId, ProcessId), u32>,
    choices: Choices,
    next_step: Step,
    asked: u32,
}

impl Quorum {
    /// So many controllers, `k1` and on, none of them started.
    pub fn new(voters: u16, choices: Choices) -> Self {
        Self {
            seats: BTreeMap::new(),
            desk: Vec::new(),
            events: Vec::new(),
            answers: Vec::new(),
            cuts: BTreeSet::new(),
            voters: (1..=voters).map(ProcessId::Controller).collect(),
            config: BrokerConfig::of(Profile::Fast),
            variants: Variants::default(),
            takes_snapshots: false,
            connections: BTreeMap::new(),
            choices,
            next_step: Step(0),
            asked: 0,
        }
    }

    /// The same, without luck.
    pub fn quiet(voters: u16) -> Self {
        Self::new(voters, Choices::new(0, Luck::None, &[]))
    }

    /// A server starts, for the first time or again.
    pub fn start(&mut self, who: ProcessId) {
        let setup = RaftSetup { me: who, voters: self.voters.clone(), config: self.config.clone(), variants: self.variants };
        let seat = self.seats.entry(who).or_insert_with(Seat::empty);
        seat.life = seat.life.next();
        seat.clock = Instant::ZERO;
        seat.raft = Some(RaftNode::new(setup));
        (seat.applied, seat.applied_end, seat.leads, seat.halted) = (Vec::new(), Offset::ZERO, false, None);
        self.turn(who, RaftNode::start);
    }

    /// A server dies; who awaits something of it hears of that, unless it dies silently.
    pub fn kill(&mut self, who: ProcessId, silently: bool) {
        let Some(seat) = self.seats.get_mut(&who) else { return };
        seat.raft = None;
        self.desk.retain(|letter| letter.from != who && letter.to != who);
        let others: Vec<ProcessId> = self.seats.keys().copied().filter(|other| *other != who).collect();
        for other in others {
            *self.connections.entry((other, who)).or_insert(0) += 1;
            *self.connections.entry((who, other)).or_insert(0) += 1;
            if !silently {
                self.desk.push(Letter { from: who, to: other, says: Says::Reset });
            }
        }
    }

    /// A server, if it lives.
    pub fn raft(&self, who: ProcessId) -> Option<&RaftNode> {
        self.seats.get(&who).and_then(|seat| seat.raft.as_ref())
    }

    /// Who leads in the highest epoch.
    pub fn leader(&self) -> Option<ProcessId> {
        let leading = |(who, seat): (&ProcessId, &Seat)| {
            let raft = seat.raft.as_ref()?;
            (raft.role() == QuorumRole::Leader).then_some((raft.epoch(), *who))
        };
        self.seats.iter().filter_map(leading).max().map(|(_, who)| who)
    }

    /// One turn of one server; what it sends lies on the desk afterwards.
    pub fn turn(&mut self, who: ProcessId, act: impl FnOnce(&mut RaftNode, &mut Context<'_>)) {
        let takes_snapshots = self.takes_snapshots;
        let seat = self.seats.get_mut(&who).expect("it has a seat");
        let Some(raft) = seat.raft.as_mut() else { return };
        let moment = Moment {
            at: seat.clock,
            process: who,
            incarnation: seat.life,
            mono: seat.clock,
            wall: Timestamp::RUN_START,
            trail: Trail::NONE,
        };
        let mut out = Outbox::starting_at(self.next_step);
        let mut cx = Context::new(moment, &mut seat.disk, &mut self.choices, &mut out);
        act(raft, &mut cx);
        while let Some(news) = raft.take_news() {
            match news {
                RaftNews::Committed(commit) => {
                    assert!(commit.end >= seat.applied_end, "the committed end only grows");
                    let records = raft.read(seat.applied_end, commit.end, &mut cx).unwrap_or_default();
                    seat.applied.extend(records);
                    seat.applied_end = commit.end;
                    raft.release_fetches(commit.step, &mut cx);
                }
                RaftNews::SnapshotLoaded { end } => {
                    seat.snapshots_while_leading += u32::from(seat.leads);
                    let (id, records) = raft.snapshot(&mut cx).expect("it was just loaded");
                    assert_eq!(id.end, end);
                    seat.applied = records.iter().map(unpack).collect();
                    seat.applied_end = end;
                }
                RaftNews::BecameLeader { .. } => seat.leads = true,
                RaftNews::StoppedLeading { .. } => seat.leads = false,
            }
        }
        if takes_snapshots && raft.wants_snapshot() {
            raft.write_snapshot(seat.applied_end, seat.applied.iter().map(pack).collect(), &mut cx);
        }
        self.next_step = out.next_step;
        self.events.extend(out.events.into_iter().map(|(event, _)| event));
        for effect in out.effects {
            self.carry(who, effect);
        }
    }

    fn carry(&mut self, from: ProcessId, effect: Effect) {
        match effect {
            Effect::Send(sent) => match sent.payload {
                Payload::Request { purpose, correlation, request } => {
                    let connection = ConnectionNumber(self.connections.get(&(from, sent.to)).copied().unwrap_or(0));
                    let reply_to = ReplyTo { client: from, connection, purpose, correlation, origin: Step::NONE };
                    self.desk.push(Letter { from, to: sent.to, says: Says::Request(reply_to, request) });
                }
                Payload::Response { response, .. } if sent.to == OPERATOR => self.answers.push((from, response)),
                Payload::Response { reply_to, response } => {
                    self.desk.push(Letter { from, to: sent.to, says: Says::Response(reply_to, response) });
                }
            },
            Effect::Close { server, .. } => *self.connections.entry((from, server)).or_insert(0) += 1,
            Effect::Halt { why } => {
                self.kill(from, false);
                self.seats.get_mut(&from).expect("it has a seat").halted = Some(why);
            }
            Effect::Exit => self.kill(from, false),
        }
    }

    /// Delivers a letter, unless it is lost.
    pub fn deliver(&mut self, letter: Letter) {
        let Letter { from, to, says } = letter;
        if self.cuts.contains(&(from, to)) {
            return;
        }
        let is_up = self.raft(to).is_some();
        match says {
            Says::Request(reply_to, request) if is_up => self.turn(to, |raft, cx| raft.handle_request(from, reply_to, request, cx)),
            Says::Request(..) => self.desk.push(Letter { from: to, to: from, says: Says::Reset }),
            Says::Response(reply_to, response) => {
                let open = self.connections.get(&(to, from)).copied().unwrap_or(0);
                if reply_to.connection.0 == open {
                    self.turn(to, |raft, cx| raft.handle_response(from, reply_to.correlation, response, cx));
                }
            }
            Says::Reset => self.turn(to, |raft, cx| raft.handle_disconnect(from, cx)),
        }
    }

    /// Delivers what lies on the desk and what follows from it, until nothing is left.
    pub fn deliver_all(&mut self) {
        while !self.desk.is_empty() {
            let letter = self.desk.remove(0);
            self.deliver(letter);
        }
    }

    /// Lets time pass on one clock, deadline after deadline; nothing is delivered.
    pub fn elapse(&mut self, who: ProcessId, span: Duration) {
        let Some(until) = self.seats.get(&who).map(|seat| seat.clock.plus(span)) else { return };
        while let Some(due) = self.raft(who).and_then(RaftNode::next_deadline).filter(|due| *due <= until) {
            let seat = self.seats.get_mut(&who).expect("it has a seat");
            seat.clock = seat.clock.max(due);
            self.turn(who, RaftNode::handle_deadline);
        }
        self.seats.get_mut(&who).expect("it has a seat").clock = until;
    }

    /// Lets time pass for all, on a network without delay.
    pub fn run(&mut self, span: Duration) {
        let mut left = span.0;
        loop {
            self.deliver_all();
            let wait = |seat: &Seat| Some(seat.raft.as_ref()?.next_deadline()?.since(seat.clock).0);
            let wait = self.seats.values().filter_map(wait).min().filter(|wait| *wait <= left);
            let everybody: Vec<ProcessId> = self.seats.keys().copied().collect();
            for who in everybody {
                self.elapse(who, Duration(wait.unwrap_or(left)));
            }
            match wait {
                Some(wait) => left -= wait,
                None => break,
            }
        }
    }

    /// The operator asks something.
    pub fn ask(&mut self, who: ProcessId, request: Request) {
        self.asked += 1;
        let correlation = CorrelationId(self.asked);
        let connection = ConnectionNumber(0);
        let reply_to = ReplyTo { client: OPERATOR, connection, purpose: Purpose::Client, correlation, origin: Step::NONE };
        self.turn(who, |raft, cx| raft.handle_request(OPERATOR, reply_to, request, cx));
    }

    /// The owner of a server has records to append, if it leads.
    pub fn append(&mut self, who: ProcessId, records: &[&str]) {
        let records: Vec<Bytes> = records.iter().map(|record| Bytes::copy_from_slice(record.as_bytes())).collect();
        self.turn(who, |raft, cx| {
            if raft.is_leader() {
                raft.append(records, cx);
            }
        });
    }

    /// Nothing passes between these two.
    pub fn cut(&mut self, one: ProcessId, other: ProcessId) {
        self.cuts.extend([(one, other), (other, one)]);
    }

    /// The power of a server fails; of what was not synced nothing is left.
    pub fn power_off(&mut self, who: ProcessId) {
        self.kill(who, true);
        self.seats.get_mut(&who).expect("it has a seat").disk.lose_power(|_, _| 0);
    }
}

impl Seat {
    fn empty() -> Self {
        Self {
            raft: None,
            disk: MemoryDisk::default(),
            life: Incarnation(0),
            clock: Instant::ZERO,
            applied: Vec::new(),
            applied_end: Offset::ZERO,
            leads: false,
            snapshots_while_leading: 0,
            halted: None,
        }
    }
}

/// In a snapshot a record is kept with its offset, so that tests can compare.
fn pack((offset, record): &(Offset, Bytes)) -> Bytes {
    Bytes::from([&offset.0.to_le_bytes(), record.as_ref()].concat())
}

fn unpack(packed: &Bytes) -> (Offset, Bytes) {
    let (offset, record) = packed.split_at(8);
    (Offset(u64::from_le_bytes(offset.try_into().expect("eight bytes"))), Bytes::copy_from_slice(record))
}

impl Quorum {
    /// Writes a snapshot of all that a server has applied.
    pub fn snapshot(&mut self, who: ProcessId) {
        let seat = &self.seats[&who];
        let (end, records) = (seat.applied_end, seat.applied.iter().map(pack).collect());
        self.turn(who, |raft, cx| raft.write_snapshot(end, records, cx));
    }
}
