//! The allocator of guests: free lists by size class.
//!
//! Most of what a plugin allocates is small, short-lived and of few sizes. Up to 32 KiB, a request is
//! rounded up to a class (multiples of 16 up to 128, then four classes for each doubling) and served
//! from the list of free blocks of that class, or cut from a chunk. Growing inside a class costs
//! nothing. Memory never moves from one class to another; larger requests go to the allocator of the
//! standard library. A guest has one thread, which is what makes this sound.
#![expect(unsafe_code, reason = "an allocator is unsafe by nature")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

const LARGEST: usize = 32 << 10;
const CLASSES: usize = 8 + 8 * 4;
const CHUNK: usize = 64 << 10;
/// Every block is aligned to this; requests that need more go to the system.
const ALIGNMENT: usize = 16;

/// The allocator of a plugin; `plugin!` installs it.
#[derive(Debug)]
pub struct Allocator(UnsafeCell<State>);

#[derive(Debug)]
struct State {
    /// The first free block of every class; a free block begins with the address of the next.
    free: [*mut u8; CLASSES],
    /// What is left of the current chunk.
    next: *mut u8,
    left: usize,
}

// SAFETY: WebAssembly guests of this contract have one thread.
unsafe impl Sync for Allocator {}

impl Allocator {
    #[must_use]
    pub const fn new() -> Self {
        Self(UnsafeCell::new(State { free: [ptr::null_mut(); CLASSES], next: ptr::null_mut(), left: 0 }))
    }
}

