//! The checker finds agents that lie: real ones, with a fault planted where they commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use forebay_storage_metadata::{CommitOutcome, ProduceOutcome, SegmentCommit};
use forebay_tests_load::{Hook, Load, Point, Run, Step, laws};

use crate::ground::{addresses, agent, in_memory, workers};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lie {
    /// Acknowledges a request that it drops.
    Drops,
    /// Does not know duplicates, and answers late, so that there are some.
    Doubles,
    /// Puts the requests of a segment into another order.
    Reorders,
    /// Tells a wrong offset.
    Misplaces,
}

#[derive(Debug)]
struct Liar {
    lie: Lie,
    commits: AtomicUsize,
}

#[async_trait]
impl Hook for Liar {
    async fn at(&self, point: Point) -> Step {
        let is_late = self.lie == Lie::Doubles && point == Point::AfterCommit;
        if is_late && self.commits.load(Ordering::SeqCst).is_multiple_of(4) {
            tokio::time::sleep(Duration::from_millis(450)).await;
        }
        Step::GoOn
    }

    fn change(&self, commit: &mut SegmentCommit) {
        let nth = self.commits.fetch_add(1, Ordering::SeqCst);
        match self.lie {
            Lie::Drops if nth % 5 == 3 => {
                // Its answer has no batches then, and nobody looks.
                commit.requests.iter_mut().take(1).for_each(|request| request.batches.clear());
            }
            Lie::Doubles => {
                let batches = commit.requests.iter_mut().flat_map(|request| &mut request.batches);
                batches.for_each(|batch| batch.producer = None);
            }
            Lie::Reorders => {
                let batches = commit.requests.iter_mut().flat_map(|request| &mut request.batches);
                batches.for_each(|batch| batch.producer = None);
                commit.requests.reverse();
            }
            Lie::Drops | Lie::Misplaces => {}
        }
    }

    fn tell(&self, outcome: &mut CommitOutcome) {
        match self.lie {
            Lie::Misplaces => {
                for request in &mut outcome.requests {
                    let ProduceOutcome::Committed(batches) = request else { continue };
                    for batch in batches {
                        let next = batch.base_offset.advanced(forebay_model::RecordCount::new(1));
                        batch.base_offset = next.unwrap();
                    }
                }
            }
            Lie::Reorders => outcome.requests.reverse(),
            Lie::Drops | Lie::Doubles => {}
        }
    }
}

fn laws_broken_by(lie: Lie) -> Vec<&'static str> {
    let workers = workers();
    workers.block_on(async {
        let ground = in_memory();
        let liar = Liar { lie, commits: AtomicUsize::new(0) };
        let node = agent(&ground, Arc::new(liar), &workers).await;
        let timeout = Duration::from_millis(300);
        let patience = Duration::from_secs(4);
        let load = Load { requests: 40, timeout, patience, plain: 0, ..Load::default() };
        let mut run = Run::new(format!("{lie:?}"), 1, load, addresses([&node]));
        run.create_topic().await.unwrap();
        run.work(std::future::pending()).await;
        let history = run.history();
        let mut found: Vec<_> = laws::check(&history).iter().map(laws::Violation::law).collect();
        let error = run.finish().await.unwrap_err().to_string();
        println!("{error}");
        let kept = error.split("the history is in ").nth(1).and_then(|rest| rest.split('\n').next()).unwrap();
        let kept = std::fs::File::open(kept).unwrap();
        let kept = forebay_tests_load::History::load(std::io::BufReader::new(kept)).unwrap();
        found.extend(laws::check(&kept).iter().map(laws::Violation::law));
        found.sort_unstable();
        found.dedup();
        println!("{lie:?}: {found:?}");
        found
    })
}

#[test]
fn a_record_that_was_acknowledged_and_dropped_is_missed() {
    let found = laws_broken_by(Lie::Drops);
    assert!(found.contains(&"lost") || found.contains(&"elsewhere"), "{found:?}");
}

#[test]
fn a_record_that_is_there_twice_is_found() {
    assert!(laws_broken_by(Lie::Doubles).contains(&"doubled"));
}

#[test]
fn records_in_another_order_are_found() {
    assert!(laws_broken_by(Lie::Reorders).contains(&"disordered"));
}

#[test]
fn a_wrong_offset_is_found() {
    let found = laws_broken_by(Lie::Misplaces);
    assert!(found.contains(&"elsewhere"), "{found:?}");
}
