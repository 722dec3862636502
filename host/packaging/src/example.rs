//! Events of an imaginary shop, as newline-delimited JSON: what the example pipeline reads.
//!
//! They hold what makes JSON hard: nested objects, text of many scripts and escapes, numbers at the edges
//! of every type and in every notation, and skewed sizes. The same events every time: a fixed seed, and
//! `id` counts up from 1 without a gap.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context, Result};

/// How much is written unless somebody says otherwise.
pub(crate) const BYTES: u64 = 100 * 1024 * 1024;

/// No event is longer.
const LONGEST: u64 = 64 * 1024;

/// Writes whole events until there are at least so many bytes; does nothing where that was done before.
pub(crate) fn write(path: &Path, bytes: u64) -> Result<()> {
    let is_ours = |found: fs::Metadata| (bytes..bytes + LONGEST).contains(&found.len());
    if fs::metadata(path).is_ok_and(is_ours) {
        println!("--> done already: {}", path.display());
        return Ok(());
    }
    let folder = path.parent().context("the file has no folder")?;
    fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    // Under another name first: a file of the right name is whole.
    let unfinished = path.with_extension("unfinished");
    let mut file = BufWriter::new(
        File::create(&unfinished).with_context(|| format!("create {}", unfinished.display()))?,
    );
    let mut events = Events::new();
    let mut written = 0;
    while written < bytes {
        let event = events.next_line();
        file.write_all(event.as_bytes()).with_context(|| format!("write {}", unfinished.display()))?;
        written += event.len() as u64;
    }
    file.flush().with_context(|| format!("write {}", unfinished.display()))?;
    fs::rename(&unfinished, path).with_context(|| format!("rename {}", unfinished.display()))?;
    println!("--> wrote {} events, {} MiB, to {}", events.id, written / (1024 * 1024), path.display());
    Ok(())
}

const TYPES: [&str; 6] =
    ["page.viewed", "cart.changed", "order.placed", "order.paid", "search.done", "user.signed_in"];
const NAMES: [&str; 8] = [
    "Ada Lovelace",
    "Zo\u{eb} M\u{fc}ller",
    "\u{674e}\u{5c0f}\u{9f99}",
    "\u{41e}\u{43b}\u{44c}\u{433}\u{430} \u{418}\u{432}\u{430}\u{43d}\u{43e}\u{432}\u{430}",
    "\u{645}\u{631}\u{64a}\u{645} \u{62d}\u{633}\u{646}",
    "Jos\\u00e9 \\\"Pepe\\\" Garc\\u00eda",
    "Sinead O'Connor \\ud83d\\ude80",
    "\u{1f469}\u{200d}\u{1f4bb} \u{928}\u{940}\u{932}\u{93e}",
];
const COUNTRIES: [&str; 6] = ["DE", "US", "CN", "BR", "IN", "NO"];
const PATHS: [&str; 5] = ["/", "/search?q=caf%C3%A9", "/cart", "/products/12?ref=a%2Fb", "/checkout/pay"];
const WORDS: [&str; 10] =
    ["turbine", "gate", "caf\u{e9}", "water", "\\t", "\\n", "\u{2192}", "\u{6c34}", "overflow", "level"];

/// Numbers that programs get wrong, in every notation JSON has.
const EDGES: [&str; 20] = [
    "0",
    "-0",
    "-0.0",
    "1.0",
    "1e0",
    "1E+2",
    "2.5e-3",
    "0.1",
    "100",
    "1e308",
    "-1e308",
    "5e-324",
    "2147483648",
    "-2147483649",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "3.141592653589793",
];

/// The events, one after the other.
struct Events {
    id: u64,
    random: Random,
}

impl Events {
    fn new() -> Self {
        Self { id: 0, random: Random(0x9e37_79b9_7f4a_7c15) }
    }

    fn next_line(&mut self) -> String {
        self.id += 1;
        let mut line = String::with_capacity(512);
        // Writing to a string can't fail.
        let _ = self.write(&mut line);
        line.push_str("}\n");
        line
    }

