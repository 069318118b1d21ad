#!/usr/bin/env python3
"""Times what others take for the rows of `greta bench`, and writes JSON that `greta bench --peers` reads.

Peers: PyTorch eager and torch.compile, whose products are cuBLAS's, and Triton where it is installed. Everything is a
CUDA graph, timed as greta times its own: replays one after the other, events around each, the median of all; a decode
step goes through six layers, and the arguments of kernels that memory binds are there so often that no cache holds them.

    python3 bench/peers.py [block] [gemm] [kernels] > peers.json
"""

import functools
import json
import statistics
import sys

import torch
import torch.nn.functional as F

try:
    import triton
    import triton.language as tl
except ImportError:
    triton = None

HIDDEN, INTERMEDIATE, HEADS, HEAD_DIM, EPS = 4096, 11008, 32, 128, 1e-5
PASTS, PREFILLS = (1, 512, 2048), (128, 512, 2048)
LAYERS, STEPS, REPLAYS = 6, 60, 25
# As in greta-cli/src/tune: a graph takes about so long, and cold arguments take so many bytes.
REPLAY_US, LAUNCHES_MAX, COLD_BYTES, CACHED_BYTES = 500.0, 256, 256 << 20, 1 << 20

SHORT = {torch.float32: "f32", torch.bfloat16: "bf16"}
rows = []


def add_row(name, peer, times_us):
    rows.append({
        "name": name,
        "peer": peer,
        "median_us": statistics.median(times_us),
        "least_us": min(times_us),
        "most_us": max(times_us),
        "count": len(times_us),
    })


def random(*shape, dtype=torch.float32, scale=1.0):
    return ((torch.rand(*shape, device="cuda") * 2 - 1) * scale).to(dtype)


