//! The paths by which pipelines come and go.
//!
//! A change goes on to its end when the client that asked for it has gone.

use std::sync::Arc;

use async_trait::async_trait;
use forebay_metrics::Metrics;
use forebay_pipeline_config::Problem;
use forebay_pipeline_operations::{
    Answer, Endpoints, Handler, PathParameters, RegisterError, Registration, Request, body_text, json,
    refusal, text,
};
use futures_util::future::{BoxFuture, join_all};
use http::StatusCode;
use serde_json::{Value as Json, json};

use super::manager::{self, ChangeError, Faults, Manager, ResourceError, TYPES, Text, patched, status};

/// The longest body that is taken.
const LONGEST_BODY: usize = 16 << 20;

/// What a path is about.
#[derive(Clone, Copy)]
enum What {
    Ready,
    Streams,
    Stream,
    Stats,
    Resource,
}

/// What answers at a path.
#[derive(Clone)]
struct Api {
    what: What,
    manager: Arc<Manager>,
}

/// What of a request is needed.
struct Asked {
    verb: String,
    id: String,
    /// Of a resource.
    kind: String,
    chilled: bool,
    body: String,
}

/// Whether one pipeline is connected.
pub(super) struct StreamReady {
    pub(super) metrics: Arc<Metrics>,
    pub(super) id: String,
}

/// Adds the path that says whether all pipelines are connected and, where others may change them, those by which they
/// do.
///
/// # Errors
/// One of them is taken.
pub(super) fn register(
    endpoints: &Endpoints,
    manager: &Arc<Manager>,
    may_change: bool,
) -> Result<Vec<Registration>, RegisterError> {
    let paths = [
        (
            What::Ready,
            "/ready",
            "Returns 200 OK if the inputs and outputs of all running streams are connected, otherwise a 503 is returned.",
        ),
        (What::Streams, "/streams", "GET: all streams with their uptimes. POST: replaces all streams."),
        (What::Stream, "/streams/{id}", "POST, GET, PUT, PATCH and DELETE a stream."),
        (What::Stats, "/streams/{id}/stats", "GET the metrics of a stream."),
        (
            What::Resource,
            "/resources/{type}/{id}",
            "POST: creates or replaces a resource. Types are `cache`, `input`, `output`, `processor` and `rate_limit`.",
        ),
    ];
    let paths = paths.into_iter().filter(|(what, ..)| may_change || matches!(what, What::Ready));
    let add = |(what, path, description)| {
        endpoints.register(path, description, Api { what, manager: Arc::clone(manager) })
    };
    paths.map(add).collect()
}

#[async_trait]
impl Handler for Api {
    async fn answer(&self, request: Request) -> Answer {
        let asked = match Asked::read(request).await {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let (what, manager) = (self.what, Arc::clone(&self.manager));
        let keeper = Arc::clone(&manager.keeper);
        let work: BoxFuture<'static, Answer> =
            Box::pin(async move { Box::pin(manager.answer(what, asked)).await });
        let answered = keeper.spawn(0, "a request about streams", work).await;
        answered.unwrap_or_else(|error| refusal(StatusCode::BAD_GATEWAY, &format!("Error: {error}")))
    }
}

impl Asked {
    async fn read(request: Request) -> Result<Self, Answer> {
        let variables = request.extensions().get::<PathParameters>().cloned().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        Ok(Self {
            verb: request.method().to_string(),
            id: variables.get("id").to_owned(),
            kind: variables.get("type").to_owned(),
            chilled: query.split('&').any(|pair| pair == "chilled=true"),
            body: body_text(request, LONGEST_BODY).await?,
        })
    }
}

impl Manager {
    async fn answer(&self, what: What, asked: Asked) -> Answer {
        let answered = match what {
            What::Ready => Ok(self.answer_ready()),
            What::Streams => Box::pin(self.answer_streams(asked)).await,
            What::Stream => Box::pin(self.answer_stream(asked)).await,
            What::Stats => match (asked.verb.as_str(), self.stats(&asked.id)) {
                ("GET", Some(stats)) => Ok(json(StatusCode::OK, &Json::Object(stats))),
                ("GET", None) => Err(unknown()),
                (verb, _) => Err(bad(&format!("verb not supported: {verb}"))),
            },
            What::Resource => Box::pin(self.answer_resource(asked)).await,
        };
        answered.unwrap_or_else(|refused| refused)
    }

    fn answer_ready(&self) -> Answer {
        let unconnected = self.unconnected();
        if unconnected.is_empty() {
            return text(StatusCode::OK, "OK");
        }
        let reason = format!("streams {} are not connected\n", unconnected.join(", "));
        text(StatusCode::SERVICE_UNAVAILABLE, reason)
    }

