use std::collections::BTreeMap;

use forebay_model::{MemberId, TopicId};

use super::Subscriber;
use crate::consumer::Partitions;

/// The members of each topic in the order of their instance ids or ids, the first ones with one partition more where
/// it does not come out even.
pub(super) fn assign(
    members: &BTreeMap<MemberId, Subscriber>,
    topics: &BTreeMap<TopicId, i32>,
) -> BTreeMap<MemberId, Partitions> {
    let mut target: BTreeMap<MemberId, Partitions> =
        members.keys().map(|id| (id.clone(), Partitions::new())).collect();
    let mut sorted: Vec<(&MemberId, &Subscriber)> = members.iter().collect();
    sorted.sort_by_key(|(id, member)| (member.instance.as_deref().unwrap_or(id.as_str()), *id));
    for (topic, count) in topics {
        let subscribers: Vec<_> = sorted.iter().filter(|(_, member)| member.topics.contains(topic)).collect();
        let Ok(among) = i32::try_from(subscribers.len()) else { continue };
        if among == 0 {
            continue;
        }
        let (each, more) = (count / among, count % among);
        let mut next = 0;
        for (index, (id, _)) in (0..).zip(subscribers) {
            let end = next + each + i32::from(index < more);
            if end > next {
                target.entry((*id).clone()).or_default().insert(*topic, (next..end).collect());
            }
            next = end;
        }
    }
    target
}
