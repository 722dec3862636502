//! The client of Kafka clusters, the same behaviours on each cluster that there is: an agent over TCP, an agent in the
//! same process, and Apache Kafka where `KAFKA_HOME` says where it is.

#![cfg(test)]

mod agents;
mod apache;
mod changes;
mod consuming;
mod ground;
mod groups;
mod producing;
mod rebalances;
mod rights;
mod tokens;
mod troubles;

use crate::ground::Ground;

/// Each behaviour on both ways to an agent, and all of them in one test on Apache Kafka, which takes long to start.
macro_rules! behaviours {
    ($($module:ident::$name:ident;)*) => {
        mod in_process {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let ground = crate::Ground::in_process().await;
                crate::$module::$name(&ground).await;
                ground.stop().await;
            })*
        }

        mod over_tcp {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let ground = crate::Ground::over_tcp().await;
                crate::$module::$name(&ground).await;
                ground.stop().await;
            })*
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn apache_kafka() {
            let Some(kafka) = crate::apache::Apache::start().await else {
                println!("KAFKA_HOME is not set: this did not run on Apache Kafka");
                return;
            };
            let ground = Ground::apache(&kafka);
            $(
                println!("{}", stringify!($name));
                $module::$name(&ground).await;
            )*
            tokens::tokens_are_taken_renewed_and_refused(&kafka, &ground).await;
        }
    };
}

behaviours! {
    producing::records_come_back_as_they_were;
    producing::every_compression_is_read_again;
    producing::order_is_kept_with_many_batches;
    producing::what_can_not_be_is_refused_by_name;
    producing::acks_of_nobody_and_of_the_leader;
    consuming::partitions_start_where_they_are_told_to;
    consuming::a_pattern_finds_topics_that_come_later;
    consuming::what_is_paused_is_not_handed_out;
    consuming::a_topic_that_is_made_anew_is_read_from_its_start;
    consuming::new_partitions_are_found;
    changes::partitions_that_are_added_are_shared_out;
    changes::a_group_reads_a_topic_that_is_made_anew_from_its_start;
    changes::a_topic_that_is_gone_is_waited_for;
    groups::offsets_are_kept_for_the_next_member;
    groups::a_committed_place_that_is_not_there_is_left;
    groups::members_share_and_hand_over;
    groups::a_member_that_is_killed_is_replaced;
    groups::a_member_with_a_name_comes_back_to_its_partitions;
    rebalances::nothing_is_lost_while_members_come_and_go;
    troubles::requests_that_fail_are_made_again;
}
