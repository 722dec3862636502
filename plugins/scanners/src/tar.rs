//! Archives of tar, as Go's `archive/tar` reads them.

mod header;
mod pax;
mod sparse;

use forebay_sdk::config::Pointer;
use forebay_sdk::{Config, Error, Problem, Value};

use crate::cutting::{Cut, Leaf};
use crate::out::Out;
use crate::plan::{Kind, Plan};
use header::{BLOCK, Header};
use pax::Pax;
use sparse::Piece;

/// Every entry of a tar archive is a message.
///
/// Folders and links are entries, too, with empty messages. The metadata `tar_name` holds the name of the entry.
#[derive(Config)]
pub(crate) struct TarConfig {}

/// Bytes that a description of the next entry may have, as in Go.
const DESCRIPTION: u64 = 1 << 20;

/// Reads one archive.
#[derive(Default)]
pub(crate) struct Tar {
    state: State,
    /// What was read of a block or of the content of an entry.
    buffer: Vec<u8>,
    /// Of the entry that comes next.
    pax: Pax,
    long_name: Vec<u8>,
    is_over: bool,
    /// Whether messages have no names, as with the codec `tar`.
    is_nameless: bool,
}

#[derive(Default)]
enum State {
    #[default]
    Header,
    /// Behind a block of zeros.
    SecondZeros,
    /// The content of what describes the next entry, or all of them.
    Description {
        header: Header,
        left: u64,
    },
    /// More pieces of a sparse file.
    MorePieces {
        entry: Entry,
    },
    Content {
        entry: Entry,
        left: u64,
    },
    /// What fills the last block of an entry.
    Padding {
        left: u64,
    },
}

struct Entry {
    name: Vec<u8>,
    /// Bytes in the archive.
    size: u64,
    sparse: Sparse,
}

/// Where the pieces of a sparse file are said.
enum Sparse {
    No,
    Pieces {
        pieces: Vec<Piece>,
        size: u64,
        blocks: usize,
    },
    /// Before the content.
    InContent {
        size: u64,
    },
}

impl Kind for Tar {
    const NAME: &'static str = "tar";

    type Config = TarConfig;

    fn plan(TarConfig {}: TarConfig, _: &Pointer<'_>) -> Result<Box<dyn Plan>, Problem> {
        Ok(Box::new(Leaf(Self::default)))
    }
}

fn invalid() -> Error {
    Error::new("archive/tar: invalid tar header")
}

impl Tar {
    /// As the codec `tar` has it: without metadata.
    pub(crate) fn codec() -> Box<dyn Plan> {
        Box::new(Leaf(|| Self { is_nameless: true, ..Self::default() }))
    }

    /// Takes bytes until `wanted` are in the buffer; whether they are.
    fn fill(&mut self, bytes: &mut &[u8], wanted: u64) -> bool {
        let lacking = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(self.buffer.len());
        let (taken, after) = bytes.split_at(lacking.min(bytes.len()));
        self.buffer.extend_from_slice(taken);
        *bytes = after;
        taken.len() == lacking
    }

