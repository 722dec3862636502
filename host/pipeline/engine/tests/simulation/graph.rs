//! A pipeline drawn from a seed, and what of it the laws need to know.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::dice::Dice;

/// A pipeline, and what it promises.
pub(crate) struct Graph {
    pub(crate) config: Json,
    /// The processors, in their order, that messages of each leaf input pass before the output.
    pub(crate) inputs: Vec<Vec<u64>>,
    pub(crate) output: Place,
    pub(crate) stop: Option<Duration>,
    pub(crate) traits: Traits,
}

/// What makes a law weaker, where it is so.
#[derive(Debug, Default)]
pub(crate) struct Traits {
    /// Messages may pass others.
    pub(crate) unordered: bool,
    /// Leaf outputs to which messages come in another order than they were read in.
    pub(crate) unordered_outputs: BTreeSet<u64>,
    /// Messages are collected to batches where nobody scripted sees it.
    pub(crate) batches: bool,
    /// Several messages become one, or several make each.
    pub(crate) groups: bool,
    /// Messages become several.
    pub(crate) copies: bool,
    /// Messages go to several outputs.
    pub(crate) fans_out: bool,
    /// What is read is acknowledged before it is delivered.
    pub(crate) buffered: bool,
    /// Messages may be declined, because an input ends before them.
    pub(crate) declines: bool,
    /// An input hears of what was refused.
    pub(crate) no_replay: bool,
    /// The input does not end by itself.
    pub(crate) endless: bool,
    /// Processors are left out for messages that are flagged.
    pub(crate) tries: bool,
}

/// Where a message has to arrive.
#[derive(Debug)]
pub(crate) enum Place {
    Leaf(u64),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// That of the first case it is of; dropped without one, unless that is refused.
    Cases {
        place: u64,
        count: u64,
        cases: Vec<Self>,
    },
    /// There, or dropped because it was refused.
    UnlessRefused {
        inner: Box<Self>,
        impatient: bool,
    },
    /// Behind these processors.
    Behind(Vec<u64>, Box<Self>),
    Nowhere,
}

/// Draws a graph.
struct Draw {
    dice: Dice,
    inputs: Vec<Vec<u64>>,
    outputs: u64,
    processors: u64,
    traits: Traits,
    input_resources: Vec<Json>,
    output_resources: Vec<Json>,
    cases: u64,
    piped: bool,
    /// How many outputs around this insist on what is refused, which must not be so for ever.
    insisting: u32,
    /// Whether inputs are being drawn.
    reads: bool,
}

impl Graph {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let piped = dice.percent(6);
        let mut draw = Draw {
            dice,
            inputs: Vec::new(),
            outputs: 0,
            processors: 0,
            traits: Traits::default(),
            input_resources: Vec::new(),
            output_resources: Vec::new(),
            cases: 0,
            piped,
            insisting: 0,
            reads: false,
        };
        draw.graph()
    }
}

impl Draw {
    fn graph(&mut self) -> Graph {
        let groups = !self.piped && self.dice.percent(15);
        self.traits.groups = groups;
        // A pipe ends when nothing is in flight, and does not see what waits in a buffer.
        self.traits.buffered = !self.piped && self.dice.percent(25);
        self.reads = true;
        let mut input = self.input(2);
        self.reads = false;
        if self.piped {
            let pipe = json!({"inproc": "p", "processors": [{"script": {"does": "mark", "id": 900}}]});
            input = json!({"broker": {"inputs": [input, pipe]}});
            self.traits.endless = true;
            self.traits.unordered = true;
        }
        let (processors, passed) = if self.dice.percent(70) { self.row(2) } else { (Json::Null, Vec::new()) };
        for input in &mut self.inputs {
            input.extend(&passed);
        }
        let threads = if self.dice.percent(70) { 1 } else { self.dice.between(2, 3) };
        self.traits.unordered |= threads > 1;
        let (mut output, place) = self.output(2);
        if self.piped {
            let cases = json!([{"check": "unmarked", "output": {"inproc": "p"}}, {"output": output}]);
            output = json!({"switch": {"cases": cases}});
        }
        let mut config = json!({
            "input": input, "output": output,
            "pipeline": {"threads": threads},
            "shutdown_timeout": "2h",
        });
        if processors.is_array() {
            config["pipeline"]["processors"] = processors;
        }
        self.buffer(&mut config);
        // A resource is read from the start, and what waits there for its turn leaves no room for others.
        if self.input_resources.is_empty() && self.dice.percent(15) {
            config["pipeline"]["in_flight_bytes"] = json!(self.dice.between(3, 30) << 10);
        }
        let strategy = self.dice.pick(&["none", "none", "reject", "retry"]);
        if strategy != "none" {
            config["error_handling"] = json!({"strategy": strategy});
            // What passes again comes later, and those with it.
            self.traits.batches |= strategy == "retry";
        }
        if !self.input_resources.is_empty() {
            config["input_resources"] = json!(self.input_resources);
        }
        if !self.output_resources.is_empty() {
            config["output_resources"] = json!(self.output_resources);
        }
        let stops = self.traits.endless || self.dice.percent(30);
        let stop = stops.then(|| Duration::from_millis(self.dice.below(3_000)));
        let (inputs, traits) = (std::mem::take(&mut self.inputs), std::mem::take(&mut self.traits));
        Graph { config, inputs, output: place, stop, traits }
    }

