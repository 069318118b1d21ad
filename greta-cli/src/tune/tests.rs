//! Variants that are wrong, that do not compile and that do not run are reported and never chosen.

use greta::prelude::*;
use greta_llama::Tolerance;
use greta_llama::launchable::{Expected, Launchable, Outcome, Work};
use greta_runtime::Device;
use indicatif::ProgressBar;

use super::candidates::Candidates;
use super::trial::{Effort, Fate, Trial, opt_fastest, try_variants};
use crate::measure::Clock;

const LEN: usize = 100;

/// y[i] = 2 x[i]; WAY 1 adds one to each, 2 has a barrier that some threads skip, 3 leaves out every other element, 4 adds.
/// x, y: [len] f32. Memory-bound: 8 B an element.
#[kernel(tile(WAY = 0 in [0, 1, 2, 3, 4, 5]), require(WAY != 5), require(len % (WAY + 1) == 0), block = 64)]
fn doubled(x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if WAY == 2 {
        if thread_idx().x < 7 {
            barrier();
        }
    }
    if i < len {
        if WAY == 1 {
            y[i] = x[i] * 2.0 + 1.0;
        } else if WAY == 3 {
            if i % 2 == 0 {
                y[i] = x[i] * 2.0;
            }
        } else if WAY == 4 {
            y[i] = x[i] + x[i];
        } else {
            y[i] = x[i] * 2.0;
        }
    }
}

fn launchable(device: &Device, len: usize) -> Launchable {
    let values: Vec<f32> = (0..len).map(|i| i as f32).collect();
    let after = values.iter().map(|&value| 2.0 * f64::from(value)).collect();
    let (x, before) = (device.buffer_from(&values).unwrap(), vec![f32::NAN; len]);
    let mut y = device.buffer_from(&before).unwrap();
    let (buffer, tolerance) = (y.view(..).unwrap(), Tolerance::EXACT);
    let outcome = Expected { name: "y", buffer, before, width: len, rows: vec![0], after, tolerance };
    let outcomes: Vec<Box<dyn Outcome>> = vec![Box::new(outcome)];
    Launchable::new(doubled::variant(), Work::Bytes(8.0 * len as f64), outcomes, move |sink, variant, _| {
        let args = doubled::Args { x: &x, y: &mut y, len: len as u32 };
        sink.launch(variant, len.div_ceil(64) as u32, args)
    })
}

fn try_all(len: usize) -> (Candidates, Vec<Trial>) {
    let device = Device::open("cpu").unwrap();
    let clock = Clock::new(&device).unwrap();
    let candidates = Candidates::new(&doubled::DEFINITION, device.target(), |_| true);
    let variants = candidates.variants.clone();
    let (mut launchable, bar) = (launchable(&device, len), ProgressBar::hidden());
    let effort = Effort::of(&clock);
    let trials = try_variants(&clock, &doubled::DEFINITION, &mut launchable, variants, effort, &bar).unwrap();
    (candidates, trials)
}

#[test]
fn what_is_wrong_is_said_of_each_variant_and_none_of_them_is_timed() {
    // 100 is no multiple of 3, but of 5: way 2 does not get as far as that.
    let (candidates, trials) = try_all(LEN);
    assert_eq!(candidates.choices, 6);
    assert_eq!(candidates.excluded.len(), 1);
    assert_eq!((candidates.excluded[0].reason.as_str(), candidates.excluded[0].count), ("require(WAY != 5)", 1));
    let failure = |way: usize| trials[way].opt_failure();
    assert_eq!(failure(0), None);
    let wrong = failure(1).unwrap();
    assert_eq!(wrong.0, "gives wrong numbers");
    assert!(wrong.1.starts_with("y is wrong: max_abs_err 1.0"), "{wrong:?}");
    let rejected = failure(2).unwrap();
    assert_eq!(rejected.0, "does not compile");
    assert!(rejected.1.contains("barrier"), "{rejected:?}");
    // What is left out is NaN from before.
    assert!(matches!(&trials[3].fate, Fate::Wrong(why) if why.contains("inf")), "{:?}", trials[3].fate);
    assert_eq!(failure(4), None);
    assert_eq!(trials.iter().filter(|trial| trial.opt_times().is_some()).count(), 2);
    let winner = opt_fastest(&trials).unwrap();
    assert!([vec![0], vec![4]].contains(&winner.values), "{winner:?}");
}

#[test]
fn a_variant_whose_launch_is_refused_does_not_run() {
    // 99 is no multiple of 2, 4 and 5.
    let (_, trials) = try_all(99);
    for way in [1, 3, 4] {
        let (what, why) = trials[way].opt_failure().unwrap();
        assert_eq!(what, "does not run");
        assert!(why.contains("len % (WAY + 1) == 0"), "{why}");
    }
    assert_eq!(opt_fastest(&trials).unwrap().values, [0]);
}
