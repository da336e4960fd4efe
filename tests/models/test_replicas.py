"""One run is the same on any number of replicas, in one process or in several."""

import json
import socket
from functools import partial

import numpy as np
import pytest
from processes import finish, start
from small_gans import adam, batches, compiled, image_networks, sgd, state, vector_networks

from keras_gen.models import GAN, RSGAN, WGAN, WGANGP, WGANDiv

# Weights and noise have the order of 1 and are float32, and the replicas' batch norm takes its variance as
# E[x^2] - E[x]^2, one replica's as E[(x - E[x])^2].
TOLERANCE = 1e-5

RUNS = {
    "gan": lambda: compiled(GAN(*image_networks())),
    "wgan": lambda: compiled(WGAN(*image_networks(), clip=0.1)),
    # At a leaky ReLU's kink a rounding makes the penalty's gradient jump; these networks have none.
    "wgan_gp": lambda: compiled(
        WGANGP(
            *vector_networks(),
            penalty_weight=1.0,
            sampling="interpolate_pooled",
            discriminator_steps=2,
            ema_momentum=0.9,
        )
    ),
    "wgan_div": lambda: compiled(WGANDiv(*image_networks()), partial(sgd, 0.02)),
    "rsgan": lambda: compiled(RSGAN(*image_networks())),
    "rsgan_all": lambda: compiled(RSGAN(*vector_networks(), h="linear", pairs="all")),
    "rsgan_average": lambda: compiled(RSGAN(*vector_networks(), pairs="average")),
    # Adam blows up what a rounding does at a kink.
    "wgan_div_adam": lambda: compiled(WGANDiv(*vector_networks()), adam),
}


def fitted(model):
    # Eight images a batch: two pairs of neighbours in each half, also in each of two discriminator steps.
    return model.fit(batches(0, 20, shape=model.discriminator.input_shape[1:]), verbose=0).history


def assert_same_run(one, two, untrained):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=TOLERANCE, err_msg=name)
    # They went far enough that a wrong run would show.
    moved = [np.abs(one[name] - untrained[name]).max() for name in untrained if name.startswith("model/")]
    assert np.median(moved) > 50 * TOLERANCE


@pytest.mark.parametrize("new_model", RUNS.values(), ids=RUNS.keys())
def test_two_replicas_are_one(new_model, two_replicas):
    one = new_model()
    untrained = state(one)
    one_history = fitted(one)

    with two_replicas.scope():
        two = new_model()
    two_history = fitted(two)

    assert_same_run(state(one), state(two), untrained)
    assert one_history.keys() == two_history.keys()
    for name in one_history:
        np.testing.assert_allclose(two_history[name], one_history[name], rtol=1e-4, atol=TOLERANCE, err_msg=name)


def test_two_worker_processes_are_one(tmp_path):
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    finish(
        *[
            start(
                "worker.py",
                tmp_path / f"{index}.npz",
                TF_CONFIG=json.dumps(
                    {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
                ),
            )
            for index in range(2)
        ]
    )
    workers = [dict(np.load(tmp_path / f"{index}.npz")) for index in range(2)]
    assert workers[0].keys() == workers[1].keys()
    for name, value in workers[0].items():
        np.testing.assert_array_equal(workers[1][name], value, err_msg=name)

    one = compiled(WGANDiv(*image_networks(), ema_momentum=0.9))
    untrained = state(one)
    history = fitted(one)
    assert_same_run({**state(one), **{name: values[0] for name, values in history.items()}}, workers[0], untrained)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
