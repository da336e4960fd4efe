"""Models: plain `keras.Model`s whose `train_step` is a post's loss."""

from keras_gen.models.clustering_vae import ClusteringVAE
from keras_gen.models.deep_infomax import DeepInfoMax
from keras_gen.models.f_gan import FGAN
from keras_gen.models.f_vae import FVAE
from keras_gen.models.flow_model import FlowModel
from keras_gen.models.gan import GAN
from keras_gen.models.generative_model import GenerativeModel
from keras_gen.models.glow import Glow
from keras_gen.models.gradient_penalized import GradientPenalized
from keras_gen.models.reproducible_model import ReproducibleModel
from keras_gen.models.rsgan import RSGAN
from keras_gen.models.vae import VAE
from keras_gen.models.vae_mutual_information import DecoderFreeVAE
from keras_gen.models.wgan import WGAN
from keras_gen.models.wgan_div import WGANDiv
from keras_gen.models.wgan_gp import WGANGP

__all__ = [
    "ClusteringVAE",
    "DecoderFreeVAE",
    "DeepInfoMax",
    "FGAN",
    "FVAE",
    "FlowModel",
    "GAN",
    "GenerativeModel",
    "Glow",
    "GradientPenalized",
    "RSGAN",
    "ReproducibleModel",
    "VAE",
    "WGAN",
    "WGANDiv",
    "WGANGP",
]
