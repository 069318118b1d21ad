//! Any bytes are an object or a fault, and what an object holds runs or faults.
#![no_main]

use greta_emulator::{Launch, Memory, Module, Options, launch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let memory = Memory::new();
    let Ok(module) = Module::load(&memory, bytes) else { return };
    let Some(buffer) = memory.allocate(1 << 16) else { return };
    let arguments = buffer.to_le_bytes().repeat(16);
    for kernel in &module.object.kernels {
        let options = Options { budget: 1000, checks: true, counters: true, ..Options::default() };
        let _ = launch(&memory, &Launch { options, ..Launch::new(&module, kernel, &arguments) });
    }
});
