use std::fmt;

use crate::BATCH_TIMEOUT;
use crate::load::Load;
use crate::run::Phase;

/// What is known of a server under a load.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) title: String,
    pub(crate) load: Load,
    /// Bytes of memory before anything was asked for, and after the last request.
    pub(crate) idle: u64,
    pub(crate) memory: u64,
    pub(crate) full: Phase,
    pub(crate) paced: Phase,
    pub(crate) catch_up: Phase,
}

impl Row {
    pub(crate) fn head() -> String {
        format!(
            "{:<32}|{:^33}|{:^28}|{:^27}| memory MiB\n{:<13}{:>10} {:<8}|{:>6} {:>9} {:>7} {:>7} |{:>6} {:>6} {:>6} {:>6} |{:>6} {:>10} {:>7} |{:>5} {:>5}",
            "",
            "full",
            "paced",
            "catch-up",
            "",
            "partitions",
            "",
            "MB/s",
            "CPU s/GiB",
            "PUT/GiB",
            "GET/GiB",
            "p50 ms",
            "p99 ms",
            "CPU",
            "GETs",
            "MB/s",
            "MB/s, core",
            "GET/GiB",
            "idle",
            "after"
        )
    }

    /// How much of a batch is fetched per second of the server's processors, in 10^6 bytes.
    fn per_core(&self) -> f64 {
        self.catch_up.figures.bytes as f64 / 1e6 / self.catch_up.cpu.as_secs_f64()
    }

    /// How much another run of the same differs.
    pub(crate) fn compared(&self, again: &Self) -> String {
        let change = |a: f64, b: f64| format!("{:+.1} %", (b / a - 1.0) * 100.0);
        format!(
            "MB/s {}, CPU s/GiB {}, p99 {}, catch-up per core {}",
            change(self.full.figures.rate(), again.full.figures.rate()),
            change(self.full.cost(), again.full.cost()),
            change(self.paced.figures.percentile(99), again.paced.figures.percentile(99)),
            change(self.per_core(), again.per_core()),
        )
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, load, idle, memory, full, paced, catch_up } = self;
        write!(f, "{title:<13}{:>10} {:<8}|", load.partitions, load.compression())?;
        let per_gib = |count: f64, phase: &Phase| count / phase.figures.gib();
        write!(
            f,
            "{:>6.0} {:>9.2} {:>7.0} {:>7.0} |",
            full.figures.rate(),
            full.cost(),
            per_gib(full.requests.puts, full),
            per_gib(full.requests.gets, full),
        )?;
        let (p50, p99) = (paced.figures.percentile(50), paced.figures.percentile(99));
        let gets = per_gib(paced.requests.gets, paced);
        write!(f, "{p50:>6.0} {p99:>6.0} {:>6.2} {gets:>6.0} |", paced.cost())?;
        let gets = per_gib(catch_up.requests.gets, catch_up);
        write!(f, "{:>6.0} {:>10.0} {gets:>7.0} |", catch_up.figures.rate(), self.per_core())?;
        write!(f, "{:>5} {:>5}", idle >> 20, memory >> 20)
    }
}

/// What is to be reached, beside what was.
pub(crate) fn print_goals(rows: &[Row]) {
    println!("\nGoals, beside what was measured:");
    let of = |title: &str, load: Load| rows.iter().find(|row| row.title == title && row.load == load);
    for row in rows.iter().filter(|row| row.title.starts_with("Forebay")) {
        let name = format!("{} {} {}", row.title, row.load.partitions, row.load.compression());
        for peer in ["Kafka", "Kafka, flush"] {
            if let Some(kafka) = of(peer, row.load) {
                let (full, paced) =
                    (row.full.cost() / kafka.full.cost(), row.paced.cost() / kafka.paced.cost());
                let title = format!("{name}: CPU of {peer}'s");
                say(&title, "<= 0.33", format!("{full:.2} full, {paced:.2} paced"), full <= 1.0 / 3.0);
            }
        }
        let (p99, limit) = (row.paced.figures.percentile(99), BATCH_TIMEOUT.as_secs_f64() * 1e3 + 20.0);
        say(&format!("{name}: p99, ms"), &format!("<= {limit:.0}"), format!("{p99:.0}"), p99 <= limit);
        if row.title == "Forebay file" {
            let per_core = row.per_core();
            say(
                &format!("{name}: catch-up, MB/s per core"),
                ">= 500",
                format!("{per_core:.0}"),
                per_core >= 500.0,
            );
        }
        let idle = row.idle >> 20;
        say(&format!("{name}: idle, MiB"), "<= 60", idle.to_string(), idle <= 60);
    }
}

/// One goal.
pub(crate) fn say(what: &str, goal: &str, figure: String, is_reached: bool) {
    println!("  {what:<56}{goal:>8}  {figure}{}", if is_reached { "" } else { "  NOT REACHED" });
}
