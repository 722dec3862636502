//! A model of how runs are exchanged, and every world that it can lead to.
//!
//! A log has three runs, each in a segment of its own: an old value of a key, the tombstone of that key, whose time has
//! come, and the value of another key. Two agents compact it, both as if they had the lease; a cleaner condemns and
//! deletes what nothing refers to; retention removes the head. Between any two steps anybody may pause or be killed. In
//! every world that can be reached, these hold:
//!
//! - A run refers to an object that is there.
//! - The runs cover the log from its start to its end, without gaps, and none lies over another.
//! - What was deleted by a tombstone never comes to light again.
//! - The last value of the other key is there, unless retention has removed it.
//!
//! Each rule of the protocol is taken away once, to show that it is needed and that the model can fail.

use std::collections::{HashSet, VecDeque};

#[derive(Debug, Clone, Copy)]
struct Rules {
    /// Runs are exchanged only if they are as they were read.
    as_seen: bool,
    /// Nothing is exchanged for runs in a segment that is condemned.
    refuse_condemned: bool,
    /// The object is durable before a run is exchanged for one in it.
    durable_first: bool,
    /// When a piece of a log could not be exchanged, no later one is.
    in_order: bool,
    /// An object is deleted only when its name is condemned.
    condemn_first: bool,
}

const ALL: Rules =
    Rules { as_seen: true, refuse_condemned: true, durable_first: true, in_order: true, condemn_first: true };

