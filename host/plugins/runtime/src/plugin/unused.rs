//! Memory of embedded plugins for which nobody has a use any more.

use super::Embedded;

impl Embedded {
    /// Lets go of the memory that its code takes: loading it has made a copy. Its pages come back from the file of the
    /// program when somebody reads them again, so that this can fail as it likes.
    ///
    /// # Safety
    /// The code is a constant of the program, such as what `include_bytes!` makes.
    #[expect(unsafe_code, reason = "of other memory than that of constants the content would be lost")]
    pub unsafe fn let_go(&self) {
        let page = page_size();
        // Only whole pages: what shares one with its neighbours may be in use.
        let start = self.code.as_ptr().addr().next_multiple_of(page);
        let end = (self.code.as_ptr().addr() + self.code.len()) / page * page;
        if start < end {
            let first = self.code.as_ptr().wrapping_add(start - self.code.as_ptr().addr());
            // SAFETY: the pages lie within a constant, which nobody can have written to: they are those of the
            // program's file, and are read from there again.
            let _ = unsafe { libc::madvise(first.cast_mut().cast(), end - start, libc::MADV_DONTNEED) };
        }
    }
}

fn page_size() -> usize {
    // SAFETY: it only asks for a number.
    #[expect(unsafe_code, reason = "no safe function tells the size of a page")]
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(1 << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_go_of_can_be_read_again() {
        static PART: [u8; 1 << 20] = [7; 1 << 20];
        let embedded = Embedded { file: "", sha256: "", code: &PART[100..], component: &[], described: None };
        // SAFETY: it is a constant of the program.
        #[expect(unsafe_code, reason = "this is what is tested")]
        unsafe {
            embedded.let_go();
        }
        assert!(PART.iter().all(|byte| *byte == 7));
    }
}
