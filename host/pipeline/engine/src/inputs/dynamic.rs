use std::collections::HashMap;
use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::ComponentConfig;
use forebay_pipeline_config::spec::{ComponentSpec, FieldSpec, FieldType, Kind};
use forebay_plugins_api::{OpenError, Setup};
use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::FuturesUnordered;

use super::opening::{Opening, open_inside};
use super::{Own, spec};
use crate::channel::Sender;
use crate::dynamic::{self, Clients, Request, Sent, next};
use crate::ground::{Ground, Work};

pub(super) const OWN: Own =
    Own { name: "dynamic", spec: specification, open: |opening| Box::pin(open(opening)) };

fn specification() -> ComponentSpec {
    spec(
        OWN.name,
        "Reads inputs that come and go while the pipeline runs, over HTTP.",
        FieldSpec::new("", FieldType::Object).with_fields(dynamic::fields(Kind::Input)),
    )
}

/// The inputs that there are now. It ends only when it is told to.
struct Dynamic {
    ground: Arc<Ground>,
    /// Of this input.
    setup: Setup,
    to: Sender,
    stop: Shutdown,
    clients: Clients,
    /// By their ids: what tells each to end.
    open: HashMap<String, Shutdown>,
    /// Each gives its id when it has ended, and what told it to.
    running: FuturesUnordered<BoxFuture<'static, (String, Shutdown)>>,
}

async fn open(opening: Opening<'_>) -> Result<Vec<Work>, OpenError> {
    let clients = Clients::open(&opening.structure, opening.ground, Kind::Input)?;
    let mut dynamic = Dynamic {
        ground: Arc::clone(opening.ground),
        setup: opening.structure.setup.clone(),
        to: opening.to,
        stop: opening.stop.clone(),
        clients,
        open: HashMap::new(),
        running: FuturesUnordered::new(),
    };
    let mut faults = Vec::new();
    for (id, config) in dynamic::given(opening.structure.setup, "inputs") {
        let stop = dynamic.stop.child_token();
        match open_inside(&dynamic.ground, &dynamic.setup, config, &stop, dynamic.to.clone()).await {
            Ok(works) => dynamic.start(id, config, None, (works, stop)),
            Err(places) => faults.extend(places),
        }
    }
    if faults.is_empty() { Ok(vec![Box::pin(dynamic.run())]) } else { Err(OpenError::Inside(faults)) }
}

impl Dynamic {
    async fn run(mut self) {
        let stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                ended = next(&mut self.running) => self.note(&ended),
                request = self.clients.next() => self.answer(request).await,
            }
        }
        self.clients.refuse_all();
        while self.running.next().await.is_some() {}
    }

    fn start(
        &mut self,
        id: String,
        config: &ComponentConfig,
        text: Option<String>,
        (works, stop): (Vec<Work>, Shutdown),
    ) {
        self.clients.members.started(&self.ground, &id, config, text);
        self.open.insert(id.clone(), stop.clone());
        self.running.push(Box::pin(async move {
            join_all(works).await;
            (id, stop)
        }));
    }

    fn note(&mut self, (id, stop): &(String, Shutdown)) {
        self.open.remove(id);
        // One that ended by itself is still shown.
        if stop.is_cancelled() {
            self.clients.members.removed(id);
        } else {
            self.clients.members.stopped(id);
        }
    }

    /// Does what a client asks for. The new input is opened before the old one is closed, so that one that can't be
    /// opened changes nothing.
    async fn answer(&mut self, mut request: Request) {
        let id = request.id.clone();
        let stop = self.stop.child_token();
        let mut new = None;
        if let Some((config, text)) = request.component.take().map(Sent::into_parts) {
            let (ground, setup, to) = (Arc::clone(&self.ground), self.setup.clone(), self.to.clone());
            let opened = self.beside(open_inside(&ground, &setup, &config, &stop, to)).await;
            match opened {
                Ok(works) => new = Some((config, text, works)),
                Err(faults) => {
                    request.refuse(&faults);
                    return;
                }
            }
        }
        if let Some(old) = self.open.get(&id) {
            old.cancel();
            while self.open.contains_key(&id) {
                let ended = next(&mut self.running).await;
                self.note(&ended);
            }
        }
        self.clients.members.removed(&id);
        if let Some((config, text, works)) = new {
            self.start(id, &config, Some(text), (works, stop));
        }
        request.answer(Ok(()));
    }

    /// Waits for something while the inputs go on.
    async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                result = &mut work => return result,
                ended = next(&mut self.running) => self.note(&ended),
            }
        }
    }
}
