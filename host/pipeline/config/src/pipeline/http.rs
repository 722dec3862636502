//! The section `http`: the server that answers for the process.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::lint::Examiner;
use crate::spec::{FieldKind, FieldSpec, FieldType};
use crate::yaml::Node;

/// The server of the process.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct HttpConfig {
    pub enabled: bool,
    /// A host, or none for all of the machine's, and a port.
    pub address: String,
    /// What stands before every path, beside the same path without it.
    pub root_path: String,
    pub debug_endpoints: bool,
    /// Empty, as is the key, for no TLS.
    pub cert_file: String,
    pub key_file: String,
    pub cors: CorsConfig,
    pub basic_auth: BasicAuthConfig,
}

/// Which pages of other origins may ask.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CorsConfig {
    pub enabled: bool,
    pub allowed_origins: Vec<String>,
    /// Beside those that are always allowed.
    pub allowed_headers: Vec<String>,
    pub allowed_methods: Vec<String>,
}

/// Who may ask.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct BasicAuthConfig {
    pub enabled: bool,
    pub realm: String,
    pub username: String,
    /// In base64.
    pub password_hash: String,
    pub algorithm: String,
    /// In base64.
    pub salt: String,
}

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const ALGORITHMS: [&str; 4] = ["md5", "sha256", "bcrypt", "scrypt"];

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            address: "0.0.0.0:4195".to_owned(),
            root_path: "/bento".to_owned(),
            debug_endpoints: false,
            cert_file: String::new(),
            key_file: String::new(),
            cors: CorsConfig::default(),
            basic_auth: BasicAuthConfig::default(),
        }
    }
}

impl Default for CorsConfig {
    fn default() -> Self {
        let allowed_methods = METHODS.map(str::to_owned).to_vec();
        Self { enabled: false, allowed_origins: Vec::new(), allowed_headers: Vec::new(), allowed_methods }
    }
}

impl Default for BasicAuthConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            realm: "restricted".to_owned(),
            username: String::new(),
            password_hash: String::new(),
            algorithm: "sha256".to_owned(),
            salt: String::new(),
        }
    }
}

impl std::fmt::Debug for BasicAuthConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BasicAuthConfig").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

pub(super) fn fields() -> FieldSpec {
    let text = |name: &str, default: &str, docs: &str| {
        FieldSpec::new(name, FieldType::String).with_default(default).with_docs(docs)
    };
    let switch = |name: &str, default: bool, docs: &str| {
        FieldSpec::new(name, FieldType::Bool).with_default(default).with_docs(docs)
    };
    let texts = |name: &str, default: Json, docs: &str| {
        FieldSpec::new(name, FieldType::String)
            .of_kind(FieldKind::Array)
            .with_default(default)
            .with_docs(docs)
    };
    let cors = vec![
        switch("enabled", false, "Whether pages of other origins may ask."),
        texts("allowed_origins", json!([]), "The origins of such pages; `*` for any."),
        texts(
            "allowed_headers",
            json!([]),
            "Headers that they may set beside Accept, Accept-Language, Content-Language and Origin.",
        ),
        texts("allowed_methods", json!(METHODS), "Methods that they may use."),
    ];
    let basic_auth = vec![
        switch("enabled", false, "Whether every request needs a name and a password."),
        text("realm", "restricted", "What they are for, as a browser says it."),
        text("username", "", "The name."),
        FieldSpec { secret: true, ..text("password_hash", "", "The hash of the password, in base64.") },
        text("algorithm", "sha256", "How the password is hashed.").with_options(&ALGORITHMS),
        FieldSpec { secret: true, ..text("salt", "", "The salt of `scrypt`, in base64.") },
    ];
    let object = |name: &str, fields, docs: &str| {
        FieldSpec::new(name, FieldType::Object).with_fields(fields).with_docs(docs).advanced()
    };
    FieldSpec::new("http", FieldType::Object)
        .with_docs("The server of the process: whether it lives and is ready, and its metrics.")
        .with_fields(vec![
            switch("enabled", true, "Whether there is a server."),
            text("address", "0.0.0.0:4195", "Where it listens."),
            text("root_path", "/bento", "All paths are there with this before them, too."),
            switch("debug_endpoints", false, "Whether the server tells what helps to find faults."),
            text("cert_file", "", "A file with the certificate for TLS, in PEM.").advanced(),
            text("key_file", "", "A file with the key of the certificate, in PEM.").advanced(),
            object("cors", cors, "Cross-origin resource sharing."),
            object("basic_auth", basic_auth, "Who may ask."),
        ])
}

/// Takes the section out of the settings. What does not fit was reported when they were read, except where fields do
/// not fit each other.
pub(super) fn examine(examiner: &mut Examiner<'_>, root: &Node, settings: &Map<String, Json>) -> HttpConfig {
    let read = settings.get("http").and_then(|section| HttpConfig::deserialize(section).ok());
    let config = read.unwrap_or_default();
    let at = root.get("http").map_or(root.span, |node| node.span).start;
    let HttpConfig { cert_file, key_file, cors, basic_auth, .. } = &config;
    if cert_file.is_empty() != key_file.is_empty() {
        examiner.fatal(at, "both cert_file and key_file must be specified, or neither");
    }
    if cors.enabled && cors.allowed_origins.is_empty() {
        examiner.fatal(at, "must specify at least one allowed origin");
    }
    if basic_auth.enabled {
        let BasicAuthConfig { username, password_hash, algorithm, salt, .. } = basic_auth;
        if username.is_empty() || password_hash.is_empty() {
            examiner.fatal(at, "both username and password_hash are required");
        } else if !ALGORITHMS.contains(&algorithm.as_str()) {
            examiner.fatal(at, "algorithm should be one of md5, sha256, bcrypt, or scrypt");
        } else if algorithm == "scrypt" && salt.is_empty() {
            examiner.fatal(at, "salt is required for scrypt");
        }
    }
    config
}
