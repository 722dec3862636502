use forebay_jq::World;
use forebay_sdk::{allocator, environment, time, waits};

/// The world of a guest, as far as queries see it: a clock and the local zone.
pub(crate) struct Surroundings;

impl World for Surroundings {
    fn now(&mut self) -> (i64, u32) {
        let now = time::now();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn zone(&mut self) -> Option<String> {
        let zone = environment::get("TZ").ok().flatten()?;
        let zone = zone.trim_start_matches(':');
        (!zone.is_empty()).then(|| zone.to_owned())
    }

    fn allocated(&self) -> usize {
        allocator::allocated()
    }

    fn give_way(&mut self) {
        waits::give_way();
    }
}
