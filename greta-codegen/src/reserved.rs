//! Names that C++, HIP and CUDA take: a kernel cannot have them, what is inside of it is renamed.

use crate::atomics::Atomic;

/// Keywords of C++20, alternative spellings of operators, macros of the headers, and what the writer uses itself.
const EVERYWHERE: &str = "
    alignas alignof and and_eq asm assert auto bf16 bf8 bf8_from_float bitand bitor blockDim blockIdx bool break
    case catch char char16_t char32_t char8_t class co_await co_return co_yield compl concept const const_cast
    consteval constexpr constinit continue copy_async_4 copy_async_8 copy_async_16 copy_async_commit
    copy_async_wait decltype default delete do double dynamic_cast else enum errno explicit export extern f16 false float float_from_bf8 float_from_fp8 fma_f16 fmaxf fminf for fp8 fp8_from_float friend
    goto gridDim grid_barrier grid_dependency_wait grid_dependents_launch if inline int int16_t int32_t int64_t
    int8_t linux load_matrices long max max_i64 max_u64 min min_i64 min_u64
    mutable namespace new noexcept not not_eq nullptr operator or or_eq prefetch_l2 printf private protected public register
    reinterpret_cast requires restrict return saturating_i16 saturating_i32 saturating_i64 saturating_i8
    saturating_u16 saturating_u32 saturating_u64 saturating_u8 shared_memory short shuffle_down shuffle_up
    shuffle_xor signed sizeof static static_assert static_cast stderr stdin stdout struct switch template this
    threadIdx thread_local throw trips_u16 trips_u32 trips_u64 trips_u8 true
    try typedef typeid typename typeof uint16_t uint32_t uint64_t uint8_t union unix unsigned using virtual void
    volatile warpSize wchar_t while wrapping_add wrapping_div wrapping_mul wrapping_neg wrapping_rem wrapping_sub
    xor xor_eq
";

/// Functions that the headers declare: nothing at the level of the file may be called so, a variable may.
const FUNCTIONS: &str = "
    abort abs acos acosh asin asinh atan atan2 atanh cbrt ceil clock clock64 copysign cos cosh cospi div erf erfc exp exp10
    exp2 expm1 fabs fdim floor fma fmax fmin fmod free frexp hypot ilogb isfinite isinf isnan j0 j1 jn ldexp lgamma llrint
    llround log log10 log1p log2 logb lrint lround malloc memcpy memset modf nan nearbyint nextafter norm norm3d norm4d
    pow powi rcbrt remainder remquo rhypot rint rnorm round rsqrt scalbln scalbn signbit sin sincos sinh sinpi sqrt tan
    tanh tgamma trunc wall_clock64 y0 y1 yn
";

/// Types that the headers of HIP or of CUDA declare: vectors of 1 to 4 of these, by a number at the end of the name.
const VECTORS: &str = "char double float int long longlong short uchar uint ulong ulonglong ushort";

/// Types that they declare besides, and those of vectors with their alignment in the name.
const TYPES: &str = "
    clock_t dim3 double4_16a double4_32a fpos_t half half2 half_raw hipDeviceProp_t hipError_t hipEvent_t hipStream_t
    intptr_t long4_16a long4_32a longlong4_16a longlong4_32a nv_bfloat16 nv_bfloat162 nv_half nv_half2 ptrdiff_t size_t
    time_t uchar uint uintptr_t ulong ulong4_16a ulong4_32a ulonglong4_16a ulonglong4_32a ushort
";

/// Names that nothing in a file may have.
pub(crate) fn everywhere() -> impl Iterator<Item = &'static str> {
    let atomics = Atomic::rows().iter().flat_map(|row| [row.name, row.cuda]);
    EVERYWHERE.split_whitespace().chain(atomics)
}

/// Names that no function, no type and no constant of a file may have besides. A function of C's is there for each of
/// its three floating-point types.
pub(crate) fn of_headers() -> impl Iterator<Item = String> {
    let functions =
        FUNCTIONS.split_whitespace().flat_map(|name| ["", "f", "l"].map(|suffix| format!("{name}{suffix}")));
    let vectors = VECTORS.split_whitespace().flat_map(|name| [1, 2, 3, 4].map(|lanes| format!("{name}{lanes}")));
    functions.chain(vectors).chain(TYPES.split_whitespace().map(str::to_owned))
}

/// Whether a kernel cannot be called so.
pub(crate) fn is_reserved(name: &str) -> bool {
    is_of_compilers(name)
        || everywhere().any(|reserved| reserved == name)
        || of_headers().any(|reserved| reserved == name)
}

/// Whether C++ keeps a name for compilers and their headers, which have hundreds of those.
pub(crate) fn is_of_compilers(name: &str) -> bool {
    name.strip_prefix('_').is_some_and(|rest| rest.starts_with(|c: char| c == '_' || c.is_ascii_uppercase()))
}
