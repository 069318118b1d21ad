//! What kernels print, by host calls and by the buffer: the same text, in the order of the grid.

use std::fmt::Write;

use greta_emulator::{Cause, Fault, Launch, Memory, Module, Options, Printed, Report, launch};
use greta_runtime::compile::CompileRequest;

const SOURCE: &str = include_str!("printing.hip");
/// How the compiler makes a `printf`; the first is the default.
const KINDS: [&str; 2] = ["-mprintf-kind=hostcall", "-mprintf-kind=buffered"];

/// Launches a kernel on `workgroups` workgroups of three waves, once for each kind of `printf`. Checks are on and silent.
fn run(name: &str, workgroups: u32, word: u32) -> Option<[Result<Report, Fault>; 2]> {
    let compiler = crate::support::compiler()?;
    let code = KINDS.map(|kind| {
        let (options, source) = ([kind.to_owned()], SOURCE);
        let request =
            CompileRequest { source, name: "printing.hip", target: "gfx942", options: &options, line_map: &[] };
        compiler.compile(&request).unwrap().bytes
    });
    Some(code.map(|code| {
        let memory = Memory::new();
        let module = Module::load(&memory, &code).unwrap();
        let buffer = memory.allocate(4096).unwrap();
        let arguments: Vec<u8> = buffer.to_le_bytes().into_iter().chain(word.to_le_bytes()).collect();
        let options = Options { checks: true, budget: 10_000_000, ..Options::default() };
        let (kernel, grid) = (module.kernel(name).unwrap(), [workgroups, 1, 1]);
        let request = Launch { grid, block: [192, 1, 1], options, ..Launch::new(&module, kernel, &arguments) };
        let report = launch(&memory, &request);
        if let Ok(report) = &report {
            assert_eq!(report.warnings, []);
        }
        report
    }))
}

/// What each kind printed to standard output.
fn printed(name: &str, workgroups: u32, word: u32) -> Option<[String; 2]> {
    Some(run(name, workgroups, word)?.map(|report| {
        let Printed { stdout, stderr } = report.unwrap_or_else(|fault| panic!("{name}: {fault}")).printed;
        assert!(stderr.is_empty());
        String::from_utf8(stdout).unwrap()
    }))
}

#[test]
fn every_type_of_argument_is_printed_as_c_does() {
    let expected = "3 -3 3 1 -3000|3298534883328 30000000000 03 300     3|3    |00003 +3  3|\
        3.250000 1.00 1.000000e+00 1 0x1.000p+0 3.25|d positive pos      right|%|0x1003    3|1.00\n";
    for text in printed("all_types", 1, 3).into_iter().flatten() {
        assert_eq!(text, expected);
    }
    for text in printed("all_types", 1, 0_u32.wrapping_sub(7)).into_iter().flatten() {
        assert!(text.starts_with("-7 7 4294967289 -9 7000|") && text.contains(" not positive not "), "{text}");
    }
}

#[test]
fn text_comes_in_the_order_of_the_grid() {
    let expected = (0..37).fold(String::new(), |mut text, workgroup| {
        for lane in [5, 101] {
            writeln!(text, "workgroup {workgroup} lane {lane}").unwrap();
        }
        text
    });
    for text in printed("from_everywhere", 37, 5).into_iter().flatten() {
        assert_eq!(text, expected);
    }
}

#[test]
fn a_text_may_take_several_messages_and_each_wave_has_its_own() {
    for text in printed("in_a_loop", 2, 40).into_iter().flatten() {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let rest = "of a text that does not fit into one message of seven words, nor does this one fit";
        let all = (0..2).flat_map(|_| (0..40_u32).flat_map(|i| (0..192_u32).map(move |lane| (i, lane))));
        let printing = all.filter(|(i, lane)| (lane + i) % 64 == 0);
        let mut expected: Vec<String> = printing.map(|(i, lane)| format!("{i}: {lane} {rest}")).collect();
        lines.sort();
        expected.sort();
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_fault_has_what_was_printed_before_it() {
    for report in run("until_it_fails", 9, 4).into_iter().flatten() {
        let Err(Fault::Stopped { cause, printed, place }) = report else { panic!("the trap is passed") };
        assert!(matches!(cause, Cause::Trap { .. }) && place.workgroup == [4, 0, 0], "{place}: {cause}");
        let expected: String = (0..5).map(|workgroup| format!("workgroup {workgroup}\n")).collect();
        assert_eq!(String::from_utf8_lossy(&printed.stdout), expected);
    }
}

#[test]
fn a_kernel_that_could_print_need_not() {
    for report in run("nothing", 4, 1).into_iter().flatten() {
        assert!(report.unwrap().printed.is_empty());
    }
}
