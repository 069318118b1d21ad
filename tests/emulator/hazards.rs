//! Every rule of wait states, provoked: one state short is a fault that names the register and the
//! number, the exact number passes. Pairs that need none pass side by side.
//!
//! The numbers are those of LLVM's hazard recogniser for gfx940; compilers leave assembly as it is.

use std::fmt::Write as _;

use greta_emulator::{Cause, Fault, Launch, Memory, Module, Options, launch};
use greta_runtime::compile::CompileRequest;

/// An earlier and a later instruction, the wait states that must lie between, and the register that a
/// fault names. Operands: `{p}` is an address of 4096 bytes.
struct Case {
    name: &'static str,
    earlier: &'static str,
    later: &'static str,
    states: usize,
    register: &'static str,
}

const fn case(
    name: &'static str,
    earlier: &'static str,
    later: &'static str,
    states: usize,
    register: &'static str,
) -> Case {
    Case { name, earlier, later, states, register }
}

const ADD: &str = "v_add_f32 v41, 1.0, v40";
const OVER: &str = "v_mov_b32 v40, 1.0";
const STORE: &str = "global_store_dword {p}, v40, off";
const LOAD: &str = "global_load_dword v40, {p}, off";
const SHARED: &str = "ds_write_b32 v20, v40";

const NARROW_2: &str = "v_mfma_f32_4x4x4_16b_f16 v[40:43], v[20:21], v[22:23], v[44:47]";
const NARROW_4: &str = "v_mfma_f32_16x16x16_f16 v[40:43], v[20:21], v[22:23], v[44:47]";
const NARROW_8: &str = "v_mfma_f32_32x32x8_bf16 v[40:55], v[20:21], v[22:23], v[60:75]";
const NARROW_16: &str = "v_mfma_f32_32x32x4_2b_f16 v[40:71], v[20:21], v[22:23], v[72:103]";
const SPARSE: &str = "v_smfmac_f32_16x16x32_f16 v[40:43], v[20:21], v[22:25], v26";
const SINGLE_2: &str = "v_mfma_f32_4x4x1_16b_f32 v[40:43], v20, v21, v[44:47]";
const SINGLE_8: &str = "v_mfma_f32_16x16x4_f32 v[40:43], v20, v21, v[44:47]";
const SINGLE_16: &str = "v_mfma_f32_32x32x2_f32 v[40:55], v20, v21, v[60:75]";
const DOUBLE_4: &str = "v_mfma_f64_4x4x4_4b_f64 v[40:41], v[20:21], v[22:23], v[44:45]";
const DOUBLE_16: &str = "v_mfma_f64_16x16x4_f64 v[40:47], v[20:21], v[22:23], v[48:55]";

const FACTOR: &str = "v_mfma_f32_16x16x4_f32 v[104:107], v40, v21, 0";
const NARROW_SUM: &str = "v_mfma_f32_16x16x16_f16 v[104:107], v[20:21], v[22:23], v[38:41]";
const SINGLE_SUM: &str = "v_mfma_f32_16x16x4_f32 v[104:107], v20, v21, v[38:41]";
const DOUBLE_SUM: &str = "v_mfma_f64_4x4x4_4b_f64 v[104:105], v[20:21], v[22:23], v[40:41]";

