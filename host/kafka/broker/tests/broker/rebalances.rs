//! Members that want to change a group at the same moment.

use forebay_storage_metadata::Groups as _;
use futures_util::future::join_all;

use crate::groups::{GROUP, consume, make_topic};
use crate::node::{Node, cluster};

async fn version(node: &Node) -> i64 {
    let loaded = node.metadata.load_groups(&cluster(), vec![GROUP.parse().unwrap()]).await.unwrap();
    loaded.groups[0].as_ref().map_or(0, |group| group.version.get())
}

const MEMBERS: i32 = 60;

#[tokio::test]
async fn changes_that_come_together_are_written_together() {
    let [a, b] = Node::pair().await;
    make_topic(&a).await;
    assert_eq!(consume(&a, "first", 0, None).await.error_code, 0);
    let before = version(&a).await;
    let joins = (0..MEMBERS).map(|member| {
        let (node, name) = (if member % 2 == 0 { &a } else { &b }, format!("member-{member}"));
        async move { consume(node, &name, 0, None).await }
    });
    let told = join_all(joins).await;
    assert!(told.iter().all(|told| told.error_code == 0), "{told:?}");
    // Each has an epoch of its own, as if they had come one after the other.
    let mut epochs: Vec<i32> = told.iter().map(|told| told.member_epoch).collect();
    epochs.sort_unstable();
    assert_eq!(epochs, (2..MEMBERS + 2).collect::<Vec<_>>());
    let written = version(&a).await - before;
    assert!(written < i64::from(MEMBERS) / 2, "{written} writes for {MEMBERS} members");
}