    fn buffer(&mut self, config: &mut Json) {
        if self.dice.percent(10) {
            config["buffer"] = json!({"none": {}});
        }
        if self.traits.buffered {
            let mut memory = json!({"limit": self.dice.between(200, 4_000)});
            if self.dice.percent(40) {
                memory["batch_policy"] = self.policy();
                memory["batch_policy"]["enabled"] = json!(true);
            }
            config["buffer"] = json!({"memory": memory});
        }
    }

    fn policy(&mut self) -> Json {
        self.traits.batches = true;
        let mut policy = json!({"count": self.dice.between(2, 6)});
        if self.dice.percent(30) {
            policy = json!({"byte_size": self.dice.between(5, 60)});
        }
        if self.dice.percent(50) {
            policy["period"] = json!(format!("{}ms", self.dice.between(1, 300)));
        }
        if self.dice.percent(20) {
            policy["check"] = json!("one in 3");
        }
        policy
    }

    fn input(&mut self, depth: u32) -> Json {
        let first = self.inputs.len();
        let kind = if depth == 0 { 0 } else { self.dice.below(12) };
        let mut input = match kind {
            1 | 2 => {
                let inputs = self.input_list(depth);
                let mut broker = json!({"inputs": inputs});
                if self.dice.percent(30) {
                    broker["batching"] = self.policy();
                }
                json!({"broker": broker})
            }
            3 => json!({"sequence": {"inputs": self.input_list(depth)}}),
            4 => json!({"batched": {"child": self.input(depth - 1), "policy": self.policy()}}),
            5 | 6 => self.read_until(depth),
            // Where there is a pipe, what nobody reads of a resource keeps a stop waiting.
            7 if !self.piped => {
                let resource = self.input(depth - 1);
                let label = format!("in{}", self.input_resources.len());
                let mut labelled = json!({"label": label});
                merge(&mut labelled, resource);
                self.input_resources.push(labelled);
                self.traits.declines = true;
                json!({"resource": label})
            }
            _ => self.leaf_input(),
        };
        if self.dice.percent(15) {
            let (processors, passed) = self.row(1);
            input["processors"] = processors;
            for input in &mut self.inputs[first..] {
                input.extend(&passed);
            }
        }
        input
    }

    fn input_list(&mut self, depth: u32) -> Vec<Json> {
        (0..self.dice.between(1, 3)).map(|_| self.input(depth - 1)).collect()
    }

    fn read_until(&mut self, depth: u32) -> Json {
        self.traits.declines = true;
        let mut read = json!({"input": self.input(depth - 1)});
        let idle = self.dice.percent(40);
        if idle {
            read["idle_timeout"] = json!(format!("{}ms", self.dice.between(20, 900)));
        }
        if !idle || self.dice.percent(50) {
            read["check"] = json!(format!("one in {}", self.dice.between(5, 40)));
        }
        if self.dice.percent(15) {
            read["restart_input"] = json!(true);
            self.traits.endless = true;
        }
        json!({"read_until": read})
    }

