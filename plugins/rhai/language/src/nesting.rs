//! How deep values are nested.
//!
//! rhai bounds how many elements a value has, but not how deep they are in each other; it clones, compares and drops
//! values by recursion, and a stack that is exhausted is the end of an instance. A single operation nests a value by
//! one level, so it is enough to look at the variables every now and then.

use rhai::{Dynamic, FnPtr};

use crate::limits::{NESTED, NESTING};

/// Whether one of these values is nested too deep, or has so much in it that it can't be told.
pub(crate) fn is_too_deep<'a>(values: impl Iterator<Item = &'a Dynamic>) -> bool {
    let mut walk = Walk { left: NESTED };
    values.into_iter().any(|value| walk.is_deeper(value, NESTING))
}

struct Walk {
    /// The values that are still looked at: functions can share what they hold, which is then met again and again.
    left: usize,
}

impl Walk {
    fn is_deeper(&mut self, value: &Dynamic, levels: usize) -> bool {
        if self.left == 0 {
            return true;
        }
        self.left -= 1;
        // In use right now by the operation that looks at a variable; it is looked at another time.
        if value.is_locked() {
            return false;
        }
        let is_container = value.is_array() || value.is_map() || value.is_fnptr();
        if !is_container {
            return false;
        }
        if levels == 0 {
            return true;
        }
        if let Ok(elements) = value.as_array_ref() {
            return elements.iter().any(|element| self.is_deeper(element, levels - 1));
        }
        if let Ok(members) = value.as_map_ref() {
            return members.values().any(|member| self.is_deeper(member, levels - 1));
        }
        let Some(function) = value.read_lock::<FnPtr>() else { return false };
        function.iter_curry().any(|held| self.is_deeper(held, levels - 1))
    }
}