const CASES: &[Case] = &[
    // Vector arithmetic.
    case("vector_then_factor", OVER, FACTOR, 2, "v40"),
    case("vector_then_sum", OVER, NARROW_SUM, 2, "v40"),
    case(
        "accumulator_then_sum",
        "v_accvgpr_write_b32 a3, v20",
        "v_mfma_f32_16x16x4_f32 a[0:3], v20, v21, a[0:3]",
        2,
        "a3",
    ),
    case("vector_then_dpp", OVER, "v_mov_b32_dpp v41, v40 row_shr:1 row_mask:0xf bank_mask:0xf", 2, "v40"),
    case(
        "vector_then_other_source_of_dpp",
        OVER,
        "v_add_f32_dpp v41, v20, v40 row_shr:1 row_mask:0xf bank_mask:0xf",
        2,
        "v40",
    ),
    case("vector_then_readlane", OVER, "v_readlane_b32 s40, v40, 3", 1, "v40"),
    case("vector_then_readfirstlane", OVER, "v_readfirstlane_b32 s40, v40", 1, "v40"),
    case("transcendental_then_vector", "v_exp_f32 v40, v20", ADD, 1, "v40"),
    case(
        "part_by_sdwa_then_vector",
        "v_add_u32_sdwa v40, v20, v21 dst_sel:WORD_1 src0_sel:DWORD src1_sel:DWORD",
        ADD,
        1,
        "v40",
    ),
    case("part_by_op_sel_then_vector", "v_mad_i16 v40, v20, v21, v22 op_sel:[0,0,0,1]", ADD, 1, "v40"),
    case("dot_then_vector", "v_dot2_f32_f16 v40, v20, v21, v22", ADD, 3, "v40"),
    case("dot_then_factor_of_dot", "v_dot2_f32_f16 v40, v20, v21, v22", "v_dot2_f32_f16 v41, v40, v21, v22", 3, "v40"),
    case("dot_then_sum_of_dot", "v_dot2_f32_f16 v40, v20, v21, v22", "v_dot2_f32_f16 v41, v20, v21, v40", 0, ""),
    case(
        "dot_then_sum_of_other_dot",
        "v_dot2_f32_f16 v40, v20, v21, v22",
        "v_dot4_i32_i8 v41, v20, v21, v40",
        3,
        "v40",
    ),
    case("dot_then_overwrite", "v_dot2_f32_f16 v40, v20, v21, v22", OVER, 3, "v40"),
    case("dot_then_store", "v_dot2_f32_f16 v40, v20, v21, v22", STORE, 3, "v40"),
    // Scalar registers.
    case("scalar_of_vector_then_vector", "v_readfirstlane_b32 s40, v20", "v_add_f32 v41, s40, v20", 2, "s40"),
    case("mask_then_select", "v_cmp_gt_f32 vcc, v20, v21", "v_cndmask_b32 v41, v20, v21, vcc", 2, "vcc_lo"),
    case("scalar_of_vector_then_lane", "v_readfirstlane_b32 s40, v20", "v_readlane_b32 s41, v21, s40", 4, "s40"),
    case("scalar_of_vector_then_written_lane", "v_readfirstlane_b32 s40, v20", "v_writelane_b32 v41, 1, s40", 4, "s40"),
    case("flag_then_division", "v_cmp_gt_f32 vcc, v20, v21", "v_div_fmas_f32 v41, v20, v21, v22", 4, "vcc_lo"),
    case("exec_then_matrix", "v_cmpx_eq_u32 vcc, v20, v20", SINGLE_8, 4, "exec_lo"),
    case("exec_then_readlane", "v_cmpx_eq_u32 vcc, v20, v20", "v_readlane_b32 s41, v21, 3", 4, "exec_lo"),
    case("exec_then_readfirstlane", "v_cmpx_eq_u32 vcc, v20, v20", "v_readfirstlane_b32 s41, v21", 4, "exec_lo"),
    case("exec_then_writelane", "v_cmpx_eq_u32 vcc, v20, v20", "v_writelane_b32 v41, 1, 3", 4, "exec_lo"),
    case(
        "exec_then_dpp",
        "v_cmpx_eq_u32 vcc, v20, v20",
        "v_mov_b32_dpp v41, v21 row_shr:1 row_mask:0xf bank_mask:0xf",
        5,
        "exec_lo",
    ),
    case(
        "scalar_of_vector_then_memory",
        "v_readfirstlane_b32 s40, v20",
        "buffer_load_dword v41, off, s[44:47], s40",
        5,
        "s40",
    ),
    case("offset_then_load_to_shared", "s_mov_b32 m0, 0", "global_load_lds_dword {p}, off", 1, "m0"),
    case("offset_then_moved_scalar", "s_mov_b32 m0, 0", "s_movrels_b32 s40, s41", 1, "m0"),
    case("offset_then_read_of_shared", "s_mov_b32 m0, 0", "ds_read_addtid_b32 v41", 1, "m0"),
    case(
        "mode_then_mode",
        "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 0",
        "s_getreg_b32 s40, hwreg(HW_REG_MODE)",
        2,
        "hwreg(1)",
    ),
    case(
        "mode_then_mode_again",
        "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 2), 0",
        "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 2, 2), 0",
        2,
        "hwreg(1)",
    ),
    // Matrix instructions, to what is none.
    case("narrow_2_then_vector", NARROW_2, ADD, 5, "v40"),
    case("narrow_4_then_vector", NARROW_4, ADD, 7, "v40"),
    case("narrow_8_then_store", NARROW_8, STORE, 11, "v40"),
    case("narrow_16_then_overwrite", NARROW_16, OVER, 19, "v40"),
    case("sparse_then_shared", SPARSE, SHARED, 7, "v40"),
    case("single_2_then_vector", SINGLE_2, ADD, 4, "v40"),
    case("single_8_then_load", SINGLE_8, LOAD, 10, "v40"),
    case("single_16_then_shared", SINGLE_16, SHARED, 18, "v40"),
    case("double_4_then_vector", DOUBLE_4, ADD, 6, "v40"),
    case("double_4_then_overwrite", DOUBLE_4, OVER, 6, "v40"),
    case("double_4_then_store", DOUBLE_4, STORE, 9, "v40"),
    case("double_16_then_vector", DOUBLE_16, ADD, 11, "v40"),
    case("double_16_then_load", DOUBLE_16, LOAD, 11, "v40"),
    case("double_16_then_store", DOUBLE_16, STORE, 18, "v40"),
    case("double_16_then_shared", DOUBLE_16, SHARED, 18, "v40"),
    case("sum_of_narrow_2_overwritten", NARROW_2, "v_mov_b32 v44, 0", 1, "v44"),
    case("sum_of_narrow_4_overwritten", NARROW_4, "v_mov_b32 v47, 0", 3, "v47"),
    case("sum_of_narrow_8_overwritten", NARROW_8, "v_mov_b32 v75, 0", 7, "v75"),
    case("sum_of_narrow_16_loaded", NARROW_16, "global_load_dword v72, {p}, off", 15, "v72"),
    case("sum_of_single_overwritten", SINGLE_8, "v_mov_b32 v44, 0", 0, ""),
    case("sum_of_double_overwritten", DOUBLE_4, "v_mov_b32 v44, 0", 0, ""),
    case("factor_of_narrow_overwritten", NARROW_16, "v_mov_b32 v20, 0", 0, ""),
    case("double_then_fma", DOUBLE_4, "v_fma_f64 v[50:51], v[52:53], v[54:55], v[56:57]", 2, "the f64 matrix unit"),
    case("double_then_fmac", DOUBLE_4, "v_fmac_f64 v[50:51], v[52:53], v[54:55]", 2, "the f64 matrix unit"),
    // Matrix instructions among themselves.
    case("narrow_4_then_factor", NARROW_4, FACTOR, 7, "v40"),
    case("narrow_4_then_index", NARROW_4, "v_smfmac_f32_16x16x32_f16 v[104:107], v[20:21], v[22:25], v40", 7, "v40"),
    case("single_8_then_factor", SINGLE_8, FACTOR, 10, "v40"),
    case("double_4_then_factor", DOUBLE_4, FACTOR, 6, "v40"),
    case("double_16_then_factor", DOUBLE_16, FACTOR, 11, "v40"),
    case("narrow_4_then_narrow_sum_beside", NARROW_4, NARROW_SUM, 5, "v40"),
    case("narrow_4_then_single_sum_beside", NARROW_4, SINGLE_SUM, 5, "v40"),
    case("single_8_then_single_sum_beside", SINGLE_8, SINGLE_SUM, 8, "v40"),
    case("single_8_then_narrow_sum_beside", SINGLE_8, NARROW_SUM, 0, ""),
    case("double_4_then_single_sum_beside", DOUBLE_4, SINGLE_SUM, 4, "v40"),
    case("double_16_then_double_sum_beside", DOUBLE_16, DOUBLE_SUM, 9, "v40"),
    case("double_16_then_narrow_sum_beside", DOUBLE_16, NARROW_SUM, 0, ""),
    case("narrow_4_then_same_sum", NARROW_4, "v_mfma_f32_16x16x16_f16 v[40:43], v[20:21], v[22:23], v[40:43]", 0, ""),
    case("sparse_then_same_sum", SPARSE, SPARSE, 0, ""),
    case("single_8_then_same_sum", SINGLE_8, "v_mfma_f32_16x16x4_f32 v[40:43], v20, v21, v[40:43]", 0, ""),
    case(
        "narrow_2_then_same_sum",
        NARROW_2,
        "v_mfma_f32_4x4x4_16b_f16 v[40:43], v[20:21], v[22:23], v[40:43]",
        2,
        "v40",
    ),
    case("single_2_then_same_sum", SINGLE_2, "v_mfma_f32_4x4x1_16b_f32 v[40:43], v20, v21, v[40:43]", 2, "v40"),
    case(
        "double_4_then_same_sum",
        DOUBLE_4,
        "v_mfma_f64_4x4x4_4b_f64 v[40:41], v[20:21], v[22:23], v[40:41]",
        4,
        "v40",
    ),
    case("double_16_then_same_sum", DOUBLE_16, "v_mfma_f64_16x16x4_f64 v[40:47], v[20:21], v[22:23], v[40:47]", 0, ""),
    case(
        "beside_a_sum_that_begins_with_a_factor",
        "v_mfma_f32_16x16x16_f16 v[42:45], v[20:21], v[22:23], v[44:47]",
        "v_mfma_f32_16x16x16_f16 v[40:43], v[20:21], v[40:41], v[40:43]",
        5,
        "v42",
    ),
    // Stores that read their data late.
    case("wide_store_then_overwrite", "global_store_dwordx4 {p}, v[40:43], off", "v_mov_b32 v43, 0", 2, "v43"),
    case("three_words_then_overwrite", "flat_store_dwordx3 {p}, v[40:42]", "v_mov_b32 v42, 0", 2, "v42"),
    case("wide_store_then_matrix", "global_store_dwordx4 {p}, v[40:43], off", SINGLE_8, 2, "v40"),
    case("wide_buffer_store_then_overwrite", "buffer_store_dwordx4 v[40:43], off, s[44:47], 0", OVER, 2, "v40"),
    case("wide_buffer_store_by_a_scalar_offset", "buffer_store_dwordx4 v[40:43], off, s[44:47], s40", OVER, 0, ""),
    case("narrow_store_then_overwrite", "global_store_dwordx2 {p}, v[40:41], off", OVER, 0, ""),
];