    fn leaf_input(&mut self) -> Json {
        let id = self.inputs.len();
        self.inputs.push(Vec::new());
        let replays = self.dice.percent(85);
        self.traits.no_replay |= !replays;
        json!({"script": {
            "id": id, "auto_replay_nacks": replays,
            "batches": self.dice.below(20), "largest": self.dice.between(1, 6),
            "independent": self.dice.percent(60), "slow": self.often(20), "troubles": self.troubles(3),
        }})
    }

    /// How often something happens that often does not happen at all.
    fn often(&mut self, often: u64) -> u64 {
        if self.dice.percent(often) { self.dice.between(1, 60) } else { 0 }
    }

    fn troubles(&mut self, most: u64) -> u64 {
        if self.dice.percent(55) { 0 } else { self.dice.between(1, most) }
    }

    /// Processors, and the scripted ones among them.
    fn row(&mut self, depth: u32) -> (Json, Vec<u64>) {
        let (mut row, mut passed) = (Vec::new(), Vec::new());
        for _ in 0..self.dice.between(1, 2) {
            let (processor, inside) = self.processor(depth);
            row.push(processor);
            passed.extend(inside);
        }
        (json!(row), passed)
    }

    fn processor(&mut self, depth: u32) -> (Json, Vec<u64>) {
        let kind = if depth == 0 { 99 } else { self.dice.below(16) };
        let name = match kind {
            0 => "for_each",
            1 => "processors",
            2 => "parallel",
            3 if !self.traits.copies => {
                self.traits.tries = true;
                "try"
            }
            4 => return (json!({"split": {"size": self.dice.between(1, 3)}}), Vec::new()),
            5 => return (json!({"sleep": {"duration": "7ms"}}), Vec::new()),
            6 => return (json!({"noop": {}}), Vec::new()),
            _ => return self.leaf_processor(),
        };
        let (inside, passed) = self.row(depth - 1);
        let config = if name == "parallel" { json!({"cap": 3, "processors": inside}) } else { inside };
        (json!({name: config}), passed)
    }

    fn leaf_processor(&mut self) -> (Json, Vec<u64>) {
        let id = self.processors;
        self.processors += 1;
        let mut does = self.dice.pick(&["drop", "split", "duplicate", "flag", "group", "lose", "fail"]);
        if does == "group" && !self.traits.groups {
            does = "drop";
        }
        // What a buffer keeps with an error stays with it.
        if self.reads && self.traits.buffered && ["flag", "fail"].contains(&does) {
            does = "lose";
        }
        let may_copy = !self.traits.groups && !self.piped && !self.traits.tries;
        if does == "duplicate" && !may_copy {
            does = "split";
        }
        self.traits.copies |= does == "duplicate";
        let config = json!({"script": {
            "id": id, "does": does, "often": self.dice.between(5, 50), "slow": self.often(20),
            "troubles": self.dice.between(1, 3),
        }});
        (config, vec![id])
    }

    fn output(&mut self, depth: u32) -> (Json, Place) {
        let kind = if depth == 0 { 99 } else { self.dice.below(16) };
        let (mut output, mut place) = match kind {
            0..=3 => self.broker(depth),
            4 => {
                let (outputs, places) = self.output_list(depth, 2);
                (json!({"fallback": outputs}), Place::Any(places))
            }
            5 | 6 => {
                self.insisting += 1;
                let (output, place) = self.output(depth - 1);
                self.insisting -= 1;
                let backoff = json!({"initial_interval": "20ms", "max_interval": "2s"});
                let max_retries = self.troubles(3);
                (json!({"retry": {"max_retries": max_retries, "backoff": backoff, "output": output}}), place)
            }
            7 | 8 => self.switch(depth),
            9 => {
                let (output, place) = self.output(depth - 1);
                let impatient = self.dice.percent(50);
                let mut drop_on = json!({"error": true, "output": output});
                if impatient {
                    drop_on["back_pressure"] = json!(format!("{}ms", self.dice.between(1, 200)));
                }
                (json!({"drop_on": drop_on}), Place::UnlessRefused { inner: Box::new(place), impatient })
            }
            10 if self.insisting == 0 => {
                let (output, place) = self.output(depth - 1);
                (json!({"reject_errored": output}), place)
            }
            11 => {
                let (output, place) = self.output(depth - 1);
                let label = format!("out{}", self.output_resources.len());
                let mut labelled = json!({"label": label});
                merge(&mut labelled, output);
                self.output_resources.push(labelled);
                (json!({"resource": label}), place)
            }
            12 if depth == 1 => (json!({"drop": {}}), Place::Nowhere),
            _ => self.leaf_output(),
        };
        if self.dice.percent(12) {
            let (processors, passed) = self.row(1);
            output["processors"] = processors;
            place = Place::Behind(passed, Box::new(place));
        }
        (output, place)
    }

