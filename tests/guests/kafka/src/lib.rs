//! Components that use a Kafka cluster, in every way that there is.

mod consume;
mod produce;

use consume::Consume;
use forebay_sdk::config::Secret;
use forebay_sdk::kafka::{ClusterSettings, Login};
use forebay_sdk::{Config, Error};
use produce::Produce;

/// How the cluster is reached.
#[derive(Config)]
pub(crate) struct Reach {
    /// Its brokers, or `forebay://NAME`.
    brokers: Vec<String>,
    /// Who logs in, if somebody does.
    #[config(default = "")]
    user: String,
    password: Option<Secret>,
}

impl Reach {
    fn settings(&self) -> ClusterSettings {
        let mut settings = ClusterSettings::new(self.brokers.iter().cloned());
        if let Some(password) = &self.password {
            let (username, password) = ((&self.user).into(), password.into());
            settings.logins.push(Login::ScramSha256 { username, password });
        }
        settings
    }
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(error.to_string())
}

forebay_sdk::plugin! {
    name: "kafka_guest",
    summary: "Reads and writes topics.",
    inputs: [Consume],
    outputs: [Produce],
}
