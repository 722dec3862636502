//! What stands in for WASI preview 1, which the runtimes of C and Go import although nothing of it is granted.
//!
//! It imports nothing but the memory, and so works wherever it is called from: a collector of garbage that looks at
//! the clock while the host hands it a list would trap in an adapter that asks the host.
//! - The clock stands still, random bytes are always the same; sleeping ends at once.
//! - Arguments and variables are none. What is written is taken and forgotten.
//! - Ending the process traps. Everything else says that there is no such file, or no such function.

use wasm_encoder::{
    BlockType, CodeSection, EntityType, ExportKind, ExportSection, Function, FunctionSection, ImportSection,
    InstructionSink, MemArg, MemoryType, Module, TypeSection, ValType,
};

/// The module that it stands in for.
pub(crate) const NAME: &str = "wasi_snapshot_preview1";

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;
/// `EBADF` and `ENOSYS`.
const NO_FILE: i32 = 8;
const NO_FUNCTION: i32 = 52;
/// Where the clock stands: 2000-01-01T00:00:00Z, in nanoseconds.
const TIME: i64 = 946_684_800_000_000_000;

/// What a function does.
#[derive(Clone, Copy)]
enum Does {
    Returns(i32),
    /// Writes the time to the address in this parameter.
    Time(u32),
    /// Fills the bytes at the first parameter, as many as the second says.
    Random,
    /// Writes 0 to both addresses.
    Zeros,
    /// Adds the lengths up and writes the sum to the address in the fourth parameter.
    Write,
    /// Says that every subscription is due.
    Poll,
    Nothing,
    Traps,
}

impl Does {
    fn results(self) -> &'static [ValType] {
        if matches!(self, Self::Nothing | Self::Traps) { &[] } else { &[I32] }
    }
}

