//! Memory that goes from the host to the module and back.

use alloc::alloc::{GlobalAlloc, Layout, alloc, dealloc};
use alloc::vec::Vec;
use core::cell::UnsafeCell;

/// How much all of it is. There is no more: what is not given back is missed soon.
const ROOM: usize = 64 << 10;
/// Every piece is of this size, with a link to the next one that is free.
const PIECE: usize = 1 << 10;

/// Pieces of one size: enough for these messages.
struct Pieces(UnsafeCell<State>);

struct State {
    next: usize,
    free: *mut u8,
    room: [u8; ROOM],
}

// SAFETY: a module has one thread.
unsafe impl Sync for Pieces {}

#[global_allocator]
static PIECES: Pieces =
    Pieces(UnsafeCell::new(State { next: 0, free: core::ptr::null_mut(), room: [0; ROOM] }));

// SAFETY: a piece is given to one at a time, and is aligned as all of them are.
unsafe impl GlobalAlloc for Pieces {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nothing else runs meanwhile.
        let state = unsafe { &mut *self.0.get() };
        if layout.size() > PIECE || layout.align() > 8 {
            return core::ptr::null_mut();
        }
        if !state.free.is_null() {
            let piece = state.free;
            // SAFETY: a free piece holds the address of the next.
            state.free = unsafe { piece.cast::<*mut u8>().read_unaligned() };
            return piece;
        }
        let start = state.room.as_mut_ptr().align_offset(8) + state.next;
        if start + PIECE > ROOM {
            return core::ptr::null_mut();
        }
        state.next += PIECE;
        state.room[start..].as_mut_ptr()
    }

    unsafe fn dealloc(&self, piece: *mut u8, _: Layout) {
        // SAFETY: nothing else runs meanwhile, and the piece is nobody's any more.
        unsafe {
            let state = &mut *self.0.get();
            piece.cast::<*mut u8>().write_unaligned(state.free);
            state.free = piece;
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

fn layout(length: u32) -> Layout {
    Layout::from_size_align((length as usize).max(1), 1).unwrap_or(Layout::new::<u8>())
}

#[unsafe(no_mangle)]
extern "C" fn allocate(length: u32) -> *mut u8 {
    // SAFETY: the size is not nothing.
    unsafe { alloc(layout(length)) }
}

#[unsafe(no_mangle)]
extern "C" fn deallocate(at: *mut u8, length: u32) {
    // SAFETY: the host gives back what it was given.
    unsafe { dealloc(at, layout(length)) }
}

/// A copy of bytes that the host will give to `deallocate`.
pub(crate) fn give(bytes: &[u8]) -> (*const u8, usize) {
    let at = allocate(bytes.len() as u32);
    // SAFETY: it has room for as many.
    unsafe { at.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    (at, bytes.len())
}

/// The bytes that the host has put into what `allocate` gave it.
pub(crate) unsafe fn take(pair: u64) -> Vec<u8> {
    let (at, length) = ((pair >> 32) as usize as *mut u8, pair as u32);
    // SAFETY: they are there, and this module's to free.
    unsafe {
        let bytes = core::slice::from_raw_parts(at, length as usize).to_vec();
        deallocate(at, length);
        bytes
    }
}
