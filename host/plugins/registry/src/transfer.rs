//! Pushing and pulling a plugin.

use std::time::SystemTime;

use bytes::Bytes;
use forebay_lifecycle::clock;
use forebay_pipeline_config::Digest;
use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::artifact::{Artifact, Described, MANIFEST, plugin_layer};
use crate::auth::escape;
use crate::client::{Call, Client, MOST_BYTES, MOST_TEXT};
use crate::error::RegistryError;
use crate::reference::Reference;

/// A plugin that was pulled, and checked.
#[derive(Debug)]
pub struct Pulled {
    pub bytes: Bytes,
    /// Of the file: what pipelines pin.
    pub digest: Digest,
    /// Where it came from, with the digest of the manifest.
    pub reference: Reference,
}

/// A plugin that was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// Of the file: what pipelines pin.
    pub digest: Digest,
    /// Where it lies, with the digest of the manifest.
    pub reference: Reference,
}

impl Client {
    /// Puts a plugin into the registry. What is there already is not sent again.
    ///
    /// # Errors
    /// When the registry can't be reached, does not allow it or does not do as the protocol says.
    pub async fn push(
        &mut self,
        reference: &Reference,
        plugin: Bytes,
        described: &Described,
    ) -> Result<Pushed, RegistryError> {
        self.push_at(reference, plugin, described, clock::wall()).await
    }

    async fn push_at(
        &mut self,
        reference: &Reference,
        plugin: Bytes,
        described: &Described,
        now: SystemTime,
    ) -> Result<Pushed, RegistryError> {
        let what = reference.to_string();
        check_size(&what, plugin.len() as u64, MOST_BYTES)?;
        if reference.digest().is_some() {
            let reason = "it is pushed by a tag, its digest comes of what is pushed".to_owned();
            return Err(RegistryError::NoPlugin { what, reason });
        }
        let Artifact { manifest, config } = Artifact::of(&plugin, described, &clock::rfc3339(now));
        let digest = Digest::of(&plugin);
        self.push_blob(reference, plugin, &digest).await?;
        let config = Bytes::from(config);
        let config_digest = Digest::of(&config);
        self.push_blob(reference, config, &config_digest).await?;
        let manifest = Bytes::from(manifest);
        let manifest_digest = Digest::of(&manifest).to_string();
        let path = format!("{}/manifests/{}", reference.repository(), reference.manifest());
        let uri = self.uri(&path)?;
        let answer = self.call(Call::put("push the manifest", uri, MANIFEST, manifest)).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(self.unexpected("push the manifest", &answer));
        }
        check_said(answer.headers(), &what, &manifest_digest)?;
        Ok(Pushed { digest, reference: reference.with_digest(&manifest_digest) })
    }

    async fn push_blob(
        &mut self,
        reference: &Reference,
        blob: Bytes,
        digest: &Digest,
    ) -> Result<(), RegistryError> {
        const WHAT: &str = "push a blob";
        let repository = reference.repository();
        let there = self.uri(&format!("{repository}/blobs/{digest}"))?;
        if self.call(Call::new("look for a blob", Method::HEAD, there)).await?.status() == StatusCode::OK {
            return Ok(());
        }
        let start = self.uri(&format!("{repository}/blobs/uploads/"))?;
        let started = self.call(Call::new(WHAT, Method::POST, start.clone())).await?;
        if started.status() != StatusCode::ACCEPTED {
            return Err(self.unexpected(WHAT, &started));
        }
        let location = started.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let location =
            location.ok_or_else(|| self.protocol("it does not say where to push a blob".to_owned()))?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let target = format!("{location}{separator}digest={}", escape(&digest.to_string()));
        let uri = self.led_to(&start, &target)?;
        let answer = self.call(Call::put(WHAT, uri, "application/octet-stream", blob)).await?;
        if answer.status() != StatusCode::CREATED {
            return Err(self.unexpected(WHAT, &answer));
        }
        Ok(())
    }

    /// Takes a plugin out of the registry, and checks that it is what the digests say.
    ///
    /// # Errors
    /// When the registry can't be reached or does not allow it, has no such plugin, or has something else.
    pub async fn pull(&mut self, reference: &Reference) -> Result<Pulled, RegistryError> {
        const WHAT: &str = "pull the manifest";
        let repository = reference.repository();
        let uri = self.uri(&format!("{repository}/manifests/{}", reference.manifest()))?;
        let call = Call { accept: Some(MANIFEST), ..Call::new(WHAT, Method::GET, uri) };
        let answer = self.call(call).await?;
        let what = reference.to_string();
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                let (what, place) =
                    (format!("{repository}:{}", reference.manifest()), reference.registry().to_owned());
                return Err(RegistryError::NotFound { what, place });
            }
            _ => return Err(self.unexpected(WHAT, &answer)),
        }
        let manifest = Digest::of(answer.body()).to_string();
        check_digest(&format!("the manifest of {what}"), &manifest, reference.digest().unwrap_or(&manifest))?;
        check_said(answer.headers(), &what, &manifest)?;
        let layer = plugin_layer(&what, answer.body())?;
        check_size(&what, layer.size, MOST_BYTES)?;

        let uri = self.uri(&format!("{repository}/blobs/{}", layer.digest))?;
        let call = Call { limit: layer.size, ..Call::new("pull the plugin", Method::GET, uri) };
        let answer = self.call(call).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.unexpected("pull the plugin", &answer));
        }
        let bytes = answer.into_body();
        let digest = Digest::of(&bytes);
        check_digest(&format!("the file of {what}"), &digest.to_string(), &layer.digest)?;
        Ok(Pulled { bytes, digest, reference: reference.with_digest(&manifest) })
    }
}

impl<'a> Call<'a> {
    fn new(what: &'static str, method: Method, uri: Uri) -> Self {
        let body = Bytes::new();
        Self { what, method, uri, accept: None, content_type: None, body, limit: MOST_TEXT }
    }

    fn put(what: &'static str, uri: Uri, content_type: &'a str, body: Bytes) -> Self {
        Self { content_type: Some(content_type), body, ..Self::new(what, Method::PUT, uri) }
    }
}

fn check_size(what: &str, found: u64, limit: u64) -> Result<(), RegistryError> {
    if found > limit {
        return Err(RegistryError::TooLarge { what: what.to_owned(), found, limit });
    }
    Ok(())
}

fn check_digest(what: &str, found: &str, expected: &str) -> Result<(), RegistryError> {
    if found != expected {
        let (what, found, expected) = (what.to_owned(), found.to_owned(), expected.to_owned());
        return Err(RegistryError::Digest { what, found, expected });
    }
    Ok(())
}

/// Whether the digest that a registry says, where it says one, is the one that was worked out.
fn check_said(headers: &HeaderMap, what: &str, digest: &str) -> Result<(), RegistryError> {
    let said = headers.get("docker-content-digest").and_then(|said| said.to_str().ok());
    match said {
        // Of another kind, which can't be compared.
        Some(said) if !said.starts_with("sha256:") => Ok(()),
        Some(said) => check_digest(&format!("the manifest of {what}"), digest, said),
        None => Ok(()),
    }
}
