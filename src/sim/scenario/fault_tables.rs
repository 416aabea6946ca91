//! The tables of what goes wrong: `[[faults]]`, `[chaos]`, `[[choices]]`, and every key in them (see `tables`).

use super::disk_faults::{DISK_WORDS, FILE_FORM};
use super::messages::MESSAGE_WORDS;
use super::shape::{Shape, TableSpec, may, must};

/// Clocks run at most this much too fast or too slow.
pub(super) const DRIFT_MAX: i64 = 500_000;
/// More failures than this are for `heal-after` to end.
pub(super) const TIMES_MAX: i64 = 1_000_000;

pub(super) const FAULT: TableSpec = TableSpec {
    title: "[[faults]]",
    doc: "Something that goes wrong: when, what (one of the actions), and how it ends.",
    keys: &[
        may("at", Shape::Time, "When."),
        may("after", Shape::Text, super::trigger::FORMS),
        may("delay-after", Shape::Time, "How long after that; at once unless written."),
        may("crash", Shape::Side, "Kills these processes; what they wrote survives."),
        may("power-off", Shape::Side, "Kills these servers' machines; what was never synced is lost."),
        may("replace-disk", Shape::Side, "Kills these servers' machines and takes their disks away."),
        may("shutdown", Shape::Side, "Asks these servers or consumers to end themselves in order."),
        may("restart-after", Shape::Time, "When they are started again, counted from their end; never unless written."),
        may("rolling-restart", Shape::Truth, "Shuts every server down in order and starts it again, one after the other."),
        may("pause-between", Shape::Time, "How long a rolling restart waits when one is back; 0s unless written."),
        may("restart", Shape::Side, "Starts processes that are down."),
        may("pause", Shape::Side, "Stops these processes without killing them."),
        may("resume-after", Shape::Time, "When the paused processes go on."),
        may("cut", Shape::Pair(&Shape::Side), "Lets nothing through between two sides."),
        may("one-way", Shape::Truth, "Whether the cut holds only from the first side to the second."),
        may("loss", Shape::Table(&SHARE), "Loses messages."),
        may("delay", Shape::Table(&SLOW), "Slows messages."),
        may("duplicate", Shape::Table(&SHARE), "Delivers requests twice."),
        may("clock-jump", Shape::Table(&JUMP), "Moves a wall clock."),
        may("clock-drift", Shape::Table(&DRIFT), "Changes the rate of a process's clocks."),
        may("disk", Shape::Table(&DISK_FAULT), "Makes disks fail."),
        may("lose-file", Shape::Table(&LOSE_FILE), "Takes files from the disk of a server that is down."),
        may("heal-after", Shape::Time, "When a cut, loss, delay, duplication, drift or failing of disks ends."),
        may("heal", Shape::Words(&["never"]), "Says that it never ends, or a pause."),
    ],
};

pub(super) const SHARE: TableSpec = TableSpec {
    title: "a loss or duplication",
    doc: "Messages from one side to the other, and how many of them.",
    keys: &[
        must("from", Shape::Side, "The senders."),
        must("to", Shape::Side, "The receivers."),
        must("percent", Shape::Percent, "How many of a hundred."),
        may("api", Shape::Words(MESSAGE_WORDS), "Only messages of this API."),
        may("responses", Shape::Truth, "Of that API the responses, and not the requests."),
    ],
};

pub(super) const SLOW: TableSpec = TableSpec {
    title: "`delay`",
    doc: "Messages from one side to the other, and how much slower they are.",
    keys: &[
        must("from", Shape::Side, "The senders."),
        must("to", Shape::Side, "The receivers."),
        must("by", Shape::Time, "By how much."),
        may("api", Shape::Words(MESSAGE_WORDS), "Only messages of this API."),
        may("responses", Shape::Truth, "Of that API the responses, and not the requests."),
    ],
};

pub(super) const JUMP: TableSpec = TableSpec {
    title: "`clock-jump`",
    doc: "A wall clock that jumps.",
    keys: &[must("process", Shape::Target, "Whose."), must("by", Shape::Shift, "By how much: \"2h\", \"-2h\".")],
};

pub(super) const DRIFT: TableSpec = TableSpec {
    title: "`clock-drift`",
    doc: "Clocks that run too fast or too slow.",
    keys: &[
        must("process", Shape::Target, "Whose."),
        must("ppm", Shape::Whole(-DRIFT_MAX, DRIFT_MAX), "How much too fast, in parts per million."),
    ],
};

pub(super) const DISK_FAULT: TableSpec = TableSpec {
    title: "`disk`",
    doc: "Disks that fail.",
    keys: &[
        must("of", Shape::Side, "Whose."),
        must("fault", Shape::Words(DISK_WORDS), "How."),
        may("file", Shape::Text, FILE_FORM),
        may("times", Shape::Whole(1, TIMES_MAX), "How often; until `heal-after` unless written."),
        may("stall", Shape::Time, "How much longer a stalled call takes; 500ms unless written."),
    ],
};

pub(super) const LOSE_FILE: TableSpec = TableSpec {
    title: "`lose-file`",
    doc: "Files that are gone when their server comes back.",
    keys: &[must("of", Shape::Target, "Whose."), must("file", Shape::Text, FILE_FORM)],
};

pub(super) const CHAOS: TableSpec = TableSpec {
    title: "[chaos]",
    doc: "Random faults, within what Kafka promises to survive.",
    keys: &[
        may("from", Shape::Time, "From when; 0s unless written."),
        must("until", Shape::Time, "Until when faults may begin or last."),
        must("every", Shape::Time, "The mean time between two faults."),
        must("lasts", Shape::Pair(&Shape::Time), "The shortest and the longest time one lasts."),
        must("kinds", Shape::List(&Shape::Words(super::CHAOS_KINDS)), "Which kinds may strike; each as often as it is named."),
    ],
};

pub(super) const CHOICE: TableSpec = TableSpec {
    title: "[[choices]]",
    doc: "A choice whose answer is pinned.",
    keys: &[must("pin", Shape::Text, "As --choose takes it: \"loss b2->b3 fetch-response #17 = drop\".")],
};
