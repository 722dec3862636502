//! From a topic to objects in S3, which fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::park_timeout;
use std::time::Duration;

use forebay_tests_load::Random;
use forebay_tests_load::carrying::{Carried, Promise};
use forebay_tests_pipelines::{Fate, Moto, Proxy};
use serde_json::{Value, json};

use crate::agent::Site;
use crate::carrier;
use crate::kills::SOME;
use crate::outages::{LARGE, Memory};
use crate::outlet::{Objects, Outlet, begun};
use crate::scenario::{Came, Outcome, Setting, ended};
use crate::workload::Workload;

const BUCKET: &str = "lake";
/// A put whose answer was lost is made again, and objects are no queue.
const AT_LEAST_ONCE: Promise = Promise { in_order: false, once: false };

/// An output that makes an object of each batch.
fn objects(address: &str, name: &str, processors: &Value) -> Value {
    json!({"aws_s3": {
        "bucket": BUCKET,
        "path": format!("${{! @kafka_partition }}-${{! @kafka_offset }}-${{! uuid_v4() }}.{name}"),
        "region": "us-east-1",
        "endpoint": format!("http://{address}"),
        "force_path_style_urls": true,
        "credentials": {"id": "somebody", "secret": "something"},
        "max_in_flight": 4,
        "batching": {"count": 1_000, "period": "200ms", "processors": processors},
    }})
}

/// A proxy that does with a request what a chance of its own says.
fn fickle(moto: &Moto, seed: u64, failed: &Arc<AtomicU32>) -> Proxy {
    let (random, failed) = (Mutex::new(Random(seed)), Arc::clone(failed));
    Proxy::before(moto.address(), move |_| {
        let drawn = random.lock().unwrap_or_else(PoisonError::into_inner).below(10);
        let fate = match drawn {
            0..=3 => return Fate::Pass,
            4 => {
                // Slow, and then well.
                park_timeout(Duration::from_millis(700));
                return Fate::Pass;
            }
            5 | 6 => Fate::Refused,
            7 | 8 => Fate::Unanswered,
            _ => Fate::Torn,
        };
        failed.fetch_add(1, Ordering::Relaxed);
        fate
    })
}

fn carried(
    workload: &Workload,
    setting: Setting,
    (proxy, name, processors): (&Proxy, &str, &Value),
    outlet: &mut impl Outlet,
    during: impl FnOnce(&Workload, &forebay_tests_pipelines::Running, &mut dyn FnMut()),
) -> Came {
    let site = Site::new(&workload.folder, "agent");
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers_alone([&site]);
    let input = carrier::at(&site, carrier::input(setting.order));
    let pipeline = carrier::pipeline(input, objects(proxy.address(), name, processors));
    let mut running = carrier::run(&workload.folder, "carry", &pipeline);
    producers.during(|| during(workload, &running, &mut || begun(workload, outlet, SOME)));
    ended(workload, producers, outlet, AT_LEAST_ONCE, || {
        running.signal("TERM");
        let _ = running.finish().well();
    })
}

fn lines() -> Value {
    json!([{"archive": {"format": "lines"}}])
}

pub(crate) fn half_of_the_time(setting: Setting) -> Outcome {
    let moto = Moto::with_bucket(BUCKET)?;
    let workload = Workload::new(setting.seed);
    let failed = Arc::default();
    let proxy = fickle(&moto, setting.seed, &failed);
    let mut outlet = Objects::of(&moto, BUCKET);
    let came = carried(&workload, setting, (&proxy, "txt", &lines()), &mut outlet, |workload, _, begun| {
        begun();
        workload.pass(Duration::from_secs(8));
    });
    Some(came.with_note(often(&failed)))
}

/// Says how many requests have failed, which must be more than a few.
fn often(failed: &AtomicU32) -> String {
    let failed = failed.load(Ordering::Relaxed);
    assert!(failed > 5, "the proxy has hardly failed: {failed}");
    format!("{failed} requests failed")
}