def capture(launch):
    """A graph of what `launch` does, which has run before."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            launch()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        launch()
    return graph


def replays_us(graphs, rounds):
    """Times of replays of each graph in turn, all submitted before the first is waited for."""
    for graph in graphs:
        graph.replay()
    events = []
    for _ in range(rounds):
        for graph in graphs:
            pair = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            pair[0].record()
            graph.replay()
            pair[1].record()
            events.append(pair)
    torch.cuda.synchronize()
    return [start.elapsed_time(end) * 1e3 for start, end in events]


def time_kernel(name, peer, arguments, launch, cold=True):
    """Times `launch(*arguments())` as nodes of a graph, over sets of arguments that no cache holds if `cold`."""
    first = arguments()
    size = sum(it.numel() * it.element_size() for it in first if torch.is_tensor(it))
    count = -(-COLD_BYTES // size) if cold and CACHED_BYTES <= size < COLD_BYTES else 1
    sets = [first] + [arguments() for _ in range(count - 1)]
    one = replays_us([capture(lambda: [launch(*it) for it in sets])], 3)
    wanted = min(max(int(REPLAY_US / max(statistics.median(one) / count, 0.1)), 1), LAUNCHES_MAX)
    rounds = -(-wanted // count)
    graph = capture(lambda: [launch(*it) for _ in range(rounds) for it in sets])
    add_row(name, peer, [time / (rounds * count) for time in replays_us([graph], REPLAYS)])


# A decoder layer


def rms_norm(x, weight):
    return F.rms_norm(x.float(), (HIDDEN,), weight, EPS).to(x.dtype)


def rotate(x, cos, sin):
    low, high = x.chunk(2, dim=-1)
    return torch.cat((low * cos - high * sin, high * cos + low * sin), dim=-1)


def before_attention(x, norm, qkv, cos, sin, k_cache, v_cache, position):
    tokens = x.shape[0]
    q, k, v = (rms_norm(x, norm) @ qkv.T).view(tokens, 3, HEADS, HEAD_DIM).permute(1, 2, 0, 3)
    cos, sin = cos[position].to(x.dtype), sin[position].to(x.dtype)
    k_cache.index_copy_(1, position, rotate(k, cos, sin))
    v_cache.index_copy_(1, position, v)
    return rotate(q, cos, sin)


def after_attention(x, attended, o, norm, gate_up, down):
    x = x + attended @ o.T
    gate, up = (rms_norm(x, norm) @ gate_up.T).chunk(2, dim=-1)
    return x + (F.silu(gate) * up) @ down.T


def layer_weights(dtype):
    scale = lambda columns: (3.0 / columns) ** 0.5
    matrix = lambda rows, columns: random(rows, columns, dtype=dtype, scale=scale(columns))
    norm = lambda: 1 + random(HIDDEN, scale=0.25)
    return norm(), matrix(3 * HIDDEN, HIDDEN), matrix(HIDDEN, HIDDEN), norm(), matrix(2 * INTERMEDIATE, HIDDEN), matrix(
        HIDDEN, INTERMEDIATE)


def layer_step(weights, dtype, past, tokens, before, after):
    """A function that runs a layer on `tokens` new tokens after `past` ones."""
    norm, qkv, o, post_norm, gate_up, down = weights
    room = past + tokens
    k_cache, v_cache = (random(HEADS, room, HEAD_DIM, dtype=dtype) for _ in range(2))
    angles = torch.outer(torch.arange(room, device="cuda").float(),
                         1e4**(-torch.arange(0, HEAD_DIM, 2, device="cuda").float() / HEAD_DIM))
    cos, sin = angles.cos(), angles.sin()
    position = torch.arange(past, room, device="cuda")

    def step(x):
        q = before(x, norm, qkv, cos, sin, k_cache, v_cache, position)
        attended = F.scaled_dot_product_attention(q[None], k_cache[None], v_cache[None], is_causal=tokens > 1)
        return after(x, attended[0].transpose(0, 1).reshape(tokens, HIDDEN), o, post_norm, gate_up, down)

    return step


def block():
    # Attention is a kernel of its own in either case, so the rest is compiled once for all fills of the cache.
    compiled = [torch.compile(part, dynamic=False) for part in (before_attention, after_attention)]
    for dtype in (torch.float32, torch.bfloat16):
        weights = [layer_weights(dtype) for _ in range(LAYERS)]
        for past in PASTS:
            steps = [layer_step(it, dtype, past, 1, *compiled) for it in weights]
            x = random(1, HIDDEN, dtype=dtype)
            graph = capture(lambda: functools.reduce(lambda x, step: step(x), steps, x))
            times = [time / LAYERS for time in replays_us([graph], STEPS)]
            add_row(f"decode {SHORT[dtype]} kv {past}", "torch.compile, CUDA graph", times)
    for tokens in PREFILLS:
        step = layer_step(weights[0], torch.bfloat16, 0, tokens, *compiled)
        x = random(tokens, HIDDEN, dtype=torch.bfloat16)
        graph = capture(lambda: step(x))
        add_row(f"prefill bf16 {tokens} tokens", "torch.compile, CUDA graph", replays_us([graph], STEPS))


# Products


def gemm():
    for dtype, sizes in ((torch.float32, (512, 1024, 2048, 4096)), (torch.bfloat16, (1024, 2048, 4096, 8192))):
        for size in sizes:
            arguments = lambda: [random(size, size, dtype=dtype), random(size, size, dtype=dtype)]
            product = lambda a, b: torch.mm(a, b.T)
            time_kernel(f"gemm {SHORT[dtype]} {size}", "cuBLAS by PyTorch", arguments, product, cold=False)


# Kernels


def both(name, arguments, launch, cold=True):
    """A kernel of PyTorch's, and what torch.compile makes of it."""
    time_kernel(name, "PyTorch", arguments, launch, cold)
    time_kernel(name, "torch.compile", arguments, torch.compile(launch, dynamic=False), cold)


def rope_one(x, cos, sin, position):
    x.copy_(rotate(x, cos[position], sin[position]))


def write_cache(k_cache, v_cache, k, v, position):
    k_cache.index_copy_(1, position, k)
    v_cache.index_copy_(1, position, v)


