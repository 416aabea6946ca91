//! The setting that would have kept a lost record, derived from how it was lost.
//!
//! Called by: [`super::Verdict`].

use super::removal::{Disk, How};
use super::story::Story;
use crate::event::{Acks, TruncationReason};
use crate::trace::Names;

/// What to change, and why that keeps the record.
pub(super) struct Remedy {
    /// For people.
    pub(super) sentence: String,
    /// For `--set`; empty when no setting does it.
    pub(super) settings: Vec<String>,
}

impl Remedy {
    /// The remedy for this loss: the last line of defence that was down, not all that might be raised.
    pub(super) fn of(story: &Story<'_>, names: &Names) -> Self {
        let topic = names.topic(story.place.partition.topic);
        let copies = story.copies.holders.len();
        if story.removals.iter().any(|removal| is_old_rule(removal.how)) {
            return Self::setting("truncation=kip-279", "a follower then cuts only what its leader has not");
        }
        if story.acks == Acks::Leader && !story.was_committed {
            return Self::waiting_for_the_isr(story, names, &topic);
        }
        if story.was_unclean {
            let key = "unclean.leader.election.enable";
            let is_topics_own = story.topic_config.iter().any(|(own, _)| own == key);
            let setting = if is_topics_own { format!("topic.{topic}.{key}=false") } else { format!("{key}=false") };
            return Self::setting(&setting, "who was not in sync then waits and does not lead");
        }
        if copies < 2 && story.replicas >= 2 {
            let setting = format!("topic.{topic}.min.insync.replicas=2");
            return Self::setting(&setting, "an ISR of one then refuses what it alone would hold");
        }
        let by_disk = |how: How| matches!(how, How::DiskReplaced | How::Recovered { .. });
        if story.was_elsewhere && !story.has_eligible_leaders && story.removals.iter().any(|removal| by_disk(removal.how)) {
            return Self::setting(
                "elr=on",
                "who held all that was committed may then lead, and who lost its disk may not (KIP-966)",
            );
        }
        let lied = |how: How| matches!(how, How::Recovered { disk: Disk::Lied | Disk::Corrupted, .. } | How::DiskReplaced);
        if story.removals.iter().any(|removal| lied(removal.how)) {
            let sentence = format!(
                "no setting here: disks took {} of {copies} copies, and no log outlives its last disk (more copies on disks that \
                 fail by themselves, and a min.insync.replicas to match)",
                story.removals.iter().filter(|removal| lied(removal.how)).count(),
            );
            return Self { sentence, settings: Vec::new() };
        }
        if story.removals.iter().any(|removal| matches!(removal.how, How::Recovered { .. })) {
            let setting = format!("topic.{topic}.flush.messages=1");
            return Self::setting(
                &setting,
                "what is acknowledged is then on the device (or: replicas that do not lose power at once)",
            );
        }
        let sentence = "no setting: all that were in force should have kept it. This is a defect, of a machine or of the check";
        Self { sentence: sentence.to_owned(), settings: Vec::new() }
    }

    fn waiting_for_the_isr(story: &Story<'_>, names: &Names, topic: &str) -> Self {
        let producer = names.process(story.producer);
        let acks = format!("producer.{producer}.acks=all");
        if story.copies.isr.len() >= 2 {
            return Self::setting(&acks, "the leader then answers when the whole ISR has the record");
        }
        let min_insync = format!("topic.{topic}.min.insync.replicas=2");
        let sentence = format!("{acks} and {min_insync}: the ISR was the leader alone");
        Self { sentence, settings: vec![acks, min_insync] }
    }

    fn setting(setting: &str, why: &str) -> Self {
        Self { sentence: format!("{setting}: {why}"), settings: vec![setting.to_owned()] }
    }
}

fn is_old_rule(how: How) -> bool {
    matches!(how, How::Cut { why: TruncationReason::HighWatermark, .. })
}
