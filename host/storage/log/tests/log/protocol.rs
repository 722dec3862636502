//! A model of how segments are committed, and every world that it can lead to.
//!
//! One idempotent producer sends two batches to one partition of which the metadata store knows nothing yet, twice at
//! most; two agents write them, each a segment; a cleaner looks for orphans. A step is what one of them does at once:
//! between any two of them anybody may pause or be killed, a put may land late, an answer may be lost. In every world
//! that can be reached, these hold:
//!
//! - An index entry refers to an object that is there.
//! - What was acknowledged is in the index.
//! - No batch is in it twice.
//! - The batches are in the order in which they were sent.
//!
//! Each rule of the protocol is taken away once, to show that without it one of these does not hold: so the rules are
//! all needed, and the model can fail.

use std::collections::{HashSet, VecDeque};

/// The rules.
#[derive(Debug, Clone, Copy)]
struct Rules {
    /// The store refuses to commit a condemned name.
    refuse_condemned: bool,
    /// A name is condemned only if nothing in the index refers to it, and deleted only when it is condemned.
    condemn_first: bool,
    /// An agent asks for the next commit when the outcome of the one before is known.
    flush_order: bool,
    /// What follows a batch that failed fails too.
    fail_followers: bool,
    /// An outcome that is not known is asked for under the same id, and not taken for a failure that is made good by
    /// the agent itself.
    settle_by_id: bool,
}

