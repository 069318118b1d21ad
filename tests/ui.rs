//! What kernels refuse: each program under `tests/ui/` fails to compile with exactly the message beside it.

#[test]
fn refused_programs_say_what_to_write_instead() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
