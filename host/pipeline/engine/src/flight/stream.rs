//! Streams that are scanned, each settled as a whole.

use std::sync::{Arc, Mutex, PoisonError};

use forebay_pipeline_message::{Outcome, Rejection};
use forebay_plugins_api::{Settlement, Token};

use super::Settlements;
use crate::reread::{Left, Pass, Read};

/// A stream until everything that was scanned from it is settled.
#[derive(Debug)]
pub(crate) struct StreamFlight {
    token: Token,
    settlements: Arc<Settlements>,
    kind: StreamKind,
    /// What was left of it before.
    earlier: Option<Left>,
    pass: Mutex<Option<Pass>>,
}

/// Who tries again what is rejected of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamKind {
    /// The input, which is told to read it again.
    ReadAgain,
    /// Others or nobody, although the input does so with other streams: it is told not to.
    ReadOnce,
    /// Others or nobody, always.
    Final,
}

impl StreamFlight {
    /// That of a stream, or of what is left of it.
    pub(crate) fn new(
        token: Token,
        settlements: &Arc<Settlements>,
        kind: StreamKind,
        earlier: Option<Left>,
    ) -> Arc<Self> {
        let pass = Mutex::new(Some(Pass::over(earlier.as_ref())));
        Arc::new(Self { token, settlements: Arc::clone(settlements), kind, earlier, pass })
    }

    /// Says that the stream can't be delivered as a whole, however often it is read.
    pub(crate) fn fail(&self, reason: String) {
        self.with_pass(|pass| pass.broke(reason));
    }

    /// Says that the scanner was stopped before the message with this number.
    pub(crate) fn stop_at(&self, number: u64, reason: &str) {
        self.with_pass(|pass| match self.kind {
            StreamKind::ReadAgain => pass.stopped_at(number, reason),
            StreamKind::ReadOnce | StreamKind::Final => pass.broke(reason.to_owned()),
        });
    }

    /// Whether to stop the scanner: the input reads again what is rejected, and hardly anything is delivered.
    pub(crate) fn is_in_vain(&self) -> bool {
        let mut is_in_vain = false;
        self.with_pass(|pass| is_in_vain = pass.is_in_vain());
        is_in_vain && self.kind == StreamKind::ReadAgain
    }

    /// Where it is told what becomes of it.
    pub(super) fn settlements(&self) -> &Settlements {
        &self.settlements
    }

    /// What of it is wanted, where that is not all.
    pub(crate) fn earlier(&self) -> Option<&Left> {
        self.earlier.as_ref()
    }

    pub(super) fn with_pass(&self, note: impl FnOnce(&mut Pass)) {
        if let Some(pass) = &mut *self.pass.lock().unwrap_or_else(PoisonError::into_inner) {
            note(pass);
        }
    }

    fn outcome(&mut self) -> Outcome {
        let pass = self.pass.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let rejected = |reason, messages, declined| {
            Outcome::Rejected(Rejection { reason, messages, reasons: Vec::new(), apart: false, declined })
        };
        // None of its messages are to be read again.
        let none = (self.kind != StreamKind::Final).then(Vec::new);
        match pass.map_or(Read::Delivered, |pass| pass.end(self.earlier.as_ref())) {
            Read::Delivered => Outcome::Acknowledged,
            Read::Broken(reason) => rejected(reason, none, false),
            Read::Again { left, reason, is_declined } => {
                let again = self.kind == StreamKind::ReadAgain;
                if again {
                    self.settlements.leave(self.token, left);
                }
                rejected(reason, if again { None } else { none }, again && is_declined)
            }
        }
    }
}

impl Drop for StreamFlight {
    /// The scanner is done with the stream, and so is every batch of it.
    fn drop(&mut self) {
        let outcome = self.outcome();
        self.settlements.push(Settlement::new(self.token, outcome));
    }
}
