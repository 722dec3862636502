//! What the system counts of this process, under the names that Prometheus' own libraries have for it.

use std::fmt::Write as _;
use std::fs;

/// The clock ticks of a second and the bytes of a page, where Linux runs on machines of today.
const TICKS: f64 = 100.0;
const PAGE: u64 = 4096;

/// The metrics of the process; nothing, where the system does not tell.
pub(crate) fn render() -> String {
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    };
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, which may hold anything, ends with the last parenthesis.
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<f64>().ok());
    let seconds = field(14).zip(field(15)).map(|(user, system)| ((user + system) / TICKS).to_string());
    add("process_cpu_seconds_total", "counter", "CPU time that was used, in seconds.", seconds);
    let open = fs::read_dir("/proc/self/fd").ok().map(|all| all.count().to_string());
    add("process_open_fds", "gauge", "File descriptors that are open.", open);
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let most = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?.split_whitespace().next().map(ToOwned::to_owned)
    });
    add(
        "process_max_fds",
        "gauge",
        "File descriptors that may be open.",
        most.filter(|most| most != "unlimited"),
    );
    let whole = |number: usize, unit: u64| {
        let value = fields.get(number - 3)?.parse::<u64>().ok()?;
        Some(value.saturating_mul(unit).to_string())
    };
    add("process_virtual_memory_bytes", "gauge", "Virtual memory, in bytes.", whole(23, 1));
    add("process_resident_memory_bytes", "gauge", "Resident memory, in bytes.", whole(24, PAGE));
    let booted = fs::read_to_string("/proc/stat")
        .ok()
        .and_then(|all| all.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok()));
    let started = booted.zip(field(22)).map(|(booted, ticks)| (booted + ticks / TICKS).to_string());
    add("process_start_time_seconds", "gauge", "When the process started, in seconds since 1970.", started);
    text
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        let text = render();
        for name in ["process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes"] {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            assert!(line.is_some_and(|value| value.trim().parse::<f64>().is_ok()), "{name} in {text}");
        }
    }
}
