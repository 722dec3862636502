use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::Bytes;
use forebay_kafka_wire::{Pieces, Unwritten};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::frame_memory::FrameMemory;

/// Bytes that a client must take, or send, within one patience.
const PIECE: usize = 64 << 10;
/// Pieces of an answer that are handed to the system at once.
const SLICES: usize = 64;
/// What a client has to send, or to take, in a second, beside the patience for the whole frame.
const BYTES_PER_SECOND: usize = 64 << 10;

/// Why a connection is closed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Impatient {
    #[error("nothing was asked for too long")]
    Idle,
    #[error("a frame took too long to come")]
    SlowFrame,
    #[error("an answer took too long to be taken")]
    SlowAnswer,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The length in front of the next frame; none when the client has closed the connection.
pub(super) async fn read_prefix(
    from: &mut (impl AsyncRead + Unpin),
    idle: Duration,
    stalled: Duration,
) -> Result<Option<[u8; 4]>, Impatient> {
    let mut prefix = [0; 4];
    let first = tokio::time::timeout(idle, from.read(&mut prefix)).await.map_err(|_| Impatient::Idle)??;
    if first == 0 {
        return Ok(None);
    }
    tokio::time::timeout(stalled, from.read_exact(&mut prefix[first..]))
        .await
        .map_err(|_| Impatient::SlowFrame)??;
    Ok(Some(prefix))
}

/// A frame of `length` bytes. Memory is taken and room is made as the bytes come; a client is not late while we wait for
/// memory.
pub(super) async fn read_frame(
    from: &mut (impl AsyncRead + Unpin),
    length: usize,
    stalled: Duration,
    memory: &mut FrameMemory,
) -> Result<Bytes, Impatient> {
    let mut frame = Vec::new();
    let mut all_by = Instant::now() + stalled;
    let mut piece_by = all_by;
    let mut piece_end = PIECE;
    while frame.len() < length {
        let asked = Instant::now();
        let room = memory.grow(frame.len(), length).await;
        let waited = asked.elapsed();
        all_by += waited;
        piece_by += waited;
        frame.reserve(room - frame.len());
        let mut some = (&mut *from).take(u64::try_from(room - frame.len()).unwrap_or(u64::MAX));
        let read = tokio::time::timeout_at(all_by.min(piece_by), some.read_buf(&mut frame));
        let count = read.await.map_err(|_| Impatient::SlowFrame)??;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        all_by += Duration::from_secs(1).mul_f64(as_part(count, BYTES_PER_SECOND));
        if frame.len() >= piece_end {
            piece_end = frame.len() + PIECE;
            piece_by = Instant::now() + stalled;
        }
    }
    Ok(Bytes::from(frame))
}

/// How many times `whole` goes into `part`, which is small.
fn as_part(part: usize, whole: usize) -> f64 {
    let small = |bytes| u32::try_from(bytes).map_or(f64::from(u32::MAX), f64::from);
    small(part) / small(whole)
}

/// Sends a frame, without putting its pieces together. A client that takes nothing for too long, or all of it too slowly, is
/// given up: meanwhile it holds memory that others wait for.
pub(super) async fn write_frame(
    into: &mut (impl AsyncWrite + Unpin),
    frame: &Pieces,
    stalled: Duration,
) -> Result<(), Impatient> {
    let all_by =
        Instant::now() + stalled + Duration::from_secs(1).mul_f64(as_part(frame.len(), BYTES_PER_SECOND));
    let mut unwritten = frame.unwritten();
    while !unwritten.is_empty() {
        let by = all_by.min(Instant::now() + stalled);
        let piece = write_piece(into, &mut unwritten);
        tokio::time::timeout_at(by, piece).await.map_err(|_| Impatient::SlowAnswer)??;
    }
    // What TLS still holds.
    tokio::time::timeout(stalled, into.flush()).await.map_err(|_| Impatient::SlowAnswer)??;
    Ok(())
}

/// Says that nothing more comes. A client that is gone does not hear it.
pub(super) async fn end(into: &mut (impl AsyncWrite + Unpin), stalled: Duration) {
    let _ = tokio::time::timeout(stalled, into.shutdown()).await;
}

/// Sends as much as a client must take within one patience, or more.
async fn write_piece(
    into: &mut (impl AsyncWrite + Unpin),
    unwritten: &mut Unwritten<'_>,
) -> Result<(), io::Error> {
    let end = unwritten.len().saturating_sub(PIECE);
    loop {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = unwritten.slices(&mut slices);
        let written = into.write_vectored(&slices[..count]).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        unwritten.advance(written);
        if unwritten.len() <= end {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::{Either, select};
    use tokio::io::duplex;

    use super::*;
    use crate::server::frame_memory::Frames;

    const LONG: Duration = Duration::from_secs(1000);
    const SHORT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_nothing_is_given_up_after_a_while() {
        let (_client, mut server) = duplex(100);
        assert!(matches!(read_prefix(&mut server, LONG, SHORT).await, Err(Impatient::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_does_not_come_is_given_up_sooner() {
        let (mut client, mut server) = duplex(100);
        client.write_all(&[0, 0]).await.unwrap();
        assert!(matches!(read_prefix(&mut server, LONG, SHORT).await, Err(Impatient::SlowFrame)));
        client.write_all(&[1, 2, 3]).await.unwrap();
        let mut memory = Frames::new(100).frame();
        let read = read_frame(&mut server, 4, SHORT, &mut memory).await;
        assert!(matches!(read, Err(Impatient::SlowFrame)));
    }

    /// However long the frame is said to be.
    #[tokio::test(start_paused = true)]
    async fn a_frame_that_comes_byte_by_byte_is_given_up() {
        let (mut client, mut server) = duplex(100);
        let mut memory = Frames::new(1 << 20).frame();
        let drip = async {
            loop {
                client.write_all(&[0]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let read = Box::pin(read_frame(&mut server, 1 << 30, SHORT, &mut memory));
        let Either::Left((read, _)) = select(read, Box::pin(drip)).await;
        assert!(matches!(read, Err::<Bytes, _>(Impatient::SlowFrame)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let (_client, mut server) = duplex(100);
        assert!(matches!(
            write_frame(&mut server, &Bytes::from_static(&[0; 101]).into(), SHORT).await,
            Err(Impatient::SlowAnswer)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_byte_by_byte_is_given_up() {
        let (mut client, mut server) = duplex(100);
        let drip = async {
            loop {
                client.read_exact(&mut [0; 16 << 10]).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let answer = Bytes::from(vec![0; 1 << 20]).into();
        let written = Box::pin(write_frame(&mut server, &answer, SHORT));
        let Either::Left((written, _)) = select(written, Box::pin(drip)).await;
        assert!(matches!(written, Err::<(), _>(Impatient::SlowAnswer)));
    }

    #[tokio::test]
    async fn whole_frames_are_read_and_the_end_is_seen() {
        let (mut client, mut server) = duplex(100);
        client.write_all(&[0, 0, 0, 3, b'a', b'b', b'c']).await.unwrap();
        drop(client);
        assert_eq!(read_prefix(&mut server, LONG, SHORT).await.unwrap(), Some([0, 0, 0, 3]));
        assert_eq!(
            read_frame(&mut server, 3, SHORT, &mut Frames::new(100).frame()).await.unwrap(),
            &b"abc"[..]
        );
        assert_eq!(read_prefix(&mut server, LONG, SHORT).await.unwrap(), None);
    }
}
