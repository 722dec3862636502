//! Clients that take their time.

use forebay_tests_load::Connection;
use futures_util::future::join_all;

use super::{attacked, connect};

/// How many there are.
const MANY: usize = 300;

/// Says that it will send so much, and sends one byte of it.
async fn claim(connection: &mut Connection, bytes: u32) {
    connection.send_bytes(&bytes.to_be_bytes()).await.unwrap();
    connection.send_bytes(&[0]).await.unwrap();
}

#[test]
fn who_claims_much_and_sends_little_holds_up_nobody() {
    attacked("300 slow senders of 100 MB each", |address| async move {
        let mut connections = join_all((0..MANY).map(|_| connect(address))).await;
        for connection in &mut connections {
            claim(connection, 100_000_000).await;
        }
        connections
    });
}
