//! The sticky plan of members that want different topics.
//!
//! A plan is a flow: a partition goes from its holder to another member that wants it, along chains of members if need be.
//! A chain that makes the group more even, or as even with less moved, is a cycle of negative cost in the graph of members
//! and one more node, from which who gives at the chain's start loses a partition and who takes at its end wins one. As long
//! as there is such a cycle it is followed; when there is none, no plan is better.
//!
//! Invariant: no other plan has a smaller sum of squared shares (so none is more even in any sense), and none that is as even
//! moves fewer partitions away from their owners.
//!
//! Kafka differs: `AbstractStickyAssignor`'s general assignment moves one partition at a time as long as that helps; it may
//! end less even, or with more moved. Called by: the sticky assignor.

use std::collections::BTreeMap;

use super::AssignorMember;
use super::claims::Owners;
use crate::protocol::NamedPartition;

/// A partition, with whom it may go to, whose it was and whose it is to be.
struct Piece {
    partition: NamedPartition,
    wanting: Vec<usize>,
    owner: Option<usize>,
    holder: usize,
}

/// A step of a chain: what it costs, and the piece that goes this way; none to and from the node of the shares' sizes.
#[derive(Clone, Copy)]
struct Step {
    from: usize,
    to: usize,
    cost: i64,
    piece: Option<usize>,
}

/// The share of each member, in the members' order.
pub(super) fn shares(members: &[AssignorMember], all: Vec<NamedPartition>, owners: &Owners) -> Vec<Vec<NamedPartition>> {
    let mut pieces = place(members, all, owners);
    while let Some(cycle) = find_gain(&steps(&pieces, members.len()), members.len() + 1) {
        for step in cycle {
            if let Some(piece) = step.piece.and_then(|number| pieces.get_mut(number)) {
                assert_eq!(piece.holder, step.from, "only its holder gives a piece");
                piece.holder = step.to;
            }
        }
    }
    let mut shares = vec![Vec::new(); members.len()];
    for piece in pieces {
        shares.get_mut(piece.holder).expect("holders are members").push(piece.partition);
    }
    shares
}

/// A first plan: owners keep what they own, and each free partition goes to who has least of those that want it; first
/// what few want.
fn place(members: &[AssignorMember], all: Vec<NamedPartition>, owners: &Owners) -> Vec<Piece> {
    let mut sizes = vec![0_u32; members.len()];
    let mut pieces = Vec::with_capacity(all.len());
    let mut free = Vec::new();
    for partition in all {
        let wants = |(place, member): (usize, &AssignorMember)| member.wants(&partition.topic).then_some(place);
        let wanting: Vec<usize> = members.iter().enumerate().filter_map(wants).collect();
        match owners.get(&partition).copied() {
            Some(owner) => {
                grow(&mut sizes, owner);
                pieces.push(Piece { partition, wanting, owner: Some(owner), holder: owner });
            }
            None => free.push((wanting, partition)),
        }
    }
    free.sort_by_key(|(wanting, _)| wanting.len());
    for (wanting, partition) in free {
        let least = wanting.iter().copied().min_by_key(|place| sizes.get(*place).copied());
        let holder = least.expect("somebody wants each partition");
        grow(&mut sizes, holder);
        pieces.push(Piece { partition, wanting, owner: None, holder });
    }
    pieces
}

fn grow(sizes: &mut [u32], place: usize) {
    *sizes.get_mut(place).expect("places are members'") += 1;
}

/// The cheapest step between any two members, and the steps that count the sizes.
fn steps(pieces: &[Piece], members: usize) -> Vec<Step> {
    let mut cheapest: BTreeMap<(usize, usize), Step> = BTreeMap::new();
    let mut sizes = vec![0_u32; members];
    for (number, piece) in pieces.iter().enumerate() {
        let from = piece.holder;
        grow(&mut sizes, from);
        for to in piece.wanting.iter().copied().filter(|to| *to != from) {
            let cost = i64::from(piece.owner == Some(from)) - i64::from(piece.owner == Some(to));
            let step = Step { from, to, cost, piece: Some(number) };
            let known = cheapest.entry((from, to)).or_insert(step);
            if step.cost < known.cost {
                *known = step;
            }
        }
    }
    // One step towards evenness outweighs whatever is moved for it.
    let weight = i64::try_from(pieces.len()).expect("a group has fewer partitions") + 1;
    let counted = sizes.into_iter().enumerate().flat_map(|(place, size)| {
        let size = i64::from(size);
        let wins = Step { from: place, to: members, cost: weight * (2 * size + 1), piece: None };
        let loses = Step { from: members, to: place, cost: weight * (1 - 2 * size), piece: None };
        [wins, loses]
    });
    cheapest.into_values().chain(counted).collect()
}

/// A cycle of negative cost, if there is one (Bellman and Ford).
fn find_gain(steps: &[Step], nodes: usize) -> Option<Vec<Step>> {
    let mut costs = vec![0_i64; nodes];
    let mut arrived: Vec<Option<Step>> = vec![None; nodes];
    let mut last = None;
    for _ in 0..nodes {
        last = None;
        for step in steps {
            let cost = costs.get(step.from)? + step.cost;
            let known = costs.get_mut(step.to)?;
            if cost < *known {
                *known = cost;
                *arrived.get_mut(step.to)? = Some(*step);
                last = Some(step.to);
            }
        }
        last?;
    }
    // What still gets cheaper after so many rounds lies behind a cycle: going back long enough ends on it.
    let back = |node: usize| arrived.get(node).copied().flatten();
    let mut start = last?;
    for _ in 0..nodes {
        start = back(start)?.from;
    }
    let mut cycle = Vec::new();
    let mut node = start;
    loop {
        let step = back(node)?;
        cycle.push(step);
        node = step.from;
        if node == start {
            return Some(cycle);
        }
    }
}
