//! The cluster that both components talk to.

use std::time::Duration;

use forebay_sdk::kafka::{Cluster, ClusterSettings, Login, Tls};
use forebay_sdk::{Config, Error, Problem};
use forebay_tls::{Certificates, TlsFields};

use crate::sasl::{SaslFields, logins};

/// How long the first answer of a broker may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a cluster is, and who asks.
#[derive(Config)]
pub(crate) struct ClusterFields {
    /// Addresses of brokers, by which the others are found; one element may hold several, with commas between them.
    /// `forebay://agent` alone is the agent that runs the pipeline.
    #[config(example = ["localhost:9092"], example = ["foo:9092", "bar:9092"], example = ["foo:9092,bar:9092"])]
    seed_brokers: Vec<String>,
    /// What the client calls itself.
    #[config(default = "bento", advanced)]
    client_id: String,
    /// Where the client is, so that it can read from brokers near it.
    #[config(default = "", advanced)]
    rack_id: String,
    /// After what time metadata is looked at again, by which new topics and partitions are found.
    #[config(default = "5m", advanced)]
    metadata_max_age: Duration,
    /// How brokers are verified, and how this client shows who it is.
    #[config(default = {})]
    tls: TlsFields,
    /// How to log in: by the first that is given, or by the first whose mechanism brokers take.
    #[config(default = [], example = [{"mechanism": "SCRAM-SHA-512", "username": "foo", "password": "bar"}])]
    sasl: Vec<SaslFields>,
}

/// How a cluster is reached.
pub(crate) struct Reach {
    seed_brokers: Vec<String>,
    client_id: String,
    rack: String,
    metadata_max_age: Duration,
    tls: TlsFields,
    logins: Vec<Login>,
}

impl Reach {
    /// # Errors
    /// When there is no broker, or something is asked for that is not available or not granted.
    pub(crate) fn of(fields: ClusterFields) -> Result<Self, Problem> {
        let ClusterFields { seed_brokers: elements, client_id, rack_id: rack, metadata_max_age, tls, sasl } =
            fields;
        tls.check()?;
        let mut seed_brokers = Vec::new();
        for (index, broker) in elements
            .iter()
            .enumerate()
            .flat_map(|(index, element)| element.split(',').map(move |broker| (index, broker.trim())))
        {
            if broker.is_empty() {
                let problem = Problem::new("seed broker address cannot be empty");
                return Err(problem.at(format!("/seed_brokers/{index}")));
            }
            seed_brokers.push(broker.to_owned());
        }
        if seed_brokers.is_empty() {
            return Err(Problem::new("at least one broker is needed").at("/seed_brokers"));
        }
        let logins = logins(sasl)?;
        let reach = Self { seed_brokers, client_id, rack, metadata_max_age, tls, logins };
        if !(reach.tls.enabled && reach.tls.names_files()) {
            // Nothing is sent yet, but what is not granted is known from here on.
            let opened =
                reach.open().map_err(|error| Problem::new(error.into_message()).at("/seed_brokers"))?;
            drop(opened);
        }
        Ok(reach)
    }

    /// A cluster that answers.
    ///
    /// # Errors
    /// When it is not granted, a file can't be read, or no broker answers or takes the login.
    pub(crate) fn connect(&self) -> Result<Cluster, Error> {
        let cluster = self.open()?;
        cluster.ping(PATIENCE)?;
        Ok(cluster)
    }

    fn open(&self) -> Result<Cluster, Error> {
        let Self { seed_brokers, client_id, rack, metadata_max_age, tls, logins } = self;
        let tls = if tls.enabled {
            let Certificates { roots: extra_roots, identity } = tls.load()?;
            Some(Tls { skip_verification: tls.skip_cert_verify, extra_roots, identity })
        } else {
            None
        };
        let settings = ClusterSettings {
            client_id: client_id.clone(),
            rack: rack.clone(),
            tls,
            logins: logins.clone(),
            metadata_max_age: Some(*metadata_max_age),
            ..ClusterSettings::new(seed_brokers.iter().cloned())
        };
        Ok(Cluster::open(settings)?)
    }
}

#[cfg(test)]
mod tests {
    use forebay_sdk::kafka::KafkaError;
    use forebay_sdk::testing;
    use serde_json::{Value, json};

    use super::*;

    fn reach(fields: &Value) -> Result<Vec<String>, String> {
        let _broker = testing::kafka();
        let reach = Reach::of(testing::config(fields).unwrap());
        reach.map(|reach| reach.seed_brokers).map_err(|problem| problem.to_string())
    }

    #[test]
    fn an_element_may_hold_several_brokers() {
        let brokers = reach(&json!({"seed_brokers": ["a:1, b:2", "forebay://agent"]}));
        assert_eq!(brokers.unwrap(), ["a:1", "b:2", "forebay://agent"]);
    }

    #[test]
    fn what_is_not_granted_is_known_when_it_opens() {
        let broker = testing::kafka();
        broker.fail("open", KafkaError::Denied("cluster a:1 is not granted".to_owned()));
        let fields = testing::config(&json!({"seed_brokers": ["a:1"]})).unwrap();
        let problem = Reach::of(fields).map(drop).unwrap_err().to_string();
        assert_eq!(problem, "/seed_brokers: cluster a:1 is not granted");
    }

    #[test]
    fn without_a_broker_there_is_no_cluster() {
        let empty = reach(&json!({"seed_brokers": ["a:1", "b:2,,c:3"]})).unwrap_err();
        assert_eq!(empty, "/seed_brokers/1: seed broker address cannot be empty");
        let none = reach(&json!({"seed_brokers": []})).unwrap_err();
        assert_eq!(none, "/seed_brokers: at least one broker is needed");
    }
}
