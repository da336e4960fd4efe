"""Models: plain `keras.Model`s, each with a post's whole loss in its file, which its `train_step` minimises.

Every model that a file of this folder defines is exported, without being named here. The imports below run in type
checkers and editors alone, which cannot look: a model that is missing there has the type `Any` for them.
"""

from typing import TYPE_CHECKING, Any

import keras

from keras_gen.exports import classes_of

globals().update(classes_of(__name__, base=keras.Model))
__all__ = sorted(classes_of(__name__, base=keras.Model))

if TYPE_CHECKING:
    from keras_gen.models.adversarial_model import AdversarialModel as AdversarialModel
    from keras_gen.models.adversarial_networks import AdversarialNetworks as AdversarialNetworks
    from keras_gen.models.checked_model import CheckedModel as CheckedModel
    from keras_gen.models.clustering_vae import ClusteringVAE as ClusteringVAE
    from keras_gen.models.deep_embedded_clustering import DeepEmbeddedClustering as DeepEmbeddedClustering
    from keras_gen.models.deep_infomax import DeepInfoMax as DeepInfoMax
    from keras_gen.models.encoding_model import EncodingModel as EncodingModel
    from keras_gen.models.f_gan import FGAN as FGAN
    from keras_gen.models.f_vae import FVAE as FVAE
    from keras_gen.models.flow_model import FlowModel as FlowModel
    from keras_gen.models.flow_posterior_vae import FlowPosteriorVAE as FlowPosteriorVAE
    from keras_gen.models.gan import GAN as GAN
    from keras_gen.models.gaussian_autoencoder import GaussianAutoencoder as GaussianAutoencoder
    from keras_gen.models.generative_model import GenerativeModel as GenerativeModel
    from keras_gen.models.glow import Glow as Glow
    from keras_gen.models.gradient_penalized import GradientPenalized as GradientPenalized
    from keras_gen.models.importance_sampling import ImportanceSampled as ImportanceSampled
    from keras_gen.models.information_encoder import InformationEncoder as InformationEncoder
    from keras_gen.models.reproducible_model import ReproducibleModel as ReproducibleModel
    from keras_gen.models.rsgan import RSGAN as RSGAN
    from keras_gen.models.tempered_model import TemperedModel as TemperedModel
    from keras_gen.models.vae import VAE as VAE
    from keras_gen.models.vae_mutual_information import DecoderFreeVAE as DecoderFreeVAE
    from keras_gen.models.wgan import WGAN as WGAN
    from keras_gen.models.wgan_div import WGANDiv as WGANDiv
    from keras_gen.models.wgan_gp import WGANGP as WGANGP

    def __getattr__(name: str) -> Any: ...
