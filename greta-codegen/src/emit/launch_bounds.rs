//! A kernel's `__launch_bounds__`: the threads of its blocks, and how many waves or blocks are to be resident.
//!
//! Of the second number, CUDA C++ makes blocks of a multiprocessor and HIP C++ waves of a SIMD unit.

use super::Writer;
use crate::ir::{ConstantId, Expr, ExprKind, Kernel, Literal, Op, Type};
use crate::target::Family;

impl Writer<'_> {
    pub(super) fn launch_bounds(&mut self) -> String {
        let threads = self.block_threads();
        let mut bounds = vec![threads.clone()];
        bounds.extend(self.kernel.min_blocks.as_ref().map(|blocks| match self.dialect.family {
            Family::Amd => self.simd_waves(&blocks.expr, threads),
            Family::Nvidia => blocks.expr.clone(),
        }));
        let bounds: Vec<String> = bounds.iter().map(|bound| self.typed(bound).flat()).collect();
        format!("__launch_bounds__({})", bounds.join(", "))
    }

    /// The waves that the fullest SIMD unit holds when its compute unit holds so many blocks.
    fn simd_waves(&self, blocks: &Expr, threads: Expr) -> Expr {
        let location = self.kernel.location;
        let literal = |value| Expr::literal(Literal::U32(value), location);
        let op = |op, a, b| Expr { kind: ExprKind::Op(op, vec![a, b]), ty: Type::U32, location };
        let div_ceil = |a, b| op(Op::Div, op(Op::Add, a, literal(b - 1)), literal(b));
        let block_waves = div_ceil(threads, self.target.wave);
        div_ceil(op(Op::Mul, blocks.clone(), block_waves), self.target.compute_unit.simds)
    }

    /// The number of threads of a block: a constant of that definition if there is one, else the product.
    fn block_threads(&mut self) -> Expr {
        let product = block_product(self.kernel);
        let text = self.typed(&product).flat();
        for index in self.constants.clone() {
            if let Some(definition) = &self.kernel.constants[index].definition
                && self.typed(definition).flat() == text
            {
                let id = ConstantId(u32::try_from(index).expect("invariant: few constants"));
                return Expr { kind: ExprKind::Constant(id), ..product };
            }
        }
        product
    }
}

/// The product of the block's dimensions other than 1.
pub(super) fn block_product(kernel: &Kernel) -> Expr {
    let factors = kernel.block.iter().filter(|extent| extent.value != 1).map(|extent| extent.expr.clone());
    let product = factors.reduce(|a, b| Expr {
        kind: ExprKind::Op(Op::Mul, vec![a, b]),
        ty: Type::U32,
        location: kernel.location,
    });
    product.unwrap_or_else(|| kernel.block[0].expr.clone())
}

#[cfg(test)]
mod tests {
    use crate::ir::Op;
    use crate::target::{GFX942, SM_90, Target};
    use crate::testing::*;
    use crate::verify::verify;

    /// The constants of a kernel for a target, and what stands before its parameters.
    fn heads(build: Build, target: &'static Target) -> Vec<String> {
        let source = crate::emit::source(&verify(build.finish(), target).expect("a valid kernel")).source;
        let wanted = |line: &&str| line.starts_with("constexpr") || line.starts_with("extern");
        source.lines().filter(wanted).map(str::to_owned).collect()
    }

    /// Blocks of so many waves of 64 threads, 16 waves a compute unit.
    fn of_sixteen_waves() -> Build {
        let mut build = Build::new(1);
        let waves = build.constant("WAVES", 4, None);
        let block = build.constant("BLOCK", 256, Some(mul(waves.clone(), u(64))));
        let blocks = build.constant("MIN_BLOCKS", 4, Some(op(Op::Div, [u(16), waves])));
        build.kernel.block[0] = build.extent(block);
        build.kernel.min_blocks = Some(build.extent(blocks));
        build
    }

    #[test]
    fn cuda_counts_blocks_of_a_multiprocessor_and_hip_waves_of_a_simd_unit() {
        let constants = [
            "constexpr uint32_t WAVES = 4;",
            "constexpr uint32_t BLOCK = WAVES * 64;",
            "constexpr uint32_t MIN_BLOCKS = 16 / WAVES;",
        ];
        let cuda = r#"extern "C" __global__ void __launch_bounds__(BLOCK, MIN_BLOCKS) kernel() {"#;
        assert_eq!(heads(of_sixteen_waves(), &SM_90), [&constants[..], &[cuda]].concat());
        let hip = r#"extern "C" __global__ void __launch_bounds__(BLOCK, (MIN_BLOCKS * ((BLOCK + 63) / 64) + 3) / 4) kernel() {"#;
        assert_eq!(heads(of_sixteen_waves(), &GFX942), [&constants[..], &[hip]].concat());
    }

    #[test]
    fn a_part_of_a_wave_counts_as_a_wave() {
        let mut build = Build::new(65);
        build.kernel.min_blocks = Some(build.extent(u(9)));
        let hip = r#"extern "C" __global__ void __launch_bounds__(65, (9 * ((65u + 63) / 64) + 3) / 4) kernel() {"#;
        assert_eq!(heads(build, &GFX942), [hip]);
    }

    #[test]
    fn blocks_of_several_dimensions_are_named() {
        let mut build = Build::new(1);
        let sides = [("BLOCK_X", 32), ("BLOCK_Y", 8)].map(|(name, size)| build.constant(name, size, None));
        let [width, height] = sides.clone();
        build.constant("BLOCK", 256, Some(mul(width, height)));
        let [width, height] = sides.map(|side| build.extent(side));
        build.kernel.block = [width, height, build.extent(u(1))];
        build.kernel.min_blocks = Some(build.extent(u(2)));
        let heads = heads(build, &GFX942);
        assert_eq!(
            heads.last().map(String::as_str),
            Some(
                r#"extern "C" __global__ void __launch_bounds__(BLOCK, (2 * ((BLOCK + 63) / 64) + 3) / 4) kernel() {"#
            )
        );
    }
}
