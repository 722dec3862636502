use std::rc::Rc;
use std::time::Duration;

use forebay_rhai::{Interpreter, World};
use forebay_sdk::{Error, allocator, environment, log, time, waits};

/// The world of a guest: what the host grants.
struct Surroundings;

impl World for Surroundings {
    fn now(&self) -> (i64, u32) {
        let now = time::now();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn random(&self, buffer: &mut [u8]) {
        environment::random(buffer);
    }

    fn env(&self, name: &str) -> Result<Option<String>, String> {
        environment::get(name).map_err(Error::into_message)
    }

    fn hostname(&self) -> Result<String, String> {
        environment::hostname().map_err(Error::into_message)
    }

    fn print(&self, line: &str) {
        log::info(line);
    }

    fn debug(&self, line: &str) {
        log::debug(line);
    }

    fn elapsed(&self) -> Duration {
        time::monotonic()
    }

    fn give_way(&self) {
        waits::give_way();
    }

    fn allocated(&self) -> usize {
        allocator::allocated()
    }
}

/// The interpreter of this instance: making one takes longer than compiling a script.
pub(crate) fn interpreter() -> Rc<Interpreter> {
    thread_local! {
        static SHARED: Rc<Interpreter> = Interpreter::new(Rc::new(Surroundings));
    }
    SHARED.with(Rc::clone)
}
