//! The two compilers-and-runtimes: with and without epoch checks.
//!
//! Epoch checks cost about a third of the speed of JSON work. Default plugins bound their own steps
//! and run without; everything else runs with them and is interrupted every tick.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Engine};

/// How often a guest with epoch checks is interrupted.
pub const TICK: Duration = Duration::from_millis(10);

/// Whether code is compiled with epoch checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// The code bounds its own steps.
    None,
    /// The code is interrupted every [`TICK`], and ended at its limit of CPU time.
    Epochs,
}

/// Both engines, and the thread that moves the epoch on.
#[derive(Debug)]
pub(crate) struct Engines {
    plain: Engine,
    epochs: Engine,
    stop: Arc<AtomicBool>,
    ticker: Option<JoinHandle<()>>,
}

impl Engines {
    pub(crate) fn new() -> wasmtime::Result<Self> {
        let plain = Engine::new(&config(Interruption::None))?;
        let epochs = Engine::new(&config(Interruption::Epochs))?;
        let stop = Arc::new(AtomicBool::new(false));
        let ticker = {
            let (engine, stop) = (epochs.weak(), Arc::clone(&stop));
            std::thread::Builder::new().name("epochs".into()).spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    std::thread::park_timeout(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })?
        };
        Ok(Self { plain, epochs, stop, ticker: Some(ticker) })
    }

    pub(crate) fn get(&self, interruption: Interruption) -> &Engine {
        match interruption {
            Interruption::None => &self.plain,
            Interruption::Epochs => &self.epochs,
        }
    }
}

impl Drop for Engines {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
            // It only waits and counts; it has nothing to say.
            let _ = ticker.join();
        }
    }
}

/// A number that changes whenever compiled code of this engine can't be used by another.
pub(crate) fn compatibility(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

fn config(interruption: Interruption) -> Config {
    let mut config = Config::new();
    config.wasm_component_model(true);
    config.epoch_interruption(interruption == Interruption::Epochs);
    // Traps name the function; whole stacks with addresses help nobody who runs a pipeline.
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(8));
    config
}

/// Compiles a component for any x86-64 processor of the last dozen years, or for the baseline of
/// another architecture, without epoch checks.
///
/// # Errors
/// When the bytes are no component or the compiler fails.
pub fn precompile(component: &[u8]) -> Result<Vec<u8>, PrecompileError> {
    let mut config = config(Interruption::None);
    // Naming the target turns the detection of this machine's features off.
    config.target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH)).map_err(PrecompileError)?;
    if std::env::consts::ARCH == "x86_64" {
        for feature in ["has_sse3", "has_ssse3", "has_sse41", "has_sse42", "has_popcnt"] {
            // SAFETY: the resulting code is checked against the processor when it is loaded.
            #[expect(unsafe_code, reason = "compiling for a named baseline, checked at load")]
            unsafe {
                config.cranelift_flag_enable(feature);
            }
        }
    }
    Engine::new(&config).and_then(|engine| engine.precompile_component(component)).map_err(PrecompileError)
}

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
#[error("compile: {0:#}")]
pub struct PrecompileError(wasmtime::Error);
