//! Kernels on shapes of the caller's: their results are checked in any variant, and wrong numbers are found.

mod device;

use greta::Device;
use greta::runtime::launch::Variant;
use greta::runtime::tuning::Shape;
use greta_llama::KERNELS;
use greta_llama::case_launch::{CaseLaunches, PrepareError};
use greta_llama::launchable::Launchable;

/// A size for every name that a kernel has.
const SIZES: &[(&str, usize)] = &[
    ("columns", 70),
    ("head_dim", 32),
    ("heads", 4),
    ("hidden", 64),
    ("intermediate", 24),
    ("k", 40),
    ("keys", 9),
    ("kv_heads", 2),
    ("len", 300),
    ("m", 33),
    ("n", 17),
    ("past", 5),
    ("rows", 5),
    ("tokens", 3),
];

fn shape(launches: &CaseLaunches) -> Shape {
    Shape::new(SIZES.iter().copied().filter(|(name, _)| launches.sizes.contains(name)))
}

fn prepare(device: &Device, kernel: &str, sets: usize) -> Launchable {
    let launches = CaseLaunches::opt_of(kernel).unwrap_or_else(|| panic!("{kernel}"));
    launches.prepare(device, &shape(launches), sets).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_kernel_passes_its_check_on_a_shape_again_and_again() {
    let device = device::open();
    let stream = device.stream().unwrap();
    for kernel in KERNELS {
        let mut launchable = prepare(&device, kernel.name, 2);
        let values = launchable.default_values().to_vec();
        for _ in 0..2 {
            match launchable.check(&stream, &values) {
                Err(error) if device::lacks_instruction(&device, &error) => assert_eq!(kernel.name, "gemm_fp8"),
                checked => assert_eq!(checked.unwrap_or_else(|error| panic!("{error}")), Ok(()), "{}", kernel.name),
            }
        }
    }
}

#[test]
fn launches_in_turn_form_a_chain_over_their_sets() {
    let device = device::open();
    let mut launchable = prepare(&device, "gemm_f32", 2);
    let values = launchable.default_values().to_vec();
    let mut graph = device.graph();
    let mut before = None;
    for set in 0..3 {
        before = launchable.add(&mut graph, &values, set, before).unwrap();
    }
    let waits: Vec<Vec<usize>> =
        graph.nodes().iter().map(|node| node.waits.iter().map(|wait| wait.before).collect()).collect();
    assert_eq!(waits, [vec![], vec![0], vec![1]]);
}

#[test]
fn a_variant_that_stops_short_is_wrong() {
    // Keys of 64 elements in a variant for heads of 32: half of each head is left out, or the launch is refused.
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let mut launchable = prepare(&device, "attention_prefill", 1);
    assert_eq!(launchable.fixed(), ["HD"]);
    let values: Vec<u32> =
        launchable.default_values().iter().map(|&value| if value == 32 { 64 } else { value }).collect();
    assert!(!matches!(launchable.check(&stream, &values), Ok(Ok(()))));
    let values = launchable.default_values().to_vec();
    assert_eq!(launchable.check(&stream, &values).unwrap(), Ok(()));
}

#[test]
fn shapes_that_are_no_case_are_refused_with_what_is_wrong() {
    let device = Device::open("cpu").unwrap();
    let refused = |kernel: &str, shape: &str| {
        let launches = CaseLaunches::opt_of(kernel).unwrap();
        launches.prepare(&device, &shape.parse().unwrap(), 1).unwrap_err()
    };
    let text = refused("gemm_f32", "m=1,n=2").to_string();
    assert_eq!(text, "gemm_f32 has the sizes m, n, k; given m=1,n=2");
    assert!(matches!(refused("gemm_f32", "m=1,n=2,k=3,l=4"), PrepareError::Sizes { .. }));
    assert!(matches!(refused("gemm_f32", "m=0,n=2,k=3"), PrepareError::Requirement { .. }));
    assert!(matches!(refused("rope", "tokens=1,heads=1,head_dim=3,past=0"), PrepareError::Requirement { .. }));
    let attention = "heads=3,kv_heads=2,head_dim=32,past=1";
    assert!(matches!(refused("attention_decode", attention), PrepareError::Requirement { .. }));
    let large = refused("gemm_f32", "m=65536,n=65536,k=1").to_string();
    assert!(large.starts_with("gemm_f32 with k=1,m=65536,n=65536 needs an argument of more than"), "{large}");
}

#[test]
fn every_known_variant_is_right_on_its_target() {
    let mut checked = 0;
    for kernel in KERNELS {
        for known in kernel.known {
            let device = Device::open(&format!("cpu:{}", known.target)).unwrap();
            let stream = device.stream().unwrap();
            let right = prepare(&device, kernel.name, 1).check(&stream, known.values);
            assert_eq!(right.unwrap_or_else(|error| panic!("{error}")), Ok(()), "{} {known:?}", kernel.name);
            checked += 1;
        }
    }
    assert_ne!(checked, 0);
}

#[test]
fn products_by_groups_of_waves_are_right_over_several_tiles() {
    for device in device::open_all() {
        let stream = device.stream().unwrap();
        for (kernel, k) in
            ["gemm_bf16", "gemm_bf16_add"].into_iter().flat_map(|kernel| [64, 128, 200].map(|k| (kernel, k)))
        {
            let launches = CaseLaunches::opt_of(kernel).unwrap();
            let shape = Shape::new([("m", 130), ("n", 300), ("k", k)]);
            let mut launchable = launches.prepare(&device, &shape, 1).unwrap_or_else(|error| panic!("{error}"));
            for values in [[128, 256, 64, 16, 256, 4], [64, 256, 64, 16, 256, 3]] {
                let right = launchable.check(&stream, &values);
                assert_eq!(right.unwrap_or_else(|error| panic!("{error}")), Ok(()), "{kernel} {values:?}, k = {k}");
            }
        }
    }
}

#[test]
fn a_default_gives_way_to_what_is_known_of_the_target_and_the_shape() {
    use greta_llama::kernels::gemm_f32::gemm_f32 as kernel;
    let tuned = |device: &str, variant: kernel::Variant, size: usize| {
        let shape = Shape::new([("m", size), ("n", size), ("k", 1)]);
        Device::open(device).unwrap().tuned(variant, &shape).values()
    };
    let default = kernel::variant();
    assert_eq!(tuned("cpu", default, 512), default.values());
    let known = kernel::DEFINITION.known;
    assert_eq!(tuned("cpu:sm_90", default, 512), known[0].values);
    assert_eq!(tuned("cpu:sm_90", default, 513), known[1].values);
    assert_eq!(tuned("cpu:sm_90", default, 1 << 20), known.last().unwrap().values);
    assert_eq!(tuned("cpu:sm_90", default.bm(128), 512), default.bm(128).values(), "the caller's own choice");
}
