use bzip2::{Decompress, Error, Status};

use super::input::Input;
use super::{Decoder, PIECE, Step};

/// Streams of bzip2, one after the other.
pub(super) struct Bzip2 {
    stream: Decompress,
    has_ended: bool,
    /// Whether a stream came before this one.
    is_later: bool,
}

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self { stream: Decompress::new(false), has_ended: false, is_later: false }
    }

    fn mistake(&self, error: Error) -> String {
        let what = match error {
            Error::DataMagic if self.is_later => "bad magic value in continuation file",
            Error::DataMagic => "bad magic value",
            Error::Data | Error::Param | Error::Sequence => "corrupt block or checksum mismatch",
        };
        format!("bzip2 data invalid: {what}")
    }
}

impl Decoder for Bzip2 {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        if self.has_ended {
            if input.is_at_end() {
                return Ok(Step::Ended);
            }
            if input.rest().is_empty() {
                return Ok(Step::Wanting);
            }
            *self = Self { is_later: true, ..Self::new() };
        }
        out.reserve_exact(PIECE);
        let before = self.stream.total_in();
        let status = self.stream.decompress_vec(input.rest(), out);
        let taken = usize::try_from(self.stream.total_in() - before).unwrap_or(usize::MAX);
        input.take(taken);
        match status.map_err(|error| self.mistake(error))? {
            Status::StreamEnd => self.has_ended = true,
            Status::MemNeeded => return Err("bzip2: there is too little memory".to_owned()),
            _ if taken == 0 && out.is_empty() => return Ok(Step::Wanting),
            _ => {}
        }
        Ok(Step::On)
    }
}
