use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes that a client must take within one patience.
const PIECE: usize = 64 << 10;
/// Room that is made for a frame before any byte of it has come.
const FIRST_ROOM: usize = 64 << 10;
/// What a client has to send in a second, beside the patience for the whole frame.
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

/// A frame of `length` bytes. Room is made as the bytes come.
pub(super) async fn read_frame(
    from: &mut (impl AsyncRead + Unpin),
    length: usize,
    stalled: Duration,
) -> Result<Bytes, Impatient> {
    let seconds = u64::try_from(length / BYTES_PER_SECOND).unwrap_or(0);
    let patience = stalled + Duration::from_secs(seconds);
    let read = async {
        let mut frame = Vec::with_capacity(length.min(FIRST_ROOM));
        let mut from = from.take(u64::try_from(length).unwrap_or(u64::MAX));
        while frame.len() < length {
            if from.read_buf(&mut frame).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
        }
        Ok(Bytes::from(frame))
    };
    let frame = tokio::time::timeout(patience, read).await.map_err(|_| Impatient::SlowFrame)??;
    Ok(frame)
}

/// Sends a frame. A client that takes nothing for too long is given up.
pub(super) async fn write_frame(
    into: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
    stalled: Duration,
) -> Result<(), Impatient> {
    for piece in frame.chunks(PIECE) {
        tokio::time::timeout(stalled, into.write_all(piece)).await.map_err(|_| Impatient::SlowAnswer)??;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

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
        assert!(matches!(read_frame(&mut server, 4, SHORT).await, Err(Impatient::SlowFrame)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let (_client, mut server) = duplex(100);
        assert!(matches!(write_frame(&mut server, &[0; 101], SHORT).await, Err(Impatient::SlowAnswer)));
    }

    #[tokio::test]
    async fn whole_frames_are_read_and_the_end_is_seen() {
        let (mut client, mut server) = duplex(100);
        client.write_all(&[0, 0, 0, 3, b'a', b'b', b'c']).await.unwrap();
        drop(client);
        assert_eq!(read_prefix(&mut server, LONG, SHORT).await.unwrap(), Some([0, 0, 0, 3]));
        assert_eq!(read_frame(&mut server, 3, SHORT).await.unwrap(), &b"abc"[..]);
        assert_eq!(read_prefix(&mut server, LONG, SHORT).await.unwrap(), None);
    }
}
