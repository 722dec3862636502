use std::collections::HashSet;

/// What is made of the status of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judgement {
    Success,
    Failure(Again),
}

/// Whether and when a failed request is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// After the usual pause.
    Soon,
    /// After a longer pause than the last time.
    Later,
}

/// Which statuses mean what.
pub(crate) struct Statuses {
    pub(crate) backoff: HashSet<u16>,
    pub(crate) drop: HashSet<u16>,
    pub(crate) success: HashSet<u16>,
}

impl Statuses {
    pub(crate) fn judge(&self, status: u16) -> Judgement {
        if self.drop.contains(&status) {
            Judgement::Failure(Again::Never)
        } else if self.backoff.contains(&status) {
            Judgement::Failure(Again::Later)
        } else if self.success.contains(&status) || (200..300).contains(&status) {
            Judgement::Success
        } else {
            Judgement::Failure(Again::Soon)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, Judgement, Statuses};

    #[test]
    fn statuses_to_drop_win_then_those_to_back_off_on() {
        let statuses = Statuses {
            backoff: [429, 200, 409].into(),
            drop: [400, 429, 201].into(),
            success: [303, 409, 400].into(),
        };
        let expected = [
            (200, Judgement::Failure(Again::Later)),
            (201, Judgement::Failure(Again::Never)),
            (204, Judgement::Success),
            (299, Judgement::Success),
            (300, Judgement::Failure(Again::Soon)),
            (303, Judgement::Success),
            (400, Judgement::Failure(Again::Never)),
            (409, Judgement::Failure(Again::Later)),
            (429, Judgement::Failure(Again::Never)),
            (500, Judgement::Failure(Again::Soon)),
            (101, Judgement::Failure(Again::Soon)),
        ];
        for (status, judgement) in expected {
            assert_eq!(statuses.judge(status), judgement, "{status}");
        }
    }
}