/// The old value, its tombstone, and the other key's value: their offsets, and their bits in [`Run::has`].
const OLD: u8 = 0;
const TOMBSTONE: u8 = 1;
const OTHER: u8 = 2;
const END: u8 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    base: u8,
    end: u8,
    segment: u8,
    /// Which of the records are in it.
    has: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Segment {
    is_there: bool,
    is_condemned: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Agent {
    Idle,
    /// It has read the log, and is to exchange these, one after the other.
    Works {
        segment: u8,
        is_put: bool,
        pieces: Vec<(Vec<Run>, Run)>,
    },
    /// It is done, or killed.
    Gone,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    start: u8,
    runs: Vec<Run>,
    segments: Vec<Segment>,
    agents: [Agent; 2],
}

/// What an agent makes of a log.
#[derive(Debug, Clone, Copy)]
enum Work {
    /// One run of all.
    Together,
    /// Each by itself.
    Apart,
    ByKey,
}

impl World {
    fn first() -> Self {
        let run = |at: u8| Run { base: at, end: at + 1, segment: at, has: 1 << at };
        let segment = Segment { is_there: true, is_condemned: false };
        Self {
            start: 0,
            runs: (0..END).map(run).collect(),
            segments: vec![segment; END.into()],
            agents: [Agent::Idle, Agent::Idle],
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut world = self.clone();
        change(&mut world);
        world
    }

    fn worlds_after(&self, rules: Rules) -> Vec<Self> {
        let mut next = Vec::new();
        for agent in 0..2 {
            match &self.agents[agent] {
                Agent::Idle => {
                    let works = [Work::Together, Work::Apart, Work::ByKey];
                    next.extend(works.map(|work| self.with(|world| world.begin(agent, work))));
                }
                Agent::Works { segment, is_put, .. } => {
                    next.push(self.with(|world| world.agents[agent] = Agent::Gone));
                    if *is_put || !rules.durable_first {
                        next.push(self.with(|world| world.exchange(agent, rules)));
                    }
                    let segment = usize::from(*segment);
                    if !is_put && !self.segments[segment].is_condemned {
                        next.push(self.with(|world| world.put(agent, segment)));
                    }
                }
                Agent::Gone => {}
            }
        }
        for at in 0..self.segments.len() {
            let is_used = self.runs.iter().any(|run| usize::from(run.segment) == at);
            let Segment { is_there, is_condemned } = self.segments[at];
            if !is_used && !is_condemned {
                next.push(self.with(|world| world.segments[at].is_condemned = true));
            }
            if is_there && (is_condemned || (!is_used && !rules.condemn_first)) {
                next.push(self.with(|world| world.segments[at].is_there = false));
            }
        }
        if self.start == 0 {
            next.push(self.with(|world| world.start = world.runs.remove(0).end));
        }
        next
    }

    fn begin(&mut self, agent: usize, work: Work) {
        let segment = u8::try_from(self.segments.len()).unwrap();
        self.segments.push(Segment { is_there: false, is_condemned: false });
        let moved = |old: &[Run], has: u8| {
            let (base, end) = (old[0].base, old[old.len() - 1].end);
            (old.to_vec(), Run { base, end, segment, has })
        };
        let all = self.runs.iter().fold(0, |all, run| all | run.has);
        let pieces = match work {
            Work::Together if self.runs.is_empty() => Vec::new(),
            Work::Together => vec![moved(&self.runs, all)],
            Work::Apart => self.runs.iter().map(|run| moved(&[*run], run.has)).collect(),
            Work::ByKey => {
                // The tombstone supersedes the value, and its own time has come.
                let gone = if all & 1 << TOMBSTONE == 0 { 0 } else { 1 << OLD | 1 << TOMBSTONE };
                self.runs.iter().map(|run| moved(&[*run], run.has & !gone)).collect()
            }
        };
        self.agents[agent] = Agent::Works { segment, is_put: false, pieces };
    }

    fn put(&mut self, agent: usize, segment: usize) {
        self.segments[segment].is_there = true;
        if let Agent::Works { is_put, .. } = &mut self.agents[agent] {
            *is_put = true;
        }
    }

    /// The next piece.
    fn exchange(&mut self, agent: usize, rules: Rules) {
        let Agent::Works { segment, pieces, .. } = &mut self.agents[agent] else { return };
        let is_condemned = self.segments[usize::from(*segment)].is_condemned;
        if pieces.is_empty() || (is_condemned && rules.refuse_condemned) {
            self.agents[agent] = Agent::Gone;
            return;
        }
        let (old, new) = pieces.remove(0);
        let is_inside = |run: &&Run| run.base >= new.base && run.end <= new.end;
        let is_as_seen = self.runs.iter().filter(is_inside).eq(old.iter());
        if is_as_seen || !rules.as_seen {
            self.runs.retain(|run| !is_inside(&run));
            let place = self.runs.partition_point(|run| run.base < new.base);
            self.runs.insert(place, new);
        } else if rules.in_order {
            self.agents[agent] = Agent::Gone;
        }
    }

    /// What is wrong with it.
    fn wrong(&self) -> Option<&'static str> {
        if self.runs.iter().any(|run| !self.segments[usize::from(run.segment)].is_there) {
            return Some("a run refers to an object that is gone");
        }
        let mut at = self.start;
        for run in &self.runs {
            if run.base != at {
                return Some("the runs do not cover the log");
            }
            at = run.end;
        }
        if at != END {
            return Some("the end of the log is gone");
        }
        let has = self.runs.iter().fold(0, |all, run| all | run.has);
        if has & 1 << OLD != 0 && has & 1 << TOMBSTONE == 0 {
            return Some("what was deleted is there again");
        }
        if has & 1 << OTHER == 0 && self.start <= OTHER {
            return Some("the last value of a key is gone");
        }
        None
    }
}

/// How many worlds there are, or what is wrong with one of them.
fn explore(rules: Rules) -> Result<usize, &'static str> {
    let mut seen = HashSet::from([World::first()]);
    let mut left = VecDeque::from([World::first()]);
    while let Some(world) = left.pop_front() {
        if let Some(wrong) = world.wrong() {
            return Err(wrong);
        }
        for next in world.worlds_after(rules) {
            if seen.insert(next.clone()) {
                left.push_back(next);
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn in_every_world_the_log_is_whole() {
    let worlds = explore(ALL).unwrap();
    assert!(worlds > 1_000, "{worlds}");
}

#[test]
fn every_rule_is_needed() {
    let gone = Err("a run refers to an object that is gone");
    assert_eq!(explore(Rules { as_seen: false, ..ALL }).map(drop), Err("the runs do not cover the log"));
    assert_eq!(explore(Rules { refuse_condemned: false, ..ALL }).map(drop), gone);
    assert_eq!(explore(Rules { durable_first: false, ..ALL }).map(drop), gone);
    assert_eq!(explore(Rules { condemn_first: false, ..ALL }).map(drop), gone);
    assert_eq!(explore(Rules { in_order: false, ..ALL }).map(drop), Err("what was deleted is there again"));
}
