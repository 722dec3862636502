//! Zstandard, RFC 8878: frames, one after the other.

use std::io::Read as _;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::input::Input;
use super::{Decoder, PIECE, Step};

/// The largest window, which is held in memory.
const WINDOW: u64 = 64 << 20;
const MAGIC: u32 = 0xfd2f_b528;
/// The first 28 bits of what begins a frame to be skipped.
const SKIPPED: u32 = 0x184_d2a5;
const HEADER: usize = 3;
const CHECKSUM: usize = 4;

pub(super) struct Zstd {
    frame: FrameDecoder,
    state: State,
    /// Bytes of a frame that means nothing.
    skipped: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Blocks {
        has_checksum: bool,
    },
    /// All blocks were read, and not all that they became.
    Draining {
        has_checksum: bool,
    },
}

impl Zstd {
    pub(super) fn new() -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW);
        Self { frame, state: State::Between, skipped: 0 }
    }

    fn begin(&mut self, input: &mut Input) -> Result<Step, String> {
        if input.is_at_end() {
            return Ok(Step::Ended);
        }
        let Some(magic) = word(input, 0) else { return Ok(Step::Wanting) };
        if magic >> 4 == SKIPPED {
            let Some(length) = word(input, 4) else { return Ok(Step::Wanting) };
            input.take(8);
            self.skipped = usize::try_from(length).unwrap_or(usize::MAX);
            return Ok(Step::On);
        }
        if magic != MAGIC {
            return Err("zstd: magic number mismatch".to_owned());
        }
        let Some(descriptor) = input.peek(5).and_then(<[u8]>::last).copied() else {
            return Ok(Step::Wanting);
        };
        let length = 5 + header_length(descriptor);
        let Some(mut header) = input.peek(length) else { return Ok(Step::Wanting) };
        self.frame.reset(&mut header).map_err(|error| format!("zstd: {error}"))?;
        input.take(length);
        self.state = State::Blocks { has_checksum: descriptor & 4 != 0 };
        Ok(Step::On)
    }

    fn block(&mut self, has_checksum: bool, input: &mut Input) -> Result<Step, String> {
        let Some([low, middle, high]) = input.peek(HEADER).and_then(|header| header.first_chunk()) else {
            return Ok(Step::Wanting);
        };
        let header = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
        let is_last = header & 1 == 1;
        // A block of one byte, repeated, states how often.
        let content = if header >> 1 & 3 == 1 { 1 } else { header >> 3 };
        let length = HEADER + content + if is_last && has_checksum { CHECKSUM } else { 0 };
        if content > 128 << 10 {
            return Err("zstd: a block has more than 128 KiB".to_owned());
        }
        let Some(mut block) = input.peek(length) else { return Ok(Step::Wanting) };
        let decoded = self.frame.decode_blocks(&mut block, BlockDecodingStrategy::UptoBlocks(1));
        decoded.map_err(|error| format!("zstd: {error}"))?;
        input.take(length);
        if is_last {
            self.state = State::Draining { has_checksum };
        }
        Ok(Step::On)
    }

    /// Appends what no later block may refer to.
    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), String> {
        let ready = self.frame.can_collect().min(2 * PIECE);
        if ready > 0 {
            out.resize(ready, 0);
            let read = self.frame.read(out).map_err(|error| format!("zstd: {error}"))?;
            out.truncate(read);
        }
        Ok(())
    }
}

impl Decoder for Zstd {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        if self.skipped > 0 {
            let taken = self.skipped.min(input.rest().len());
            input.take(taken);
            self.skipped -= taken;
            return Ok(if taken > 0 { Step::On } else { Step::Wanting });
        }
        if self.state != State::Between {
            self.drain(out)?;
            if !out.is_empty() {
                return Ok(Step::On);
            }
        }
        match self.state {
            State::Between => self.begin(input),
            State::Blocks { has_checksum } => self.block(has_checksum, input),
            State::Draining { has_checksum } => {
                self.state = State::Between;
                if has_checksum && self.frame.get_checksum_from_data() != self.frame.get_calculated_checksum()
                {
                    return Err("zstd: invalid checksum".to_owned());
                }
                Ok(Step::On)
            }
        }
    }
}

/// The bytes of a frame's header behind its descriptor.
fn header_length(descriptor: u8) -> usize {
    let is_single = descriptor & 0x20 != 0;
    let size = match descriptor >> 6 {
        0 => usize::from(is_single),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    let dictionary = match descriptor & 3 {
        3 => 4,
        length => usize::from(length),
    };
    usize::from(!is_single) + dictionary + size
}

fn word(input: &Input, at: usize) -> Option<u32> {
    input.peek(at + 4)?.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}
