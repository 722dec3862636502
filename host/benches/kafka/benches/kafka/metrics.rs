use std::net::SocketAddr;

use anyhow::ensure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Requests to an object store that an agent has made since its start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StoreRequests {
    pub(crate) puts: f64,
    pub(crate) gets: f64,
}

const COUNT: &str = "warpstream_blob_store_operation_latency_count{";

impl StoreRequests {
    /// Asks `/metrics`.
    pub(crate) async fn of(http: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(http).await?;
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "there are no metrics: {answer}");
        let mut requests = Self::default();
        for line in answer.lines().filter_map(|line| line.strip_prefix(COUNT)) {
            let count: f64 = line.rsplit(' ').next().unwrap_or_default().parse()?;
            if line.contains("operation=\"put\"") {
                requests.puts += count;
            } else if line.contains("operation=\"get\"") {
                requests.gets += count;
            }
        }
        Ok(requests)
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { puts: self.puts - earlier.puts, gets: self.gets - earlier.gets }
    }
}
