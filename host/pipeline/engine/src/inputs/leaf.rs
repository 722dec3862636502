//! Inputs of plugins.

use std::sync::Arc;

use forebay_lifecycle::Shutdown;
use forebay_pipeline_config::ComponentConfig;
use forebay_plugins_api::{Components as _, OpenError, Scanner, Setup, Stated};

use crate::batching::{Batcher, Policy};
use crate::channel::{Sender, channel};
use crate::check::place;
use crate::codec;
use crate::flight::{Again, Sky};
use crate::ground::{Ground, Work};
use crate::idle::Idle;
use crate::replay::{pause, sending_again};
use crate::source::{Kept, Source, hurry_on_handovers};
use crate::structure;

/// Where inputs of plugins have a batching policy.
const BATCHING: &str = "/batching";

/// Opens an input of a plugin, and the scanner of its streams, and collects its batches as its policy says.
pub(super) async fn open(
    ground: &Arc<Ground>,
    setup: &Setup,
    config: &ComponentConfig,
    stop: &Shutdown,
    to: Sender,
) -> Result<Vec<Work>, OpenError> {
    // It is woken by its own settlements, and stops when it is told, not when others are.
    let setup = Setup { wakes: Arc::default(), ..setup.clone() };
    let input = ground.components.open_input(setup.clone()).await?;
    let scanner = scanner(ground, &setup, config).await?;
    let spec = ground.components.spec_of(config);
    let (rereads, responds, lanes) =
        spec.map_or((false, false, Vec::new()), |spec| (spec.rereads, spec.responds, spec.lanes));
    let structure = structure::Opening { components: &ground.components, setup: &setup };
    let policy = Policy::open(&structure, BATCHING, &ground.budget).await?;
    let mut works: Vec<Work> = Vec::new();
    let to = match policy {
        None => to,
        Some(policy) => {
            let (raw, from) = channel();
            let batcher = Batcher::new(&setup.path, policy, &ground.budget, from, to);
            works.push(Box::pin(batcher.with_lanes(lanes).run()));
            raw
        }
    };
    // Whoever waits for a response is told that there is none.
    let by_default = !(rereads && responds);
    let replays = config.config.get("auto_replay_nacks").and_then(|value| value.as_bool());
    let again = match (replays.unwrap_or(by_default), rereads) {
        (false, _) => Again::Nobody,
        (true, true) => Again::Input,
        (true, false) => Again::Host,
    };
    let sky = Sky::new(&ground.budget);
    let source = Source {
        components: Arc::new(ground.components.clone()),
        setup,
        input,
        scanner,
        again,
        rereads,
        responds,
        sky: Arc::clone(&sky),
        intake: ground.intake.clone(),
        to: to.clone(),
        idle: Idle::default(),
        reading: Some(ground.budget.reading()),
        is_ending: false,
        kept: Kept::default(),
    };
    works.insert(0, Box::pin(read(source, sky, to, stop.clone())));
    Ok(works)
}

/// Reads the input, and sends again what fails, until the input is done.
async fn read(source: Source, sky: Arc<Sky>, to: Sender, stop: Shutdown) {
    let wakes = Arc::clone(&source.setup.wakes);
    let stopping = async {
        stop.cancelled().await;
        wakes.shutdown();
        std::future::pending::<()>().await;
    };
    let reading = async {
        tokio::select! {
            biased;
            // First, so that nothing is read where it is to stop already.
            () = stopping => {}
            () = hurry_on_handovers(&wakes, &sky) => {}
            () = source.run() => {}
        }
    };
    sending_again(&sky, &to, pause, reading).await;
}

async fn scanner(
    ground: &Ground,
    setup: &Setup,
    input: &ComponentConfig,
) -> Result<Option<Box<dyn Scanner>>, OpenError> {
    let (setup, at) = match (codec::settings(input), input.scanner()) {
        (Some(config), _) => {
            let Ok(name) = codec::NAME.parse() else { return Ok(None) };
            (Setup { name, config, stated: Stated::default(), ..setup.clone() }, input)
        }
        (None, Some(child)) => {
            let opening = structure::Opening { components: &ground.components, setup };
            (opening.setup_of(&child.component), &child.component)
        }
        (None, None) => return Ok(None),
    };
    let opened = ground.components.open_scanner(setup).await;
    opened.map(Some).map_err(|error| OpenError::Inside(vec![place(at, "", &error)]))
}
