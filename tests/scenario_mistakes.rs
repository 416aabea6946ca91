//! What the scenario reader says about files that are wrong: place, message and advice, word for word.
//!
//! Each case is the file `06-lost-ack` with one thing changed.

use tribunal::sim::scenario::{EMBEDDED, Scenario};

/// (the text that is replaced, by what, the message)
#[rustfmt::skip]
const CASES: &[(&str, &str, &str)] = &[
    ("seed  = 0x2A17", "seed  = ", "s.toml:4:9: this is not TOML: string values must be quoted, expected literal string"),
    ("seed  = 0x2A17", "seed  = \"0x2A17\"", "s.toml:4:9: `seed` must be a whole number such as 0x2A17, not the text \"0x2A17\""),
    ("seed  = 0x2A17", "seed  = -1", "s.toml:4:9: `seed` must be a whole number from 0 to 2^64 - 1, not the number -1"),
    ("profile  = \"fast\"", "profil  = \"fast\"", "s.toml:6:1: unknown key `profil` in the scenario (did you mean `profile`?)"),
    ("profile  = \"fast\"", "quorum = 3", "s.toml:6:1: unknown key `quorum` in the scenario (its keys are `name`, `kind`, `story`, `seed`, `duration`, `profile`, `luck`, `heal-time`, `cluster`, `variants`, `network`, `disk`, `topics`, `producers`, `consumers`, `admin`, `clocks`, `faults`, `chaos`, `choices`, `expect`, `rules`)"),
    ("profile  = \"fast\"", "profile  = \"fats\"", "s.toml:6:12: `profile` cannot be \"fats\" (did you mean \"fast\"?)"),
    ("kind  = \"story\"", "kind  = \"novel\"", "s.toml:2:9: `kind` cannot be \"novel\" (it is one of \"story\", \"rule\", \"config\", \"boundary\", \"false-alarm\", \"measure\", \"chaos\")"),
    ("name  = \"lost-ack\"", "name  = \"Lost Ack\"", "s.toml:1:9: `Lost Ack` is no name for a scenario (write small letters, digits and `-`, such as lost-ack)"),
    ("name  = \"lost-ack\"\n", "", "s.toml:1:1: the scenario needs `name` (What `run` calls it. It is a text.)"),
    ("duration = \"4s\"", "duration = 4", "s.toml:5:12: `duration` must be a time such as \"400ms\" or \"1.284s\", not the number 4"),
    ("duration = \"4s\"", "duration = \"4\"", "s.toml:5:12: `4` has no unit of time: one of us, ms, s, min, h, d is wanted"),
    ("duration = \"4s\"", "duration = \"0s\"", "s.toml:5:12: `duration` must be longer than no time"),
    ("duration = \"4s\"", "duration = \"31d\"", "s.toml:5:12: `duration` must be 30d at most"),
    ("duration = \"4s\"", "duration = \"1.2s\"", "s.toml:34:14: `heal-after` ends the fault at 1.58s, and the run is over at 1.2s (make `duration` longer, or this earlier)"),
    ("[[producers]]\n", "[[apps]]\nid = \"x\"\n[[producers]]\n", "s.toml:19:3: `apps`: applications are not built yet"),
    ("brokers = 3", "brokers = 0", "s.toml:9:11: `brokers` must be a whole number from 1 to 63, not the number 0"),
    ("brokers = 3", "brokers = 64", "s.toml:9:11: `brokers` must be a whole number from 1 to 63, not the number 64"),
    ("brokers = 3", "brokers = 2", "s.toml:16:22: 3 replicas need 3 brokers, and there are 2 (a broker holds one replica of a partition at most)"),
    ("controllers = 1", "controllers = 3", "s.toml:10:15: a quorum of several controllers is not built yet: `controllers` must be 1"),
    ("controllers = 1", "kafka = \"3.6\"", "s.toml:10:1: `kafka`: rules of whole releases are not built yet"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"unclean.leader.election.enabel\" = false }", "s.toml:11:12: Kafka has no broker key `unclean.leader.election.enabel` (did you mean `unclean.leader.election.enable`?)"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"segment.bytes\" = 4096 }", "s.toml:11:12: Kafka has no broker key `segment.bytes` (a server calls it `log.segment.bytes`)"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"log.segment.ms\" = 4096 }", "s.toml:11:12: Kafka has no broker key `log.segment.ms` (a server calls it `log.roll.ms`)"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"log.segment.bytes\" = 0 }", "s.toml:11:34: `log.segment.bytes` cannot be `0`: it must be at least 1024"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"unclean.leader.election.enable\" = \"no\" }", "s.toml:11:47: `unclean.leader.election.enable` cannot be `no`: `true` or `false` is wanted"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"replica.fetch.wait.max.ms\" = 4000 }", "s.toml:11:42: `replica.fetch.wait.max.ms` cannot be `4000`: it must be at most replica.socket.timeout.ms, which is 3000"),
    ("{ \"unclean.leader.election.enable\" = false }", "{ \"broker.session.timeout.ms\" = [1] }", "s.toml:11:42: `broker.session.timeout.ms` must be a text, a number, true or false, not a list"),
    ("name = \"orders\"", "name = \"or/ders\"", "s.toml:14:8: `or/ders` is no name for a topic (Kafka takes 1 to 249 of the letters a-z, A-Z, 0-9, `.`, `_` and `-`)"),
    ("replication-factor = 3", "replication-factor = 4", "s.toml:16:22: 4 replicas need 4 brokers, and there are 3 (a broker holds one replica of a partition at most)"),
    ("replication-factor = 3", "assignment = [[1, 4]]", "s.toml:16:19: there is no broker 4: there are 3"),
    ("replication-factor = 3", "assignment = [[1, 1]]", "s.toml:16:19: broker 1 stands twice in one partition's replicas"),
    ("partitions = 1\nreplication-factor = 3", "partitions = 2\nassignment = [[1, 2]]", "s.toml:15:14: `partitions` is 2, and `assignment` has 1 of them"),
    ("replication-factor = 3", "assignment = [[1, 2], [3]]", "s.toml:16:23: all partitions of a topic have the same number of replicas"),
    ("[[producers]]", "[[topics]]\nname = \"orders\"\n[[producers]]", "s.toml:20:8: there are two topics named `orders`"),
    ("{ \"min.insync.replicas\" = 1 }", "{ \"min.insync.replicas\" = 0 }", "s.toml:17:36: `min.insync.replicas` cannot be `0`: it must be at least 1"),
    ("{ \"min.insync.replicas\" = 1 }", "{ acks = \"all\" }", "s.toml:17:12: Kafka has no topic key `acks` (it is a key of a producer)"),
    ("{ \"min.insync.replicas\" = 1 }", "{ \"message.max.bytes\" = 5 }", "s.toml:17:12: Kafka has no topic key `message.max.bytes` (a topic calls it `max.message.bytes`)"),
    ("id = \"p1\"", "id = \"b1\"", "s.toml:20:6: `b1` is a server's name (brokers are b1, b2 and so on, controllers k1, k2 and so on)"),
    ("id = \"p1\"", "id = \"k7\"", "s.toml:20:6: `k7` is a server's name (brokers are b1, b2 and so on, controllers k1, k2 and so on)"),
    ("id = \"p1\"", "id = \"admin\"", "s.toml:20:6: `admin` is a reserved name"),
    ("id = \"p1\"", "id = \"c1\"", "s.toml:27:6: there are two clients named `c1`"),
    ("id = \"p1\"", "id = \"p 1\"", "s.toml:20:6: `p 1` is no id for a client (an id is a letter, then letters, digits, `_` and `-`)"),
    ("topic = \"orders\"   ", "topic = \"order\"   ", "s.toml:21:9: there is no topic `order` (did you mean `orders`?)"),
    ("topic = \"orders\"   ", "topic = \"orders-1\"   ", "s.toml:21:9: there is no partition `orders-1` (the last of `orders` is `orders-0`)"),
    ("config = { acks = \"1\" }", "config = { acks = \"2\" }", "s.toml:22:19: `acks` cannot be `2`: `0`, `1` or `all` is wanted"),
    ("config = { acks = \"1\" }", "config = { ack = \"1\" }", "s.toml:22:12: Kafka has no producer key `ack` (did you mean `acks`?)"),
    ("config = { acks = \"1\" }", "config = { \"enable.idempotence\" = true }", "s.toml:22:35: `enable.idempotence` cannot be `true`: idempotent producers are not built yet"),
    ("config = { acks = \"1\" }", "config = { \"delivery.timeout.ms\" = 100 }", "s.toml:22:36: `delivery.timeout.ms` cannot be `100`: it must be at least linger.ms + request.timeout.ms, which is 3005"),
    ("config = { acks = \"1\" }", "config = { \"max.in.flight.requests.per.connection\" = 0 }", "s.toml:22:54: `max.in.flight.requests.per.connection` cannot be `0`: it must be at least 1"),
    ("{ at = \"1.000s\", key = \"a\", value = \"1\" }", "{ at = \"5s\", key = \"a\", value = \"1\" }", "s.toml:23:17: `at` is 5s, and the run is over at 4s (make `duration` longer, or this earlier)"),
    ("{ at = \"1.000s\", key = \"a\", value = \"1\" }", "{ at = \"1s\", kye = \"a\", value = \"1\" }", "s.toml:23:23: unknown key `kye` in a send (did you mean `key`?)"),
    ("{ at = \"1.000s\", key = \"a\", value = \"1\" }", "{ key = \"a\", value = \"1\" }", "s.toml:23:10: a send needs `at` (When. It is a time such as \"400ms\" or \"1.284s\".)"),
    ("{ at = \"1.000s\", key = \"a\", value = \"1\" }", "{ at = \"1s\", partition = 1 }", "s.toml:23:35: there is no partition `orders-1` (the last of `orders` is `orders-0`)"),
    ("config = { acks = \"1\" }", "load = { from = \"2s\", until = \"1s\", rate = 5 }", "s.toml:22:8: the load ends before it begins"),
    ("assign = [\"orders-0\"] ", "assign = [\"orders\"] ", "s.toml:28:11: `orders` names no partition (its first is `orders-0`)"),
    ("assign = [\"orders-0\"] ", "assign = [\"orders-0\", \"orders-0\"] ", "s.toml:28:23: `orders-0` is assigned twice"),
    ("assign = [\"orders-0\"] ", "assign = [\"orders-0\"]\ngroup = \"g1\" ", "s.toml:29:1: `group`: consumer groups are not built yet"),
    ("from = \"beginning\"", "from = \"begining\"", "s.toml:29:8: `from` cannot be \"begining\" (did you mean \"beginning\"?)"),
    ("from = \"beginning\"", "from = 5", "s.toml:29:8: `from` must be one of \"beginning\", \"end\", or a table, not the number 5"),
    ("from = \"beginning\"", "from = { offset = 5, timestamp = 7 }", "s.toml:29:8: `from` needs either `offset` or `timestamp`"),
    ("from = \"beginning\"", "from = { ofset = 5 }", "s.toml:29:10: unknown key `ofset` in `from` (did you mean `offset`?)"),
    ("heal-after = \"400ms\"", "", "s.toml:31:1: this `cut` never ends (write `heal-after = \"400ms\"`, or `heal = \"never\"` if that is meant)"),
    ("heal-after = \"400ms\"", "heal = \"newer\"", "s.toml:34:8: `heal` cannot be \"newer\" (did you mean \"never\"?)"),
    ("heal-after = \"400ms\"", "restart-after = \"400ms\"", "s.toml:34:17: `restart-after` does not go with `cut` (`cut` ends by `heal-after`)"),
    ("heal-after = \"400ms\"", "heal-after = \"400ms\"\nheal = \"never\"", "s.toml:35:8: `heal = \"never\"` and `heal-after` exclude each other"),
    ("heal-after = \"400ms\"", "heal-after = \"3s\"", "s.toml:34:14: `heal-after` ends the fault at 4.18s, and the run is over at 4s (make `duration` longer, or this earlier)"),
    ("restart-after = \"1200ms\"", "restart-after = \"1200\"", "s.toml:39:17: `1200` has no unit of time: one of us, ms, s, min, h, d is wanted"),
    ("restart-after = \"1200ms\"", "restart-after = \"3s\"", "s.toml:39:17: `restart-after` ends the fault at 4.284s, and the run is over at 4s (make `duration` longer, or this earlier)"),
    ("at = \"1.180s\"", "at = \"4s\"", "s.toml:32:6: `at` is 4s, and the run is over at 4s (make `duration` longer, or this earlier)"),
    ("at = \"1.180s\"", "", "s.toml:31:1: a fault needs `at` or `after` (at = \"1.2s\", or after = \"p1 ack 2\")"),
    ("at = \"1.180s\"", "at = \"1s\"\nafter = \"p1 ack 1\"", "s.toml:33:9: a fault strikes either `at` a time or `after` something, not both"),
    ("at = \"1.180s\"", "after = \"p1 acks 1\"", "s.toml:32:9: `p1 acks 1` is nothing that can be waited for (write \"p1 ack 2\" for the second acknowledgement that p1 gets)"),
    ("at = \"1.180s\"", "after = \"p2 ack 1\"", "s.toml:32:9: there is no process `p2` (did you mean `p1`?)"),
    ("at = \"1.180s\"", "after = \"c1 ack 1\"", "s.toml:32:9: `c1` is no producer and gets no acknowledgements"),
    ("at = \"1.180s\"", "after = \"p1 ack 0\"", "s.toml:32:9: `0` is no count: the first acknowledgement is 1"),
    ("crash = \"leader(orders-0)\"", "crash = \"b4\"", "s.toml:38:9: there is no process `b4` (there are b1 to b3, k1, p1, c1, admin)"),
    ("crash = \"leader(orders-0)\"", "crash = \"leader\"", "s.toml:38:9: `leader` is a role of a partition (write `leader(orders-0)`)"),
    ("crash = \"leader(orders-0)\"", "crash = \"leader(orders)\"", "s.toml:38:9: `orders` names no partition (its first is `orders-0`)"),
    ("crash = \"leader(orders-0)\"", "crash = \"leader(orders-7)\"", "s.toml:38:9: there is no partition `orders-7` (the last of `orders` is `orders-0`)"),
    ("crash = \"leader(orders-0)\"", "crash = \"leader(orders-0\"", "s.toml:38:9: `leader(orders-0` has no closing bracket (write `leader(orders-0)`)"),
    ("crash = \"leader(orders-0)\"", "crash = \"laeder(orders-0)\"", "s.toml:38:9: there is no role `laeder` (did you mean `leader(orders-0)`?)"),
    ("crash = \"leader(orders-0)\"", "crash = \"followers(orders-0)\"", "s.toml:38:9: `crash` strikes one process, and `followers(orders-0)` may be several (`follower(…)` is one of them)"),
    ("crash = \"leader(orders-0)\"", "crash = \"coordinator(g1)\"", "s.toml:38:9: the role `coordinator(…)` is not built yet"),
    ("crash = \"leader(orders-0)\"", "crush = \"b1\"", "s.toml:38:1: unknown key `crush` in [[faults]] (did you mean `crash`?)"),
    ("crash = \"leader(orders-0)\"", "shutdown = \"b1\"", "s.toml:38:1: `shutdown`: controlled shutdown is not built yet"),
    ("crash = \"leader(orders-0)\"", "crash = \"b1\"\npause = \"b2\"", "s.toml:39:9: a fault does one thing, and this one already has `crash`"),
    ("crash = \"leader(orders-0)\"", "", "s.toml:36:1: this fault does nothing (it needs one of `crash`, `power-off`, `replace-disk`, `restart`, `pause`, `cut`, `loss`, `delay`, `duplicate`, `clock-jump`, `clock-drift`)"),
    ("crash = \"leader(orders-0)\"", "power-off = \"p1\"", "s.toml:38:13: `p1` is a client and has no disk (`crash` is for every process)"),
    ("crash = \"leader(orders-0)\"", "restart = \"leader(orders-0)\"", "s.toml:38:11: `leader(orders-0)` is a role, and a process that is down holds none (name the process)"),
    ("crash = \"leader(orders-0)\"", "pause = \"b1\"", "s.toml:39:17: `restart-after` does not go with `pause` (`pause` ends by `resume-after`)"),
    ("crash = \"leader(orders-0)\"\nrestart-after = \"1200ms\"", "pause = \"b1\"", "s.toml:36:1: this `pause` never ends (write `resume-after = \"400ms\"`, or `heal = \"never\"` if that is meant)"),
    ("crash = \"leader(orders-0)\"\nrestart-after = \"1200ms\"", "clock-drift = { process = \"b1\", ppm = 200 }", "s.toml:36:1: this `clock-drift` never ends (write `heal-after = \"400ms\"`, or `heal = \"never\"` if that is meant)"),
    ("crash = \"leader(orders-0)\"", "clock-jump = { process = \"b1\", by = \"-2h\" }", "s.toml:39:17: `restart-after` does not go with `clock-jump` (`clock-jump` is over at once)"),
    ("crash = \"leader(orders-0)\"\nrestart-after = \"1200ms\"", "loss = { from = \"b1\", to = \"b2\", percent = 101 }\nheal-after = \"1s\"", "s.toml:38:44: `101` is not a percentage from 0 to 100 with at most four decimals"),
    ("crash = \"leader(orders-0)\"\nrestart-after = \"1200ms\"", "loss = { from = \"b1\", to = \"b2\" }\nheal-after = \"1s\"", "s.toml:38:8: a loss or duplication needs `percent` (How many of a hundred. It is a percentage such as 5 or 0.25.)"),
    ("cut = [\"leader(orders-0)\", \"followers(orders-0)\"]", "cut = [\"b1\"]", "s.toml:33:7: `cut` must be a list of two, each a process, a role or a list of them, not a list of 1"),
    ("cut = [\"leader(orders-0)\", \"followers(orders-0)\"]", "cut = [\"b1\", [\"b2\", \"b1\"]]", "s.toml:33:7: `b1` stands on both sides of `cut`"),
    ("cut = [\"leader(orders-0)\", \"followers(orders-0)\"]", "cut = [\"b1\", []]", "s.toml:33:14: a side of `cut` is empty"),
    ("cut = [\"leader(orders-0)\", \"followers(orders-0)\"]", "cut = [\"b1\", 2]", "s.toml:33:14: a member of `cut` must be a process, a role or a list of them, not the number 2"),
    ("[expect]", "[chaos]\nuntil = \"3s\"\nevery = \"1s\"\nlasts = [\"2s\", \"1s\"]\nkinds = [\"crash\"]\n[expect]", "s.toml:44:9: the first time of `lasts` must be the shorter one"),
    ("[expect]", "[chaos]\nuntil = \"3s\"\nevery = \"1s\"\nlasts = [\"1s\", \"2s\"]\nkinds = [\"crush\"]\n[expect]", "s.toml:45:10: `kinds` cannot be \"crush\" (did you mean \"crash\"?)"),
    ("[expect]", "[network]\nlatency = [\"0us\", \"1ms\"]\n[expect]", "s.toml:42:11: `latency` must be at least 1us"),
    ("[expect]", "[network]\nlatency-quiet = \"1s\"\n[expect]", "s.toml:42:17: `latency-quiet` must lie between 500us and 10ms"),
    ("[expect]", "[[clocks]]\nprocess = \"b9\"\noffset = \"1h\"\n[expect]", "s.toml:42:11: there is no process `b9` (there are b1 to b3, k1, p1, c1, admin)"),
    ("[expect]", "[[clocks]]\nprocess = \"b1\"\n[expect]", "s.toml:41:1: a clock needs `offset`, `drift-ppm` or both"),
    ("[expect]", "[[admin]]\nat = \"1s\"\ndo = \"create-topic x replication-factor=4\"\n[expect]", "s.toml:43:6: 4 replicas need 4 brokers, and there are 3 (a broker holds one replica of a partition at most)"),
    ("[expect]", "[[admin]]\nat = \"1s\"\ndo = \"reassign x\"\n[expect]", "s.toml:43:6: `reassign`: reassignment is not built yet"),
    ("[expect]", "[[admin]]\nat = \"1s\"\ndo = \"delete-topic x\"\n[expect]", "s.toml:43:6: an administrator cannot `delete-topic` (it can `create-topic NAME …` and `describe NAME`)"),
    ("[expect]", "[[choices]]\npin = \"loss b2->b9 fetch #1 = drop\"\n[expect]", "s.toml:42:7: there is no process `b9` (there are b1 to b3, k1, p1, c1, admin)"),
    ("[expect]", "[[choices]]\npin = \"loss b2->b1 fetch #1 = maybe\"\n[expect]", "s.toml:42:7: `loss` cannot be `maybe` (it is `keep` or `drop`)"),
    ("[expect]", "[[choices]]\npin = \"lost b2->b1 fetch #1 = drop\"\n[expect]", "s.toml:42:7: there is no kind of choice `lost` (did you mean `loss`?)"),
    ("[expect]", "[variants]\ntruncation = \"kip-270\"\n[expect]", "s.toml:42:14: `truncation` cannot be \"kip-270\" (did you mean \"kip-279\"?)"),
    ("violated = [\"any-ack-durable\"] ", "violated = [\"any-acks-durable\"] ", "s.toml:42:13: `violated` cannot be \"any-acks-durable\" (did you mean \"any-ack-durable\"?)"),
    ("may-violate = [] ", "may-violate = [\"any-ack-durable\"] ", "s.toml:43:16: \"any-ack-durable\" cannot be both violated and only perhaps violated"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ \"producer.p2.acks\" = \"all\" }", "s.toml:47:9: there is no producer `p2` to set something for (did you mean `p1`?)"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ \"producer.p1.ack\" = \"all\" }", "s.toml:47:9: Kafka has no producer key `ack` (did you mean `acks`?)"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ \"producer.p1.acks\" = \"none\" }", "s.toml:47:30: `acks` cannot be `none`: `0`, `1` or `all` is wanted"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ acks = \"all\" }", "s.toml:47:9: `acks` is set for one producer (write `producer.NAME.acks`)"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ truncaton = \"kip-279\" }", "s.toml:47:9: there is no setting `truncaton` (did you mean `truncation`?)"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ truncation = \"kip-2790\" }", "s.toml:47:22: `truncation` cannot be `kip-2790`: one of `high-watermark`, `kip-101`, `kip-279` is wanted"),
    ("{ \"producer.p1.acks\" = \"all\" }", "{ }", "s.toml:47:7: a rule must set something ([expect] judges the settings written in the file)"),
];

fn lost_ack() -> &'static str {
    EMBEDDED.iter().find(|(name, _)| *name == "06-lost-ack").map(|(_, text)| *text).expect("it is embedded")
}

fn changed(find: &str, replace: &str) -> String {
    assert!(lost_ack().contains(find), "`{find}` is not in the file");
    lost_ack().replacen(find, replace, 1)
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_probably_meant() {
    let mut wrong = Vec::new();
    for (find, replace, expected) in CASES {
        let told = match Scenario::read(&changed(find, replace), "s.toml") {
            Ok(_) => "no mistake".to_owned(),
            Err(mistake) => mistake.to_string(),
        };
        if told != *expected {
            wrong.push(format!("    ({find:?}, {replace:?}, {told:?}),"));
        }
    }
    assert!(wrong.is_empty(), "these say something else now:\n{}", wrong.join("\n"));
}
