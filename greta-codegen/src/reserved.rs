//! Names that C++ and HIP take: a kernel cannot have them, what is inside of it is renamed.

use crate::atomics::Atomic;

/// Keywords of C++20, alternative spellings of operators, macros of the headers, and what the writer uses itself.
const EVERYWHERE: &str = "
    alignas alignof and and_eq asm assert auto bitand bitor blockDim blockIdx bool break case catch char char16_t
    char32_t char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
    constinit continue decltype default delete do double dynamic_cast else enum errno explicit export extern false
    float fmaxf fminf for friend goto gridDim if inline int int32_t linux long max min mutable namespace new
    noexcept not not_eq nullptr operator or or_eq printf private protected public register reinterpret_cast
    requires restrict return saturating_i32 saturating_u32 shared_memory short shuffle_down shuffle_up signed sizeof static static_assert static_cast
    stderr stdin stdout struct switch template this threadIdx thread_local throw true try typedef typeid typename
    typeof uint32_t union unix unsigned using virtual void volatile warpSize wchar_t while wrapping_add
    wrapping_mul wrapping_neg wrapping_sub xor xor_eq
";

/// Functions that the headers declare: nothing at the level of the file may be called so, a variable may.
const FUNCTIONS: &str = "
    abort abs acos acosh asin asinh atan atan2 atanh cbrt ceil clock clock64 copysign cos cosh cospi div erf erfc exp exp10
    exp2 expm1 fabs fdim floor fma fmax fmin fmod free frexp hypot ilogb isfinite isinf isnan j0 j1 jn ldexp lgamma llrint
    llround log log10 log1p log2 logb lrint lround malloc memcpy memset modf nan nearbyint nextafter norm norm3d norm4d
    pow powi rcbrt remainder remquo rhypot rint rnorm round rsqrt scalbln scalbn signbit sin sincos sinh sinpi sqrt tan
    tanh tgamma trunc wall_clock64 y0 y1 yn
";

/// Names that nothing in a file may have.
pub(crate) fn everywhere() -> impl Iterator<Item = &'static str> {
    let atomics = Atomic::rows().iter().flat_map(|row| [row.name, row.cuda]);
    EVERYWHERE.split_whitespace().chain(atomics)
}

/// Names that no function and no constant of a file may have besides.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.split_whitespace()
}

/// Whether a kernel cannot be called so.
pub(crate) fn is_reserved(name: &str) -> bool {
    everywhere().chain(functions()).any(|reserved| reserved == name)
}
