"""tinygrad, as it comes from its package, on a HIP runtime: results against NumPy in float64.

`HIP_PATH` names the runtime's library, `COMGR_PATH` and `COMGR_3_PATH` the compiler's. Ends with status 1 if one of the
results is wrong.
"""

import sys
import time

import numpy as np
from tinygrad import Context, Device, Tensor, nn

RANDOM = np.random.default_rng(7)


def draw(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def matmul():
    a, b = draw(96, 130), draw(130, 72)
    return Tensor(a) @ Tensor(b), a.astype(np.float64) @ b


def softmax():
    x = draw(33, 257) * 4
    powers = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return Tensor(x).softmax(axis=1), powers / powers.sum(axis=1, keepdims=True)


def layernorm():
    x = draw(20, 300) * 3 + 1
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=1, keepdims=True)
    return Tensor(x).layernorm(eps=1e-5), centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)


def conv2d():
    x, w = draw(2, 3, 12, 11), draw(4, 3, 3, 3)
    padded = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    return Tensor(x).conv2d(Tensor(w), padding=1), np.einsum("nchwij,ocij->nohw", windows, w)


def training_step():
    """One step of gradient descent of a layer under a mean of squares: its new weights."""
    x, w, target = draw(16, 24), draw(8, 24), draw(16, 8)
    weight = Tensor(w)
    optimiser = nn.optim.SGD([weight], lr=0.1)
    with Context(TRAINING=1):
        optimiser.zero_grad()
        ((Tensor(x) @ weight.T).relu() - Tensor(target)).square().mean().backward()
        optimiser.step()
    wide = x.astype(np.float64)
    out = np.maximum(wide @ w.T, 0)
    slope = 2 * (out - target) / out.size * (out > 0)
    return weight, w - 0.1 * slope.T @ wide


def main():
    print(f"device {Device.DEFAULT}, architecture {Device[Device.DEFAULT].arch}")
    failed = 0
    for case in (matmul, softmax, layernorm, conv2d, training_step):
        start = time.perf_counter()
        result, expected = case()
        result = result.numpy()
        # Sums of a few hundred products in f32, in an order of the compiler's choosing.
        error = np.abs(result - expected).max() / np.abs(expected).max()
        passed = result.shape == expected.shape and np.abs(expected).max() > 0.01 and bool(error <= 2e-6)
        failed += not passed
        outcome = "ok" if passed else "WRONG"
        print(f"{case.__name__:14} {outcome:5} error {error:.1e} of the largest, {time.perf_counter() - start:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