pub(crate) fn away(setting: Setting) -> Outcome {
    let moto = Moto::with_bucket(BUCKET)?;
    let workload = Workload::new(setting.seed).with_large_records(LARGE);
    let (is_away, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (asked, counted) = (Arc::clone(&is_away), Arc::clone(&refused));
    let proxy = Proxy::before(moto.address(), move |_| {
        if !asked.load(Ordering::Relaxed) {
            return Fate::Pass;
        }
        counted.fetch_add(1, Ordering::Relaxed);
        Fate::Refused
    });
    let mut outlet = Objects::of(&moto, BUCKET);
    let mut memory = Memory::default();
    let came =
        carried(&workload, setting, (&proxy, "txt", &lines()), &mut outlet, |workload, running, begun| {
            begun();
            is_away.store(true, Ordering::Relaxed);
            memory.watch(workload, running, Duration::from_secs(15));
            is_away.store(false, Ordering::Relaxed);
        });
    let refused = refused.load(Ordering::Relaxed);
    assert!(refused > 0, "nobody has put anything while the store was away");
    Some(came.with_note(format!("{}, {refused} requests refused", memory.bounded())))
}

/// The process ends in the middle of its puts, and another one goes on when its session is over.
pub(crate) fn killed(setting: Setting) -> Outcome {
    let moto = Moto::with_bucket(BUCKET)?;
    let workload = Workload::new(setting.seed);
    let site = Site::new(&workload.folder, "agent").with_short_sessions();
    let _agent = site.start(&workload.folder);
    let mut producers = workload.producers_alone([&site]);
    let mut outlet = Objects::of(&moto, BUCKET);
    let input = carrier::at(&site, carrier::input(setting.order));
    let pipeline = carrier::pipeline(input, objects(moto.address(), "txt", &lines()));
    let mut first = carrier::run(&workload.folder, "first", &pipeline);
    let mut second = producers.during(|| {
        begun(&workload, &mut outlet, SOME);
        assert!(first.kill());
        let second = carrier::run(&workload.folder, "second", &pipeline);
        workload.pass(Duration::from_secs(3));
        second
    });
    Some(ended(&workload, producers, &mut outlet, AT_LEAST_ONCE, || {
        second.signal("TERM");
        let _ = second.finish().well();
    }))
}

/// Parquet files, which `forebay run` reads back.
struct Rows<'m> {
    moto: &'m Moto,
    lanes: BTreeMap<String, Vec<Option<Carried>>>,
}

impl Outlet for Rows<'_> {
    fn look(&mut self, workload: &Workload) {
        let names = self.moto.names(BUCKET);
        if names.iter().all(|name| self.lanes.contains_key(name)) {
            return;
        }
        let pipeline = format!(
            "input: {{aws_s3: {{bucket: {BUCKET}, {}}}}}\n\
             pipeline: {{threads: 1, processors: [{{parquet_decode: {{}}}}, \
             {{mapping: 'root = @s3_key + \" \" + this.value.decode(\"base64\").string()'}}]}}\noutput: {{stdout: {{}}}}\n",
            self.moto.fields()
        );
        self.lanes.clear();
        let read = workload.folder.run(&pipeline).finish().well();
        for line in read.stdout.lines() {
            let (name, value) = line.split_once(' ').unwrap_or_default();
            self.lanes.entry(name.to_owned()).or_default().push(Carried::of(value.as_bytes()));
        }
    }

    fn lanes(&self) -> Vec<Vec<Option<Carried>>> {
        self.lanes.values().cloned().collect()
    }
}

pub(crate) fn half_of_the_time_for_parquet(setting: Setting) -> Outcome {
    let moto = Moto::with_bucket(BUCKET)?;
    let workload = Workload::new(setting.seed);
    let failed = Arc::default();
    let proxy = fickle(&moto, setting.seed, &failed);
    let schema = json!([{"name": "value", "type": "BYTE_ARRAY"}]);
    let processors = json!([
        {"mutation": "root = {\"value\": content().string()}"},
        {"parquet_encode": {"schema": schema, "default_compression": "zstd"}},
    ]);
    let mut outlet = Rows { moto: &moto, lanes: BTreeMap::new() };
    let came =
        carried(&workload, setting, (&proxy, "parquet", &processors), &mut outlet, |workload, _, begun| {
            begun();
            workload.pass(Duration::from_secs(8));
        });
    Some(came.with_note(often(&failed)))
}
