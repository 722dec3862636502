//! A compiled module, and what it must be.

use std::path::Path;

use wasmtime::{Engine, ExternType, InstancePre, Linker, ValType};

use super::instance::Runner;
use super::{abi, preview1};

/// A larger file is no module that anybody means.
const LARGEST: u64 = 256 << 20;
const MAGIC: &[u8] = b"\0asm";
const COMPONENT: &[u8] = &[0x0d, 0, 1, 0];

/// A module that can be started.
pub(super) struct Module {
    pub(super) pre: InstancePre<Runner>,
}

/// Reads a file.
///
/// # Errors
/// Why it can't be read, with its path.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("read {}: {error}", path.display());
    let found = path.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(format!("read {}: it is not a file", path.display()));
    }
    if found.len() > LARGEST {
        return Err(format!("read {}: it has more than {LARGEST} bytes", path.display()));
    }
    std::fs::read(path).map_err(unreadable)
}

impl Module {
    /// Compiles and links a module.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn compile(engine: &Engine, path: &str, bytes: &[u8]) -> Result<Self, String> {
        if !bytes.starts_with(MAGIC) {
            return Err(format!("{path} is not WebAssembly"));
        }
        if bytes.get(4..8) == Some(COMPONENT) {
            return Err(format!(
                "{path} is a component, and this runs core modules: a plugin goes into the plugin folder"
            ));
        }
        let module = wasmtime::Module::new(engine, bytes)
            .map_err(|error| format!("{path} is truncated or malformed: {error:#}"))?;
        if !module.exports().any(|export| matches!(export.ty(), ExternType::Memory(_))) {
            return Err(format!("{path} exports no memory"));
        }
        let pre = linker(engine, &module).and_then(|linker| linker.instantiate_pre(&module));
        let pre = pre.map_err(|error| format!("{path}: {error:#}"))?;
        Ok(Self { pre })
    }

    /// Whether the module exports this function, without parameters.
    ///
    /// # Errors
    /// What it exports instead.
    pub(super) fn check_function(&self, name: &str) -> Result<(), String> {
        let module = self.pre.module();
        match module.get_export(name) {
            Some(ExternType::Func(function)) if function.params().len() == 0 => Ok(()),
            Some(ExternType::Func(_)) => Err(format!("the function {name} of the module takes parameters")),
            _ => {
                let functions: Vec<&str> = module
                    .exports()
                    .filter(|export| matches!(export.ty(), ExternType::Func(_)))
                    .map(|export| export.name())
                    .collect();
                let functions = functions.join(", ");
                Err(format!("the module exports no function {name}; those that it exports: {functions}"))
            }
        }
    }
}

/// All that a module may import. What it imports of WASI beyond what is here says that it is not
/// supported when it is called.
fn linker(engine: &Engine, module: &wasmtime::Module) -> wasmtime::Result<Linker<Runner>> {
    let mut linker = Linker::new(engine);
    abi::link(&mut linker)?;
    preview1::link(&mut linker)?;
    let others: Vec<_> = module
        .imports()
        .filter(|import| import.module() == preview1::MODULE && !preview1::NAMES.contains(&import.name()))
        .filter_map(|import| Some((import.name().to_owned(), import.ty().func()?.clone())))
        .collect();
    linker.allow_shadowing(true);
    for (name, function) in others {
        if function.results().len() == 1 && function.results().all(|result| matches!(result, ValType::I32)) {
            linker.func_new(preview1::MODULE, &name, function, |_, _, results| {
                results[0] = wasmtime::Val::I32(preview1::NOT_SUPPORTED);
                Ok(())
            })?;
        }
    }
    Ok(linker)
}
