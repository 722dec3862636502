//! What the input and the output `dynamic` share: which components they hold, and the paths on the HTTP server of the
//! process by which others come and go. The component itself does what is asked, one request after the other.

mod api;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use forebay_pipeline_config::spec::{FieldKind, FieldSpec, FieldType, Kind};
use forebay_pipeline_config::{ComponentConfig, Position};
use forebay_pipeline_operations::{Registration, Since};
use forebay_plugins_api::{Components as _, OpenError, Setup};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};

use crate::ground::Ground;
use crate::structure::{self, problem};
use api::{Api, What};

/// Requests that wait for the component before clients wait for room.
const QUEUE: usize = 16;

/// A component that comes or goes.
pub(crate) struct Request {
    pub(crate) id: String,
    /// In place of the one with this id; none where that is only to go.
    pub(crate) component: Option<Sent>,
    answer: oneshot::Sender<Result<(), String>>,
}

/// A component that was sent.
pub(crate) struct Sent {
    pub(crate) config: ComponentConfig,
    /// As it came, by which one is told that changes nothing.
    text: String,
}

/// The components, as clients see them. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Members(Arc<Mutex<BTreeMap<String, Member>>>);

struct Member {
    /// As YAML, without secrets.
    shown: String,
    written: Json,
    /// As it was sent, where it was.
    text: Option<String>,
    /// Since when it works; none where it has ended by itself.
    since: Option<Since>,
}

/// What an open `dynamic` has to do with clients.
pub(crate) struct Clients {
    pub(crate) members: Members,
    requests: mpsc::Receiver<Request>,
    /// The paths are free again when these are dropped.
    _paths: Vec<Registration>,
}

/// The fields of the component for inputs or outputs.
pub(crate) fn fields(kind: Kind) -> Vec<FieldSpec> {
    let (name, of) = match kind {
        Kind::Output => ("outputs", FieldType::Output),
        _ => ("inputs", FieldType::Input),
    };
    vec![
        FieldSpec::new(name, of)
            .of_kind(FieldKind::Map)
            .with_default(json!({}))
            .with_docs("Those that are there from the start, by their ids."),
        FieldSpec::new("prefix", FieldType::String)
            .with_default("")
            .with_docs("What stands before the paths on the HTTP server."),
    ]
}

/// The components in the settings, by their ids.
pub(crate) fn given<'s>(
    setup: &'s Setup,
    field: &str,
) -> impl Iterator<Item = (String, &'s ComponentConfig)> + use<'s> {
    let field = format!("/{field}/");
    setup.children.iter().filter_map(move |child| {
        let id = child.pointer.strip_prefix(&field)?;
        Some((id.replace("~1", "/").replace("~0", "~"), &child.component))
    })
}

impl Clients {
    /// Adds the paths of a component, where there is a server. `kind` says whether it is about inputs or outputs.
    ///
    /// # Errors
    /// Another component has the paths.
    pub(crate) fn open(
        opening: &structure::Opening<'_>,
        ground: &Ground,
        kind: Kind,
    ) -> Result<Self, OpenError> {
        let (ask, requests) = mpsc::channel(QUEUE);
        let members = Members::default();
        let mut registrations = Vec::new();
        if let Some(paths) = &ground.paths {
            let prefix = opening.setup.config.get("prefix").and_then(Json::as_str).unwrap_or_default();
            let base = joined(&[&paths.prefix, prefix, plural(kind)]);
            for what in What::ALL {
                let api = Api {
                    what,
                    kind,
                    path: opening.setup.path.clone(),
                    components: opening.components.clone(),
                    members: members.clone(),
                    ask: ask.clone(),
                };
                let path = format!("{base}{}", what.path());
                let registered = paths.endpoints.register(&path, what.description(kind), api);
                registrations.push(registered.map_err(|taken| problem("/prefix", &taken.to_string()))?);
            }
        }
        Ok(Self { members, requests, _paths: registrations })
    }

    /// The next request; none any more where there is no server.
    ///
    /// # Cancel safety
    /// None is lost.
    pub(crate) async fn next(&mut self) -> Request {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Refuses all that are still to come.
    pub(crate) fn refuse_all(&mut self) {
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            request.answer(Err("the pipeline is stopping".to_owned()));
        }
    }
}

/// What the next component that ends leaves; for ever where there is none.
///
/// # Cancel safety
/// None is lost.
pub(crate) async fn next<T>(running: &mut FuturesUnordered<BoxFuture<'static, T>>) -> T {
    match running.next().await {
        Some(ended) => ended,
        None => std::future::pending().await,
    }
}

impl Members {
    /// A component begins to work.
    pub(crate) fn started(&self, ground: &Ground, id: &str, config: &ComponentConfig, text: Option<String>) {
        let shown = forebay_pipeline_config::component_text(config, &ground.components.catalog());
        let written = forebay_pipeline_config::yaml::parse(&shown).root;
        let written = written.and_then(|root| root.to_json().ok()).unwrap_or(Json::Null);
        let member = Member { shown, written, text, since: Some(Since::now()) };
        self.lock().insert(id.to_owned(), member);
    }

    /// It has ended by itself, and is still known.
    pub(crate) fn stopped(&self, id: &str) {
        if let Some(member) = self.lock().get_mut(id) {
            member.since = None;
        }
    }

    /// It is not known any more.
    pub(crate) fn removed(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Member>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Request {
    /// Tells how it went.
    pub(crate) fn answer(self, result: Result<(), String>) {
        // Whoever asked may have gone meanwhile.
        let _ = self.answer.send(result);
    }

    /// Tells what is wrong with the component, a line for each fault and its place in the text.
    pub(crate) fn refuse(self, faults: &[(Position, String)]) {
        let line =
            |(at, message): &(Position, String)| format!("{}({},{}) {message}", self.id, at.line, at.column);
        let lines: Vec<_> = faults.iter().map(line).collect();
        self.answer(Err(lines.join("\n")));
    }
}

impl Sent {
    /// What it is, and its text.
    pub(crate) fn into_parts(self) -> (ComponentConfig, String) {
        (self.config, self.text)
    }
}

fn plural(kind: Kind) -> &'static str {
    if kind == Kind::Output { "outputs" } else { "inputs" }
}

/// A path of several parts, with one slash before each.
fn joined(parts: &[&str]) -> String {
    let segments = parts.iter().flat_map(|part| part.split('/')).filter(|segment| !segment.is_empty());
    segments.map(|segment| format!("/{segment}")).collect()
}