    async fn answer_streams(&self, asked: Asked) -> Result<Answer, Answer> {
        match asked.verb.as_str() {
            "GET" => return Ok(json(StatusCode::OK, &Json::Object(self.list()))),
            "POST" => {}
            _ => return Err(bad("method not supported")),
        }
        let read = self.read_all(Text { name: "", text: &asked.body, chilled: asked.chilled }).await;
        let read = read.map_err(|problems| bad(&lines(&problems)))?;
        let (mut designs, mut lints) = (Vec::new(), Vec::new());
        for (id, design) in read {
            match design {
                Ok(design) => designs.push((id, design)),
                Err(Faults::Lints(problems) | Faults::Unreadable(problems)) => {
                    lints.extend(problems.iter().map(|problem| format!("stream '{id}': {}", lint(problem))));
                }
            }
        }
        if !lints.is_empty() {
            return Err(if asked.chilled { bad(&lints.join("\n")) } else { lint_errors(&lints) });
        }
        let known = self.ids();
        let gone = known.iter().filter(|id| designs.iter().all(|(new, _)| new != *id));
        let deletions = gone.map(|id| async move {
            self.delete(id).await.map_err(|error| format!("failed to delete stream: {error}"))
        });
        let changes = designs.iter().map(|(id, design)| {
            let (is_known, text) = (known.contains(id), kept(&design.written));
            async move {
                if is_known {
                    let updated = Box::pin(self.update(id, design.clone(), Some(&text))).await;
                    updated.map_err(|error| format!("failed to update stream: {error}"))
                } else {
                    let created = Box::pin(self.create(id, design.clone(), Some(&text))).await;
                    created.map_err(|error| format!("failed to create stream: {error}"))
                }
            }
        });
        let (deleted, changed) = futures_util::future::join(join_all(deletions), join_all(changes)).await;
        let faults: Vec<_> = deleted.into_iter().chain(changed).filter_map(Result::err).collect();
        if faults.is_empty() { Ok(text(StatusCode::OK, "")) } else { Err(bad(&faults.join("\n"))) }
    }

    async fn answer_stream(&self, asked: Asked) -> Result<Answer, Answer> {
        let Asked { verb, id, chilled, body, .. } = &asked;
        match verb.as_str() {
            "GET" => {
                let shown = self.look(id, |stream| {
                    let mut shown = status(stream);
                    shown.insert("config".to_owned(), stream.design.written.clone());
                    shown
                });
                return Ok(json(StatusCode::OK, &Json::Object(shown.ok_or_else(unknown)?)));
            }
            "POST" => {
                let text = Text { name: "", text: body, chilled: *chilled };
                let design = self.read(text).await.map_err(faults)?;
                Box::pin(self.create(id, design, Some(body))).await.map_err(refused)?;
            }
            "PUT" => {
                let text = Text { name: "", text: body, chilled: *chilled };
                let design = self.read(text).await.map_err(faults)?;
                Box::pin(self.update(id, design, Some(body))).await.map_err(refused)?;
            }
            "PATCH" => {
                let written = self.look(id, |stream| stream.design.written.clone()).ok_or_else(unknown)?;
                let patch = forebay_pipeline_config::yaml::parse(body);
                let patch =
                    patch.root.filter(|_| patch.errors.is_empty()).and_then(|root| root.to_json().ok());
                let Some(patch) = patch else { return Err(bad("the patch is no YAML")) };
                let written = patched(written, patch);
                let design = self.read_written(id, &written).await.map_err(faults)?;
                Box::pin(self.update(id, design, Some(&kept(&written)))).await.map_err(refused)?;
            }
            "DELETE" => self.delete(id).await.map_err(refused)?,
            verb => return Err(bad(&format!("verb not supported: {verb}"))),
        }
        Ok(text(StatusCode::OK, ""))
    }

    async fn answer_resource(&self, asked: Asked) -> Result<Answer, Answer> {
        let Asked { verb, id, kind, chilled, body } = &asked;
        if verb != "POST" {
            return Err(bad(&format!("verb not supported: {verb}")));
        }
        let Some((kind, _)) = TYPES.iter().find(|(name, _)| name == kind) else {
            let reason =
                "Var `type` must be set to one of `cache`, `input`, `output`, `processor` or `rate_limit`";
            return Err(refusal(StatusCode::BAD_REQUEST, reason));
        };
        let name = format!("{kind}/{id}");
        let text_of = Text { name: &name, text: body, chilled: *chilled };
        let set = Box::pin(self.set_resource(kind, id, text_of)).await;
        set.map_err(|error| match error {
            ResourceError::Faults(found) => faults(found),
            ResourceError::Failed(reason) => failed(&reason),
        })?;
        Ok(text(StatusCode::OK, ""))
    }
}

#[async_trait]
impl Handler for StreamReady {
    async fn answer(&self, _: Request) -> Answer {
        let sides = manager::sides(&self.metrics.connections().states(), &self.id);
        let reasons = ["input not connected\n", "output not connected\n"];
        let missing: String =
            sides.iter().zip(reasons).filter(|(is_up, _)| !**is_up).map(|(_, reason)| reason).collect();
        if missing.is_empty() {
            text(StatusCode::OK, "OK")
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, missing)
        }
    }
}

/// What is kept of a pipeline of which there are only the values: nothing in it is taken for a variable.
fn kept(written: &Json) -> String {
    written.to_string().replace("${", "\\u0024{")
}

fn lint(problem: &Problem) -> String {
    format!("({},{}) {}", problem.line, problem.column, problem.message)
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(lint).collect::<Vec<_>>().join("\n")
}

fn faults(faults: Faults) -> Answer {
    match faults {
        Faults::Lints(problems) => lint_errors(&problems.iter().map(lint).collect::<Vec<_>>()),
        Faults::Unreadable(problems) => bad(&lines(&problems)),
    }
}

fn lint_errors(lints: &[String]) -> Answer {
    json(StatusCode::BAD_REQUEST, &json!({"lint_errors": lints}))
}

fn refused(error: ChangeError) -> Answer {
    match error {
        ChangeError::Unknown => unknown(),
        ChangeError::Exists => refusal(StatusCode::BAD_REQUEST, "Stream already exists"),
        ChangeError::Stopping | ChangeError::Failed(_) => failed(&error.to_string()),
    }
}

fn unknown() -> Answer {
    refusal(StatusCode::NOT_FOUND, "Stream not found")
}

fn bad(reason: &str) -> Answer {
    refusal(StatusCode::BAD_REQUEST, &format!("Error: {reason}"))
}

fn failed(reason: &str) -> Answer {
    refusal(StatusCode::BAD_GATEWAY, &format!("Error: {reason}"))
}
