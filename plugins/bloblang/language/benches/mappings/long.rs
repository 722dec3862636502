//! Long mappings, to be compiled.

use std::fmt::Write as _;

/// A mapping of so many lines.
pub(crate) fn of(lines: usize) -> String {
    let mut source = String::new();
    for line in 0..lines {
        let _ = match line % 5 {
            0 => writeln!(source, "root.field_{line} = this.user.name.uppercase().trim() + \"-{line}\""),
            1 => writeln!(
                source,
                "root.deep.value_{line} = if this.count > {line} {{ this.total * 2 }} else {{ null }}"
            ),
            2 => writeln!(
                source,
                "let item_{line} = this.items.filter(i -> i.price > {line}).map_each(i -> i.sku)"
            ),
            3 => writeln!(
                source,
                "root.level_{line} = match this.level {{ \"info\" => 1, \"warn\" => {line}, _ => 0 }}"
            ),
            _ => writeln!(source, "meta key_{line} = this.id.slice(0, 2).or(\"none\").string()"),
        };
    }
    source
}
