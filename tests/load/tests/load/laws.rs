//! The laws hold of every history of a log that does what it should, and each planted fault breaks one.

use forebay_tests_load::laws::check;
use forebay_tests_load::{
    Answer, Event, History, Initialized, Moment, Random, Read, Seen, Sent, SentBatch, Try, Value,
};

const PARTITIONS: i32 = 3;
const CLIENTS: u32 = 5;
/// The others are idempotent.
const PLAIN: u32 = 4;
const SEEDS: u64 = 60;

fn index(partition: i32) -> usize {
    partition.unsigned_abs() as usize
}

/// What happened, before anybody has read it.
#[derive(Clone)]
struct Story {
    sent: Vec<Sent>,
    logs: Vec<Vec<Option<Value>>>,
    /// How long the logs were at some moment, each.
    middle: (Try, Vec<usize>),
    moment: u64,
    random: Random,
}

impl Story {
    fn of(seed: u64) -> Self {
        let nothing = Try { began: Moment(0), ended: Moment(0) };
        let mut story = Self {
            sent: Vec::new(),
            logs: vec![Vec::new(); PARTITIONS as usize],
            middle: (nothing, vec![0; PARTITIONS as usize]),
            moment: 0,
            random: Random(seed),
        };
        let mut next = vec![[0; PARTITIONS as usize]; CLIENTS as usize];
        for round in 0..20 {
            story.round(&mut next);
            if round == 10 {
                let during = story.whole();
                story.middle = (during, story.logs.iter().map(Vec::len).collect());
            }
        }
        story
    }

    fn tick(&mut self) -> Moment {
        self.moment += 1;
        Moment(self.moment)
    }

    fn whole(&mut self) -> Try {
        Try { began: self.tick(), ended: self.tick() }
    }

    /// Some clients send at the same time; what gets no answer is sent again later.
    fn round(&mut self, next: &mut [[u32; PARTITIONS as usize]]) {
        let mut open = Vec::new();
        for client in 0..CLIENTS {
            if self.random.below(3) == 0 {
                continue;
            }
            let mut batches = Vec::new();
            for partition in 0..PARTITIONS {
                if self.random.below(2) == 0 {
                    let count = 1 + u32::try_from(self.random.below(3)).unwrap();
                    let number = &mut next[client as usize][index(partition)];
                    batches.push(SentBatch { partition, first: *number, count });
                    *number += count;
                }
            }
            if !batches.is_empty() {
                let began = self.tick();
                open.push((client, batches, began));
            }
        }
        while !open.is_empty() {
            let (client, batches, began) = open.remove(self.random.index(open.len()));
            self.send(client, batches, began);
        }
    }

    fn send(&mut self, client: u32, batches: Vec<SentBatch>, began: Moment) {
        let is_idempotent = client < PLAIN;
        let request = began.0;
        let mut sent = Sent {
            request,
            client,
            is_idempotent,
            during: Try { began, ended: began },
            batches,
            answer: Answer::Unknown,
        };
        let mut known = None;
        for try_number in 0..3 {
            let is_last = try_number == 2;
            let arrives = is_last || self.random.below(2) == 0;
            if arrives && (known.is_none() || !is_idempotent) {
                known = Some(self.append(&sent));
            }
            if arrives && (is_last || self.random.below(2) == 0) {
                let offsets = known.unwrap().into_iter().map(Ok).collect();
                sent.answer = Answer::Batches(offsets);
                sent.during.ended = self.tick();
                self.sent.push(sent);
                return;
            }
            sent.during.ended = self.tick();
            self.sent.push(sent.clone());
            sent.during.began = self.tick();
        }
    }

    fn append(&mut self, sent: &Sent) -> Vec<i64> {
        let mut offsets = Vec::new();
        for batch in &sent.batches {
            let log = &mut self.logs[index(batch.partition)];
            offsets.push(i64::try_from(log.len()).unwrap());
            log.extend(sent.values(*batch).map(Some));
        }
        offsets
    }

