"""`Glow`: a flow of act norm, permutation or 1x1 convolution, and coupling, on several scales.

Kingma and Dhariwal 2018, arXiv 1807.03039; what the post on f-VAEs (2018-09-21) compares with, in the sizes of its
author. Its tests are `tests/models/test_glow.py`.
"""

from typing import Any, Self

import keras
import tensorflow as tf
from tensorflow_probability import distributions as tfd

from keras_gen.checks import check_counts, check_map_shape, check_num_classes
from keras_gen.layers.class_prior import ClassPrior
from keras_gen.layers.flows.flow_layer import check_finite
from keras_gen.models.classes import classes_config, of_samples
from keras_gen.models.endpoints import IMAGES, LATENTS, PIXELS, Seed, endpoint
from keras_gen.models.flow_model import FlowModel
from keras_gen.models.input_noise import uniform_noise
from keras_gen.models.reproducible_model import Terms
from keras_gen.networks.glow import glow


@keras.saving.register_keras_serializable("keras_gen")
class Glow(FlowModel):
    """Glow: a density of images, by an invertible map F to z ~ N(0, I).

        loss = -log p(x + v) = -log N(F(x + v); 0, I) - log |det dF/dx|,   v the input noise

    Each level squeezes 2x2 positions into channels, makes `depth` steps of act norm, mixing of the channels and
    coupling, and sets half of the channels aside, with a learned prior given the other half.

    With `num_classes` the last level has the learned prior of classes that Glow's code has (`prior` in `model.py` of
    github.com/openai/glow, with `ycond`): its part of z is N(mu_y, sigma_y^2) in the place of N(0, I), with a mu_y and
    a sigma_y for each class and channel, which all positions share. Batches are then pairs (images, labels), and

        loss = -log p(x + v|y) = -log q(F(x + v)|y) - log |det dF/dx|

    The p(x) of `log_prob` is the uniform mixture of the p(x|y).

    The defaults are those of the author's script; Glow's own are coupling="affine", scale="sigmoid",
    mixing="convolution", act_norm_from_data=True, depth=32.

    Reported terms: `negative_log_likelihood`, in nats per image, and `bits_per_dimension`, the same number in other
    units, both means over the batch. Under uniform input noise of the default width it is a bound for 8-bit pixels;
    under Gaussian noise, noise of another width or none it is no bound at all. The method of that name gives the bound.

    Deep flows may need a warm-up, in which the learning rate rises, here to 1e-3 in 1,000 steps:

        schedule = keras.optimizers.schedules.PolynomialDecay(1e-6, 1000, 1e-3)
        model.compile(keras.optimizers.Adam(schedule))

    >>> model = keras_gen.models.Glow((8, 8, 1), levels=2, depth=1, width=8)
    >>> model.log_prob(tf.zeros([3, 8, 8, 1])).shape
    TensorShape([3])

    Args:
        image_shape: (height, width, channels); height and width are multiples of 2^levels.
        levels: Scales.
        depth: Steps in each level.
        width: Channels inside the coupling networks.
        coupling: `additive` or `affine`.
        mixing: `permutation`, fixed and random, or `convolution`, 1x1 and learned.
        act_norm_from_data: Whether the first batch decides where act norm begins.
        initializer: Of the couplings' networks: `he_normal`, or `glorot_uniform`, the author's of the f-VAE.
        scale: Of affine couplings: `exp_tanh`, or `sigmoid`, Glow's own, with which samples may overflow; see
            `networks.glow`.
        num_classes: Number of classes of a conditional model, at least 2; None for a model that ignores labels.
        **kwargs: `input_noise`, `noise_scale`, `clip_norm`, `seed`; see `FlowModel`. The seed is that of the initial
            weights and of the permutations too.

    Raises:
        InputError: An argument is out of range, or the sides of the image are not multiples of 2^levels.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 3,
        depth: int = 10,
        width: int = 512,
        coupling: str = "additive",
        mixing: str = "permutation",
        act_norm_from_data: bool = False,
        initializer: str = "he_normal",
        scale: str = "exp_tanh",
        num_classes: int | None = None,
        **kwargs: Any,
    ):
        check_num_classes(num_classes)
        check_map_shape("image_shape", image_shape)
        check_counts(levels=levels, depth=depth, width=width)
        flow = glow(
            tuple(image_shape),
            [depth] * levels,
            width,
            coupling,
            mixing,
            act_norm_from_data,
            initializer=initializer,
            scale=scale,
            seed=kwargs.get("seed", 0),
        )
        super().__init__(flow, image_shape, image_shape, **kwargs)
        self._sizes = {
            "image_shape": list(image_shape),
            "levels": levels,
            "depth": depth,
            "width": width,
            "coupling": coupling,
            "mixing": mixing,
            "act_norm_from_data": act_norm_from_data,
            "initializer": initializer,
            "scale": scale,
        }
        self.num_classes = num_classes
        if num_classes is not None:
            self.class_prior = ClassPrior(
                num_classes, self.latent_shape, learns_deviations=True, free_shape=flow.last_shape, name="class_prior"
            )
        self.built = True

    @property
    def prior(self) -> tfd.Distribution:
        """q(z), event shape `latent_shape`: N(0, I), or the uniform mixture of the q(z|y)."""
        return super().prior if self.num_classes is None else self.class_prior.mixture

    def prior_of(self, *classes: tf.Tensor) -> tfd.Distribution:
        """q(z|y) of one-hot rows [n, num_classes], batch shape [n]; without any, q(z)."""
        return self.class_prior.of(*classes) if classes else self.prior

    def term_names(self) -> tuple[str, ...]:
        """The same number in two units."""
        return ("negative_log_likelihood", "bits_per_dimension")

    def objective(
        self, x: tf.Tensor, u: tf.Tensor | None, *classes: tf.Tensor, training: bool = True
    ) -> tuple[tf.Tensor, Terms]:
        """-log p(x), or -log p(x|y) of one-hot classes [n, num_classes]; means over the batch.

        The images x [n, height, width, channels] have their noise already.
        """
        del u
        z, log_det = self.flow.forward(x, training=training)  # z = F(x)
        log_prior = self.prior_of(*classes).log_prob(z)  # log N(F(x); 0, I), or log q(F(x)|y)
        log_prob = tf.reduce_mean(log_prior + log_det)  # + log |det dF/dx|
        return -log_prob, {
            "negative_log_likelihood": -log_prob,
            "bits_per_dimension": self.in_bits_per_dimension(log_prob),
        }

    def check_parts(self, x: tf.Tensor, u: tf.Tensor) -> None:
        """See `FlowModel.check_parts`: the images, then layer by layer."""
        del u
        check_finite(x, "a batch of images")
        self.flow.checked_forward(x)

    def flow_input(self, x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """The image itself."""
        del u
        return x

    def latents(
        self,
        num_samples: int | tf.Tensor,
        seed: int | tf.Tensor,
        labels: tf.Tensor | None = None,
        temperature: float | tf.Tensor = 1.0,
    ) -> tf.Tensor:
        """See `FlowModel.latents`; of a conditional model z ~ q(z|y), by default each class in turn."""
        if self.num_classes is None:
            return super().latents(num_samples, seed, labels, temperature)
        (classes,) = of_samples(self.num_classes, num_samples, labels)
        return self.class_prior.draw(classes, seed, temperature)

    def prior_in_numbers(self) -> dict[str, Any]:
        """See `GenerativeModel.prior_in_numbers`."""
        return {**super().prior_in_numbers(), **({} if self.num_classes is None else self.class_prior.in_numbers())}

    @endpoint(gives=LATENTS.unit, images=IMAGES)
    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """F(x): latents [n, latent_dim] of images [n, height, width, channels] in [-1, 1]."""
        return self.flow.forward(images)[0]

    @endpoint(gives=PIXELS, latents=LATENTS)
    def decode(self, latents: tf.Tensor) -> tf.Tensor:
        """F^-1(z), clipped to images float32 [n, height, width, channels] in [-1, 1], of latents [n, latent_dim]."""
        return tf.clip_by_value(self.flow.inverse(latents), -1.0, 1.0)

    @endpoint(gives="nats", images=IMAGES)
    def log_prob(self, images: tf.Tensor) -> tf.Tensor:
        """Log p(x) in nats, float32 [n], the density on [-1, 1] at images [n, height, width, channels] as they are."""
        z, log_det = self.flow.forward(images)
        return self.prior.log_prob(z) + log_det

    @endpoint(gives="bits per dimension", images=IMAGES, seed=Seed())
    def bits_per_dimension(self, images: tf.Tensor, seed: int | tf.Tensor = 0) -> tf.Tensor:
        """Bits per dimension of images of 8 bits [n, height, width, channels], float32 [n]: one draw of the bound."""
        noisy = images + uniform_noise(tf.shape(images), seed)
        return self.in_bits_per_dimension(self.log_prob(noisy))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Self:
        """Builds the model from `get_config`; files of version 0.1.0 name no scale and have Glow's own."""
        return super().from_config({"scale": "sigmoid", **config}, custom_objects)

    def get_config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {**super().get_config(), **self._sizes, **classes_config(self.num_classes)}
