use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType, Kind};
use forebay_pipeline_message::Batch;
use forebay_plugins_api::{OpenError, Setup};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;

use super::opening::{Opening, open_inside};
use super::retry::Retry;
use super::{Destination, Own, Refusal, spec, together};
use crate::dynamic::{self, Clients, Request, Sent, next};
use crate::ground::{Ground, Work};
use crate::structure::pauses::Policy;

pub(super) const OWN: Own =
    Own { name: "dynamic", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    spec(
        OWN.name,
        "Hands every message to all of some outputs, which come and go while the pipeline runs, over HTTP.",
        FieldSpec::new("", FieldType::Object).with_fields(dynamic::fields(Kind::Output)),
    )
}

/// An output that is open.
#[derive(Clone)]
struct Member {
    output: Arc<dyn Destination>,
    /// Says that it goes: what it has not taken then it is not waited for.
    gone: Shutdown,
}

/// The outputs that there are now, by their ids.
#[derive(Default)]
struct All {
    members: Mutex<BTreeMap<String, Member>>,
    /// How many there are.
    count: watch::Sender<usize>,
}

struct Dynamic {
    all: Arc<All>,
    /// Told to the work when this is dropped, after the last batch.
    over: Shutdown,
}

/// What opens outputs for clients, and does their work.
struct Keeper {
    ground: Arc<Ground>,
    /// Of this output.
    setup: Setup,
    clients: Clients,
    all: Arc<All>,
    over: Shutdown,
    running: FuturesUnordered<BoxFuture<'static, ()>>,
}

async fn open(opening: Opening<'_>) -> Result<Box<dyn Destination>, OpenError> {
    let clients = Clients::open(&opening.structure, opening.ground, Kind::Output)?;
    let all = Arc::new(All::default());
    let over = Shutdown::new();
    let mut keeper = Keeper {
        ground: Arc::clone(opening.ground),
        setup: opening.structure.setup.clone(),
        clients,
        all: Arc::clone(&all),
        over: over.clone(),
        running: FuturesUnordered::new(),
    };
    let mut faults = Vec::new();
    for (id, config) in dynamic::given(opening.structure.setup, "outputs") {
        let mut works = Vec::new();
        match open_inside(&keeper.ground, &keeper.setup, config, &mut works).await {
            Ok(output) => keeper.start(&id, config, None, (output, works)),
            Err(places) => faults.extend(places),
        }
    }
    if !faults.is_empty() {
        return Err(OpenError::Inside(faults));
    }
    opening.works.push(Box::pin(keeper.run()));
    Ok(Box::new(Dynamic { all, over }))
}

impl Keeper {
    async fn run(mut self) {
        let over = self.over.clone();
        loop {
            tokio::select! {
                biased;
                () = over.cancelled() => break,
                () = next(&mut self.running) => {}
                request = self.clients.next() => self.answer(request).await,
            }
        }
        self.clients.refuse_all();
        // With the last of those who hold an output, its work ends.
        self.all.lock().clear();
        while self.running.next().await.is_some() {}
    }

    fn start(
        &mut self,
        id: &str,
        config: &ComponentConfig,
        text: Option<String>,
        (output, works): (Box<dyn Destination>, Vec<Work>),
    ) {
        self.clients.members.started(&self.ground, id, config, text);
        // What it refuses is handed to it again until it takes it.
        let output: Arc<dyn Destination> = Arc::new(Retry::new(output, Policy::for_ever(), 0));
        self.running.push(Box::pin(async move { drop(join_all(works).await) }));
        self.all.lock().insert(id.to_owned(), Member { output, gone: Shutdown::new() });
        self.all.tell();
    }

    /// Does what a client asks for. The new output is opened before the old one is closed, so that one that can't be
    /// opened changes nothing.
    async fn answer(&mut self, mut request: Request) {
        let id = request.id.clone();
        let mut new = None;
        if let Some((config, text)) = request.component.take().map(Sent::into_parts) {
            let (ground, setup) = (Arc::clone(&self.ground), self.setup.clone());
            let mut works = Vec::new();
            let opened = self.beside(open_inside(&ground, &setup, &config, &mut works)).await;
            match opened {
                Ok(output) => new = Some((config, text, (output, works))),
                Err(faults) => {
                    request.refuse(&faults);
                    return;
                }
            }
        }
        if let Some(old) = self.all.lock().remove(&id) {
            old.gone.cancel();
        }
        self.clients.members.removed(&id);
        match new {
            Some((config, text, opened)) => self.start(&id, &config, Some(text), opened),
            None => self.all.tell(),
        }
        request.answer(Ok(()));
    }

    /// Waits for something while the outputs go on.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                result = &mut work => return result,
                () = next(&mut self.running) => {}
            }
        }
    }
}

impl All {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait how many there are.
    fn tell(&self) {
        let count = self.lock().len();
        self.count.send_replace(count);
    }

    /// All of them, as soon as there are any.
    async fn some(&self) -> Vec<Member> {
        loop {
            // The sender is part of this.
            let _ = self.count.subscribe().wait_for(|count| *count > 0).await;
            let members: Vec<Member> = self.lock().values().cloned().collect();
            if !members.is_empty() {
                return members;
            }
        }
    }
}

#[async_trait]
impl Destination for Dynamic {
    async fn deliver(&self, batch: Batch) -> Result<(), Refusal> {
        let members = self.all.some().await;
        let deliveries = members.iter().map(|Member { output, gone }| async {
            tokio::select! {
                biased;
                delivered = output.deliver(batch.clone()) => delivered,
                () = gone.cancelled() => Ok(()),
            }
        });
        together(join_all(deliveries).await.into_iter().filter_map(Result::err))
    }
}

impl Drop for Dynamic {
    fn drop(&mut self) {
        self.over.cancel();
    }
}
