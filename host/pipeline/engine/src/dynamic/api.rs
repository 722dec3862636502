use async_trait::async_trait;
use forebay_pipeline_config::read_component;
use forebay_pipeline_config::spec::Kind;
use forebay_pipeline_operations::{Answer, Handler, PathParameters, Request as HttpRequest, Since};
use forebay_pipeline_operations::{body_text, refusal, text};
use forebay_plugins_api::Components as _;
use serde_json::{Map, json};
use tokio::sync::{mpsc, oneshot};

use super::{Member, Members, Request, Sent, plural};
use crate::structure::Structured;

/// The longest text of a component that is taken.
const LONGEST_TEXT: usize = 1 << 20;

/// What a path is about.
#[derive(Clone, Copy)]
pub(super) enum What {
    List,
    One,
    Uptime,
}

/// What answers at one of the paths.
pub(super) struct Api {
    pub(super) what: What,
    pub(super) kind: Kind,
    /// Where the component stands that holds the others.
    pub(super) path: String,
    pub(super) components: Structured,
    pub(super) members: Members,
    pub(super) ask: mpsc::Sender<Request>,
}

impl What {
    pub(super) const ALL: [Self; 3] = [Self::List, Self::One, Self::Uptime];

    /// Behind the path of them all.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::List => "",
            Self::One => "/{id}",
            Self::Uptime => "/{id}/uptime",
        }
    }

    pub(super) fn description(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::List, Kind::Output) => "Get a map of the dynamic outputs with their uptimes.",
            (Self::List, _) => "Get a map of the dynamic inputs with their uptimes.",
            (Self::One, Kind::Output) => "GET, POST and DELETE the configuration of a dynamic output.",
            (Self::One, _) => "GET, POST and DELETE the configuration of a dynamic input.",
            (Self::Uptime, Kind::Output) => "Get the uptime of a dynamic output, or \"stopped\".",
            (Self::Uptime, _) => "Get the uptime of a dynamic input, or \"stopped\".",
        }
    }
}

#[async_trait]
impl Handler for Api {
    async fn answer(&self, request: HttpRequest) -> Answer {
        let id = request.extensions().get::<PathParameters>().map_or("", |known| known.get("id")).to_owned();
        match self.what {
            What::List => self.list(),
            What::Uptime => match self.members.lock().get(&id) {
                Some(member) => text(http::StatusCode::OK, member.uptime()),
                None => refusal(http::StatusCode::NOT_FOUND, &format!("Dynamic component '{id}' is unknown")),
            },
            What::One => match request.method().as_str() {
                "GET" => self.get(&id),
                "POST" => match self.set(id, request).await {
                    Ok(answer) | Err(answer) => answer,
                },
                "DELETE" => self.ask(id, None).await,
                verb => failed(&format!("verb not supported: {verb}")),
            },
        }
    }
}

impl Api {
    fn list(&self) -> Answer {
        let members = self.members.lock();
        let shown = members.iter().map(|(id, member)| {
            let Member { shown, written, .. } = member;
            (id.clone(), json!({"uptime": member.uptime(), "config": written, "config_raw": shown}))
        });
        text(http::StatusCode::OK, json!(shown.collect::<Map<_, _>>()).to_string())
    }

    fn get(&self, id: &str) -> Answer {
        match self.members.lock().get(id) {
            Some(member) => text(http::StatusCode::OK, member.shown.clone()),
            None => refusal(http::StatusCode::NOT_FOUND, &format!("Dynamic component '{id}' is not active")),
        }
    }

    async fn set(&self, id: String, request: HttpRequest) -> Result<Answer, Answer> {
        let text = body_text(request, LONGEST_TEXT).await?;
        let is_known = |member: &Member| member.text.as_deref() == Some(text.as_str());
        if self.members.lock().get(&id).is_some_and(is_known) {
            return Ok(done());
        }
        let path = format!("{}.dynamic.{}.{id}", self.path, plural(self.kind));
        let read = read_component(self.kind, &id, &text, &path, &self.components.catalog());
        let config = read.map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            failed(&lines.join("\n"))
        })?;
        Ok(self.ask(id, Some(Sent { config, text })).await)
    }

    async fn ask(&self, id: String, component: Option<Sent>) -> Answer {
        let (answer, told) = oneshot::channel();
        let asked = self.ask.send(Request { id, component, answer }).await;
        match (asked, told.await) {
            (Ok(()), Ok(Ok(()))) => done(),
            (Ok(()), Ok(Err(reason))) => failed(&reason),
            _ => failed("the pipeline is stopping"),
        }
    }
}

impl Member {
    fn uptime(&self) -> String {
        self.since.as_ref().map_or_else(|| "stopped".to_owned(), Since::to_string)
    }
}

fn done() -> Answer {
    text(http::StatusCode::OK, "")
}

fn failed(reason: &str) -> Answer {
    refusal(http::StatusCode::BAD_GATEWAY, &format!("Error: {reason}"))
}
