//! greta-cli
fn main() {}