/// As many wait states, by as few instructions as there can be.
fn wait(mut states: usize) -> String {
    let mut text = String::new();
    while states > 0 {
        let some = states.min(16);
        let _ = write!(text, "s_nop {}\\n\\t", some - 1);
        states -= some;
    }
    text
}

/// A kernel that leaves `states` between the two; what it uses lies idle before and after.
fn kernel(name: &str, case: &Case, states: usize) -> String {
    let (earlier, later) = (case.earlier.replace("{p}", "%0"), case.later.replace("{p}", "%0"));
    let vectors: Vec<_> = (20..108).map(|register| format!("\"v{register}\"")).collect();
    let scalars: Vec<_> = (40..48).map(|register| format!("\"s{register}\"")).collect();
    format!(
        "extern \"C\" __global__ void {name}(float* p) {{\n    asm volatile(\"s_mov_b64 s[44:45], 0\\n\\ts_mov_b64 s[46:47], 0\\n\\t\
         s_mov_b32 s40, 0\\n\\tv_mov_b32 v20, 0\\n\\ts_nop 15\\n\\ts_nop 15\\n\\t{earlier}\\n\\t{}{later}\\n\\ts_nop 15\\n\\ts_nop 15\\n\\t\
         s_waitcnt vmcnt(0) lgkmcnt(0)\"\n        :: \"v\"(p + threadIdx.x * 4) : \"vcc\", \"memory\", \"a0\", \"a1\", \"a2\", \"a3\", {}, {});\n}}\n",
        wait(states),
        vectors.join(", "),
        scalars.join(", ")
    )
}

