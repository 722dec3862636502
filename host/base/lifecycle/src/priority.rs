/// Who goes first where more threads want a processor than there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// That of the thread that starts it.
    Inherited,
    /// Behind that: others of the process are given a processor at once, and about ten times the share. On Linux, by a
    /// higher nice value of the thread; elsewhere the same as [`Self::Inherited`].
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
                let _ = rustix::process::nice(Self::STEP);
            }
            #[cfg(not(target_os = "linux"))]
            Self::Background => {}
        }
    }
}
