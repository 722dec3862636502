//! How much memory the current thread takes. It is only counted in programs whose allocator is [`Counting`].

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static TAKEN: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, with counts.
#[derive(Debug)]
pub struct Counting;

/// What some work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    /// The most at one time, in bytes.
    pub most: usize,
    /// The largest piece.
    pub largest: usize,
}

/// Does `work`, and says what memory it took.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Peak) {
    let before = TAKEN.get();
    MOST.set(before);
    LARGEST.set(0);
    let done = work();
    let most = usize::try_from(MOST.get() - before).unwrap_or_default();
    (done, Peak { most, largest: LARGEST.get() })
}

fn take(size: usize) {
    // A thread that ends still frees and allocates.
    let _ = TAKEN.try_with(|taken| {
        taken.set(taken.get() + size.cast_signed());
        MOST.set(MOST.get().max(taken.get()));
        LARGEST.set(LARGEST.get().max(size));
    });
}

fn give(size: usize) {
    let _ = TAKEN.try_with(|taken| taken.set(taken.get() - size.cast_signed()));
}

#[expect(unsafe_code, reason = "an allocator can't be written without; this one hands everything on")]
// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        take(layout.size());
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        give(layout.size());
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while it moves.
        take(size);
        give(layout.size());
        // SAFETY: the caller keeps to the same contract.
        unsafe { System.realloc(memory, layout, size) }
    }
}
