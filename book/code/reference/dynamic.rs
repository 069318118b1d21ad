//! The dynamic shared array.

use greta::prelude::*;

// ANCHOR: kernel
/// a[i] = sum_j m[j] (p[j] - p[i]) / (|p[j] - p[i]|² + softening)^(3/2) of bodies [x, y, z, m], a tile of them at a time
#[kernel(tile(THREADS = 128 in [64, 128, 256]), block = THREADS, shared = 4 * THREADS)]
pub fn accelerations(bodies: &Global<f32>, a: &mut Global<f32>, softening: f32, count: u32) {
    let mut tile = shared_dynamic::<f32>();
    let i = block_idx().x * BLOCK + thread_idx().x;
    let own = bodies.load_vector::<f32x4>(4 * i.min(count - 1));
    let mut sum = f32x4::splat(0.0);
    for first in (0..count).step_by(BLOCK) {
        let there = bodies.load_vector::<f32x4>(4 * (first + thread_idx().x).min(count - 1));
        tile.store_vector(4 * thread_idx().x, there);
        barrier();
        for j in 0..BLOCK.min(count - first) {
            let other = tile.load_vector::<f32x4>(4 * j);
            let way = other - own;
            let inverse = rsqrt(way[0] * way[0] + way[1] * way[1] + way[2] * way[2] + softening);
            sum = sum + way * f32x4::splat(other[3] * inverse * inverse * inverse);
        }
        barrier();
    }
    if i < count {
        sum[3] = 0.0;
        a.store_vector(4 * i, sum);
    }
}
// ANCHOR_END: kernel

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_attract_each_other() {
        let device = Device::open("cpu").unwrap();
        let stream = device.stream().unwrap();
        let count = 100_u32;
        let bodies: Vec<f32> = (0..4 * count).map(|i| (i * 37 % 101) as f32 / 50.0 - 1.0).collect();
        let given = device.buffer_from(&bodies).unwrap();
        let mut a = device.zeroed(bodies.len()).unwrap();
        let kernel = device.kernel(accelerations::variant().threads(64)).unwrap();
        let args = accelerations::Args { bodies: &given, a: &mut a, softening: 0.01, count };
        kernel.launch(&stream, count.div_ceil(64), args).unwrap();
        let bodies: Vec<f64> = bodies.into_iter().map(f64::from).collect();
        for (own, a) in bodies.chunks(4).zip(a.read(&stream).unwrap().chunks(4)) {
            let mut sum = [0.0; 4];
            for other in bodies.chunks(4) {
                let way = [0, 1, 2].map(|axis| other[axis] - own[axis]);
                let square: f64 = way.iter().map(|part| part * part).sum::<f64>() + 0.01;
                for axis in 0..3 {
                    sum[axis] += other[3] * way[axis] / (square * square.sqrt());
                }
            }
            // A hundred terms of which the largest is near 1 / 0.01, in f32.
            assert!((0..4).all(|axis| (f64::from(a[axis]) - sum[axis]).abs() < 1e-3), "{a:?} is not {sum:?}");
        }
    }
}
