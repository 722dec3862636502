//! `forebay pipelines`: what an agent tells of the pipelines that it manages.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use forebay_pipeline_managed::PATH;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;

use crate::args::{Pipelines, PipelinesFormat};

/// So long an agent has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read.
const LONGEST: usize = 64 << 20;
const HEADS: [&str; 7] = ["PIPELINE", "STATE", "VERSION", "RUNNING", "RUNS", "RESTARTS", "CONNECTED"];

pub(crate) async fn pipelines(flags: Pipelines) -> anyhow::Result<ExitCode> {
    let Pipelines { name, agent, format } = flags;
    let status = tokio::time::timeout(PATIENCE, ask(&agent)).await;
    let mut status = status.with_context(|| format!("ask {agent}: it does not answer"))??;
    if let Some(name) = name {
        let all = status["pipelines"].as_array_mut();
        let Some(all) = all else { bail!("{agent} does not tell of pipelines") };
        all.retain(|pipeline| pipeline["name"] == name.as_str());
        if all.is_empty() {
            bail!("the agent at {agent} has no pipeline {name}");
        }
    }
    match format {
        PipelinesFormat::Json => println!("{status:#}"),
        PipelinesFormat::Table => print!("{}", table(&status)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the agent at an address tells of all its pipelines.
pub(crate) async fn ask(agent: &Uri) -> anyhow::Result<Json> {
    let base = agent.to_string();
    let uri: Uri = format!("{}{PATH}", base.trim_end_matches('/')).parse().context("read -agentURL")?;
    if uri.scheme_str() != Some("http") {
        bail!("-agentURL begins with http://, and not {agent}");
    }
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.get(uri.clone()).await.with_context(|| format!("ask {uri}"))?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), LONGEST).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("read the answer of {uri}: {error}"))?.to_bytes();
    if status == StatusCode::NOT_FOUND {
        bail!("the agent at {agent} runs no pipelines: start it with -enableManagedPipelines");
    }
    if status != StatusCode::OK {
        bail!("{uri} answers {status}: {}", String::from_utf8_lossy(&body).trim());
    }
    serde_json::from_slice(&body).with_context(|| format!("read the answer of {uri}"))
}

/// A line for each pipeline, in columns, with its problems below.
fn table(status: &Json) -> String {
    let pipelines = status["pipelines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<[String; 7]> = pipelines.iter().map(row).collect();
    let widths: Vec<usize> = (0..HEADS.len())
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEADS[column].len()]).max().unwrap_or_default()
        })
        .collect();
    let line = |cells: &[&str]| {
        let padded: Vec<_> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}", width = *width)).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&HEADS);
    for (row, pipeline) in rows.iter().zip(pipelines) {
        text += &line(&row.each_ref().map(String::as_str));
        let problems = pipeline["problems"].as_array().into_iter().flatten().filter_map(Json::as_str);
        let errors = instances(pipeline).filter_map(|instance| instance["error"].as_str());
        let mut said: Vec<&str> = Vec::new();
        for problem in problems.chain(errors.flat_map(str::lines)) {
            if !said.contains(&problem) {
                text += &format!("  {problem}\n");
                said.push(problem);
            }
        }
    }
    text
}

fn row(pipeline: &Json) -> [String; 7] {
    let text = |name: &str| pipeline[name].as_str().unwrap_or_default().to_owned();
    let sum = |name: &str| instances(pipeline).filter_map(|one| one[name].as_u64()).sum::<u64>();
    let running = instances(pipeline).filter(|instance| instance["state"] == "running").count();
    let connected = match (&pipeline["input_connected"], &pipeline["output_connected"]) {
        (Json::Bool(true), Json::Bool(true)) => "yes",
        (Json::Bool(true), _) => "input only",
        (_, Json::Bool(true)) => "output only",
        _ => "no",
    };
    [
        text("name"),
        text("state"),
        pipeline["version"].as_u64().map_or_else(|| "-".to_owned(), |version| version.to_string()),
        format!("{running} of {}", pipeline["wanted"].as_u64().unwrap_or_default()),
        sum("runs").to_string(),
        sum("restarts").to_string(),
        connected.to_owned(),
    ]
}

fn instances(pipeline: &Json) -> impl Iterator<Item = &Json> {
    pipeline["instances"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pipelines_are_shown_in_columns_with_what_is_wrong() {
        let status = json!({"group": null, "agents": 1, "pipelines": [
            {"name": "orders", "state": "running", "version": 3, "wanted": 2, "problems": ["orders.yaml(3,5) no"],
             "input_connected": true, "output_connected": true, "instances": [
                {"state": "running", "runs": 1, "restarts": 0, "error": null},
                {"state": "failing", "runs": 4, "restarts": 3, "error": "it broke"}]},
            {"name": "b", "state": "refused", "version": null, "wanted": 0, "problems": [], "instances": []}]});
        let expected = "\
PIPELINE  STATE    VERSION  RUNNING  RUNS  RESTARTS  CONNECTED
orders    running  3        1 of 2   5     3         yes
  orders.yaml(3,5) no
  it broke
b         refused  -        0 of 0   0     0         no
";
        assert_eq!(table(&status), expected);
    }
}
