//! How many partitions of each topic a member is to have, where members want different topics: a minimum-cost flow.
//!
//! A unit of flow is a partition on its way from its topic to a reader. Its cost is first what it adds to the sum of the
//! squares of the loads (least when they are as equal as the wishes allow), then 1 when it leaves the member that had it.
//!
//! Invariant: as long as there is a cycle of hand-overs that makes the sum smaller, it is taken; without one nothing is more
//! equal, and nothing as equal moves less. [`WORK_MAX`] bounds the search; then the plan stands as it is: valid, and so equal
//! that no single hand-over improves it. Called by `coordinator/assignor/uniform`.
//! Source: cycle cancelling, Ahuja, Magnanti and Orlin, *Network Flows* (1993), sections 9.6 and 14.4 (convex costs).

use std::collections::BTreeMap;

use super::AssignmentSpec;
use crate::ids::{TopicId, TopicPartition};

/// How many hand-overs may be looked at for one plan: more than any group of a hundred members needs.
const WORK_MAX: usize = 10_000_000;
/// One step of balance weighs more than all movement together.
const BALANCE: i64 = 1 << 24;

/// The counts for each member in the order of the spec, given what each has and still wants.
pub(super) fn counts(spec: &AssignmentSpec, owned: &[Vec<TopicPartition>]) -> Vec<BTreeMap<TopicId, u32>> {
    let mut flow = Flow::of(spec, owned);
    flow.hand_out_the_free();
    flow.even_out_by_single_moves();
    flow.cancel_cycles();
    flow.counts()
}

/// A member's dealings with a topic that it wants.
#[derive(Clone, Copy)]
struct Wish {
    member: usize,
    topic: usize,
    /// How many it had.
    owned: u32,
    /// How many it is to have.
    count: u32,
}

struct Flow {
    wishes: Vec<Wish>,
    /// For each topic its id, the places of its wishes, and how many of its partitions nobody has yet.
    topics: Vec<(TopicId, Vec<usize>, u32)>,
    loads: Vec<u32>,
}

impl Flow {
    fn of(spec: &AssignmentSpec, owned: &[Vec<TopicPartition>]) -> Self {
        let mut had: BTreeMap<(usize, TopicId), u32> = BTreeMap::new();
        for (member, owned) in owned.iter().enumerate() {
            for partition in owned {
                *had.entry((member, partition.topic)).or_default() += 1;
            }
        }
        let mut flow = Self { wishes: Vec::new(), topics: Vec::new(), loads: vec![0; spec.members.len()] };
        for (place, (topic, (partitions, members))) in spec.wanted().into_iter().enumerate() {
            let first = flow.wishes.len();
            let mut free = partitions;
            for member in members {
                let count = had.get(&(member, topic)).copied().unwrap_or(0);
                free -= count;
                flow.add_load(member, count);
                flow.wishes.push(Wish { member, topic: place, owned: count, count });
            }
            flow.topics.push((topic, (first..flow.wishes.len()).collect(), free));
        }
        flow
    }

    fn add_load(&mut self, member: usize, count: u32) {
        *self.load_mut(member) += count;
    }

    fn load_mut(&mut self, member: usize) -> &mut u32 {
        self.loads.get_mut(member).expect("members are counted once, when the flow is made")
    }

    fn load(&self, member: usize) -> u32 {
        self.loads.get(member).copied().expect("members are counted once, when the flow is made")
    }

    fn wish(&self, place: usize) -> Wish {
        self.wishes.get(place).copied().expect("places of wishes come from the list itself")
    }

    fn give(&mut self, place: usize) {
        let wish = self.wishes.get_mut(place).expect("places of wishes come from the list itself");
        wish.count += 1;
        let member = wish.member;
        *self.load_mut(member) += 1;
    }

    fn take(&mut self, place: usize) {
        let wish = self.wishes.get_mut(place).expect("places of wishes come from the list itself");
        wish.count -= 1;
        let member = wish.member;
        *self.load_mut(member) -= 1;
    }

    /// Gives each free partition to whoever has least of those who want it, the topics that few want first.
    fn hand_out_the_free(&mut self) {
        let mut topics = std::mem::take(&mut self.topics);
        let mut order: Vec<&mut (TopicId, Vec<usize>, u32)> = topics.iter_mut().collect();
        order.sort_by_key(|(_, wishes, _)| wishes.len());
        for (_, wishes, free) in order {
            for _ in 0..std::mem::take(free) {
                let least = wishes.iter().copied().min_by_key(|place| self.load(self.wish(*place).member));
                self.give(least.expect("a wanted topic is wanted by somebody"));
            }
        }
        self.topics = topics;
    }

    /// Hands single partitions from those who have two more to those who have less, until none is left to hand over.
    fn even_out_by_single_moves(&mut self) {
        let topics = std::mem::take(&mut self.topics);
        let mut has_moved = true;
        while has_moved {
            has_moved = false;
            for (_, wishes, _) in &topics {
                while let Some((from, to)) = self.single_move(wishes) {
                    self.take(from);
                    self.give(to);
                    has_moved = true;
                }
            }
        }
        self.topics = topics;
    }

