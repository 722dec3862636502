//! Finding out in which availability zone an agent runs: what its user says, else what the machine's surroundings say,
//! in the order ECS, EC2, Google, Azure, Kubernetes. All are asked at the same time, each for 5 s at most; the first in
//! this order that knows is believed.

mod services;

use std::time::Duration;

use forebay_model::AvailabilityZone;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;

pub use self::services::{Kubernetes, MetadataServices};
use self::services::{Services, Trouble};

/// What is told of the zone where there is none.
pub(crate) const UNSET: &str = "WARPSTREAM_UNSET_AZ";

/// How long each service has.
const LIMIT: Duration = Duration::from_secs(5);

/// From where an agent knows its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZoneSource {
    /// It does not.
    Unknown,
    /// It is told.
    Known(AvailabilityZone),
    /// It asks, while it serves already.
    Asked(MetadataServices),
}

impl ZoneSource {
    /// The zone, as far as it is known without asking.
    pub(crate) fn known(&self) -> Option<AvailabilityZone> {
        match self {
            Self::Known(zone) => Some(zone.clone()),
            Self::Unknown | Self::Asked(_) => None,
        }
    }

    /// The zone.
    pub(crate) async fn find(self) -> Option<AvailabilityZone> {
        match self {
            Self::Unknown => None,
            Self::Known(zone) => Some(zone),
            Self::Asked(services) => Box::pin(ask(services, LIMIT)).await,
        }
    }
}

async fn ask(services: MetadataServices, limit: Duration) -> Option<AvailabilityZone> {
    let services = match Services::new(services) {
        Ok(services) => services,
        Err(trouble) => {
            tracing::warn!(error = &trouble as &dyn std::error::Error, "the zone can't be asked for");
            return None;
        }
    };
    let asked: [(&str, Asking<'_>); 5] = [
        ("ECS", Box::pin(services.ecs())),
        ("EC2", Box::pin(services.ec2())),
        ("Google", Box::pin(services.google())),
        ("Azure", Box::pin(services.azure())),
        ("Kubernetes", Box::pin(services.kubernetes())),
    ];
    let mut answers: FuturesOrdered<_> = asked
        .into_iter()
        .map(|(service, asking)| async move { (service, tokio::time::timeout(limit, asking).await) })
        .collect();
    while let Some((service, answer)) = answers.next().await {
        match answer {
            Ok(Ok(Some(zone))) => match zone.parse() {
                Ok(zone) => {
                    tracing::info!(%zone, service, "found the availability zone");
                    return Some(zone);
                }
                Err(error) => tracing::warn!(%error, service, "this is not believed"),
            },
            Ok(Ok(None)) => {}
            Ok(Err(trouble)) => {
                tracing::debug!(service, error = &trouble as &dyn std::error::Error, "no zone is told");
            }
            Err(_) => tracing::debug!(service, "no zone is told in time"),
        }
    }
    tracing::info!("no availability zone was found: WARPSTREAM_AVAILABILITY_ZONE says one");
    None
}

type Asking<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Option<String>, Trouble>> + Send + 'a>>;

#[cfg(test)]
mod tests;
