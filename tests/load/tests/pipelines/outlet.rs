//! Where records come out of pipelines, as the checker sees it.

use std::collections::{BTreeMap, BTreeSet};

use forebay_lifecycle::clock;
use forebay_tests_load::Connection;
use forebay_tests_load::carrying::laws::judge;
use forebay_tests_load::carrying::{Carried, Input, Judgement, Promise};
use forebay_tests_load::reader::{self, Plan};
use forebay_tests_pipelines::Moto;
use std::time::Duration;

use crate::agent::Site;
use crate::workload::{PARTITIONS, PATIENCE, Workload};

/// The topic that pipelines write to.
pub(crate) const CARRIED: &str = "carried";
/// A session of a group takes 45 seconds, and what was paused before has to be caught up with.
const LONGEST: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(50);
/// How many violations are told.
const TOLD: usize = 10;

/// Lanes of what came out so far.
pub(crate) trait Outlet {
    /// Looks for more.
    fn look(&mut self, workload: &Workload);
    fn lanes(&self) -> Vec<Vec<Option<Carried>>>;
}

/// A topic; each partition is a lane.
pub(crate) struct Topic {
    site: Site,
    offsets: Vec<i64>,
    lanes: Vec<Vec<Option<Carried>>>,
}

/// Objects with a line for each record. Each is a lane.
pub(crate) struct Objects<'m> {
    moto: &'m Moto,
    bucket: &'static str,
    lanes: BTreeMap<String, Vec<Option<Carried>>>,
}

impl Topic {
    pub(crate) fn of(site: &Site) -> Self {
        let count = usize::try_from(PARTITIONS).unwrap();
        Self { site: site.clone(), offsets: vec![0; count], lanes: vec![Vec::new(); count] }
    }

    async fn read_on(&mut self) -> anyhow::Result<()> {
        let plan = Plan { topic: CARRIED.to_owned(), partitions: PARTITIONS, timeout: PATIENCE };
        let mut connection = Connection::open(self.site.address(), PATIENCE).await?;
        loop {
            let (found, is_all) = reader::values(&plan, &mut connection, &mut self.offsets).await?;
            for (partition, bytes) in found {
                let lane = usize::try_from(partition).ok().and_then(|at| self.lanes.get_mut(at)).unwrap();
                lane.push(Carried::of(&bytes));
            }
            if is_all {
                return Ok(());
            }
        }
    }
}

impl Outlet for Topic {
    fn look(&mut self, workload: &Workload) {
        // Its agent may be away; what was read is kept.
        let _ = workload.block_on(self.read_on());
    }

    fn lanes(&self) -> Vec<Vec<Option<Carried>>> {
        self.lanes.clone()
    }
}

impl<'m> Objects<'m> {
    pub(crate) fn of(moto: &'m Moto, bucket: &'static str) -> Self {
        Self { moto, bucket, lanes: BTreeMap::new() }
    }
}

impl Outlet for Objects<'_> {
    fn look(&mut self, _: &Workload) {
        for name in self.moto.names(self.bucket) {
            if self.lanes.contains_key(&name) {
                continue;
            }
            let content = self.moto.get(&format!("{}/{name}", self.bucket)).text();
            self.lanes.insert(name, content.lines().map(|line| Carried::of(line.as_bytes())).collect());
        }
    }

    fn lanes(&self) -> Vec<Vec<Option<Carried>>> {
        self.lanes.values().cloned().collect()
    }
}

/// Waits until something has come out.
pub(crate) fn begun(workload: &Workload, outlet: &mut impl Outlet, records: usize) {
    let since = clock::now();
    while outlet.lanes().iter().map(Vec::len).sum::<usize>() < records {
        assert!(since.elapsed() < LONGEST, "nothing comes out");
        workload.pass(PAUSE);
        outlet.look(workload);
    }
}

/// Waits until so many have come out beside those that are there by now.
pub(crate) fn more(workload: &Workload, outlet: &mut impl Outlet, records: usize) {
    outlet.look(workload);
    let there: usize = outlet.lanes().iter().map(Vec::len).sum();
    begun(workload, outlet, there + records);
}

/// Waits until everything has come out, as long as there is hope.
pub(crate) fn drained(workload: &Workload, outlet: &mut impl Outlet, input: &Input) {
    let since = clock::now();
    loop {
        outlet.look(workload);
        if input.has_come(&outlet.lanes()) || since.elapsed() > LONGEST {
            return;
        }
        workload.pass(PAUSE);
    }
}

/// Judges what has come out in all.
pub(crate) fn judged(
    workload: &Workload,
    outlet: &mut impl Outlet,
    input: &Input,
    promise: Promise,
) -> Judgement {
    outlet.look(workload);
    let lanes = outlet.lanes();
    let judged = judge(input, &lanes, promise);
    if !judged.violations.is_empty() {
        let kinds: BTreeSet<String> = judged.violations.iter().take(TOLD).map(ToString::to_string).collect();
        let told: Vec<_> = kinds.iter().map(|kind| format!("\n  {kind}")).collect();
        panic!(
            "{} of {} records: {} violations{}",
            judged.came,
            judged.records,
            judged.violations.len(),
            told.concat()
        );
    }
    judged
}