def kernels():
    norm = lambda x, w: F.rms_norm(x, (HIDDEN,), w, EPS)
    both("rmsnorm 8192x4096", lambda: [random(8192, HIDDEN), random(HIDDEN)], norm)
    both("rmsnorm 40960 elements", lambda: [random(10, HIDDEN), random(HIDDEN)], norm)
    at = torch.tensor([2047], device="cuda")
    half = HEAD_DIM // 2
    both("rope 1 token", lambda: [random(HEADS, 1, HEAD_DIM), random(2048, half), random(2048, half), at], rope_one,
         cold=False)
    cache, new = (lambda: random(HEADS, 2048, HEAD_DIM)), (lambda: random(HEADS, 1, HEAD_DIM))
    both("kv_update 1 token", lambda: [cache(), cache(), new(), new(), at], write_cache, cold=False)
    future = torch.ones(1024, 1024, dtype=torch.bool, device="cuda").triu(1)
    mask = lambda scores, future: scores.masked_fill_(future, float("-inf"))
    both("causal_mask 32x1024x1024", lambda: [random(32, 1024, 1024), future], mask)
    both("softmax 32768x1024", lambda: [random(32768, 1024, scale=4.0)], lambda x: torch.softmax(x, dim=-1))
    both("silu 2048x11008", lambda: [random(2048, INTERMEDIATE)], F.silu)
    both("silu_mul 11008", lambda: [random(2, INTERMEDIATE)], lambda x: F.silu(x[0]) * x[1])
    both("add 2048x4096", lambda: [random(2048, HIDDEN), random(2048, HIDDEN)], torch.add)
    time_kernel("gemv f32 4096x4096", "cuBLAS by PyTorch", lambda: [random(4096, 4096), random(4096)], torch.mv)
    for dtype in SHORT:
        arguments = lambda: [random(4096, dtype=dtype), random(4096, INTERMEDIATE, dtype=dtype), random(INTERMEDIATE, dtype=dtype)]
        time_kernel(f"gemv_add {SHORT[dtype]} 4096x11008", "cuBLAS by PyTorch", arguments, torch.addmv)
    if triton:
        triton_kernels()


if triton:

    @triton.jit
    def norm_rows(x, w, y, columns, eps, SIZE: tl.constexpr):
        column = tl.arange(0, SIZE)
        inside = column < columns
        row = tl.program_id(0) * columns + column
        value = tl.load(x + row, inside, 0.0)
        scale = 1 / tl.sqrt(tl.sum(value * value) / columns + eps)
        tl.store(y + row, value * scale * tl.load(w + column, inside, 0.0), inside)

    @triton.jit
    def softmax_rows(x, y, columns, SIZE: tl.constexpr):
        column = tl.arange(0, SIZE)
        inside = column < columns
        row = tl.program_id(0) * columns + column
        value = tl.load(x + row, inside, float("-inf"))
        value = tl.exp(value - tl.max(value))
        tl.store(y + row, value / tl.sum(value), inside)


def triton_kernels():
    norm = lambda x, w, y: norm_rows[(x.shape[0],)](x, w, y, HIDDEN, EPS, SIZE=HIDDEN, num_warps=8)
    for name, tokens in (("rmsnorm 8192x4096", 8192), ("rmsnorm 40960 elements", 10)):
        arguments = lambda: [random(tokens, HIDDEN), random(HIDDEN), torch.empty(tokens, HIDDEN, device="cuda")]
        time_kernel(name, "Triton", arguments, norm)
    softmax = lambda x, y: softmax_rows[(x.shape[0],)](x, y, x.shape[1], SIZE=1024)
    arguments = lambda: [random(32768, 1024, scale=4.0), torch.empty(32768, 1024, device="cuda")]
    time_kernel("softmax 32768x1024", "Triton", arguments, softmax)


def main():
    sections = {"block": block, "gemm": gemm, "kernels": kernels}
    asked = sys.argv[1:] or list(sections)
    unknown = [name for name in asked if name not in sections]
    if unknown:
        sys.exit(f"no section {unknown[0]}; there are {', '.join(sections)}")
    if not torch.cuda.is_available():
        sys.exit("PyTorch finds no GPU")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.manual_seed(1)
    with torch.no_grad():
        for name in asked:
            sections[name]()
    versions = [f"PyTorch {torch.__version__}", f"CUDA {torch.version.cuda}"]
    versions += [f"Triton {triton.__version__}"] if triton else []
    json.dump({"device": torch.cuda.get_device_name(), "versions": versions, "rows": rows}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