    fn history(mut self) -> History {
        let mut events: Vec<_> = self.sent.iter().cloned().map(Event::Sent).collect();
        for producer in 0..PLAIN {
            events.push(Event::Initialized(Initialized { producer: producer.into(), epoch: 0 }));
        }
        let during = self.whole();
        for (partition, log) in (0..).zip(&self.logs) {
            let (middle, lengths) = &self.middle;
            let length = lengths[index(partition)].min(log.len());
            let early = Read::everything(partition, (middle.began, middle.ended), &log[..length]);
            events.push(Event::Read(Read { is_final: false, ..early }));
            events.push(Event::Read(Read::everything(partition, (during.began, during.ended), log)));
        }
        History { events }
    }

    /// The place of some record of an idempotent producer, which was acknowledged there.
    fn some_acked(&mut self) -> (usize, usize) {
        let acked: Vec<_> =
            self.sent.iter().filter(|sent| sent.is_idempotent).flat_map(Sent::acked).collect();
        let (batch, offset) = acked[self.random.index(acked.len())];
        (index(batch.partition), usize::try_from(offset).unwrap())
    }
}

fn laws(history: &History) -> Vec<&'static str> {
    check(history).iter().map(forebay_tests_load::laws::Violation::law).collect()
}

/// Plants a fault into the log of many stories; every time one of these laws is broken.
fn plant(fault: impl Fn(&mut Story), expected: &[&str]) {
    for seed in 0..SEEDS {
        let mut story = Story::of(seed);
        fault(&mut story);
        let found = laws(&story.history());
        assert!(found.iter().any(|law| expected.contains(law)), "seed {seed}: {found:?}");
    }
}

/// The same in what was read or told.
fn plant_late(fault: impl Fn(&mut History, &mut Random), expected: &[&str]) {
    for seed in 0..SEEDS {
        let mut history = Story::of(seed).history();
        fault(&mut history, &mut Random(seed));
        let found = laws(&history);
        assert!(found.iter().any(|law| expected.contains(law)), "seed {seed}: {found:?}");
    }
}

fn reads(history: &mut History, is_final: bool) -> Vec<&mut Read> {
    let reads = history.events.iter_mut().filter_map(|event| match event {
        Event::Read(read) if read.is_final == is_final && read.records.len() > 1 => Some(read),
        Event::Read(_) | Event::Sent(_) | Event::Initialized(_) | Event::Deleted(_) | Event::RetentionSet => {
            None
        }
    });
    reads.collect()
}

#[test]
fn an_honest_history_breaks_none_of_them() {
    for seed in 0..SEEDS * 5 {
        let history = Story::of(seed).history();
        assert_eq!(check(&history), [], "seed {seed}");
        let mut saved = Vec::new();
        history.save(&mut saved).unwrap();
        assert!(History::load(&saved[..]).unwrap() == history, "what is kept is what happened");
    }
}

#[test]
fn a_dropped_record_is_missed() {
    plant(
        |story| {
            let (partition, offset) = story.some_acked();
            story.logs[partition].remove(offset);
        },
        &["lost"],
    );
}

#[test]
fn a_log_that_lost_its_end_is_missed() {
    plant(|story| story.logs.iter_mut().for_each(|log| log.truncate(log.len() - 2)), &["lost", "unseen"]);
}

#[test]
fn a_record_that_is_there_twice_is_found() {
    plant(
        |story| {
            let (partition, offset) = story.some_acked();
            let again = story.logs[partition][offset];
            story.logs[partition].push(again);
        },
        &["doubled"],
    );
}

#[test]
fn records_in_another_order_are_found() {
    plant(
        |story| {
            // All of one producer in one partition, the other way round.
            let log = &mut story.logs[0];
            let places: Vec<_> =
                (0..log.len()).filter(|at| log[*at].is_some_and(|value| value.client == 0)).collect();
            let values: Vec<_> = places.iter().rev().map(|at| log[*at]).collect();
            assert!(values.len() > 1);
            places.into_iter().zip(values).for_each(|(at, value)| log[at] = value);
        },
        &["disordered"],
    );
}