fn source() -> String {
    let mut text = String::new();
    for case in CASES {
        text += &kernel(&format!("{}_in_time", case.name), case, case.states);
        if let Some(short) = case.states.checked_sub(1) {
            text += &kernel(&format!("{}_too_soon", case.name), case, short);
        }
    }
    text
}

fn run(code: &[u8], kernel: &str) -> Result<(), Fault> {
    let memory = Memory::new();
    let module = Module::load(&memory, code).expect("the object is whole");
    let buffer = memory.allocate(4096).expect("there is room");
    let arguments = buffer.to_le_bytes();
    let options = Options { checks: true, ..Options::default() };
    let kernel = module.kernel(kernel).expect("the kernel is there");
    let request =
        Launch { block: [64, 1, 1], dynamic_shared_bytes: 4096, options, ..Launch::new(&module, kernel, &arguments) };
    launch(&memory, &request).map(|_| ())
}

#[test]
fn every_rule_asks_for_its_wait_states_and_no_more() {
    let Some(compiler) = crate::support::compiler() else { return };
    let options = ["-O2".to_owned()];
    let source = source();
    let request =
        CompileRequest { source: &source, name: "hazards.hip", target: "gfx942", options: &options, line_map: &[] };
    let code = compiler.compile(&request).unwrap_or_else(|error| panic!("{error}")).bytes.to_vec();
    let mut wrong = Vec::new();
    for case in CASES {
        if let Err(fault) = run(&code, &format!("{}_in_time", case.name)) {
            wrong.push(format!("{} after {} states: {fault}", case.name, case.states));
        }
        let Some(short) = case.states.checked_sub(1) else { continue };
        let (found, needed) = (short as u64, case.states as u64);
        match run(&code, &format!("{}_too_soon", case.name)) {
            Err(Fault::Stopped { cause: Cause::Hazard { register, found: f, needed: n, .. }, .. })
                if (register.as_str(), f, n) == (case.register, found, needed) => {}
            other => wrong.push(format!("{} after {short} states: {other:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} rules and exceptions", CASES.len());
}
