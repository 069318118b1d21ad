//! `GRETA_SANITIZE` and `GRETA_LOOP_LIMIT`, each in a process of its own.

use std::process::Command;

use greta::prelude::*;

use crate::{floats, missing_barrier, numbers};

#[kernel(block = 64)]
fn counts(x: &Global<u32>, y: &mut Global<u32>) {
    let t = thread_idx().x;
    let mut n = x[t];
    while n < 2000 {
        n += 1;
    }
    y[t] = n;
}

/// What a launch on `cpu` as the environment has it comes to, in a line.
macro_rules! outcome {
    ($kernel:ident, $x:expr, $y:expr) => {{
        let launch = || {
            let device = Device::open("cpu")?;
            let stream = device.stream()?;
            let (x, mut y) = (device.buffer_from(&$x)?, device.buffer_from(&$y)?);
            device.kernel($kernel::variant())?.launch(&stream, 1, $kernel::Args { x: &x, y: &mut y })?;
            stream.synchronize()
        };
        let outcome: Result<(), greta::Error> = launch();
        outcome.map_or_else(|error| error.to_string(), |()| "nothing".to_owned())
    }};
}

/// What a kernel that races and one that loops 2000 times come to. The other test runs this one in other environments.
#[test]
fn a_device_is_opened_by_its_name() {
    for outcome in [outcome!(missing_barrier, floats(128), floats(128)), outcome!(counts, numbers(64), numbers(64))] {
        println!("outcome: {}", outcome.lines().next().unwrap_or_default());
    }
}

fn outcomes(variables: &[(&str, &str)]) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "environment::a_device_is_opened_by_its_name", "--nocapture"]);
    child.env_remove("GRETA_SANITIZE").env_remove("GRETA_LOOP_LIMIT").envs(variables.iter().copied());
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    output.lines().filter_map(|line| Some(line.split_once("outcome: ")?.1.to_owned())).collect()
}

#[test]
fn the_environment_says_what_is_checked() {
    let (quiet, race) = ("nothing", "data race on tile[127]: read and write are in no order");
    let endless = "a loop has not ended after 1000 iterations";
    assert_eq!(outcomes(&[]), [quiet, quiet]);
    assert_eq!(outcomes(&[("GRETA_SANITIZE", "0"), ("GRETA_LOOP_LIMIT", "")]), [quiet, quiet]);
    assert_eq!(outcomes(&[("GRETA_SANITIZE", "1")]), [race, quiet]);
    assert_eq!(outcomes(&[("GRETA_LOOP_LIMIT", "1000")]), [quiet, endless]);
    assert_eq!(outcomes(&[("GRETA_LOOP_LIMIT", "2001"), ("GRETA_SANITIZE", "1")]), [race, quiet]);
    for (variable, allowed) in [("GRETA_SANITIZE", "0 and 1"), ("GRETA_LOOP_LIMIT", "numbers of iterations")] {
        for outcome in outcomes(&[(variable, "yes")]) {
            assert!(["yes", variable, allowed].iter().all(|part| outcome.contains(part)), "{outcome}");
        }
    }
}
