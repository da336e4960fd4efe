"""WGAN-div's step in eager PyTorch: the networks, loss and optimisers of `benchmarks.train_step`.

It runs as a process of its own, in whatever environment has PyTorch, on the images of a file of raw float32 numbers.
For each line `N` that it reads it makes N steps and prints the seconds that they took; at the end of its input it
prints its peak memory in bytes.
"""

import resource
import sys
import time

import torch
from torch import nn


def generator(latent_dim: int, width: int) -> nn.Module:
    """DCGAN for images of 28 pixels: 7x7, 14x14, 28x28."""
    return nn.Sequential(
        nn.Linear(latent_dim, 7 * 7 * 2 * width, bias=False),
        nn.Unflatten(1, (2 * width, 7, 7)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 5, 2, padding=2, output_padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 5, 2, padding=2, output_padding=1),
        nn.Tanh(),
    )


def discriminator(width: int) -> nn.Module:
    """Two convolutions of stride 2, and a score."""
    return nn.Sequential(
        nn.Conv2d(1, width, 5, 2, padding=2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 5, 2, padding=2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(7 * 7 * 2 * width, 1, bias=False),
    )


class Step:
    """One training step of WGAN-div, k = 2, p = 6, the gradient measured at real and at fake images."""

    def __init__(self, latent_dim: int, width: int):
        self.latent_dim = latent_dim
        self.generator, self.discriminator = generator(latent_dim, width), discriminator(width)
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), 5e-4, (0.5, 0.999))
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), 2e-3, (0.5, 0.999))

    def __call__(self, real: torch.Tensor) -> None:
        """Updates the discriminator, then the generator."""
        with torch.no_grad():
            fake = self.generator(torch.randn(len(real), self.latent_dim))
        real, fake = real.detach().requires_grad_(), fake.requires_grad_()
        real_scores, fake_scores = self.discriminator(real), self.discriminator(fake)
        gradients = torch.autograd.grad(real_scores.sum() + fake_scores.sum(), (real, fake), create_graph=True)
        squared_norms = torch.cat([gradient.flatten(1).square().sum(1) for gradient in gradients])
        loss = fake_scores.mean() - real_scores.mean() + 2 * (squared_norms**3).mean()
        self.discriminator_optimizer.zero_grad()
        loss.backward()
        self.discriminator_optimizer.step()

        loss = -self.discriminator(self.generator(torch.randn(len(real), self.latent_dim))).mean()
        self.generator_optimizer.zero_grad()
        loss.backward()
        self.generator_optimizer.step()


def main() -> None:
    """Answers lines until the input ends."""
    path, *numbers = sys.argv[1:]
    batches, batch_size, latent_dim, width, threads = map(int, numbers)
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # as TensorFlow does
    images = torch.from_file(path, size=batches * batch_size * 28 * 28).reshape(batches, batch_size, 1, 28, 28)
    step = Step(latent_dim, width)
    step(images[0])
    print("ready", torch.__version__, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for i in range(int(line)):
            step(images[i % batches])
        print(time.perf_counter() - start, flush=True)
    print(1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
