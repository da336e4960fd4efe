"""A contestant of `benchmarks.flows` in eager PyTorch: the Glow of normflows.

Called as `python torch_flows.py WIDTH DEPTH BATCH_SIZE` by an interpreter that has both; it speaks the protocol of
`benchmarks.tensorflow_flows`. PyTorch traces nothing: its seconds to trace are 0.
"""

import os
import resource
import sys
import time

import normflows as nf
import numpy as np
import torch

SHAPE = (3, 32, 32)
LEVELS = 3


def glow(width: int, depth: int) -> nf.MultiscaleFlow:
    """Three levels with a squeeze before each and half of the channels set aside after each but the last."""
    priors, flows, merges = [], [], []
    for i in range(LEVELS):
        blocks = [nf.flows.GlowBlock(SHAPE[0] * 2 ** (LEVELS + 1 - i), width) for _ in range(depth)]
        flows.append([*blocks, nf.flows.Squeeze()])
        if i > 0:
            merges.append(nf.flows.Merge())
            shape = (SHAPE[0] * 2 ** (LEVELS - i), SHAPE[1] // 2 ** (LEVELS - i), SHAPE[2] // 2 ** (LEVELS - i))
        else:
            shape = (SHAPE[0] * 2 ** (LEVELS + 1), SHAPE[1] // 2**LEVELS, SHAPE[2] // 2**LEVELS)
        priors.append(nf.distributions.DiagGaussian(shape))
    return nf.MultiscaleFlow(priors, flows, merges, class_cond=False)


def main() -> None:
    """Answers lines until the input ends."""
    width, depth, batch_size = map(int, sys.argv[1:])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    torch.set_flush_denormal(True)  # as TensorFlow does
    images = np.random.RandomState(0).uniform(-1, 1, (batch_size, *SHAPE)).astype("float32")
    x = torch.from_numpy(images)
    model = glow(width, depth)
    optimizer = torch.optim.Adam(model.parameters(), 1e-4)

    def step() -> None:
        optimizer.zero_grad()
        model.forward_kld(x).backward()
        optimizer.step()

    def sample() -> None:
        with torch.no_grad():
            model.sample(batch_size)

    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    sample()
    print("ready", 0, first, sum(weight.numel() for weight in model.parameters()), flush=True)
    tasks = {"step": step, "sample": sample}
    for line in sys.stdin:
        what, repetitions = line.split()
        start = time.perf_counter()
        for _ in range(int(repetitions)):
            tasks[what]()
        print(time.perf_counter() - start, flush=True)
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
