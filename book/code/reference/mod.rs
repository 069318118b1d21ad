//! The kernels of the language reference, a file a section.

pub mod atomics;
pub mod ballots;
pub mod control;
pub mod copies;
pub mod dynamic;
pub mod foreign;
pub mod functions;
pub mod generics;
pub mod grid;
pub mod items;
pub mod labels;
pub mod lengths;
pub mod loops;
pub mod mathematics;
pub mod memory;
pub mod methods;
pub mod number_types;
pub mod parameters;
pub mod scans;
pub mod structs;
pub mod tables;
pub mod threads;
pub mod values;
pub mod vectors;