    fn single_move(&self, wishes: &[usize]) -> Option<(usize, usize)> {
        let load = |place: &usize| self.load(self.wish(*place).member);
        let from = wishes.iter().copied().filter(|place| self.wish(*place).count > 0).max_by_key(load)?;
        let to = wishes.iter().copied().min_by_key(load)?;
        (load(&from) >= load(&to) + 2).then_some((from, to))
    }

    fn cancel_cycles(&mut self) {
        let mut work = 0;
        while work < WORK_MAX
            && let Some(cycle) = Search::new(self).negative_cycle(&mut work)
        {
            for edge in cycle {
                match edge {
                    Edge::Gives(place) => self.take(place),
                    Edge::Gets(place) => self.give(place),
                    Edge::Gains(_) | Edge::Loses(_) => {}
                }
            }
        }
    }

    fn counts(&self) -> Vec<BTreeMap<TopicId, u32>> {
        let mut counts = vec![BTreeMap::new(); self.loads.len()];
        for wish in self.wishes.iter().filter(|wish| wish.count > 0) {
            if let (Some(counts), Some((topic, _, _))) = (counts.get_mut(wish.member), self.topics.get(wish.topic)) {
                counts.insert(*topic, wish.count);
            }
        }
        counts
    }
}

/// A way along which one partition may go. Numbers are places of wishes, and of members.
#[derive(Clone, Copy)]
enum Edge {
    /// From a member to a topic.
    Gives(usize),
    /// From a topic to a member.
    Gets(usize),
    /// A member ends with one more: from it to the sink.
    Gains(usize),
    /// A member ends with one less: from the sink to it.
    Loses(usize),
}

/// Bellman and Ford from all nodes at once; a cycle among the parents is one of negative cost.
struct Search<'a> {
    flow: &'a Flow,
    /// By node, the members first, then the topics, then the sink: the least cost so far, and the last edge of that way.
    nodes: Vec<(i64, Option<Edge>)>,
}

impl<'a> Search<'a> {
    fn new(flow: &'a Flow) -> Self {
        Self { flow, nodes: vec![(0, None); flow.loads.len() + flow.topics.len() + 1] }
    }

    fn negative_cycle(mut self, work: &mut usize) -> Option<Vec<Edge>> {
        loop {
            let mut has_relaxed = false;
            for (place, wish) in self.flow.wishes.iter().enumerate() {
                if wish.count > 0 {
                    has_relaxed |= self.relax(Edge::Gives(place), i64::from(wish.count <= wish.owned));
                }
                has_relaxed |= self.relax(Edge::Gets(place), -i64::from(wish.count < wish.owned));
            }
            for (member, load) in self.flow.loads.iter().enumerate() {
                has_relaxed |= self.relax(Edge::Gains(member), BALANCE * (2 * i64::from(*load) + 1));
                if *load > 0 {
                    has_relaxed |= self.relax(Edge::Loses(member), -BALANCE * (2 * i64::from(*load) - 1));
                }
            }
            *work += 2 * (self.flow.wishes.len() + self.flow.loads.len());
            if !has_relaxed || *work >= WORK_MAX {
                return None;
            }
            if let Some(cycle) = self.cycle_of_parents() {
                return Some(cycle);
            }
        }
    }

    fn ends(&self, edge: Edge) -> (usize, usize) {
        let members = self.flow.loads.len();
        let sink = members + self.flow.topics.len();
        match edge {
            Edge::Gives(place) => {
                let wish = self.flow.wish(place);
                (wish.member, members + wish.topic)
            }
            Edge::Gets(place) => {
                let wish = self.flow.wish(place);
                (members + wish.topic, wish.member)
            }
            Edge::Gains(member) => (member, sink),
            Edge::Loses(member) => (sink, member),
        }
    }

    fn relax(&mut self, edge: Edge, cost: i64) -> bool {
        let (from, to) = self.ends(edge);
        let Some((reached, _)) = self.nodes.get(from).copied() else { return false };
        match self.nodes.get_mut(to) {
            Some(node) if reached + cost < node.0 => {
                *node = (reached + cost, Some(edge));
                true
            }
            Some(_) | None => false,
        }
    }

    /// Follows the parents from every node; each node is gone through once.
    fn cycle_of_parents(&self) -> Option<Vec<Edge>> {
        let mut seen_from = vec![usize::MAX; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut node = start;
            while let Some((_, Some(edge))) = self.nodes.get(node) {
                let seen = seen_from.get_mut(node)?;
                if *seen == start {
                    return Some(self.cycle_through(node));
                }
                if *seen != usize::MAX {
                    break;
                }
                *seen = start;
                node = self.ends(*edge).0;
            }
        }
        None
    }

    fn cycle_through(&self, last: usize) -> Vec<Edge> {
        let mut cycle = Vec::new();
        let mut node = last;
        while let Some((_, Some(edge))) = self.nodes.get(node) {
            cycle.push(*edge);
            node = self.ends(*edge).0;
            if node == last {
                break;
            }
        }
        cycle
    }
}
