//! An allocator that notes the largest piece of memory that the current thread has asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

struct Noting;

#[global_allocator]
static NOTING: Noting = Noting;

/// The largest piece that `work` asks for.
pub(crate) fn largest_during(work: impl FnOnce()) -> usize {
    LARGEST.set(0);
    work();
    LARGEST.get()
}

fn note(size: usize) {
    // A thread that ends still frees and allocates.
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
}

#[expect(unsafe_code, reason = "an allocator can't be written without; this one hands everything on")]
// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}
