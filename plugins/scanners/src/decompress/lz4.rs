//! LZ4 in its frame format: frames, one after the other.
//!
//! As in Bento the stream may end between two parts of a frame.

use std::hash::Hasher as _;

use lz4_flex::block::decompress_into_with_dict;
use twox_hash::XxHash32;

use super::input::Input;
use super::{Decoder, Step};

const MAGIC: u32 = 0x184d_2204;
/// The first three bytes of what begins a frame to be skipped.
const SKIPPED: u32 = 0x18_4d2a;
const STORED: u32 = 1 << 31;
/// How far back a block may refer to those before it.
const WINDOW: usize = 64 << 10;

pub(super) struct Lz4 {
    state: State,
    /// Bytes of a frame that means nothing.
    skipped: usize,
    /// What blocks that depend on those before them may refer to.
    window: Vec<u8>,
    content: XxHash32,
}

#[derive(Clone, Copy)]
enum State {
    Magic,
    Settings,
    Blocks(Settings),
    Checksum,
}

#[derive(Clone, Copy)]
struct Settings {
    flags: u8,
    /// Bytes that a block may become.
    size: usize,
}

impl Settings {
    const INDEPENDENT: u8 = 0x20;
    const BLOCK_CHECKSUM: u8 = 0x10;
    const SIZED: u8 = 0x08;
    const CHECKSUM: u8 = 0x04;

    fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Lz4 {
    pub(super) fn new() -> Self {
        let content = XxHash32::with_seed(0);
        Self { state: State::Magic, skipped: 0, window: Vec::new(), content }
    }

    fn magic(&mut self, input: &mut Input) -> Result<Step, String> {
        let Some(magic) = word(input, 0) else { return Ok(Step::Wanting) };
        if magic == MAGIC {
            input.take(4);
            self.state = State::Settings;
        } else if magic >> 8 == SKIPPED {
            let Some(length) = word(input, 4) else { return Ok(Step::Wanting) };
            input.take(8);
            self.skipped = usize::try_from(length).unwrap_or(usize::MAX);
        } else {
            return Err("lz4: bad magic number".to_owned());
        }
        Ok(Step::On)
    }

    fn settings(&mut self, input: &mut Input) -> Result<Step, String> {
        let Some(flags) = input.peek(1).and_then(|byte| byte.first()).copied() else {
            return Ok(Step::Wanting);
        };
        let length = if flags & Settings::SIZED == 0 { 2 } else { 10 };
        let Some((expected, settings)) = input.peek(length + 1).and_then(<[u8]>::split_last) else {
            return Ok(Step::Wanting);
        };
        let [_, got, ..] = XxHash32::oneshot(0, settings).to_le_bytes();
        if got != *expected {
            return Err(format!("lz4: invalid header checksum: got {got:x}; expected {expected:x}"));
        }
        let size = match settings.get(1).map(|byte| byte >> 4 & 7) {
            Some(4) => 64 << 10,
            Some(5) => 256 << 10,
            Some(6) => 1 << 20,
            Some(7) => 4 << 20,
            _ => return Err("lz4: invalid block size".to_owned()),
        };
        input.take(length + 1);
        self.state = State::Blocks(Settings { flags, size });
        Ok(Step::On)
    }

    fn block(&mut self, settings: Settings, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        let Some(header) = word(input, 0) else { return Ok(Step::Wanting) };
        if header == 0 {
            input.take(4);
            if settings.has(Settings::CHECKSUM) {
                self.state = State::Checksum;
            } else {
                *self = Self::new();
            }
            return Ok(Step::On);
        }
        let length = usize::try_from(header & !STORED).unwrap_or(usize::MAX);
        if length > settings.size {
            return Err("lz4: invalid block size".to_owned());
        }
        let checksum = if settings.has(Settings::BLOCK_CHECKSUM) { 4 } else { 0 };
        let Some(data) = input.peek(4 + length + checksum).and_then(|block| block.get(4..4 + length)) else {
            return Ok(Step::Wanting);
        };
        if let Some(expected) = word(input, 4 + length).filter(|_| checksum > 0) {
            let got = XxHash32::oneshot(0, data);
            if got != expected {
                return Err(format!("lz4: invalid block checksum: got {got:x}; expected {expected:x}"));
            }
        }
        if header & STORED != 0 {
            out.extend_from_slice(data);
        } else {
            out.resize(settings.size, 0);
            let window = if settings.has(Settings::INDEPENDENT) { &[][..] } else { &self.window };
            let Ok(size) = decompress_into_with_dict(data, out, window) else {
                out.clear();
                return Err("lz4: invalid source or destination buffer too short".to_owned());
            };
            out.truncate(size);
        }
        input.take(4 + length + checksum);
        if !settings.has(Settings::INDEPENDENT) {
            self.window.extend_from_slice(out);
            self.window.drain(..self.window.len().saturating_sub(WINDOW));
        }
        if settings.has(Settings::CHECKSUM) {
            self.content.write(out);
        }
        Ok(Step::On)
    }

    fn checksum(&mut self, input: &mut Input) -> Result<Step, String> {
        let Some(expected) = word(input, 0) else { return Ok(Step::Wanting) };
        let got = self.content.finish_32();
        if got != expected {
            return Err(format!("lz4: invalid frame checksum: got {got:x}; expected {expected:x}"));
        }
        input.take(4);
        *self = Self::new();
        Ok(Step::On)
    }
}

impl Decoder for Lz4 {
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<Step, String> {
        if input.is_at_end() {
            return Ok(Step::Ended);
        }
        if self.skipped > 0 {
            let taken = self.skipped.min(input.rest().len());
            input.take(taken);
            self.skipped -= taken;
            return Ok(if taken > 0 { Step::On } else { Step::Wanting });
        }
        match self.state {
            State::Magic => self.magic(input),
            State::Settings => self.settings(input),
            State::Blocks(settings) => self.block(settings, input, out),
            State::Checksum => self.checksum(input),
        }
    }
}

fn word(input: &Input, at: usize) -> Option<u32> {
    input.peek(at + 4)?.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}
