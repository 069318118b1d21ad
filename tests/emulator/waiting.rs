//! Workgroups that wait for each other by words of memory: they run in turn, and those that wait for ever are stopped.

use greta_emulator::{COMPUTE_UNITS, Cause, Fault, Launch, Memory, Module, Options, launch};
use greta_runtime::compile::CompileRequest;

use crate::support::provoked;

const SOURCE: &str = include_str!("waiting.hip");

fn code(optimisation: &str) -> Option<Vec<u8>> {
    let compiler = crate::support::compiler()?;
    let options = [optimisation, "-gline-tables-only"].map(str::to_owned);
    let request =
        CompileRequest { source: SOURCE, name: "waiting.hip", target: "gfx942", options: &options, line_map: &[] };
    Some(compiler.compile(&request).unwrap().bytes.to_vec())
}

/// How a kernel is launched, of workgroups of two waves.
#[derive(Clone, Copy)]
struct Way {
    groups: u32,
    /// How many have to arrive.
    wanted: u32,
    cooperative: bool,
    options: Options,
}

impl Way {
    fn new(groups: u32, cooperative: bool) -> Self {
        Self { groups, wanted: groups, cooperative, options: Options::default() }
    }
}

/// What each workgroup of a launch found of its neighbour's.
fn found(code: &[u8], name: &str, way: Way) -> Result<Vec<u32>, Fault> {
    let memory = Memory::new();
    let module = Module::load(&memory, code).unwrap();
    let count = u64::from(way.groups);
    let [arrivals, out] = [8, 8 * count].map(|bytes| memory.allocate(bytes).unwrap());
    let pointers = [arrivals, out].into_iter().flat_map(u64::to_le_bytes);
    let arguments: Vec<u8> = pointers.chain(way.wanted.to_le_bytes()).collect();
    let request = Launch {
        grid: [way.groups, 1, 1],
        block: [128, 1, 1],
        cooperative: way.cooperative,
        options: way.options,
        ..Launch::new(&module, module.kernel(name).unwrap(), &arguments)
    };
    launch(&memory, &request)?;
    let mut bytes = vec![0; 4 * count as usize];
    memory.read(out + 4 * count, &mut bytes).unwrap();
    Ok(bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect())
}

fn expected(groups: u32) -> Vec<u32> {
    (0..groups).map(|group| 100 + (group + 1) % groups).collect()
}

#[test]
fn workgroups_see_what_others_wrote_before_they_arrived() {
    for optimisation in ["-O0", "-O2"] {
        let Some(code) = code(optimisation) else { return };
        for name in ["sleeping", "polling", "adding", "relayed"] {
            for (groups, cooperative) in [(1, true), (9, true), (9, false), (700, true)] {
                let way = Way::new(groups, cooperative);
                assert_eq!(found(&code, name, way).unwrap(), expected(groups), "{name} {optimisation} {groups}");
            }
        }
    }
}

#[test]
fn those_that_are_not_seen_to_wait_have_turns() {
    let Some(code) = code("-O2") else { return };
    // More than any machine has threads.
    assert_eq!(found(&code, "counting", Way::new(300, true)).unwrap(), expected(300));
}

#[test]
pub(crate) fn workgroups_that_wait_for_ever_are_stopped() {
    for optimisation in ["-O0", "-O2"] {
        let Some(code) = code(optimisation) else { return };
        for name in ["sleeping", "polling", "adding", "relayed"] {
            for cooperative in [false, true] {
                let way = Way { wanted: 10, ..Way::new(9, cooperative) };
                let fault = found(&code, name, way).unwrap_err();
                let text = fault.to_string();
                let Fault::Stopped { place, cause, .. } = fault else { panic!("{text}") };
                assert_eq!((place.workgroup, place.kernel.as_str()), ([0; 3], name), "{text}");
                provoked!(cause, Cause::Stuck { waiting: 9, ended: 0, unstarted: 0 });
            }
        }
    }
}

#[test]
fn more_than_the_device_holds_at_once_wait_for_ever() {
    let Some(code) = code("-O2") else { return };
    let held = 16 * COMPUTE_UNITS;
    // A cooperative launch is refused; of another one, those that run wait for those that cannot.
    let refused = found(&code, "sleeping", Way::new(held + 1, true)).unwrap_err();
    let expected = format!("the launch has {} workgroups at once; at most {held} are allowed", held + 1);
    assert_eq!(refused.to_string(), format!("kernel sleeping: {expected}"));
    let stuck = found(&code, "sleeping", Way::new(held + 3, false)).unwrap_err();
    let Fault::Stopped { cause, .. } = &stuck else { panic!("{stuck}") };
    assert_eq!(*cause, Cause::Stuck { waiting: u64::from(held), ended: 0, unstarted: 3 }, "{stuck}");
    // Those that wait for fewer make room for the rest.
    let way = Way { wanted: 100, ..Way::new(held + 3, false) };
    let found = found(&code, "sleeping", way).unwrap();
    assert!(found.iter().filter(|&&found| found > 0).count() >= 100);
}

#[test]
fn checks_see_the_races_of_workgroups_that_waited() {
    let Some(code) = code("-O2") else { return };
    let way = Way { options: Options { checks: true, ..Options::default() }, ..Way::new(9, true) };
    assert_eq!(found(&code, "sleeping", way).unwrap(), expected(9));
    let fault = found(&code, "racing", way).unwrap_err();
    let Fault::Stopped { place, cause: Cause::SharedRace { .. }, .. } = &fault else { panic!("{fault}") };
    assert_eq!(place.workgroup, [0; 3], "the first of those that race");
}
