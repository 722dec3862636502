//! Clients that say nothing.

use futures_util::future::join_all;

use super::{attacked, connect};

/// As many as there may be files, and no more than 10,000.
fn many() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let soft: usize = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    soft.saturating_sub(500).min(10_000)
}

#[test]
fn ten_thousand_that_say_nothing_take_little() {
    let many = many();
    println!("{many} connections:");
    attacked("idle connections", |address| async move {
        let mut connections = Vec::new();
        while connections.len() < many {
            connections.extend(join_all((0..200).map(|_| connect(address))).await);
        }
        connections
    });
}
