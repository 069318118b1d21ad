//! Arguments that the hardware puts into registers before a kernel starts: the same results with any number of them, from
//! the entry that is for hardware which does so.

use greta_emulator::object::UserSgprs;
use greta_emulator::{Launch, Memory, Module, Options, launch};
use greta_runtime::compile::CompileRequest;

const SOURCE: &str = "extern \"C\" __global__ void mixed(int* y, short a, long b, char c, const int* x, int d) {
    y[threadIdx.x] = x[threadIdx.x] * a + (int)(b >> 33) + c - d;
}
";

#[test]
fn preloaded_arguments_are_those_of_memory() {
    let Some(compiler) = crate::support::compiler() else { return };
    let mut preloaded = Vec::new();
    for count in [0, 1, 2, 3, 5, 6, 16] {
        let options = ["-O2".to_owned(), "-mllvm".to_owned(), format!("-amdgpu-kernarg-preload-count={count}")];
        let request =
            CompileRequest { source: SOURCE, name: "mixed.hip", target: "gfx942", options: &options, line_map: &[] };
        let code = compiler.compile(&request).expect("the kernel compiles").bytes;
        let memory = Memory::new();
        let module = Module::load(&memory, &code).expect("the object loads");
        let kernel = module.kernel("mixed").expect("it has the kernel");
        let [y, x] = [0, 1].map(|_| memory.allocate(256).expect("there is room"));
        let words: Vec<u8> = (0..64_i32).flat_map(|word| (word * word - 9).to_le_bytes()).collect();
        memory.write(x, &words).expect("the block has the size");
        let (a, b, c, d) = (-300_i16, 77_i64 << 33 | 5, -7_i8, 1_000_003_i32);
        let mut arguments = [0; 44];
        for (at, bytes) in [
            (0, &y.to_le_bytes()[..]),
            (8, &a.to_le_bytes()),
            (16, &b.to_le_bytes()),
            (24, &c.to_le_bytes()),
            (32, &x.to_le_bytes()),
            (40, &d.to_le_bytes()),
        ] {
            arguments[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let options = Options { checks: true, ..Options::default() };
        let request = Launch { options, ..Launch::new(&module, kernel, &arguments) };
        let report = launch(&memory, &request).unwrap_or_else(|fault| panic!("{count} preloaded: {fault}"));
        assert_eq!(report.warnings, [], "{count} preloaded");
        let mut found = [0; 256];
        memory.read(y, &mut found).expect("the block has the size");
        for (lane, word) in (0..64).zip(found.as_chunks::<4>().0) {
            let wanted = (lane * lane - 9) * i32::from(a) + 77 + i32::from(c) - d;
            assert_eq!(i32::from_le_bytes(*word), wanted, "{count} preloaded, lane {lane}");
        }
        let registers = kernel.descriptor.user_sgprs().into_iter().map(|register| match register {
            UserSgprs::Kernarg { count, .. } => count,
            _ => 0,
        });
        preloaded.push(registers.sum::<u8>());
    }
    assert!(preloaded[0] == 0 && preloaded.is_sorted() && preloaded[6] >= 10, "registers: {preloaded:?}");
}
