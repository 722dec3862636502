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
//! What an agent remembers of failures is modelled as `writer/failed.rs` does it: a batch that was held back once and comes
//! a second time is let through, because whoever sends it without the failed one before it has that one acknowledged by
//! another agent.
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
    /// A batch that comes and fails again holds back those behind it once more.
    hold_back_again: bool,
    /// What was held back once is let through when it comes again without the failed batch. Without this nothing wrong
    /// is in the index; but a producer whose batch another agent has committed could not go on here.
    let_through: bool,
    /// An outcome that is not known is asked for under the same id, and not taken for a failure that is made good by
    /// the agent itself.
    settle_by_id: bool,
}

const ALL: Rules = Rules {
    refuse_condemned: true,
    condemn_first: true,
    flush_order: true,
    fail_followers: true,
    hold_back_again: true,
    let_through: true,
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
    /// What each agent remembers.
    noted: [Option<Noted>; 2],
}

/// The first batch has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Noted {
    /// The second was held back because of it.
    held_back: bool,
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
            next.extend(self.put_lands(at, rules));
            next.extend(self.put_fails(at, rules));
            next.extend(self.asks(at, rules));
            next.extend(self.is_committed(at, rules));
            next.extend(self.answers(at, rules));
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

    fn put_lands(&self, at: usize, rules: Rules) -> Vec<Self> {
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
                    world.fail(at, rules);
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

    fn put_fails(&self, at: usize, rules: Rules) -> Vec<Self> {
        if self.segments[at].put != Put::UnderWay {
            return Vec::new();
        }
        self.with(|world| {
            world.segments[at].put = Put::Failed;
            world.fail(at, rules);
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
        let agent = usize::from(segment.agent);
        if rules.fail_followers
            && segment.batch == 1
            && let Some(noted) = self.noted[agent]
            && !(noted.held_back && rules.let_through)
        {
            return self.with(|world| {
                world.fail(at, rules);
                world.noted[agent] = Some(Noted { held_back: true });
            });
        }
        self.with(|world| {
            // It has come again, or is let through.
            world.noted[agent] = None;
            world.segments[at].commit = Commit::Asked;
        })
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
    fn answers(&self, at: usize, rules: Rules) -> Vec<Self> {
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
            Outcome::Condemned => world.fail(at, rules),
            // It is not missing: the store knows better.
            Outcome::OutOfOrder => world.segments[at].fail(),
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
        self.with(|world| world.fail(at, rules))
    }

    /// A segment has failed. Its agent notes the first batch, unless that is noted already with what was held back.
    fn fail(&mut self, at: usize, rules: Rules) {
        let Segment { agent, batch, .. } = self.segments[at];
        self.segments[at].fail();
        let noted = &mut self.noted[usize::from(agent)];
        if batch == 0 && (noted.is_none() || rules.hold_back_again) {
            *noted = Some(Noted { held_back: false });
        }
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
            world.noted[usize::from(agent)] = None;
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
    let (seen, broken) = reachable(rules, |_| true);
    (seen.len(), broken)
}

/// Those that are reached through worlds that `is_of_interest`.
fn reachable(
    rules: Rules,
    is_of_interest: impl Fn(&World) -> bool,
) -> (HashSet<World>, Option<(&'static str, World)>) {
    let mut seen = HashSet::from([World::default()]);
    let mut next = VecDeque::from([World::default()]);
    while let Some(world) = next.pop_front() {
        if let Some(what) = world.broken() {
            return (seen, Some((what, world)));
        }
        for after in world.worlds_after(rules) {
            if is_of_interest(&after) && seen.insert(after.clone()) {
                next.push_back(after);
            }
        }
    }
    (seen, None)
}

#[test]
fn the_protocol_keeps_its_promises_in_every_world() {
    let (worlds, broken) = explore(ALL);
    assert!(broken.is_none(), "{broken:#?}");
    assert!(worlds > 10_000, "only {worlds} worlds were seen");
    println!("{worlds} worlds");
}

/// What follows from letting something through: an agent that failed takes the producer on again. Without, it never does.
#[test]
fn a_producer_goes_on_at_an_agent_that_failed_it() {
    let goes_on = |rules| {
        // Nobody is killed, and nothing is cleaned.
        let quiet =
            |world: &World| world.dead == [false; 2] && world.segments.iter().all(|one| !one.condemned);
        reachable(rules, quiet).0.iter().any(|world| {
            let first = world.segments.iter().any(|one| one.agent == 1 && one.batch == 0 && !one.failed);
            let failed = world.segments.iter().any(|one| one.agent == 0 && one.batch == 0 && one.failed);
            let second = world
                .segments
                .iter()
                .any(|one| one.agent == 0 && one.batch == 1 && one.answered && !one.failed);
            let none_held = world.noted[0].is_none();
            first && failed && second && none_held && world.acked == [true; 2]
        })
    };
    assert!(goes_on(ALL));
    assert!(!goes_on(Rules { let_through: false, ..ALL }));
}

#[test]
fn every_rule_is_needed() {
    let without = [
        ("refuse_condemned", Rules { refuse_condemned: false, ..ALL }),
        ("condemn_first", Rules { condemn_first: false, ..ALL }),
        ("flush_order", Rules { flush_order: false, ..ALL }),
        ("fail_followers", Rules { fail_followers: false, ..ALL }),
        ("hold_back_again", Rules { hold_back_again: false, ..ALL }),
        ("settle_by_id", Rules { settle_by_id: false, ..ALL }),
    ];
    for (rule, rules) in without {
        let (_, broken) = explore(rules);
        let (what, _) = broken.unwrap_or_else(|| panic!("nothing breaks without {rule}"));
        println!("without {rule}: {what}");
    }
}