    fn output_list(&mut self, depth: u32, least: u64) -> (Vec<Json>, Vec<Place>) {
        (0..self.dice.between(least, 3)).map(|_| self.output(depth - 1)).unzip()
    }

    fn broker(&mut self, depth: u32) -> (Json, Place) {
        let patterns = [
            "fan_out",
            "fan_out_fail_fast",
            "fan_out_sequential",
            "fan_out_sequential_fail_fast",
            "round_robin",
            "greedy",
        ];
        let pattern = self.dice.pick(&patterns);
        let to_all = pattern.starts_with("fan_out");
        let insists = u32::from(to_all && !pattern.ends_with("fail_fast"));
        self.insisting += insists;
        let (outputs, places) = self.output_list(depth, 1);
        self.insisting -= insists;
        if to_all && places.len() > 1 {
            self.traits.fans_out = true;
        }
        if pattern.starts_with("fan_out_sequential") {
            for place in places.iter().skip(1) {
                place.leaves(&mut self.traits.unordered_outputs);
            }
        }
        let mut broker = json!({"pattern": pattern, "outputs": outputs});
        if self.dice.percent(20) {
            broker["batching"] = self.policy();
        }
        (json!({"broker": broker}), if to_all { Place::All(places) } else { Place::Any(places) })
    }

    fn switch(&mut self, depth: u32) -> (Json, Place) {
        let insists = self.dice.percent(40);
        self.insisting += u32::from(insists);
        let (outputs, mut cases) = self.output_list(depth, 2);
        self.insisting -= u32::from(insists);
        let (place, count, outputs_count) = (self.cases, outputs.len() as u64, outputs.len());
        self.cases += 1;
        // Without the last one some messages are of no case.
        let with_last = self.dice.percent(70);
        let all = outputs.into_iter().enumerate().map(|(index, output)| {
            let check = format!("case {index} of {count} at {place}");
            json!({"check": check, "output": output})
        });
        let mut all: Vec<Json> = all.collect();
        if !with_last && all.len() > 2 {
            all.pop();
            cases.pop();
        }
        let place = if self.traits.groups {
            // Those of one message go together, by the first of them.
            if all.len() < outputs_count {
                cases.push(Place::Nowhere);
            }
            Place::Any(cases)
        } else {
            Place::Cases { place, count, cases }
        };
        (json!({"switch": {"retry_until_success": insists, "cases": all}}), place)
    }

    fn leaf_output(&mut self) -> (Json, Place) {
        let id = self.outputs;
        self.outputs += 1;
        let mut config = json!({"id": id, "slow": self.often(40), "troubles": self.troubles(6)});
        if self.dice.percent(30) {
            config["max_in_flight"] = json!(self.dice.between(1, 4));
        }
        if self.dice.percent(10) {
            config["batching"] = self.policy();
        }
        (json!({"script": config}), Place::Leaf(id))
    }
}

impl Place {
    fn leaves(&self, to: &mut BTreeSet<u64>) {
        match self {
            Self::Leaf(id) => drop(to.insert(*id)),
            Self::All(places) | Self::Any(places) | Self::Cases { cases: places, .. } => {
                places.iter().for_each(|place| place.leaves(to));
            }
            Self::UnlessRefused { inner, .. } | Self::Behind(_, inner) => inner.leaves(to),
            Self::Nowhere => {}
        }
    }
}

fn merge(into: &mut Json, from: Json) {
    let (Json::Object(into), Json::Object(from)) = (into, from) else { return };
    into.extend(from);
}
