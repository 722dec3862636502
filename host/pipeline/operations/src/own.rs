use std::sync::Arc;

use async_trait::async_trait;
use forebay_metrics::{Connections, Metrics, Side};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::endpoints::{Answer, Endpoints, Handler, RegisterError, Registration, Request, text};
use crate::export::Exporter;

/// What a process says of itself.
#[derive(Debug, Clone, Default)]
pub struct About {
    pub version: String,
    /// When it was built; may be empty.
    pub built: String,
    /// The configuration as it is written, with variables instead of their values.
    pub config: String,
}

/// What each of the paths answers with.
enum Own {
    Ping,
    Version(About),
    Endpoints(Endpoints),
    Ready(Connections),
    Metrics(Arc<Exporter>),
    Config(String),
    Connections(Connections),
}

/// Adds the paths that every process has.
///
/// # Errors
/// One of them is taken.
pub fn own_endpoints(
    endpoints: &Endpoints,
    about: About,
    metrics: &Metrics,
    exporter: &Arc<Exporter>,
    has_debug: bool,
) -> Result<Vec<Registration>, RegisterError> {
    let connections = metrics.connections();
    let config = about.config.clone();
    let mut own = vec![
        ("/ping", "Ping me.", Own::Ping),
        ("/version", "Returns the service version.", Own::Version(about)),
        ("/endpoints", "Returns this map of endpoints.", Own::Endpoints(endpoints.clone())),
    ];
    if exporter.is_served() {
        for path in ["/stats", "/metrics"] {
            let description = "Exposes service-wide metrics in the format configured.";
            own.push((path, description, Own::Metrics(Arc::clone(exporter))));
        }
    }
    if has_debug {
        own.push((
            "/debug/config/yaml",
            "DEBUG: Returns the loaded config as it is written.",
            Own::Config(config),
        ));
        own.push((
            "/debug/connections",
            "DEBUG: Returns whether each input and output is connected.",
            Own::Connections(connections.clone()),
        ));
    }
    own.into_iter().map(|(path, description, own)| endpoints.register(path, description, own)).collect()
}

/// Adds the path that says whether everything of the process is connected.
///
/// # Errors
/// It is taken.
pub fn ready_endpoint(endpoints: &Endpoints, metrics: &Metrics) -> Result<Registration, RegisterError> {
    let description = "Returns 200 OK if all inputs and outputs are connected, otherwise a 503 is returned.";
    endpoints.register("/ready", description, Own::Ready(metrics.connections().clone()))
}

#[async_trait]
impl Handler for Own {
    async fn answer(&self, _: Request) -> Answer {
        match self {
            Self::Ping => text(StatusCode::OK, "pong"),
            Self::Version(About { version, built, .. }) => text(
                StatusCode::OK,
                format!("{{\"version\":{}, \"built\":{}}}", json!(version), json!(built)),
            ),
            Self::Endpoints(endpoints) => text(StatusCode::OK, json!(endpoints.descriptions()).to_string()),
            Self::Ready(connections) => ready(connections),
            Self::Metrics(exporter) => {
                let (content_type, shown) = exporter.show().await;
                let mut answer = text(StatusCode::OK, shown);
                answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                answer
            }
            Self::Config(config) => text(StatusCode::OK, config.clone()),
            Self::Connections(connections) => {
                let states = connections.states().into_iter().map(|state| {
                    let side = if state.side == Side::Input { "input" } else { "output" };
                    json!({"pipeline": state.pipeline, "path": state.path, "side": side, "connected": state.is_up})
                });
                text(StatusCode::OK, json!(states.collect::<Vec<_>>()).to_string())
            }
        }
    }
}

fn ready(connections: &Connections) -> Answer {
    let mut missing = String::new();
    for (side, reason) in [(Side::Input, "input not connected\n"), (Side::Output, "output not connected\n")] {
        if !connections.are_up(side) {
            missing.push_str(reason);
        }
    }
    if missing.is_empty() {
        text(StatusCode::OK, "OK")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, missing)
    }
}
