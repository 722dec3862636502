//! Deflate, by itself or with a header and a checksum around it.

use flate2::{Decompress, FlushDecompress, Status};

use super::input::Input;
use super::{Decoder, PIECE, Step};

/// Two to the power of this is the window.
const WINDOW_BITS: u8 = 15;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// Members, one after the other.
    Gzip,
    Zlib,
    None,
}

pub(super) struct Inflate {
    frame: Frame,
    member: Decompress,
    /// Whether a member has ended and none has begun behind it.
    is_between: bool,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self { frame: Frame::Gzip, member: Decompress::new_gzip(WINDOW_BITS), is_between: false }
    }

    pub(super) fn zlib() -> Self {
        Self { frame: Frame::Zlib, member: Decompress::new(true), is_between: false }
    }

    pub(super) fn flate() -> Self {
        Self { frame: Frame::None, member: Decompress::new(false), is_between: false }
    }

    /// In the words of Go.
    fn mistake(&self, error: &flate2::DecompressError) -> String {
        if error.needs_dictionary().is_some() {
            return "zlib: invalid dictionary".to_owned();
        }
        let name = match self.frame {
            Frame::Gzip => "gzip",
            Frame::Zlib => "zlib",
            Frame::None => "flate",
        };
        match error.message() {
            Some("incorrect data check" | "incorrect length check") => format!("{name}: invalid checksum"),
            Some(
                "incorrect header check"
                | "unknown compression method"
                | "unknown header flags set"
                | "header crc mismatch"
                | "invalid window size",
            ) => format!("{name}: invalid header"),
            _ => format!("flate: corrupt input before offset {}", self.member.total_in()),
        }
    }
}

impl Decoder for Inflate {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        if self.is_between {
            if input.is_at_end() {
                return Ok(Step::Ended);
            }
            if input.rest().is_empty() {
                return Ok(Step::Wanting);
            }
            *self = Self::gzip();
        }
        out.reserve_exact(PIECE);
        let before = self.member.total_in();
        let status = self.member.decompress_vec(input.rest(), out, FlushDecompress::None);
        let taken = usize::try_from(self.member.total_in() - before).unwrap_or(usize::MAX);
        input.take(taken);
        match status.map_err(|error| self.mistake(&error))? {
            Status::StreamEnd if self.frame == Frame::Gzip => self.is_between = true,
            Status::StreamEnd => return Ok(Step::Ended),
            Status::Ok | Status::BufError if taken == 0 && out.is_empty() => return Ok(Step::Wanting),
            Status::Ok | Status::BufError => {}
        }
        Ok(Step::On)
    }
}
