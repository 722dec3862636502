use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

/// Where machines are told about themselves, by all clouds.
const LINK_LOCAL: &str = "http://169.254.169.254";
/// What Kubernetes gives to every container.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// More than any of these answers has.
const LARGEST: usize = 4 << 20;

/// Whom to ask for a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataServices {
    /// `ECS_CONTAINER_METADATA_URI_V4`, in a container of ECS.
    pub ecs: Option<String>,
    /// The services of EC2, Google and Azure, which have one address.
    pub link_local: String,
    /// In a pod that knows its name.
    pub kubernetes: Option<Kubernetes>,
}

/// The API of Kubernetes, and who asks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kubernetes {
    /// Of the API, as `https://10.0.0.1:443`.
    pub url: String,
    /// `POD_NAME`.
    pub pod: String,
    /// `POD_NAMESPACE`.
    pub namespace: String,
    /// The folder with `token` and `ca.crt`.
    pub account: PathBuf,
}

impl MetadataServices {
    /// Those that these variables of the environment lead to.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let kubernetes = || {
            let host = variable("KUBERNETES_SERVICE_HOST")?;
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            let port = variable("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
            Some(Kubernetes {
                url: format!("https://{host}:{port}"),
                pod: variable("POD_NAME")?,
                namespace: variable("POD_NAMESPACE")?,
                account: PathBuf::from(SERVICE_ACCOUNT),
            })
        };
        Self {
            ecs: variable("ECS_CONTAINER_METADATA_URI_V4"),
            link_local: LINK_LOCAL.to_owned(),
            kubernetes: kubernetes(),
        }
    }
}

/// Why a service tells no zone.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("ask {what}")]
    Request { what: &'static str, source: reqwest::Error },
    #[error("{what} answers with {status}")]
    Status { what: &'static str, status: StatusCode },
    #[error("the answer of {what} is longer than {LARGEST} bytes")]
    Long { what: &'static str },
    #[error("the answer of {what} is no JSON")]
    Json { what: &'static str, source: serde_json::Error },
    #[error("read {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("speak TLS")]
    Tls(#[from] rustls::Error),
}

/// The services, and what asks them.
pub(super) struct Services {
    services: MetadataServices,
    client: Client,
}

impl Services {
    pub(super) fn new(services: MetadataServices) -> Result<Self, Trouble> {
        Ok(Self { services, client: client(RootCertStore::empty())? })
    }

    pub(super) async fn ecs(&self) -> Result<Option<String>, Trouble> {
        let Some(url) = &self.services.ecs else { return Ok(None) };
        let task = json("ECS", self.client.get(format!("{url}/task"))).await?;
        Ok(text(&task, "/AvailabilityZone"))
    }

    pub(super) async fn ec2(&self) -> Result<Option<String>, Trouble> {
        const WHAT: &str = "EC2";
        let url = &self.services.link_local;
        let token = self
            .client
            .request(Method::PUT, format!("{url}/latest/api/token"))
            .header("X-aws-ec2-metadata-token-ttl-seconds", "60");
        let mut ask = self.client.get(format!("{url}/latest/meta-data/placement/availability-zone"));
        match body(WHAT, token).await {
            Ok(token) => ask = ask.header("X-aws-ec2-metadata-token", String::from_utf8_lossy(&token).trim()),
            // Older services know no tokens.
            Err(Trouble::Status { .. }) => {}
            Err(trouble) => return Err(trouble),
        }
        Ok(plain(&body(WHAT, ask).await?))
    }

    pub(super) async fn google(&self) -> Result<Option<String>, Trouble> {
        let url = format!("{}/computeMetadata/v1/instance/zone", self.services.link_local);
        let answer = body("Google", self.client.get(url).header("Metadata-Flavor", "Google")).await?;
        // As projects/123456/zones/us-central1-a.
        Ok(plain(&answer).and_then(|zone| zone.rsplit('/').next().map(str::to_owned)))
    }

    pub(super) async fn azure(&self) -> Result<Option<String>, Trouble> {
        let url = format!("{}/metadata/instance/compute?api-version=2021-02-01", self.services.link_local);
        let compute = json("Azure", self.client.get(url).header("Metadata", "true")).await?;
        // Zones of Azure are numbers, in a location.
        Ok(text(&compute, "/location").zip(text(&compute, "/zone")).map(|(at, zone)| format!("{at}-{zone}")))
    }

    pub(super) async fn kubernetes(&self) -> Result<Option<String>, Trouble> {
        const WHAT: &str = "Kubernetes";
        let Some(Kubernetes { url, pod, namespace, account }) = &self.services.kubernetes else {
            return Ok(None);
        };
        let token = read(&account.join("token"))?;
        let token = token.trim();
        let client = client(roots(&account.join("ca.crt"))?)?;
        let ask = |path: String| json(WHAT, client.get(format!("{url}/api/v1/{path}")).bearer_auth(token));
        let pod = ask(format!("namespaces/{namespace}/pods/{pod}")).await?;
        let Some(node) = text(&pod, "/spec/nodeName") else { return Ok(None) };
        let node = ask(format!("nodes/{node}")).await?;
        let label = |name: &str| text(&node, &format!("/metadata/labels/{name}"));
        Ok(label("topology.kubernetes.io~1zone").or_else(|| label("failure-domain.beta.kubernetes.io~1zone")))
    }
}

/// What asks straight: a proxy is of no use to services of this machine.
fn client(roots: RootCertStore) -> Result<Client, Trouble> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls)
        .build();
    client.map_err(|source| Trouble::Request { what: "anybody", source })
}

fn roots(path: &Path) -> Result<RootCertStore, Trouble> {
    let pem = read(path)?;
    let mut roots = RootCertStore::empty();
    // What can't be read is not trusted.
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok));
    Ok(roots)
}

/// Small files that the system makes: they are read in no time.
fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|source| Trouble::File { path: path.to_owned(), source })
}

async fn body(what: &'static str, request: RequestBuilder) -> Result<Vec<u8>, Trouble> {
    let failed = |source| Trouble::Request { what, source };
    let mut response = request.send().await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(Trouble::Status { what, status: response.status() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LARGEST {
            return Err(Trouble::Long { what });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

async fn json(what: &'static str, request: RequestBuilder) -> Result<Value, Trouble> {
    let body = body(what, request).await?;
    serde_json::from_slice(&body).map_err(|source| Trouble::Json { what, source })
}

/// A text in a document, if there is one that says something.
fn text(document: &Value, pointer: &str) -> Option<String> {
    document.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn plain(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body).trim().to_owned();
    (!text.is_empty()).then_some(text)
}
