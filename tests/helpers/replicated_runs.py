"""Every public model, small and with arguments that are not its defaults; shared with `programs/replicated.py`.

`test_contract.py` and `test_replicas.py` go through all of `RUNS`. A new model gets at least one entry there; a GAN
without arguments of its own has one by itself.
"""

import functools
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import NamedTuple

import keras
import numpy as np

import keras_gen
from helpers.small_conditional_models import (
    NUM_CLASSES,
    conditional_image_networks,
    conditional_vector_networks,
    labelled,
)
from helpers.small_encoders import IMAGE_SHAPE as ENCODED_SHAPE
from helpers.small_encoders import decoder_free_vae, deep_infomax
from helpers.small_flow_models import IMAGE_SHAPE as FLOW_SHAPE
from helpers.small_flow_models import new_f_vae
from helpers.small_gans import (
    IMAGE_SHAPE,
    LATENT_DIM,
    adam,
    batches,
    compiled,
    data,
    image_networks,
    sgd,
    state,
    vector_networks,
)
from keras_gen.callbacks import InitialClusters
from keras_gen.layers import GaussianLikelihood, flows
from keras_gen.losses import PowerPenalty
from keras_gen.models import (
    FGAN,
    GAN,
    RSGAN,
    VAE,
    WGAN,
    WGANGP,
    AdversarialModel,
    ClusteringVAE,
    DeepEmbeddedClustering,
    FlowPosteriorVAE,
    Glow,
    GradientPenalized,
    WGANDiv,
)
from keras_gen.networks import mlp
from keras_gen.optimizers import Adam

STEPS = 20
# Four replicas have four images each: two pairs of neighbours, one in each of two discriminator steps.
BATCH_SIZE = 16


class Run(NamedTuple):
    """What makes a compiled model, the shape of a row of its data, and what makes its callbacks."""

    new_model: Callable[[], keras.Model]
    shape: tuple[int, ...] = (2,)
    new_callbacks: Callable[[], list[keras.callbacks.Callback]] = list

    def batches(self, model, first_step, last_step):
        """The batches of the steps from `first_step` to before `last_step`, with targets or labels if it takes them."""
        rows = batches(first_step, last_step, BATCH_SIZE, self.shape)
        if model.num_classes is not None:
            return labelled(rows)
        return rows.map(lambda x: (x, x**2)) if isinstance(model, GradientPenalized) else rows


def is_complete(kind):
    """Whether a public model can be made, and is no base of others: it is registered under its own name."""
    return keras.saving.get_registered_name(kind) == f"keras_gen>{kind.__name__}"


def vector_gan(kind):
    """Any GAN, of vectors."""
    return compiled(kind(*vector_networks()))


def spectrally_normalized_networks():
    generator, _ = vector_networks()
    return generator, mlp(2, 1, (8,), "tanh", spectral_normalization="persistent", name="discriminator")


def vae(kind=VAE, *networks, **arguments):
    """A VAE of vectors without kinks."""
    x = keras.Input((2,))
    encoder = keras.Model(x, [mlp(2, LATENT_DIM, (8,), "tanh", name=name)(x) for name in ("mean", "log_variance")])
    decoder = mlp(LATENT_DIM, 2, (8,), "tanh", name="decoder")
    return kind(encoder, decoder, *networks, GaussianLikelihood(0.5, trainable_variance=True), **arguments)


def clustering_vae(**arguments):
    classifier = mlp(LATENT_DIM, 3, (8,), "tanh", name="classifier")
    return vae(ClusteringVAE, classifier, means_initializer=keras.initializers.RandomNormal(seed=0), **arguments)


def flow_posterior_vae(**arguments):
    """Of vectors, by the post's equation 16 with one flow, which is linear."""
    second = flows.ConditionalAffine(mlp(2, 2 * LATENT_DIM, (8,), "tanh", name="second_encoder"))
    return vae(FlowPosteriorVAE, flows.Chain([flows.InvertibleConvolution(seed=1), second]), **arguments)


def deep_embedded_clustering():
    """Of vectors, which it clusters from the tenth step on."""
    encoder = mlp(2, LATENT_DIM, (8,), "tanh", name="encoder")
    decoder = mlp(LATENT_DIM, 2, (8,), "tanh", name="decoder")
    return DeepEmbeddedClustering(encoder, decoder, num_clusters=3, warm_up_steps=10, momentum=0.9)


def glow(**arguments):
    """A Glow that begins from data, and whose gradients are always clipped."""
    sizes = {"levels": 2, "depth": 1, "width": 4}
    kind = {"coupling": "affine", "mixing": "convolution", "act_norm_from_data": True}
    return Glow(FLOW_SHAPE, **sizes, **kind, clip_norm=1.0, **arguments)


def f_vae():
    return new_f_vae(synchronized=True, act_norm_from_data=True, input_noise="uniform")


def with_optimizer(model, optimizer, **kwargs):
    model.compile(optimizer, **kwargs)
    return model


