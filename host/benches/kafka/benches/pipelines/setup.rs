use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;

use crate::apache::Apache;
use crate::broker::Agent;
use crate::folder::Folder;
use crate::options::Options;
use crate::pipeline::{Kind, Pipeline};
use crate::server::{Peer, Server};
use crate::topics::Topics;

/// What takes part.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) forebay: PathBuf,
    bento: Option<PathBuf>,
    apache: Option<Apache>,
}

/// A pipeline in front of a broker.
pub(crate) struct Setup {
    pub(crate) title: &'static str,
    broker: Box<dyn Peer>,
    pub(crate) kind: Kind,
}

/// One that has its broker.
pub(crate) struct Stage {
    pub(crate) topics: Topics,
    pub(crate) server: Server,
    // Removed when all who use it have ended.
    folder: Folder,
}

impl Programs {
    pub(crate) fn find() -> anyhow::Result<Self> {
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target/release/forebay");
        let forebay = std::env::var_os("FOREBAY_BIN").map_or(built, PathBuf::from);
        ensure!(forebay.exists(), "{}: run cargo xtask build first", forebay.display());
        let bento = std::env::var_os("BENTO_BIN").map(PathBuf::from);
        Ok(Self { forebay, bento, apache: Apache::find() })
    }

    pub(crate) fn tell(&self) {
        let Self { forebay, bento, apache } = self;
        println!("Forebay is {}", forebay.display());
        match bento {
            Some(bento) => println!("Bento is {}", bento.display()),
            None => println!("BENTO_BIN is not set: no figures of Bento"),
        }
        match apache {
            Some(Apache { home, .. }) => {
                println!(
                    "Apache Kafka is {}, one node of KRaft with a heap of 1 GiB, without sync",
                    home.display()
                );
            }
            None => println!("KAFKA_HOME is not set: no figures of Apache Kafka"),
        }
    }

    pub(crate) fn agent(&self, batch_timeout: Duration) -> Agent {
        Agent { program: self.forebay.clone(), batch_timeout }
    }

    /// The set-ups that are wanted and possible.
    pub(crate) fn setups(&self, options: &Options) -> Vec<Setup> {
        let apache = || self.apache.clone().map(|apache| Box::new(apache) as Box<dyn Peer>);
        let agent = || Some(Box::new(self.agent(options.batch_timeout)) as Box<dyn Peer>);
        let bento = || self.bento.clone().map(Kind::Bento);
        let ours = || Some(Kind::Run(self.forebay.clone()));
        let all = [
            ("Bento, Apache Kafka", apache(), bento()),
            ("Bento, our agent", agent(), bento()),
            ("ours, Apache Kafka", apache(), ours()),
            ("ours, our agent", agent(), ours()),
            ("ours in the agent", agent(), Some(Kind::Managed)),
        ];
        let wanted = all.into_iter().filter(|(title, ..)| options.wants_setup(title));
        wanted
            .filter_map(|(title, broker, kind)| Some(Setup { title, broker: broker?, kind: kind? }))
            .collect()
    }
}

impl Setup {
    pub(crate) async fn open(&self) -> anyhow::Result<Stage> {
        Stage::open(self.broker.as_ref()).await
    }

    /// Starts the broker anew, in the same folder.
    pub(crate) async fn again(&self, stage: Stage) -> anyhow::Result<Stage> {
        let Stage { topics, server, folder } = stage;
        drop(topics);
        server.stop().await?;
        let server = Server::start(self.broker.as_ref(), folder.path(), None).await?;
        Ok(Stage { topics: Topics::open(server.kafka).await?, server, folder })
    }

    /// Starts a pipeline.
    pub(crate) fn start(&self, stage: &Stage, text: &str) -> anyhow::Result<Pipeline> {
        Pipeline::start(&self.kind, text, stage.folder.path(), &stage.server)
    }
}

impl Stage {
    pub(crate) async fn open(broker: &dyn Peer) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let server = Server::start(broker, folder.path(), None).await?;
        Ok(Self { topics: Topics::open(server.kafka).await?, server, folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}
