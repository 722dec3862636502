//! What nobody can avoid: reading from a socket, a checksum, writing to a file and a sync.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};
use forebay_lifecycle::clock;
use forebay_model::{ProducerEpoch, ProducerId};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::connection::TOPIC;
use crate::figures::GIB;
use crate::folder::Folder;
use crate::frame::Frame;
use crate::load::Load;
use crate::options::Options;
use crate::server::cpu_of;

/// What makes this program the process that does it.
pub(crate) const ARGUMENT: &str = "--floor";
/// As much as a segment has.
const SYNC_AFTER: usize = 8 << 20;

/// Reads what one client sends, says where, and in the end how long that took of the processors.
pub(crate) fn serve() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let mut file = File::create(folder.path().join("floor"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    println!("{}", listener.local_addr()?);
    let (mut stream, _) = listener.accept()?;
    let (mut frame, mut unsynced, mut sum) = (Vec::new(), 0, 0_u32);
    let before = cpu_of("self")?;
    let mut length = [0; 4];
    while stream.read_exact(&mut length).is_ok() {
        frame.resize(usize::try_from(u32::from_be_bytes(length))?, 0);
        stream.read_exact(&mut frame)?;
        sum ^= crc32c::crc32c(&frame);
        file.write_all(&frame)?;
        unsynced += frame.len();
        if unsynced >= SYNC_AFTER {
            file.sync_data()?;
            unsynced = 0;
        }
    }
    file.sync_data()?;
    println!("{} {sum}", (cpu_of("self")? - before).as_secs_f64());
    Ok(())
}

/// The process, ended when this is dropped.
struct Floor(Child);

impl Drop for Floor {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// 10^6 bytes per second, and seconds of processors for a GiB.
pub(crate) async fn measure(load: Load, options: &Options) -> anyhow::Result<(f64, f64)> {
    let mut program = Command::new(std::env::current_exe()?);
    let mut floor = Floor(program.arg(ARGUMENT).stdout(Stdio::piped()).spawn()?);
    let mut told = BufReader::new(floor.0.stdout.take().context("its standard output")?);
    let mut line = String::new();
    told.read_line(&mut line)?;
    let address: SocketAddr = line.trim().parse()?;
    let mut frames = Frame::all(TOPIC, &[0], load, (ProducerId::new(0)?, ProducerEpoch::new(0)?))?;
    let frame = frames.first_mut().context("a partition has a request")?;
    let mut stream = TcpStream::connect(address).await?;
    let (began, mut bytes) = (clock::now(), 0);
    while began.elapsed() < options.full && bytes < options.most_bytes {
        let frame = frame.next(0);
        stream.write_all(frame).await?;
        bytes += frame.len() as u64;
    }
    drop(stream);
    line.clear();
    told.read_line(&mut line)?;
    let took = began.elapsed();
    ensure!(floor.0.wait()?.success(), "the floor has failed");
    let cpu: f64 = line.split(' ').next().unwrap_or_default().parse()?;
    Ok((bytes as f64 / 1e6 / took.as_secs_f64(), cpu / (bytes as f64 / GIB)))
}
