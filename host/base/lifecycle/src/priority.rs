/// Who goes first where more threads want a processor than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// That of the thread that starts it.
    Inherited,
    /// Behind that: others of the process are given a processor at once, and about ten times the share. On Linux, by a
    /// higher nice value of the thread, and from 6.12 on by longer slices; elsewhere the same as [`Self::Inherited`].
    ///
    /// What such a thread starts inherits it, and the system lets nobody take it back. What holds locks that others wait
    /// for should have none of it.
    Background,
}

impl Priority {
    /// What is added to a nice value: ten steps are about a tenth of the weight.
    #[cfg(target_os = "linux")]
    pub(crate) const STEP: i32 = 10;

    /// Gives the calling thread this priority, if the system lets it: without, work is done all the same.
    pub(crate) fn take(self) {
        match self {
            Self::Inherited => {}
            #[cfg(target_os = "linux")]
            Self::Background => {
                // On Linux a nice value is one of a thread.
                if let Ok(nice) = rustix::process::nice(Self::STEP) {
                    slices::lengthen(nice);
                }
            }
            #[cfg(not(target_os = "linux"))]
            Self::Background => {}
        }
    }
}

/// Slices of processors. Linux lets a thread run its slice to the end, whatever its nice value, unless one with a shorter
/// slice wakes up: whoever asks for a long one has others go first.
#[cfg(target_os = "linux")]
pub(crate) mod slices {
    use std::ptr;

    /// Nanoseconds; by default slices have 3 ms at most.
    pub(crate) const SLICE: u64 = 10_000_000;
    /// Linux: `SCHED_FLAG_KEEP_POLICY`.
    const KEEP_POLICY: u64 = 0x08;
    /// What the kernel knows as `SCHED_ATTR_SIZE_VER0`.
    const SIZE: u32 = 48;

    /// Linux: `struct sched_attr`, as it began.
    #[repr(C)]
    #[derive(Debug, Default)]
    pub(crate) struct Attributes {
        size: u32,
        policy: u32,
        flags: u64,
        nice: i32,
        priority: u32,
        pub(crate) runtime: u64,
        deadline: u64,
        period: u64,
    }

    /// Asks for long slices for the calling thread, whose nice value that is. Older kernels, and those that are told to
    /// refuse it, take no notice.
    pub(super) fn lengthen(nice: i32) {
        let attributes =
            Attributes { size: SIZE, flags: KEEP_POLICY, nice, runtime: SLICE, ..Attributes::default() };
        #[expect(unsafe_code, reason = "no library has this call")]
        // SAFETY: The kernel reads as much as `size` says, which is the size of the structure.
        let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(&attributes), 0) };
    }

    /// What the calling thread has.
    #[cfg(test)]
    pub(crate) fn of_this_thread() -> Attributes {
        let mut attributes = Attributes::default();
        #[expect(unsafe_code, reason = "no library has this call")]
        // SAFETY: The kernel writes as much as it is told that there is room for, which is the size of the structure.
        let failed =
            unsafe { libc::syscall(libc::SYS_sched_getattr, 0, ptr::from_mut(&mut attributes), SIZE, 0) };
        assert_eq!((failed, size_of::<Attributes>()), (0, SIZE as usize));
        attributes
    }
}
