use std::sync::Arc;

use forebay_storage_objects::{Limited, Limits, RetryPolicy, Retrying, conformance, open};

use crate::server::Server;

#[tokio::test]
async fn gs_conforms() {
    let Some(moto) = Server::moto() else { return };
    moto.make_bucket("bucket");
    let url = format!("gs://bucket/a/prefix?base_url=http://{}&bearer_token=any", moto.address);
    let limited = Limited::new(open(&url, []).unwrap(), Limits { puts: 16, others: 16, get_bytes: 1 << 24 });
    conformance::all(&Retrying::new(Arc::new(limited), RetryPolicy::background())).await;
}
