//! What a component file is, for a person to read.

use std::io::Write;

use anyhow::Result;

use crate::host::Loaded;

/// The file and its components, a line each.
pub(crate) fn write_summary(loaded: &Loaded, out: &mut dyn Write) -> Result<()> {
    let info = &loaded.info;
    writeln!(out, "{}  {}  {}", info.origin, bytes(loaded.size), info.digest)?;
    for entry in loaded.components() {
        let spec = &entry.spec;
        let summary = if spec.summary.is_empty() { String::new() } else { format!("  {}", spec.summary) };
        writeln!(out, "  {} {}{summary}", spec.kind, spec.name)?;
    }
    Ok(())
}

/// A number of bytes with its unit.
pub(crate) fn bytes(count: usize) -> String {
    match count {
        0..10_240 => format!("{count} bytes"),
        10_240..10_485_760 => format!("{} KiB", count / 1024),
        _ => format!("{} MiB", count / (1024 * 1024)),
    }
}
