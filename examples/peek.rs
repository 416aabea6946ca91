use tribunal::sim::{
    host::HostKind,
    scenario::Scenario,
    trial::{self, TrialOptions},
};
use tribunal::trace::line;
fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap();
    let seed: Option<u64> = args.next().and_then(|s| s.parse().ok());
    let all = args.next().is_some();
    let s = Scenario::load(std::path::Path::new(&file)).unwrap_or_else(|m| {
        eprintln!("{m:?}");
        std::process::exit(2)
    });
    let t = std::time::Instant::now();
    let o = trial::hold(&s, &TrialOptions { host: HostKind::Plain, seed: seed.unwrap_or(s.seed), keep_trace: true });
    let el = t.elapsed();
    let tr = o.trace.as_ref().unwrap();
    let names = tr.names();
    for e in tr.events.iter().filter(|e| all || line::is_beat(e)) {
        println!("{}", line::line(e, &names, &tr.events));
    }
    for c in &o.checks {
        println!("{:14} {} {:?} {}", c.status.word(), c.name, c.step, c.detail);
    }
    for f in &o.summary.faults {
        println!("fault {} -> {}", f.text, f.effect);
    }
    println!("{:?} {:?}", o.warnings, o.met);
    println!("{} events {} turns hash {:016x} {:?}", o.summary.events, o.summary.turns, o.hash, el);
    println!("{:?}", o.counts.iter().filter(|c| c.1 > 0).collect::<Vec<_>>());
}
