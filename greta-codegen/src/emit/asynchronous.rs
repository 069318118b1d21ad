//! What CUDA C++ has instructions for and no operator: asynchronous copies, prefetches, loads of matrices, waiting for the
//! kernels ahead.

/// A copy of so many bytes from global to shared memory. 16 bytes go past the first cache, which holds nothing of use, and
/// bring the rest of their 128 into the second: the neighbours in the wave ask for it.
pub(super) fn copy(bytes: u32, device: &str) -> Vec<String> {
    let (cached, ahead) = if bytes == 16 { ("cg", ".L2::128B") } else { ("ca", "") };
    vec![
        "// Begins to copy from global to shared memory.".to_owned(),
        format!("{device} void copy_async_{bytes}(void* to, const void* from) {{"),
        "    const unsigned int address = static_cast<unsigned int>(__cvta_generic_to_shared(to));".to_owned(),
        format!(
            "    asm volatile(\"cp.async.{cached}.shared.global{ahead} [%0], [%1], {bytes};\" :: \"r\"(address), \"l\"(from) : \"memory\");"
        ),
        "}".to_owned(),
    ]
}

/// Makes a group of the copies begun.
pub(super) fn commit(device: &str) -> Vec<String> {
    statement(device, "void copy_async_commit()", &["asm volatile(\"cp.async.commit_group;\" ::: \"memory\");"])
}

/// Waits for all groups but the last few.
pub(super) fn wait(device: &str) -> Vec<String> {
    let mut lines = vec!["template <uint32_t GROUPS>".to_owned()];
    let body = ["asm volatile(\"cp.async.wait_group %0;\" :: \"n\"(GROUPS) : \"memory\");"];
    lines.extend(statement(device, "void copy_async_wait()", &body));
    lines
}

/// Fetches the line of memory that holds an address into the second cache.
pub(super) fn prefetch(device: &str) -> Vec<String> {
    let body = ["asm volatile(\"prefetch.global.L2 [%0];\" :: \"l\"(address));"];
    statement(device, "void prefetch_l2(const void* address)", &body)
}

/// 16 bytes of shared memory a lane, of which every lane gets 4 bytes of four lanes'.
pub(super) fn load_matrices(device: &str) -> Vec<String> {
    let mut lines = vec![
        "// Lane 4 i + j gets, as its 4 bytes number q, those number j of the 16 that lane 8 q + i names.".to_owned(),
        "template <typename T>".to_owned(),
    ];
    let body = [
        "T value;",
        "unsigned int* bits = reinterpret_cast<unsigned int*>(&value);",
        "const unsigned int address = static_cast<unsigned int>(__cvta_generic_to_shared(from));",
        "asm volatile(",
        "    \"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\"",
        "    : \"=r\"(bits[0]), \"=r\"(bits[1]), \"=r\"(bits[2]), \"=r\"(bits[3])",
        "    : \"r\"(address)",
        "    : \"memory\"",
        ");",
        "return value;",
    ];
    lines.extend(statement(device, "T load_matrices(const T* from)", &body));
    lines
}

const LAUNCH_DEPENDENTS: &str = "asm volatile(\"griddepcontrol.launch_dependents;\");";

/// Lets the next kernel start.
pub(super) fn grid_dependents_launch(device: &str) -> Vec<String> {
    let body = ["#if __CUDA_ARCH__ >= 900", LAUNCH_DEPENDENTS, "#endif"];
    statement(device, "void grid_dependents_launch()", &body)
}

/// Waits for the kernels ahead, and lets the next one start then, if it `launches` it.
pub(super) fn grid_dependency_wait(device: &str, launches: bool) -> Vec<String> {
    let mut body = vec!["#if __CUDA_ARCH__ >= 900", "asm volatile(\"griddepcontrol.wait;\" ::: \"memory\");"];
    body.extend(launches.then_some(LAUNCH_DEPENDENTS));
    body.push("#endif");
    statement(device, "void grid_dependency_wait()", &body)
}

fn statement(device: &str, head: &str, body: &[&str]) -> Vec<String> {
    let indented =
        body.iter().map(|line| if line.starts_with('#') { (*line).to_owned() } else { format!("    {line}") });
    [format!("{device} {head} {{")].into_iter().chain(indented).chain(["}".to_owned()]).collect()
}
