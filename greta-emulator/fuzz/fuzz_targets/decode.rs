//! Any words are instructions or not, and those that are have a text.
#![no_main]

use greta_emulator::Program;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for instruction in Program::decode(0, bytes).slots().iter().flatten() {
        let _ = (instruction.to_string(), instruction.reads(), instruction.writes());
    }
});
