use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use bytes::Bytes;
use forebay_lifecycle::Spawner;
use forebay_pipeline_config::PrometheusConfig;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::tls;

/// How long a push may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts metrics in the place of those that a Push Gateway has of the job.
///
/// # Errors
/// Why the gateway did not take them.
pub(crate) async fn push(config: &PrometheusConfig, content_type: &str, text: String) -> Result<(), String> {
    let base = config.push_url.as_deref().unwrap_or_default();
    let work = send(base, config, content_type, text);
    let sent =
        tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err("no answer in time".to_owned()));
    // Of the address only what is no secret.
    sent.map_err(|error| format!("{}: {error}", shown(base)))
}

async fn send(base: &str, config: &PrometheusConfig, content_type: &str, text: String) -> Result<(), String> {
    let uri: Uri = target(base, &config.push_job_name)
        .parse()
        .map_err(|error| format!("push_url is no URL: {error}"))?;
    let authority = uri.authority().ok_or("push_url names no host")?;
    let host = authority.host();
    let is_tls = uri.scheme_str() == Some("https");
    let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let named = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, named)| named);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(Method::PUT)
        .uri(path)
        .header(HOST, named)
        .header(CONTENT_TYPE, content_type);
    let auth = &config.push_basic_auth;
    if !auth.username.is_empty() && !auth.password.is_empty() {
        let pair = STANDARD.encode(format!("{}:{}", auth.username, auth.password));
        request = request.header(AUTHORIZATION, format!("Basic {pair}"));
    }
    let request = request.body(Full::new(Bytes::from(text))).map_err(|error| error.to_string())?;
    let address = (host.trim_matches(['[', ']']), port);
    let stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {error}"))?;
    let status = if is_tls {
        exchange(tls::connect(host, stream, &[]).await?, request).await?
    } else {
        exchange(stream, request).await?
    };
    match status {
        StatusCode::OK | StatusCode::ACCEPTED => Ok(()),
        status => Err(format!("the answer is {status}")),
    }
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<StatusCode, String> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // It ends when the sender is dropped.
    Spawner::current().spawn(async {
        let _ = connection.await;
    });
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    Ok(answer.status())
}

/// The address of a job. A name that can't be part of one is written in base64.
fn target(base: &str, job: &str) -> String {
    let base = if base.contains("://") { base.to_owned() } else { format!("http://{base}") };
    let base = base.trim_end_matches('/');
    if job.is_empty() {
        return format!("{base}/metrics/job@base64/=");
    }
    if job.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)) {
        format!("{base}/metrics/job/{job}")
    } else {
        format!("{base}/metrics/job@base64/{}", URL_SAFE.encode(job))
    }
}

fn shown(base: &str) -> String {
    let parsed = base.parse::<Uri>().ok();
    parsed.as_ref().and_then(Uri::host).map_or_else(|| "push_url".to_owned(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_have_addresses() {
        for (base, job, expected) in [
            ("http://gate:9091/", "bento_push", "http://gate:9091/metrics/job/bento_push"),
            ("gate", "a b", "http://gate/metrics/job@base64/YSBi"),
            ("https://gate/x", "", "https://gate/x/metrics/job@base64/="),
        ] {
            assert_eq!(target(base, job), expected);
        }
        assert_eq!(shown("http://me:secret@gate/x"), "gate");
    }
}
