//! The task that turns buffers into segments: it starts the put of each, and hands it to the lane of its cluster, in
//! the order in which they were flushed.

use std::collections::HashMap;
use std::sync::Arc;

use forebay_lifecycle::Spawner;
use forebay_model::VirtualClusterId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::buffer::Buffer;
use super::lane::{self, Flight};
use super::shared::Shared;
use super::upload::{self, Upload};
use crate::segment::SegmentContents;

/// The lanes of all clusters, by cluster. One is started when its cluster first has something, and stays.
type Lanes = HashMap<VirtualClusterId, mpsc::Sender<Flight>>;

pub(super) async fn run(shared: Arc<Shared>, spawner: Spawner) {
    let mut lanes = Lanes::new();
    loop {
        let due = shared.due(Instant::now());
        for (cluster, buffer) in due.buffers {
            flush(&shared, &spawner, &mut lanes, cluster, buffer).await;
        }
        if due.ended {
            return;
        }
        // A wake that came since then is not lost: the next wait ends at once.
        let woken = shared.wake.notified();
        match due.next {
            Some(next) => drop(timeout_at(next, woken).await),
            None => woken.await,
        }
    }
}

async fn flush(
    shared: &Arc<Shared>,
    spawner: &Spawner,
    lanes: &mut Lanes,
    cluster: VirtualClusterId,
    buffer: Buffer,
) {
    let Buffer { requests, replies, bytes, opened } = buffer;
    let SegmentContents { payload, requests: commits } = SegmentContents::lay_out(&requests);
    // The payload has the bytes; of the batches only what is committed is needed from now on.
    drop(requests);
    let size = payload.len() as u64;
    let (done, uploaded) = oneshot::channel();
    let is_awaited = shared.feed.get().is_some_and(|feed| feed.index.is_awaited(&commits));
    let upload = Upload { cluster: cluster.clone(), payload, is_awaited };
    let put = upload::run(Arc::clone(shared), upload);
    spawner.spawn(async move {
        // A lane that is gone needs no answer.
        let _ = done.send(put.await);
    });
    let flight = Flight { uploaded, requests: commits, replies, bytes, size, opened };
    let lane = lanes.entry(cluster).or_insert_with_key(|cluster| {
        // As many as there may be; the ones above that wait here.
        let (lane, flights) = mpsc::channel(shared.settings.most_unflushed_files);
        spawner.spawn(lane::run(Arc::clone(shared), cluster.clone(), flights));
        lane
    });
    if let Err(mpsc::error::SendError(flight)) = lane.send(flight).await {
        // The lane has panicked: the replies are dropped, which tells those who wait.
        tracing::error!("what commits segments has ended early");
        shared.release(flight.bytes);
    }
}