    /// An event, but for its closing brace.
    fn write(&mut self, line: &mut String) -> std::fmt::Result {
        let Self { id, random } = self;
        let (minute, second, millisecond) = (*id / 60_000 % 60, *id / 1000 % 60, *id % 1000);
        let at =
            format!("2026-03-{:02}T12:{minute:02}:{second:02}.{millisecond:03}Z", *id / 3_600_000 % 28 + 1);
        write!(line, r#"{{"id":{id},"type":"{}","at":"{at}","#, random.of(&TYPES))?;
        write!(line, r#""user":{{"id":"u-{:05x}","name":"{}","#, random.below(1 << 20), random.of(&NAMES))?;
        write!(line, r#""country":"{}","premium":{}}},"#, random.of(&COUNTRIES), random.below(4) == 0)?;
        let status = random.of(&["200", "200", "200", "204", "302", "404", "503"]);
        let time = format!("{}.{}", random.below(900), random.below(10));
        write!(line, r#""request":{{"path":"{}","status":{status},"ms":{time}}},"#, random.of(&PATHS))?;
        match random.below(10) {
            0 => line.push_str(r#""amount":null"#),
            1 => write!(line, r#""amount":{}"#, random.of(&EDGES))?,
            _ => write!(line, r#""amount":{}.{:02}"#, random.below(2000), random.below(100))?,
        }
        if random.below(3) == 0 {
            write!(line, r#","tags":["{}","{}"]"#, random.of(&WORDS), random.of(&WORDS))?;
        }
        // One event in 200 is large; together they are near a third of the bytes.
        match random.below(1000) {
            0..3 => random.write_items(line)?,
            3..5 => random.write_text(line)?,
            _ => {}
        }
        Ok(())
    }
}

/// Xorshift: good enough for examples, the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        let index = self.below(choices.len() as u64);
        usize::try_from(index).ok().and_then(|index| choices.get(index)).copied().unwrap_or_default()
    }

    /// An order of 20 to 300 items: 2 to 25 KiB.
    fn write_items(&mut self, line: &mut String) -> std::fmt::Result {
        line.push_str(r#","items":["#);
        for index in 0..20 + self.below(280) {
            let comma = if index == 0 { "" } else { "," };
            write!(
                line,
                r#"{comma}{{"sku":"{:08X}","quantity":{},"#,
                self.below(1 << 32),
                self.below(9) + 1
            )?;
            write!(
                line,
                r#""price":{}.{:02},"weight":{}}}"#,
                self.below(500),
                self.below(100),
                self.of(&EDGES)
            )?;
        }
        line.push(']');
        Ok(())
    }

    /// A text of 4 to 60 KiB.
    fn write_text(&mut self, line: &mut String) -> std::fmt::Result {
        let end = line.len() as u64 + 4096 + self.below(56 * 1024);
        line.push_str(r#","text":""#);
        while (line.len() as u64) < end {
            write!(line, "{} ", self.of(&WORDS))?;
        }
        line.push('"');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_one_line_of_json_with_its_number() {
        let mut events = Events::new();
        for id in 1..=20_000_u64 {
            let line = events.next_line();
            assert!(line.ends_with("}\n") && line.matches('\n').count() == 1);
            let event: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(event["id"], id);
        }
    }

    #[test]
    fn most_events_are_small_and_a_few_are_large() {
        let mut events = Events::new();
        let mut sizes: Vec<usize> = (0..50_000).map(|_| events.next_line().len()).collect();
        sizes.sort_unstable();
        assert!((150..=400).contains(&sizes[sizes.len() / 100]), "{}", sizes[sizes.len() / 100]);
        assert!((150..=400).contains(&sizes[sizes.len() * 99 / 100]), "{}", sizes[sizes.len() * 99 / 100]);
        let longest = *sizes.last().unwrap();
        assert!(longest > 40 * 1024 && (longest as u64) < LONGEST, "{longest}");
    }

    #[test]
    fn the_events_are_the_same_every_time() {
        let of = |mut events: Events| (0..100).map(|_| events.next_line()).collect::<String>();
        assert_eq!(of(Events::new()), of(Events::new()));
    }

    #[test]
    fn a_file_that_is_there_is_left_alone() {
        let path = std::env::temp_dir().join(format!("forebay-example-{}.ndjson", std::process::id()));
        write(&path, 10_000).unwrap();
        let first = fs::read(&path).unwrap();
        assert!(first.len() >= 10_000 && first.ends_with(b"}\n"));
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        write(&path, 10_000).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);
        fs::remove_file(&path).unwrap();
    }
}
