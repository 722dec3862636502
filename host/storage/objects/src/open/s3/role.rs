//! Credentials of a role that is taken on with other credentials: what the client of the store does not do itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use forebay_lifecycle::clock;
use object_store::aws::{AwsAuthorizer, AwsCredential, AwsCredentialProvider};
use object_store::client::{HttpClient, HttpConnector as _, HttpRequest, ReqwestConnector};
use object_store::{ClientOptions, CredentialProvider};
use tokio::sync::Mutex;
use url::form_urlencoded::Serializer;

/// A role of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) arn: String,
    /// What its owner asks of others who take it on.
    pub(super) external_id: Option<String>,
    /// By what name the session is known in the owner's logs.
    pub(super) session_name: Option<String>,
    /// How many seconds its credentials last.
    pub(super) duration: Option<u32>,
}

/// Asks the security token service for credentials, and again before they end.
pub(super) struct RoleProvider {
    role: Role,
    source: AwsCredentialProvider,
    region: String,
    endpoint: String,
    client: HttpClient,
    /// One at a time asks; the others wait for what it gets.
    known: Mutex<Option<Known>>,
}

struct Known {
    credential: Arc<AwsCredential>,
    /// When new ones are asked for.
    until: Instant,
}

/// How long credentials last unless a profile says otherwise: the longest that every role allows.
const DURATION: u32 = 3_600;
/// How long before their end new ones are asked for; half of their time where that is less.
const EARLY: Duration = Duration::from_secs(300);
const SESSION_NAME: &str = "forebay";

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
enum RoleError {
    #[error("take on role `{arn}`: {status}: {answer}")]
    Refused { arn: String, status: String, answer: String },
    #[error("take on role `{arn}`: the answer has no {element}")]
    Lacks { arn: String, element: &'static str },
    #[error("take on role `{arn}`")]
    Request { arn: String, source: Box<dyn std::error::Error + Send + Sync> },
}

impl RoleProvider {
    /// Nothing is asked before the first use. Without an `endpoint`, that of the region is asked.
    pub(super) fn new(
        role: Role,
        source: AwsCredentialProvider,
        region: String,
        endpoint: Option<&str>,
    ) -> object_store::Result<Self> {
        let usual = || format!("https://sts.{region}.amazonaws.com");
        let endpoint = endpoint.map_or_else(usual, |endpoint| endpoint.trim_end_matches('/').to_owned());
        let options = ClientOptions::new().with_allow_http(endpoint.starts_with("http://"));
        let client = ReqwestConnector::default().connect(&options)?;
        Ok(Self { role, source, region, endpoint, client, known: Mutex::new(None) })
    }

    async fn ask(&self) -> Result<AwsCredential, object_store::Error> {
        let failed = |source| self.failed(RoleError::Request { arn: self.role.arn.clone(), source });
        let source = self.source.get_credential().await?;
        let mut request = HttpRequest::new(self.form().into());
        *request.method_mut() = object_store::signer::Method::POST;
        *request.uri_mut() = format!("{}/", self.endpoint)
            .parse()
            .map_err(|error| failed(Box::<dyn std::error::Error + Send + Sync>::from(format!("{error}"))))?;
        request.headers_mut().insert(
            "content-type",
            object_store::HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
        );
        AwsAuthorizer::new(&source, "sts", &self.region).try_authorize(&mut request, None)?;
        let response = self.client.execute(request).await.map_err(|error| failed(Box::new(error)))?;
        let status = response.status();
        let bytes = response.into_body().bytes().await.map_err(|error| failed(Box::new(error)))?;
        let answer = String::from_utf8_lossy(&bytes);
        if !status.is_success() {
            let code = element(&answer, "Code").unwrap_or_default();
            let message = element(&answer, "Message").unwrap_or_default();
            return Err(self.failed(RoleError::Refused {
                arn: self.role.arn.clone(),
                status: status.to_string(),
                answer: format!("{code}: {message}"),
            }));
        }
        let part = |name| {
            let lacks = || self.failed(RoleError::Lacks { arn: self.role.arn.clone(), element: name });
            element(&answer, name).map(str::to_owned).ok_or_else(lacks)
        };
        Ok(AwsCredential {
            key_id: part("AccessKeyId")?,
            secret_key: part("SecretAccessKey")?,
            token: Some(part("SessionToken")?),
        })
    }

    /// What is asked.
    fn form(&self) -> String {
        let mut body = Serializer::new(String::new());
        body.append_pair("Action", "AssumeRole")
            .append_pair("Version", "2011-06-15")
            .append_pair("RoleArn", &self.role.arn)
            .append_pair("RoleSessionName", self.role.session_name.as_deref().unwrap_or(SESSION_NAME))
            .append_pair("DurationSeconds", &self.duration().to_string());
        if let Some(id) = &self.role.external_id {
            body.append_pair("ExternalId", id);
        }
        body.finish()
    }

    fn duration(&self) -> u32 {
        self.role.duration.unwrap_or(DURATION)
    }

    fn failed(&self, source: RoleError) -> object_store::Error {
        object_store::Error::Generic { store: "STS", source: Box::new(source) }
    }
}

#[async_trait]
impl CredentialProvider for RoleProvider {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut known = self.known.lock().await;
        let now = clock::now();
        if let Some(known) = known.as_ref().filter(|known| now < known.until) {
            return Ok(Arc::clone(&known.credential));
        }
        let credential = Arc::new(self.ask().await?);
        let lasts = Duration::from_secs(u64::from(self.duration()));
        *known =
            Some(Known { credential: Arc::clone(&credential), until: now + lasts - EARLY.min(lasts / 2) });
        Ok(credential)
    }
}

/// The text of an element. Those that are asked for hold nothing that would be escaped, but for messages of errors.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.trim())
}

impl fmt::Debug for RoleProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoleProvider").field("role", &self.role.arn).finish_non_exhaustive()
    }
}