impl Default for Allocator {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes of all blocks that are in use.
static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

/// The bytes that the plugin has allocated and not freed yet; 0 natively, in tests.
#[must_use]
pub fn allocated() -> usize {
    ALLOCATED.load(Ordering::Relaxed)
}

/// In a guest with one thread these are plain additions.
#[inline]
fn count(bytes: usize) {
    ALLOCATED.fetch_add(bytes, Ordering::Relaxed);
}

#[inline]
fn uncount(bytes: usize) {
    ALLOCATED.fetch_sub(bytes, Ordering::Relaxed);
}

/// The class of a size from 1 to [`LARGEST`].
fn class_of(size: usize) -> usize {
    if size <= 128 {
        return (size.max(1) - 1) / ALIGNMENT;
    }
    // The two bits below the highest one choose among the four classes of a doubling.
    let last = size - 1;
    let doubling = last.ilog2() as usize;
    8 + (doubling - 7) * 4 + ((last >> (doubling - 2)) & 3)
}

/// The size of the blocks of a class.
fn size_of_class(class: usize) -> usize {
    if class < 8 {
        return (class + 1) * ALIGNMENT;
    }
    let (doubling, quarter) = (7 + (class - 8) / 4, (class - 8) % 4);
    (1 << doubling) + (quarter + 1) * (1 << (doubling - 2))
}

fn is_small(layout: Layout) -> bool {
    layout.size() <= LARGEST && layout.align() <= ALIGNMENT
}

// SAFETY: blocks of a class are at least as large as the request and aligned to `ALIGNMENT`; a block
// is on a free list or in use, never both; the layout tells on both ends who serves a request.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        if !is_small(layout) {
            // SAFETY: the caller's promises are the same.
            return unsafe { System.alloc(layout) };
        }
        let class = class_of(layout.size());
        // SAFETY: one thread, and nothing below calls back into the allocator.
        let state = unsafe { &mut *self.0.get() };
        let block = state.free[class];
        if block.is_null() {
            return state.cut(size_of_class(class));
        }
        // SAFETY: a free block holds the address of the next one, and blocks are aligned for it.
        #[expect(clippy::cast_ptr_alignment, reason = "blocks are aligned to 16")]
        let next = unsafe { block.cast::<*mut u8>().read() };
        state.free[class] = next;
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        uncount(layout.size());
        if !is_small(layout) {
            // SAFETY: it came from there.
            return unsafe { System.dealloc(block, layout) };
        }
        let class = class_of(layout.size());
        // SAFETY: as in `alloc`; the block is the caller's to give back, and at least 16 bytes large.
        unsafe {
            let state = &mut *self.0.get();
            #[expect(clippy::cast_ptr_alignment, reason = "blocks are aligned to 16")]
            block.cast::<*mut u8>().write(state.free[class]);
            state.free[class] = block;
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let small = is_small(layout);
        let stays_small = size <= LARGEST && layout.align() <= ALIGNMENT;
        if small && stays_small && class_of(layout.size()) == class_of(size) {
            count(size);
            uncount(layout.size());
            return block;
        }
        if !small && !stays_small {
            count(size);
            uncount(layout.size());
            // SAFETY: it came from there.
            return unsafe { System.realloc(block, layout, size) };
        }
        // SAFETY: the caller promises that the size is valid with this alignment; the blocks do not
        // overlap, and both are at least as large as what is copied.
        unsafe {
            let new = Layout::from_size_align_unchecked(size, layout.align());
            let moved = self.alloc(new);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

impl State {
    /// Cuts a block off the chunk. What is left of a chunk that is too small is given up: at most
    /// half of it, and only when large blocks are asked for.
    #[cold]
    fn cut(&mut self, size: usize) -> *mut u8 {
        if self.left < size {
            // SAFETY: the layout is valid and not empty.
            let chunk = unsafe { System.alloc(Layout::from_size_align_unchecked(CHUNK, ALIGNMENT)) };
            if chunk.is_null() {
                return chunk;
            }
            (self.next, self.left) = (chunk, CHUNK);
        }
        let block = self.next;
        // SAFETY: `size` bytes are left in the chunk.
        self.next = unsafe { block.add(size) };
        self.left -= size;
        block
    }
}

#[cfg(test)]
mod tests {
    use std::alloc::{GlobalAlloc, Layout};

    use proptest::prelude::*;

    use super::{ALIGNMENT, Allocator, CLASSES, LARGEST, class_of, size_of_class};

    #[test]
    fn every_size_fits_its_class_and_no_smaller_one() {
        for size in 1..=LARGEST {
            let class = class_of(size);
            assert!(class < CLASSES);
            assert!(size_of_class(class) >= size, "{size} in {class}");
            assert!(class == 0 || size_of_class(class - 1) < size, "{size} in {class}");
        }
    }

    #[test]
    fn classes_keep_the_alignment() {
        assert!((0..CLASSES).all(|class| size_of_class(class).is_multiple_of(ALIGNMENT)));
        assert_eq!(size_of_class(CLASSES - 1), LARGEST);
    }

    proptest! {
        #[test]
        fn blocks_never_overlap(steps in prop::collection::vec((0_usize..8, 1_usize..70_000, any::<u8>()), 1..60)) {
            let allocator = Allocator::new();
            let mut blocks: Vec<Option<(*mut u8, Layout, u8)>> = vec![None; 8];
            for (slot, size, fill) in steps {
                let layout = Layout::from_size_align(size, 8).expect("a layout");
                // SAFETY: blocks are written within their layouts, and freed once with them.
                unsafe {
                    let block = match blocks[slot].take() {
                        Some((old, old_layout, old_fill)) if fill % 2 == 0 => {
                            let block = allocator.realloc(old, old_layout, size);
                            let kept = std::slice::from_raw_parts(block, old_layout.size().min(size));
                            prop_assert!(kept.iter().all(|byte| *byte == old_fill));
                            block
                        }
                        Some((old, old_layout, old_fill)) => {
                            let bytes = std::slice::from_raw_parts(old, old_layout.size());
                            prop_assert!(bytes.iter().all(|byte| *byte == old_fill));
                            allocator.dealloc(old, old_layout);
                            continue;
                        }
                        None => allocator.alloc(layout),
                    };
                    block.write_bytes(fill, size);
                    blocks[slot] = Some((block, layout, fill));
                }
            }
        }
    }
}
