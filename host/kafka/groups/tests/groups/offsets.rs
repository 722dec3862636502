use std::time::Duration;

use forebay_kafka_groups::offsets::{Committed, is_expired};
use forebay_kafka_groups::{ClassicGroup, Group};

use crate::{START, at};

#[test]
fn offsets_are_kept_from_when_the_last_member_has_gone() {
    let retention = Duration::from_secs(100);
    let committed = |seconds| Committed { at: at(seconds), expires_at: None, is_subscribed: true };
    let mut group = ClassicGroup::empty(at(50));
    // One that never had members: each for itself.
    let simple = Group::Classic(group.clone());
    assert!(is_expired(&simple, committed(0), retention, at(100)));
    assert!(!is_expired(&simple, committed(1), retention, at(100)));
    group.protocol_type = Some("consumer".to_owned());
    let left = Group::Classic(group);
    assert!(!is_expired(&left, committed(0), retention, at(149)));
    assert!(is_expired(&left, committed(0), retention, at(150)));
    assert!(!is_expired(&left, committed(60), retention, at(150)));
    // The group has said it itself.
    let own = Committed { expires_at: Some(at(10)), ..committed(0) };
    assert!(is_expired(&left, own, retention, at(10)) && !is_expired(&left, own, retention, START));
}
