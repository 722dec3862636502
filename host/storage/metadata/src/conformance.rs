//! What every metadata store does: one function for each behaviour, and random calls beside a model of Kafka.
//!
//! An implementation calls [`behaviours!`](crate::behaviours) with its [`Site`], and [`random_calls`].

mod agents;
mod cleaning;
mod compaction;
mod delayed;
mod groups;
mod idempotence;
mod index;
mod jobs;
mod model;
mod progress;
mod random;
mod retention;
mod scene;
mod security;
mod settling;
mod topics;
mod waking;

use std::sync::Arc;

use async_trait::async_trait;

pub use agents::*;
pub use cleaning::*;
pub use compaction::*;
pub use delayed::Delayed;
pub use groups::*;
pub use idempotence::*;
pub use index::*;
pub use jobs::*;
pub use progress::*;
pub use random::random_calls;
pub use retention::*;
pub use scene::Scene;
pub use security::*;
pub use settling::*;
pub use topics::*;
pub use waking::*;

use crate::{ManualClock, MetadataStore};

/// Where a store is.
#[async_trait]
pub trait Site: Send + Sync {
    /// Opens it: what was there is still there, unless [`Self::is_durable`] says otherwise. Only one at a time is open.
    async fn open(&self) -> Arc<dyn MetadataStore>;

    /// The clock that its stores go by.
    fn clock(&self) -> ManualClock;

    /// Whether it keeps anything when it is closed.
    fn is_durable(&self) -> bool;
}

/// A test for each behaviour. `$site` makes a new, empty [`Site`](crate::conformance::Site) for each.
#[macro_export]
macro_rules! behaviours {
    ($site:expr) => {
        $crate::behaviours! { $site =>
            topics_are_made_described_and_deleted
            topics_that_kafka_takes_for_one_collide
            a_topic_made_again_shares_nothing
            partitions_are_only_added
            configs_are_replaced_if_they_are_what_was_seen
            virtual_clusters_share_nothing
            producers_are_numbered
            offsets_are_dense_in_the_order_of_the_commit
            adjacent_batches_are_one_run
            finding_stops_at_the_budget
            offsets_out_of_range_are_refused
            offsets_are_listed_by_time
            deleted_timestamps_are_no_longer_found
            log_append_time_is_the_time_of_the_commit
            minutes_tell_about_when_offsets_were_committed
            a_refused_request_fails_no_neighbour
            a_duplicate_gets_its_first_offset
            only_five_batches_are_remembered
            sequences_must_follow
            older_epochs_are_fenced
            what_is_unknown_of_a_producer_is_taken
            what_follows_a_refused_first_batch_is_refused
            sequences_start_over
            a_commit_is_done_once
            an_old_outcome_is_forgotten_but_not_repeated
            a_segment_named_too_long_ago_is_refused
            a_name_is_committed_once
            impossible_batches_are_refused
            commits_at_once_get_offsets_of_their_own
            a_condemned_name_is_never_committed
            what_is_referenced_is_never_condemned
            segments_without_records_are_found_after_the_grace
            condemned_names_are_kept_until_no_commit_can_come
            old_runs_are_trimmed
            large_logs_are_trimmed
            trimming_is_bounded
            records_are_deleted_up_to_an_offset
            deleted_topics_are_purged_bit_by_bit
            idle_producers_are_forgotten
            a_job_has_one_holder_until_its_lease_is_over
            a_job_that_was_done_is_not_due_at_once
            who_has_lost_a_lease_removes_nothing
            runs_are_replaced_and_their_segments_released
            what_has_changed_meanwhile_is_not_replaced
            nothing_is_moved_into_a_condemned_segment
            compaction_changes_nothing_else
            a_group_changes_only_if_it_is_what_was_seen
            one_of_many_changes_at_once_is_done
            groups_are_listed_by_id
            members_are_heard_of_by_the_clock_of_the_store
            groups_commit_offsets
            groups_are_behind_since_the_next_record_was_committed
            a_group_that_has_consumed_everything_is_not_behind
            progress_is_told_page_by_page
            a_change_of_a_group_wakes_who_waits
            a_commit_wakes_who_waits
            waiting_ends_with_its_time
            deleting_a_topic_wakes_who_waits
            acls_are_added_and_removed_once
            acls_have_another_version_when_they_change
            credentials_are_of_a_user_and_a_mechanism
            security_is_of_a_virtual_cluster
            agents_are_told_of_while_they_are_heard_of
            agents_have_numbers_that_no_other_had
            what_an_agent_says_of_itself_is_told
            agents_are_of_a_virtual_cluster
        }
    };
    ($site:expr => $($behaviour:ident)*) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                let site = $site;
                Box::pin($crate::conformance::$behaviour(&site)).await;
            }
        )*
    };
}
