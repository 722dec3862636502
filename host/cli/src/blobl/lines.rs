//! Lines as Go's scanner gives them: ended by `\n`, a `\r` before it dropped, the last one maybe without an end.

use std::io::Read;

/// Bytes that one read asks for.
const CHUNK: usize = 64 << 10;

/// Cuts what is read into lines.
pub(super) struct Lines<R> {
    source: R,
    /// Bytes that a line may have, its end included.
    longest: usize,
    /// The beginning of a line whose end is still to come.
    begun: Vec<u8>,
    chunk: Vec<u8>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R, longest: usize) -> Self {
        Self { source, longest, begun: Vec::new(), chunk: vec![0; CHUNK] }
    }

    /// The lines that the next read completes; with the last of them how it ended. Waits for the source.
    pub(super) fn next(&mut self) -> (Vec<Vec<u8>>, Option<Result<(), String>>) {
        let read = loop {
            match self.source.read(&mut self.chunk) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = match read {
            Ok(0) => {
                let last = std::mem::take(&mut self.begun);
                let lines = if last.is_empty() { Vec::new() } else { vec![without_return(last)] };
                return (lines, Some(Ok(())));
            }
            Ok(count) => count,
            Err(error) => return (Vec::new(), Some(Err(error.to_string()))),
        };
        let mut lines = Vec::new();
        for piece in self.chunk[..count].split_inclusive(|byte| *byte == b'\n') {
            let (content, is_whole) = match piece.strip_suffix(b"\n") {
                Some(content) => (content, true),
                None => (piece, false),
            };
            self.begun.extend_from_slice(content);
            if self.begun.len() >= self.longest {
                return (lines, Some(Err("bufio.Scanner: token too long".to_owned())));
            }
            if is_whole {
                lines.push(without_return(std::mem::take(&mut self.begun)));
            }
        }
        (lines, None)
    }
}

fn without_return(mut line: Vec<u8>) -> Vec<u8> {
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let (now, rest) = self.0.split_at(self.1.min(self.0.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.0 = rest;
            Ok(now.len())
        }
    }

    fn all(text: &str, step: usize, longest: usize) -> (Vec<String>, Result<(), String>) {
        let mut lines = Lines::new(Slow(text.as_bytes(), step), longest);
        let mut found = Vec::new();
        loop {
            let (bunch, end) = lines.next();
            found.extend(bunch.into_iter().map(|line| String::from_utf8(line).unwrap()));
            if let Some(end) = end {
                return (found, end);
            }
        }
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        for step in 1..9 {
            let (found, end) = all("a\r\n\nbcd\ne", step, 100);
            assert_eq!((found.join("|"), end), ("a||bcd|e".to_owned(), Ok(())), "{step}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_ends_it() {
        assert_eq!(
            all("123\n1234\n5\n", 100, 4),
            (vec!["123".to_owned()], Err("bufio.Scanner: token too long".to_owned()))
        );
        assert!(all("123", 1, 4).1.is_ok());
        assert!(all("1234", 1, 4).1.is_err());
    }
}
