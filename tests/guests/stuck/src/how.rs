use std::hint::black_box;
use std::time::Duration;

use forebay_sdk::Config;

/// Where to get stuck, and how.
#[derive(Config)]
pub(crate) struct Stuck {
    /// The export.
    at: String,
    /// What happens there: loop, trap, sleep or allocate.
    #[config(default = "loop")]
    how: String,
}

impl Stuck {
    /// Gets stuck, if this is where.
    pub(crate) fn here(&self, at: &str) {
        if self.at == at {
            stick(&self.how);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "what this guest is for")]
pub(crate) fn stick(how: &str) {
    let mut held = Vec::new();
    let mut rounds = 0_u64;
    loop {
        match how {
            "trap" => unreachable!("trapped on purpose"),
            "sleep" => std::thread::sleep(Duration::from_secs(3600)),
            "allocate" => held.push(black_box(vec![1_u8; 1 << 20])),
            _ => rounds = black_box(rounds.wrapping_add(1)),
        }
    }
}