const FUNCTIONS: &[(&str, &[ValType], Does)] = &[
    ("args_get", &[I32, I32], Does::Returns(0)),
    ("args_sizes_get", &[I32, I32], Does::Zeros),
    ("environ_get", &[I32, I32], Does::Returns(0)),
    ("environ_sizes_get", &[I32, I32], Does::Zeros),
    ("clock_res_get", &[I32, I32], Does::Time(1)),
    ("clock_time_get", &[I32, I64, I32], Does::Time(2)),
    ("random_get", &[I32, I32], Does::Random),
    ("sched_yield", &[], Does::Returns(0)),
    ("poll_oneoff", &[I32, I32, I32, I32], Does::Poll),
    ("proc_exit", &[I32], Does::Traps),
    ("proc_raise", &[I32], Does::Returns(NO_FUNCTION)),
    ("fd_write", &[I32, I32, I32, I32], Does::Write),
    ("fd_read", &[I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("fd_pread", &[I32, I32, I32, I64, I32], Does::Returns(NO_FILE)),
    ("fd_pwrite", &[I32, I32, I32, I64, I32], Does::Returns(NO_FILE)),
    ("fd_close", &[I32], Does::Returns(NO_FILE)),
    ("fd_seek", &[I32, I64, I32, I32], Does::Returns(NO_FILE)),
    ("fd_tell", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_sync", &[I32], Does::Returns(NO_FILE)),
    ("fd_datasync", &[I32], Does::Returns(NO_FILE)),
    ("fd_advise", &[I32, I64, I64, I32], Does::Returns(NO_FILE)),
    ("fd_allocate", &[I32, I64, I64], Does::Returns(NO_FILE)),
    ("fd_readdir", &[I32, I32, I32, I64, I32], Does::Returns(NO_FILE)),
    ("fd_renumber", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_fdstat_get", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_fdstat_set_flags", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_fdstat_set_rights", &[I32, I64, I64], Does::Returns(NO_FILE)),
    ("fd_filestat_get", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_filestat_set_size", &[I32, I64], Does::Returns(NO_FILE)),
    ("fd_filestat_set_times", &[I32, I64, I64, I32], Does::Returns(NO_FILE)),
    ("fd_prestat_get", &[I32, I32], Does::Returns(NO_FILE)),
    ("fd_prestat_dir_name", &[I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_create_directory", &[I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_filestat_get", &[I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_filestat_set_times", &[I32, I32, I32, I32, I64, I64, I32], Does::Returns(NO_FILE)),
    ("path_link", &[I32, I32, I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_open", &[I32, I32, I32, I32, I32, I64, I64, I32, I32], Does::Returns(NO_FILE)),
    ("path_readlink", &[I32, I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_remove_directory", &[I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_rename", &[I32, I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_symlink", &[I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("path_unlink_file", &[I32, I32, I32], Does::Returns(NO_FILE)),
    ("sock_accept", &[I32, I32, I32], Does::Returns(NO_FILE)),
    ("sock_recv", &[I32, I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("sock_send", &[I32, I32, I32, I32, I32], Does::Returns(NO_FILE)),
    ("sock_shutdown", &[I32, I32], Does::Returns(NO_FILE)),
    // No part of WASI: how Go's bindings have an adapter not look at the clock. This one never does.
    ("adapter_monotonic_clock_set_paused", &[I32], Does::Nothing),
];

/// The bytes of the adapter.
pub(crate) fn module() -> Vec<u8> {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (name, parameters, does)) in (0..).zip(FUNCTIONS) {
        types.ty().function(parameters.iter().copied(), does.results().iter().copied());
        functions.function(index);
        exports.export(name, ExportKind::Func, index);
        code.function(&body(*does, u32::try_from(parameters.len()).unwrap_or(0)));
    }
    let mut imports = ImportSection::new();
    let memory =
        MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    imports.import("env", "memory", EntityType::Memory(memory));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports).section(&code);
    module.finish()
}

fn at(offset: u64, align: u32) -> MemArg {
    MemArg { offset, align, memory_index: 0 }
}

fn body(does: Does, parameters: u32) -> Function {
    // Two numbers of its own, behind the parameters.
    let mut function = Function::new([(2, I32)]);
    let (index, other) = (parameters, parameters + 1);
    let mut code = function.instructions();
    match does {
        Does::Returns(number) => {
            code.i32_const(number);
        }
        Does::Time(address) => {
            code.local_get(address).i64_const(TIME).i64_store(at(0, 0)).i32_const(0);
        }
        Does::Zeros => {
            code.local_get(0).i32_const(0).i32_store(at(0, 0));
            code.local_get(1).i32_const(0).i32_store(at(0, 0)).i32_const(0);
        }
        Does::Random => {
            // Numbers of a sequence that looks random and is the same every time.
            times(&mut code, index, 1, |code| {
                code.local_get(0).local_get(index).i32_add();
                code.local_get(index).i32_const(0x9e37_79b9_u32.cast_signed()).i32_mul();
                code.i32_const(24).i32_shr_u().i32_store8(at(0, 0));
            });
            code.i32_const(0);
        }
        Does::Write => {
            times(&mut code, index, 2, |code| {
                code.local_get(1).local_get(index).i32_const(8).i32_mul().i32_add();
                code.i32_load(at(4, 0)).local_get(other).i32_add().local_set(other);
            });
            code.local_get(3).local_get(other).i32_store(at(0, 0)).i32_const(0);
        }
        Does::Poll => {
            times(&mut code, index, 2, |code| {
                // An event has the user's number, an error and the kind of its subscription.
                let event = |code: &mut InstructionSink<'_>| {
                    code.local_get(1).local_get(index).i32_const(32).i32_mul().i32_add();
                };
                code.local_get(0).local_get(index).i32_const(48).i32_mul().i32_add().local_set(other);
                event(code);
                code.local_get(other).i64_load(at(0, 0)).i64_store(at(0, 0));
                event(code);
                code.local_get(other).i32_load8_u(at(8, 0)).i32_const(16).i32_shl().i32_store(at(8, 0));
            });
            code.local_get(3).local_get(2).i32_store(at(0, 0)).i32_const(0);
        }
        Does::Nothing => {}
        Does::Traps => {
            code.unreachable();
        }
    }
    code.end();
    function
}

/// Counts `index` from 0 up to the number in a parameter.
fn times(
    code: &mut InstructionSink<'_>,
    index: u32,
    count: u32,
    mut each: impl FnMut(&mut InstructionSink<'_>),
) {
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(index).local_get(count).i32_ge_u().br_if(1);
    each(code);
    code.local_get(index).i32_const(1).i32_add().local_set(index).br(0);
    code.end().end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_imports_all_of_it_becomes_a_component_that_imports_nothing() {
        // A module with a memory, and one import for every function.
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        for (index, (name, parameters, does)) in (0..).zip(FUNCTIONS) {
            types.ty().function(parameters.iter().copied(), does.results().iter().copied());
            imports.import(NAME, name, EntityType::Function(index));
        }
        let mut memories = wasm_encoder::MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("memory", ExportKind::Memory, 0);
        let mut main = Module::new();
        main.section(&types).section(&imports).section(&memories).section(&exports);
        let mut encoder = wit_component::ComponentEncoder::default();
        encoder.validate(true).module(&main.finish()).unwrap();
        encoder.adapter(NAME, &module()).unwrap();
        let component = encoder.encode().unwrap();
        assert!(component.starts_with(b"\0asm\x0d\0\x01\0"));
    }
}