#[test]
fn a_value_that_nobody_sent_is_found() {
    plant(
        |story| {
            let (partition, offset) = story.some_acked();
            story.logs[partition][offset] = None;
        },
        &["alien"],
    );
    plant(|story| story.logs[1].push(Some(Value { client: 99, partition: 1, number: 0 })), &["alien"]);
}

#[test]
fn half_a_request_is_found() {
    plant(
        |story| {
            // One that nobody was told about, so that nothing else is missed.
            let batches = [0, 1].map(|partition| SentBatch { partition, first: 0, count: 1 });
            let during = story.whole();
            story.sent.push(Sent {
                request: u64::MAX,
                client: 77,
                is_idempotent: true,
                during,
                batches: batches.to_vec(),
                answer: Answer::Unknown,
            });
            story.logs[0].push(Some(Value { client: 77, partition: 0, number: 0 }));
        },
        &["torn"],
    );
}

#[test]
fn a_gap_is_found() {
    plant_late(
        |history, random| {
            let mut reads = reads(history, true);
            let read = &mut reads[0];
            read.records.remove(random.index(read.records.len() - 1));
        },
        &["gap"],
    );
}

#[test]
fn an_answer_without_records_is_found_where_there_are_some() {
    plant_late(|history, _| reads(history, false)[0].records.clear(), &["nothing"]);
}

#[test]
fn two_values_at_an_offset_are_found() {
    plant_late(
        |history, random| {
            let mut reads = reads(history, false);
            let read = reads.iter_mut().max_by_key(|read| read.records.len()).unwrap();
            let one = random.index(read.records.len());
            // A plain producer may have sent the same value several times.
            let is_other = |seen: &&Seen| seen.value != read.records[one].value;
            let Some(value) = read.records.iter().find(is_other).map(|seen| seen.value) else { return };
            let offset = read.records[one].offset;
            read.records[one] = Seen { offset, value };
        },
        &["two values"],
    );
}

#[test]
fn two_answers_about_a_request_are_found() {
    plant_late(
        |history, _| {
            let told = |event: &&mut Event| {
                matches!(event, Event::Sent(Sent { is_idempotent: true, answer: Answer::Batches(_), .. }))
            };
            let mut again = match history.events.iter_mut().find(told) {
                Some(Event::Sent(sent)) => sent.clone(),
                other => panic!("{other:?}"),
            };
            if let Answer::Batches(answers) = &mut again.answer {
                answers[0] = answers[0].map(|offset| offset + 1);
            }
            history.events.push(Event::Sent(again));
        },
        &["two answers"],
    );
}

#[test]
fn what_overtakes_is_found() {
    plant(
        |story| {
            // The first record comes last, and its client was told so: only the order in time is wrong.
            let client = 88;
            let value = Value { client, partition: 0, number: 0 };
            story.logs[0].insert(0, Some(value));
            for sent in &mut story.sent {
                if let Answer::Batches(answers) = &mut sent.answer {
                    for (batch, answer) in sent.batches.iter().zip(answers) {
                        *answer = answer.map(|offset| offset + i64::from(batch.partition == 0));
                    }
                }
            }
            let during = story.whole();
            story.sent.push(Sent {
                request: u64::MAX,
                client,
                is_idempotent: true,
                during,
                batches: vec![SentBatch { partition: 0, first: 0, count: 1 }],
                answer: Answer::Batches(vec![Ok(0)]),
            });
        },
        &["overtaken"],
    );
}

#[test]
fn a_log_that_gets_shorter_is_found() {
    plant_late(
        |history, _| {
            let last = reads(history, true)[0].clone();
            let shorter = Read {
                during: Try { began: Moment(u64::MAX - 1), ended: Moment(u64::MAX) },
                high_watermark: last.high_watermark - 1,
                from: last.high_watermark - 1,
                records: Vec::new(),
                is_final: false,
                ..last
            };
            history.events.push(Event::Read(shorter));
        },
        &["shrunk", "unseen"],
    );
}

#[test]
fn an_id_that_two_producers_have_is_found() {
    plant_late(
        |history, _| history.events.push(Event::Initialized(Initialized { producer: 1, epoch: 0 })),
        &["same producer"],
    );
}
