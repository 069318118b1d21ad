//! What a call does besides giving a value: it asserts, prints and divides where it is written, used or not.

use crate::device;
use greta::prelude::*;

/// x, which is positive.
#[device]
fn positive(x: i32) -> i32 {
    assert!(x > 0, "{x} is not positive");
    x
}

/// x, and a line.
#[device]
fn said(x: i32, number: u32) -> i32 {
    println!("line {number}");
    x
}

#[kernel(block = 64)]
pub fn unused_call(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    positive(x[i]);
    y[i] = 1;
}

#[kernel(block = 64)]
pub fn unnamed_call(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    let _ = positive(x[i]);
    y[i] = 1;
}

#[kernel(block = 64)]
pub fn empty_branch(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    if positive(x[i]) > 2 {}
    y[i] = 1;
}

#[kernel(block = 64)]
pub fn call_behind_and(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    let large = x[i] > 100;
    let v = x[i];
    let both = |t: i32| large && t > 0;
    y[i] = if both(positive(v)) { 1 } else { 2 };
}

#[kernel(block = 64)]
pub fn division_behind_and(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    let v = x[i] + 1;
    let large = v > 100;
    let both = |t: i32| large && t > 3;
    y[i] = if both(100 / v) { 1 } else { 2 };
}

#[kernel(block = 64)]
pub fn unused_division(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    let _ = 100 / (x[i] + 1);
    y[i] = 1;
}

#[kernel(block = 1)]
pub fn lines_in_order(x: &Global<i32>, y: &mut Global<i32>) {
    let i = thread_idx().x;
    println!("line 1");
    y[i] = said(x[i], 2) + {
        println!("line 3");
        said(x[i], 4)
    };
    said(x[i], 5);
    println!("line 6");
}

/// What the launch of a kernel on 64 times -1 says.
macro_rules! complaint {
    ($kernel:ident) => {{
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let x = device.buffer_from(&[-1_i32; 64]).unwrap();
        let mut y = device.zeroed(64).unwrap();
        let kernel = device.kernel($kernel::variant()).unwrap();
        let launched = kernel.launch(&stream, 1, $kernel::Args { x: &x, y: &mut y });
        launched.and_then(|()| stream.synchronize()).map_or_else(|error| error.to_string(), |()| "fine".to_owned())
    }};
}

#[test]
fn an_assertion_is_made_whatever_becomes_of_the_value() {
    for said in
        [complaint!(unused_call), complaint!(unnamed_call), complaint!(empty_branch), complaint!(call_behind_and)]
    {
        assert!(said.contains("-1 is not positive"), "{said}");
    }
}

#[test]
fn a_division_by_zero_is_reported_whatever_becomes_of_the_quotient() {
    for said in [complaint!(division_behind_and), complaint!(unused_division)] {
        assert!(said.contains("division by zero"), "{said}");
    }
}

#[test]
fn lines_are_printed_in_the_order_of_the_source() {
    let source = lines_in_order::variant().hip().unwrap();
    let body = &source[source.rfind("__global__").unwrap()..];
    let said = |line: &&str| line.contains("said(") || line.contains("printf");
    let calls = body.lines().filter(said).map(|line| {
        assert_eq!(line.matches("said(").count() + line.matches("printf").count(), 1, "C++ orders these: {line}");
        let digits: String = line.split(['"', ',']).find_map(|part| part.trim().strip_prefix("line ")).map_or_else(
            || line.chars().rev().filter(char::is_ascii_digit).take(1).collect(),
            |rest| rest.chars().filter(char::is_ascii_digit).collect(),
        );
        digits.parse::<u32>().unwrap()
    });
    assert_eq!(calls.collect::<Vec<u32>>(), [1, 2, 3, 4, 5, 6], "{source}");
    assert!(device().kernel(lines_in_order::variant()).is_ok());
}

crate::kernels!(
    unused_call,
    unnamed_call,
    empty_branch,
    call_behind_and,
    division_behind_and,
    unused_division,
    lines_in_order,
);