    /// Goes on by one state; false where there are too few bytes.
    fn step(&mut self, bytes: &mut &[u8], out: &mut Out) -> Result<bool, Error> {
        match std::mem::take(&mut self.state) {
            State::Header => {
                if !self.fill(bytes, BLOCK as u64) {
                    return Ok(false);
                }
                let block = std::mem::take(&mut self.buffer);
                if block.iter().all(|byte| *byte == 0) {
                    self.state = State::SecondZeros;
                } else {
                    let header = Header::parse(&block).ok_or_else(invalid)?;
                    self.begin(header, &block, out)?;
                }
            }
            State::SecondZeros => {
                if !self.fill(bytes, BLOCK as u64) {
                    self.state = State::SecondZeros;
                    return Ok(false);
                }
                if self.buffer.iter().any(|byte| *byte != 0) {
                    return Err(invalid());
                }
                self.is_over = true;
            }
            State::Description { header, left } => {
                if !self.fill(bytes, left) {
                    self.state = State::Description { header, left };
                    return Ok(false);
                }
                let content = std::mem::take(&mut self.buffer);
                self.describe(&header, &content, out)?;
                self.pad(left);
            }
            State::MorePieces { mut entry } => {
                if !self.fill(bytes, BLOCK as u64) {
                    self.state = State::MorePieces { entry };
                    return Ok(false);
                }
                let block = std::mem::take(&mut self.buffer);
                let more = entry.more_pieces(&block)?;
                self.state = if more { State::MorePieces { entry } } else { State::content(entry) };
            }
            State::Content { entry, left } => {
                if !self.fill(bytes, left) {
                    self.state = State::Content { entry, left };
                    return Ok(false);
                }
                let content = std::mem::take(&mut self.buffer);
                let (name, content) = entry.open(content)?;
                self.message(&name, &content, out);
                self.pad(left);
            }
            State::Padding { left } => {
                let taken = left.min(bytes.len() as u64);
                *bytes = bytes.get(usize::try_from(taken).unwrap_or(usize::MAX)..).unwrap_or_default();
                if taken < left {
                    self.state = State::Padding { left: left - taken };
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn message(&self, name: &[u8], content: &[u8], out: &mut Out) {
        out.payload().extend_from_slice(content);
        if !self.is_nameless {
            out.metadata().push("tar_name", Value::Text(&String::from_utf8_lossy(name)));
        }
        out.end();
    }

    fn pad(&mut self, size: u64) {
        let over = size % BLOCK as u64;
        self.state = if over == 0 { State::Header } else { State::Padding { left: BLOCK as u64 - over } };
    }

    /// Starts an entry, or what describes one.
    fn begin(&mut self, mut header: Header, block: &[u8], out: &mut Out) -> Result<(), Error> {
        let size = header.content_size().ok_or_else(invalid)?;
        if matches!(header.kind, b'x' | b'g' | b'L' | b'K') {
            if size > DESCRIPTION {
                return Err(Error::new("archive/tar: header field too long"));
            }
            self.state = State::Description { header, left: size };
            return Ok(());
        }
        let pax = std::mem::take(&mut self.pax);
        pax.merge(&mut header).ok_or_else(invalid)?;
        let long_name = std::mem::take(&mut self.long_name);
        if !long_name.is_empty() {
            header.name = long_name;
        }
        if header.kind == 0 {
            // Old archives have folders only by their names.
            header.kind = if header.name.ends_with(b"/") { b'5' } else { b'0' };
        }
        let size = header.content_size().ok_or_else(invalid)?;
        let sparse = Sparse::of(&mut header, &pax, block)?;
        if header.is_without_content() && !matches!(sparse, Sparse::No) {
            return Err(invalid());
        }
        let entry = Entry { name: header.name, size, sparse };
        let has_more = header.kind == b'S' && header::has_more_pieces(block);
        self.state = if has_more { State::MorePieces { entry } } else { State::content(entry) };
        if let State::Content { left: 0, .. } = &self.state {
            // There is nothing to wait for.
            self.step(&mut &[][..], out)?;
        }
        Ok(())
    }

    /// Keeps what the next entry is like. What is said of all entries is an entry of its own, as in Go.
    fn describe(&mut self, header: &Header, content: &[u8], out: &mut Out) -> Result<(), Error> {
        match header.kind {
            b'L' => self.long_name = header::text(content).to_vec(),
            b'x' => self.pax = Pax::parse(content).ok_or_else(invalid)?,
            b'g' => {
                let mut all = Header { name: header.name.clone(), kind: header.kind, size: header.size };
                // Go takes what is wrong here as it is.
                let _ = Pax::parse(content).ok_or_else(invalid)?.merge(&mut all);
                (self.pax, self.long_name) = (Pax::default(), Vec::new());
                self.message(&all.name, &[], out);
            }
            _ => {}
        }
        Ok(())
    }
}

impl State {
    fn content(entry: Entry) -> Self {
        let left = entry.size;
        Self::Content { entry, left }
    }
}

impl Entry {
    /// Adds the pieces in an extension of the header; whether another one follows.
    fn more_pieces(&mut self, block: &[u8]) -> Result<bool, Error> {
        let Sparse::Pieces { pieces, blocks, .. } = &mut self.sparse else { return Ok(false) };
        *blocks += 1;
        if *blocks * BLOCK > sparse::MAP {
            return Err(Error::new("archive/tar: sparse map too long"));
        }
        header::pieces(block.get(..504).unwrap_or_default(), pieces).ok_or_else(invalid)?;
        Ok(block.get(504).is_some_and(|more| *more > 0))
    }

    /// Its name and its content, with holes filled.
    fn open(self, content: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let whole = match self.sparse {
            Sparse::No => content,
            Sparse::Pieces { pieces, size, .. } => sparse::expand(&pieces, size, &content)?,
            Sparse::InContent { size } => {
                let (pieces, content) = sparse::read_map(&content)?;
                sparse::expand(&pieces, size, content)?
            }
        };
        Ok((self.name, whole))
    }
}

impl Cut for Tar {
    fn push(&mut self, bytes: &[u8], out: &mut Out) -> Result<usize, Error> {
        let mut left = bytes;
        while !self.is_over && !out.is_full() && self.step(&mut left, out)? {}
        Ok(bytes.len() - left.len())
    }

    fn finish(&mut self, _: &mut Out) -> Result<bool, Error> {
        match self.state {
            State::Header | State::SecondZeros if self.buffer.is_empty() => Ok(true),
            State::Padding { .. } => Ok(true),
            _ => Err(Error::new("unexpected EOF")),
        }
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

#[cfg(test)]
mod tests;