const ALL: Rules = Rules {
    refuse_condemned: true,
    condemn_first: true,
    flush_order: true,
    fail_followers: true,
    settle_by_id: true,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct World {
    segments: Vec<Segment>,
    /// Batch and segment, by offset.
    index: Vec<(u8, u8)>,
    acked: [bool; 2],
    sent: [u8; 2],
    dead: [bool; 2],
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Segment {
    agent: u8,
    batch: u8,
    put: Put,
    /// It is in the bucket.
    is_there: bool,
    condemned: bool,
    commit: Commit,
    /// The client has its answer, or will never have one.
    answered: bool,
    /// The answer was, or will be taken for, a failure.
    failed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Put {
    UnderWay,
    Done,
    /// Reported as failed. It may still land.
    Failed,
    /// Nothing comes any more.
    Over,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Commit {
    NotAsked,
    /// On its way to the store: it may be done now, or later, also when nobody waits for it any more.
    Asked,
    Done(Outcome),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Committed,
    Duplicate,
    OutOfOrder,
    Condemned,
}

/// How often each batch is sent.
const SENDS: u8 = 2;

impl World {
    fn worlds_after(&self, rules: Rules) -> Vec<Self> {
        let mut next = Vec::new();
        for batch in 0..2 {
            for agent in 0..2 {
                next.extend(self.send(batch, agent));
            }
        }
        for at in 0..self.segments.len() {
            next.extend(self.put_lands(at));
            next.extend(self.put_fails(at));
            next.extend(self.asks(at, rules));
            next.extend(self.is_committed(at, rules));
            next.extend(self.answers(at));
            next.extend(self.gives_up(at, rules));
            next.extend(self.is_condemned(at, rules));
            next.extend(self.is_deleted(at, rules));
        }
        for agent in 0..2 {
            next.extend(self.is_killed(agent));
        }
        next
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Vec<Self> {
        let mut world = self.clone();
        change(&mut world);
        vec![world]
    }

    /// The client sends a batch: the second behind the first, and again when it failed. All that is under way goes to
    /// one agent.
    fn send(&self, batch: u8, agent: u8) -> Vec<Self> {
        let b = usize::from(batch);
        let under_way = || self.segments.iter().filter(|segment| !segment.answered);
        let elsewhere = under_way().any(|segment| segment.agent != agent);
        // In order: the second only behind the first that it follows, which is under way or acknowledged.
        let first_is_out = self.acked[0] || under_way().any(|segment| segment.batch == 0);
        let may = !self.acked[b]
            && self.sent[b] < SENDS
            && !self.dead[usize::from(agent)]
            && !elsewhere
            && !under_way().any(|segment| segment.batch == batch)
            && (batch == 0 || first_is_out)
            // What was sent behind it is under way no more either.
            && (batch == 1 || !under_way().any(|segment| segment.batch == 1));
        if !may {
            return Vec::new();
        }
        self.with(|world| {
            world.sent[b] += 1;
            world.segments.push(Segment {
                agent,
                batch,
                put: Put::UnderWay,
                is_there: false,
                condemned: false,
                commit: Commit::NotAsked,
                answered: false,
                failed: false,
            });
        })
    }

    fn put_lands(&self, at: usize) -> Vec<Self> {
        match self.segments[at].put {
            Put::UnderWay => {
                let mut worlds = self.with(|world| {
                    world.segments[at].put = Put::Done;
                    world.segments[at].is_there = true;
                });
                // It lands, and is reported as failed.
                worlds.extend(self.with(|world| {
                    world.segments[at].put = Put::Over;
                    world.segments[at].is_there = true;
                    world.segments[at].fail();
                }));
                worlds
            }
            // Late.
            Put::Failed => self.with(|world| {
                world.segments[at].put = Put::Over;
                world.segments[at].is_there = true;
            }),
            Put::Done | Put::Over => Vec::new(),
        }
    }

    fn put_fails(&self, at: usize) -> Vec<Self> {
        if self.segments[at].put != Put::UnderWay {
            return Vec::new();
        }
        self.with(|world| {
            world.segments[at].put = Put::Failed;
            world.segments[at].fail();
        })
    }

    /// The agent asks for a commit.
    fn asks(&self, at: usize, rules: Rules) -> Vec<Self> {
        let segment = &self.segments[at];
        let is_ready = segment.put == Put::Done && segment.commit == Commit::NotAsked && !segment.answered;
        let before = || self.segments[..at].iter().filter(|other| other.agent == segment.agent);
        let is_next = before().all(|other| other.answered || other.failed);
        if !is_ready || (rules.flush_order && !is_next) || self.dead[usize::from(segment.agent)] {
            return Vec::new();
        }
        // Behind what failed, unless that has come again.
        let came_again = |failed: &Segment| {
            self.index.iter().any(|(batch, _)| *batch == failed.batch)
                && before().any(|other| other.batch == failed.batch && other.answered && !other.failed)
        };
        let follows = before().any(|other| other.failed && other.batch < segment.batch && !came_again(other));
        if rules.fail_followers && follows {
            return self.with(|world| world.segments[at].fail());
        }
        self.with(|world| world.segments[at].commit = Commit::Asked)
    }

    /// The store does a commit.
    fn is_committed(&self, at: usize, rules: Rules) -> Vec<Self> {
        let segment = &self.segments[at];
        if segment.commit != Commit::Asked {
            return Vec::new();
        }
        let last = self.index.last().map(|(batch, _)| *batch);
        let is_in = self.index.iter().any(|(batch, _)| *batch == segment.batch);
        let outcome = if rules.refuse_condemned && segment.condemned {
            Outcome::Condemned
        } else if is_in {
            Outcome::Duplicate
        } else if last.is_some_and(|last| segment.batch != last + 1) {
            Outcome::OutOfOrder
        } else {
            // Where nothing is known of the producer, any sequence is taken.
            Outcome::Committed
        };
        self.with(|world| {
            world.segments[at].commit = Commit::Done(outcome);
            if outcome == Outcome::Committed {
                let segment = u8::try_from(at).unwrap();
                world.index.push((world.segments[at].batch, segment));
            }
        })
    }

    /// The outcome reaches the agent, now or when it has asked again under the same id, and the client.
    fn answers(&self, at: usize) -> Vec<Self> {
        let segment = &self.segments[at];
        let Commit::Done(outcome) = segment.commit else { return Vec::new() };
        if segment.answered || self.dead[usize::from(segment.agent)] {
            return Vec::new();
        }
        self.with(|world| match outcome {
            Outcome::Committed | Outcome::Duplicate => {
                world.segments[at].answered = true;
                let batch = usize::from(world.segments[at].batch);
                world.acked[batch] = true;
            }
            Outcome::OutOfOrder | Outcome::Condemned => world.segments[at].fail(),
        })
    }

    /// The agent does not learn the outcome in time, and says that it failed: the client sends the batch again, with
    /// the same sequence. Without the rule, the agent commits the same batch under another id as if it were another.
    fn gives_up(&self, at: usize, rules: Rules) -> Vec<Self> {
        let segment = &self.segments[at];
        let is_unknown = matches!(segment.commit, Commit::Asked | Commit::Done(_));
        if !is_unknown || segment.answered || self.dead[usize::from(segment.agent)] {
            return Vec::new();
        }
        if !rules.settle_by_id && self.index.len() < 3 {
            return self.with(|world| {
                let again = u8::try_from(at).unwrap();
                world.index.push((world.segments[at].batch, again));
                world.segments[at].answered = true;
            });
        }
        self.with(|world| world.segments[at].fail())
    }

    fn is_condemned(&self, at: usize, rules: Rules) -> Vec<Self> {
        let segment = &self.segments[at];
        let is_used = self.index.iter().any(|(_, used)| usize::from(*used) == at);
        if !segment.is_there || segment.condemned || is_used || !rules.condemn_first {
            return Vec::new();
        }
        self.with(|world| world.segments[at].condemned = true)
    }

    fn is_deleted(&self, at: usize, rules: Rules) -> Vec<Self> {
        let segment = &self.segments[at];
        let is_used = self.index.iter().any(|(_, used)| usize::from(*used) == at);
        let may = if rules.condemn_first { segment.condemned } else { !is_used };
        if !segment.is_there || !may {
            return Vec::new();
        }
        self.with(|world| world.segments[at].is_there = false)
    }

    /// What an agent has asked for may still be done; nobody waits for it.
    fn is_killed(&self, agent: u8) -> Vec<Self> {
        if self.dead[usize::from(agent)] {
            return Vec::new();
        }
        self.with(|world| {
            world.dead[usize::from(agent)] = true;
            for segment in world.segments.iter_mut().filter(|segment| segment.agent == agent) {
                if segment.put == Put::UnderWay {
                    segment.put = Put::Failed;
                }
                if !segment.answered {
                    segment.fail();
                }
            }
        })
    }

    fn broken(&self) -> Option<&'static str> {
        let batches: Vec<_> = self.index.iter().map(|(batch, _)| *batch).collect();
        if self.index.iter().any(|(_, segment)| !self.segments[usize::from(*segment)].is_there) {
            return Some("the index refers to an object that is not there");
        }
        if (0..2).any(|batch| self.acked[usize::from(batch)] && !batches.contains(&batch)) {
            return Some("what was acknowledged is not in the index");
        }
        if batches.len() != batches.iter().collect::<HashSet<_>>().len() {
            return Some("a batch is in the index twice");
        }
        if !batches.is_sorted() || (!batches.contains(&0) && batches.contains(&1)) {
            return Some("a batch is in the index, and one before it is not");
        }
        None
    }
}

impl Segment {
    fn fail(&mut self) {
        self.answered = true;
        self.failed = true;
    }
}

/// All worlds, and the first that is broken.
fn explore(rules: Rules) -> (usize, Option<(&'static str, World)>) {
    let mut seen = HashSet::from([World::default()]);
    let mut next = VecDeque::from([World::default()]);
    while let Some(world) = next.pop_front() {
        if let Some(what) = world.broken() {
            return (seen.len(), Some((what, world)));
        }
        for after in world.worlds_after(rules) {
            if seen.insert(after.clone()) {
                next.push_back(after);
            }
        }
    }
    (seen.len(), None)
}

#[test]
fn the_protocol_keeps_its_promises_in_every_world() {
    let (worlds, broken) = explore(ALL);
    assert!(broken.is_none(), "{broken:#?}");
    assert!(worlds > 10_000, "only {worlds} worlds were seen");
    println!("{worlds} worlds");
}

#[test]
fn every_rule_is_needed() {
    let without = [
        ("refuse_condemned", Rules { refuse_condemned: false, ..ALL }),
        ("condemn_first", Rules { condemn_first: false, ..ALL }),
        ("flush_order", Rules { flush_order: false, ..ALL }),
        ("fail_followers", Rules { fail_followers: false, ..ALL }),
        ("settle_by_id", Rules { settle_by_id: false, ..ALL }),
    ];
    for (rule, rules) in without {
        let (_, broken) = explore(rules);
        let (what, _) = broken.unwrap_or_else(|| panic!("nothing breaks without {rule}"));
        println!("without {rule}: {what}");
    }
}