RUNS = {
    "gan": Run(lambda: compiled(GAN(*image_networks())), IMAGE_SHAPE),
    "wgan": Run(lambda: compiled(WGAN(*vector_networks(), clip=0.1))),
    # At a leaky ReLU's kink a rounding makes the penalty's gradient jump; these networks have none.
    "wgan_gp": Run(
        lambda: compiled(
            WGANGP(
                *vector_networks(),
                penalty_weight=1.0,
                one_sided=True,
                sampling="interpolate_pooled",
                discriminator_steps=2,
                ema_momentum=0.9,
            )
        )
    ),
    "wgan_div": Run(lambda: compiled(WGANDiv(*image_networks(), ema_momentum=0.9), partial(sgd, 0.02)), IMAGE_SHAPE),
    # Adam blows up what a rounding does at a kink.
    "wgan_div_adam": Run(lambda: compiled(WGANDiv(*vector_networks(), p=2.0), adam)),
    "rsgan": Run(lambda: compiled(RSGAN(*vector_networks(), gradient_penalty=PowerPenalty(0.5, 2.0)))),
    "rsgan_all": Run(lambda: compiled(RSGAN(*vector_networks(), h="linear", pairs="all"))),
    "rsgan_average": Run(lambda: compiled(RSGAN(*vector_networks(), pairs="average"))),
    "rsgan_running_mean": Run(lambda: compiled(RSGAN(*vector_networks(), real_scores="running_mean"))),
    "f_gan": Run(lambda: compiled(FGAN(*vector_networks(), "js", "fake_real", non_saturating=True))),
    "spectral_normalization": Run(
        lambda: compiled(GAN(*spectrally_normalized_networks(), adversarial_loss="wasserstein"))
    ),
    "gradient_penalized": Run(
        lambda: with_optimizer(
            GradientPenalized(mlp(2, 2, (8,), "tanh", name="network"), strength=0.3), sgd(), loss="mse"
        )
    ),
    "vae": Run(lambda: with_optimizer(vae(), sgd(1e-3))),
    "flow_posterior_vae": Run(lambda: with_optimizer(flow_posterior_vae(), sgd(1e-3))),
    "clustering_vae": Run(lambda: with_optimizer(clustering_vae(), Adam(1e-3))),
    "clustering_vae_warmed_up": Run(
        lambda: with_optimizer(clustering_vae(warm_up_steps=10), Adam(1e-3)),
        new_callbacks=lambda: [InitialClusters(data(64, (2,)), "gaussian_mixture")],
    ),
    "deep_embedded_clustering": Run(
        lambda: with_optimizer(deep_embedded_clustering(), sgd(1e-2)),
        new_callbacks=lambda: [InitialClusters(data(64, (2,)), "k_means")],
    ),
    "decoder_free_vae": Run(
        lambda: with_optimizer(decoder_free_vae(batch_norm=True, estimator="info_nce", num_shuffles=9), sgd(1e-3)),
        ENCODED_SHAPE,
    ),
    "deep_infomax": Run(
        lambda: with_optimizer(deep_infomax(batch_norm=True, global_pairs="code_code", kl_reduction="mean"), sgd()),
        ENCODED_SHAPE,
    ),
    "glow": Run(lambda: with_optimizer(glow(), sgd(0.1)), FLOW_SHAPE),
    "conditional_gan": Run(
        lambda: compiled(
            WGANGP(*conditional_vector_networks(), penalty_weight=1.0, ema_momentum=0.9, num_classes=NUM_CLASSES)
        )
    ),
    "conditional_vae": Run(lambda: with_optimizer(vae(num_classes=NUM_CLASSES), sgd(1e-3))),
    # At 0.1 a rounding grows a thousandfold from the tenth step to the last.
    "conditional_glow": Run(lambda: with_optimizer(glow(num_classes=NUM_CLASSES), sgd(0.03)), FLOW_SHAPE),
    # Conditional batch norm and projection, and labels of the images that the generator's updates compare with.
    "conditional_rsgan": Run(
        lambda: compiled(RSGAN(*conditional_image_networks(), num_classes=NUM_CLASSES), partial(sgd, 0.02)), IMAGE_SHAPE
    ),
    "conditional_flow_posterior_vae": Run(
        lambda: with_optimizer(flow_posterior_vae(num_classes=NUM_CLASSES), sgd(1e-3))
    ),
    "f_vae": Run(lambda: with_optimizer(f_vae(), sgd(1e-4)), FLOW_SHAPE),
}


# A GAN without arguments of its own needs no entry: it goes by the name of its file.
for kind in map(vars(keras_gen.models).get, keras_gen.models.__all__):
    if issubclass(kind, AdversarialModel) and is_complete(kind) and "__init__" not in vars(kind):
        RUNS.setdefault(kind.__module__.rpartition(".")[2], Run(partial(vector_gan, kind)))


def new_model(name):
    """A model that can train; in `fit` a flow begins from data by itself."""
    model = RUNS[name].new_model()
    if hasattr(model, "initialize"):
        model.initialize(next(iter(RUNS[name].batches(model, 0, 1))))
    return model


@functools.cache
def untrained(name):
    """A model that no test trains."""
    return new_model(name)


def trained(name, strategy=None, jit_compile=False):
    """The state of a run's model before and after training, the latter with the terms that it reported."""
    run = RUNS[name]
    with strategy.scope() if strategy else nullcontext():
        model = run.new_model()
    model.jit_compile = jit_compile
    untrained = state(model)
    history = model.fit(run.batches(model, 0, STEPS), verbose=0, callbacks=run.new_callbacks()).history
    return untrained, {**state(model), **{term: np.squeeze(values) for term, values in history.items()}}
