//! What faults do to links while they last: cut, loss, delay, duplication. Any number may overlap; each message feels
//! all that apply to it, and the first that drops it is told as the one that did.

use std::sync::Arc;

use super::process::Place;
use super::scenario::MessageSpec;
use crate::event::FaultIndex;
use crate::time::Duration;

/// A set of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<bool>);

impl FromIterator<Place> for Places {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut set = Vec::new();
        for place in places {
            if set.len() <= place.index() {
                set.resize(place.index() + 1, false);
            }
            set.iter_mut().skip(place.index()).take(1).for_each(|member| *member = true);
        }
        Self(set)
    }
}

impl Places {
    /// Whether a process is in it.
    pub(super) fn contains(&self, place: Place) -> bool {
        self.0.get(place.index()).copied().unwrap_or(false)
    }

    /// The members, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.0.iter().enumerate().filter(|(_, member)| **member).map(|(index, _)| Place::new(index))
    }
}

/// One fault's hold on some links.
#[derive(Clone, Debug)]
pub(super) struct Front {
    /// Which fault.
    pub fault: FaultIndex,
    /// The senders.
    pub from: Places,
    /// The receivers.
    pub to: Places,
    /// Whether it holds in the other direction as well.
    pub is_both_ways: bool,
    /// Which messages it is about; all of them when `None`.
    pub only: Option<MessageSpec>,
    /// What it does.
    pub harm: Harm,
}

/// What happens to messages on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    /// Nothing gets through.
    Cut,
    /// So many in a million are lost.
    Loss(u32),
    /// Each takes so much longer.
    Delay(Duration),
    /// So many requests in a million arrive twice.
    Duplicate(u32),
}

/// All that holds at present. A clone shares it.
#[derive(Clone, Debug, Default)]
pub(super) struct Weather {
    fronts: Arc<Vec<Front>>,
}

/// What one message is in for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outlook {
    /// The fault that loses it, and how probably.
    pub loss: Option<(FaultIndex, u32)>,
    /// The fault that slows it; the sum of all that do.
    pub delay: Option<(FaultIndex, Duration)>,
    /// The fault that repeats it, and how probably.
    pub duplicate: Option<(FaultIndex, u32)>,
}

impl Front {
    fn holds(&self, from: Place, to: Place) -> bool {
        let is_along = self.from.contains(from) && self.to.contains(to);
        is_along || (self.is_both_ways && self.from.contains(to) && self.to.contains(from))
    }

    /// Every link it holds, sender first.
    pub(super) fn links(&self) -> Vec<(Place, Place)> {
        let pairs = self.from.iter().flat_map(|from| self.to.iter().map(move |to| (from, to))).filter(|(from, to)| from != to);
        let pairs = pairs.flat_map(|(from, to)| [Some((from, to)), self.is_both_ways.then_some((to, from))]).flatten();
        let mut links = pairs.collect::<Vec<_>>();
        links.sort_unstable();
        links.dedup();
        links
    }
}

impl Weather {
    /// One more fault holds.
    pub(super) fn begin(&mut self, front: Front) {
        Arc::make_mut(&mut self.fronts).push(front);
    }

    /// A fault's hold is over.
    pub(super) fn end(&mut self, fault: FaultIndex) -> Option<Front> {
        let place = self.fronts.iter().position(|front| front.fault == fault)?;
        Some(Arc::make_mut(&mut self.fronts).remove(place))
    }

    /// The fault that cuts a link.
    pub(super) fn cut(&self, from: Place, to: Place) -> Option<FaultIndex> {
        self.fronts.iter().find(|front| front.harm == Harm::Cut && front.holds(from, to)).map(|front| front.fault)
    }

    /// What else a message on a link is in for.
    pub(super) fn outlook(&self, from: Place, to: Place, message: Option<MessageSpec>) -> Outlook {
        let mut outlook = Outlook::default();
        let is_about = |front: &&Front| front.holds(from, to) && (front.only.is_none() || front.only == message);
        for front in self.fronts.iter().filter(is_about) {
            let likelier = |old: Option<(FaultIndex, u32)>, ppm| old.filter(|(_, old)| *old >= ppm).or(Some((front.fault, ppm)));
            match front.harm {
                Harm::Cut => {}
                Harm::Loss(ppm) => outlook.loss = likelier(outlook.loss, ppm),
                Harm::Duplicate(ppm) => outlook.duplicate = likelier(outlook.duplicate, ppm),
                Harm::Delay(by) => {
                    let (first, sum) = outlook.delay.unwrap_or((front.fault, Duration::ZERO));
                    outlook.delay = Some((first, sum.plus(by)));
                }
            }
        }
        outlook
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ApiKey;

    fn front(fault: u16, from: &[usize], to: &[usize], is_both_ways: bool, harm: Harm) -> Front {
        let places = |indexes: &[usize]| indexes.iter().copied().map(Place::new).collect();
        Front { fault: FaultIndex(fault), from: places(from), to: places(to), is_both_ways, only: None, harm }
    }

    #[test]
    fn overlapping_cuts_compose() {
        let (a, b, c) = (Place::new(0), Place::new(1), Place::new(2));
        let mut weather = Weather::default();
        weather.begin(front(0, &[0], &[1, 2], true, Harm::Cut));
        weather.begin(front(1, &[1], &[0], false, Harm::Cut));
        assert_eq!(weather.cut(c, a), Some(FaultIndex(0)));
        assert_eq!(weather.end(FaultIndex(0)).map(|front| front.links().len()), Some(4));
        assert_eq!((weather.cut(b, a), weather.cut(a, b)), (Some(FaultIndex(1)), None), "the second cut holds still, one way");
    }

    #[test]
    fn delays_add_up_and_the_likelier_loss_counts() {
        let mut weather = Weather::default();
        weather.begin(front(0, &[0], &[1], false, Harm::Delay(Duration(5))));
        weather.begin(front(1, &[0], &[1], true, Harm::Delay(Duration(7))));
        weather.begin(front(2, &[0], &[1], false, Harm::Loss(10)));
        weather.begin(front(3, &[0], &[1], false, Harm::Loss(20)));
        let outlook = weather.outlook(Place::new(0), Place::new(1), None);
        assert_eq!(outlook.delay, Some((FaultIndex(0), Duration(12))));
        assert_eq!(outlook.loss, Some((FaultIndex(3), 20)));
        assert_eq!(weather.outlook(Place::new(1), Place::new(0), None).delay, Some((FaultIndex(1), Duration(7))));
    }
    #[test]
    fn a_loss_of_one_kind_of_message_leaves_the_others_alone() {
        let vote = MessageSpec { api: ApiKey::Vote, is_response: false };
        let mut weather = Weather::default();
        weather.begin(Front { only: Some(vote), ..front(0, &[0], &[1], false, Harm::Loss(10)) });
        let loss = |message| weather.outlook(Place::new(0), Place::new(1), message).loss;
        assert_eq!(loss(Some(vote)), Some((FaultIndex(0), 10)));
        assert_eq!(loss(Some(MessageSpec { is_response: true, ..vote })), None);
        assert_eq!(loss(None), None, "a reset is no message of any API");
    }
}
