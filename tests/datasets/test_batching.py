import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from keras_gen.datasets import batches, draws
from keras_gen.datasets.images import EncodedImages
from keras_gen.errors import InputError


def numbers(dataset):
    """The numbers of the images in each batch of a `numbered` set."""
    return [np.rint((batch.ravel() + 1) * 127.5).astype(int).tolist() for batch in dataset.as_numpy_iterator()]


def test_a_batch_is_a_function_of_its_number(numbered):
    images = numbered(10)
    run = numbers(batches(images, 4, seed=3, num_steps=9))
    assert len(run) == 9
    for step, batch in enumerate(run):
        assert numbers(batches(images, 4, seed=3, first_step=step, num_steps=1)) == [batch]


def test_an_epoch_holds_every_image_once_in_an_order_of_its_own(numbered):
    run = np.concatenate(numbers(batches(numbered(10), 4, num_steps=5)))  # two epochs; batch 2 straddles them
    assert sorted(run[:10]) == sorted(run[10:]) == list(range(10))
    assert run[:10].tolist() != run[10:].tolist()


def test_orders_of_different_epochs_and_seeds_are_unrelated(numbered):
    orders = [numbers(batches(numbered(200), 200, seed=seed, num_steps=20)) for seed in (0, 1, 256)]
    orders = np.array(orders).reshape(60, 200)
    # Two random orders of 200 images agree in one place on average (a Poisson count): the mean over the 1,770
    # pairs has a standard deviation of 0.024.
    agreements = [np.sum(orders[i] == orders[j]) for i in range(60) for j in range(i)]
    assert np.mean(agreements) == pytest.approx(1, abs=0.12)
    # So does an order with the stored one: 60 of them, 0.13.
    assert np.mean(np.sum(orders == np.arange(200), axis=1)) == pytest.approx(1, abs=0.65)


def test_another_seed_gives_another_order(numbered):
    first, second = (np.concatenate(numbers(batches(numbered(50), 50, seed=seed, num_steps=1))) for seed in (0, 1))
    assert sorted(first) == sorted(second)
    assert first.tolist() != second.tolist()


def test_every_image_is_equally_likely_at_every_place(numbered):
    # 600 epochs of 6 images: each of the 36 counts has mean 100. The sum of their squared deviations over the mean
    # is chi-squared with 25 degrees of freedom: below 6 or above 60 once in 10,000 times.
    run = np.concatenate(numbers(batches(numbered(6), 6, num_steps=600))).reshape(600, 6)
    counts = np.array([[np.sum(run[:, place] == image) for image in range(6)] for place in range(6)])
    assert 6 < np.sum((counts - 100) ** 2 / 100) < 60


def test_pixels_become_floats_between_minus_one_and_one(numbered):
    batch = next(iter(batches(numbered(256), 256)))
    assert batch.dtype == tf.float32
    assert batch.shape == (256, 1, 1, 1)
    expected = np.arange(256) / 127.5 - 1
    # float32 near 1 has a spacing of 6e-8
    np.testing.assert_allclose(np.sort(np.ravel(batch)), expected, rtol=0, atol=2e-7)


def test_the_batch_has_a_static_shape(numbered):
    dataset = batches(numbered(10), 4, with_labels=True)
    assert [spec.shape.as_list() for spec in dataset.element_spec] == [[4, 1, 1, 1], [4]]


def test_without_a_number_of_steps_it_never_ends(numbered):
    assert batches(numbered(10), 4).cardinality() == tf.data.INFINITE_CARDINALITY
    assert batches(numbered(10), 4, num_steps=7).cardinality() == 7


def test_labels_stay_with_their_images(numbered):
    dataset = batches(numbered(10), 4, num_steps=5, with_labels=True)
    labels = [batch.tolist() for _, batch in dataset.as_numpy_iterator()]
    assert labels == numbers(dataset.map(lambda images, _: images))


def test_replicas_get_consecutive_rows(numbered, two_replicas):
    dataset = batches(numbered(10), 4, num_steps=3)
    for batch, parts in zip(dataset, two_replicas.experimental_distribute_dataset(dataset), strict=True):
        rows = [part.numpy() for part in two_replicas.experimental_local_results(parts)]
        assert [len(part) for part in rows] == [2, 2]
        np.testing.assert_array_equal(np.concatenate(rows), batch)


def test_workers_share_out_batches_rather_than_files(numbered):
    policy = batches(numbered(10), 4).options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.DATA


def test_no_tuner_sleeps_in_the_background(numbered):
    """The end of a training would wait until it wakes: up to a minute."""
    for dataset in (batches(numbered(10), 4), draws(tfp.distributions.Normal(0.0, 1.0), 4)):
        assert dataset.options().autotune.enabled is False


def on_worker(index):
    """What the second of two workers, for example, is told, each with two replicas."""
    return tf.distribute.InputContext(num_input_pipelines=2, input_pipeline_id=index, num_replicas_in_sync=4)


def test_workers_get_the_rows_of_their_replicas(numbered):
    images = numbered(20)
    whole = numbers(batches(images, 8, seed=3, first_step=1, num_steps=4))
    shares = [batches(images, 8, 3, first_step=1, num_steps=4, input_context=on_worker(index)) for index in range(2)]
    assert [share.cardinality() for share in shares] == [8, 8]
    first, second = (np.reshape(numbers(share), [4, 4]) for share in shares)
    np.testing.assert_array_equal(np.hstack([first, second]), whole)


def test_a_worker_reads_no_other_images():
    seen = []
    png = tf.io.encode_png(np.zeros((2, 2, 1), np.uint8)).numpy()

    def read(index):
        seen.append(int(index))
        return png

    images = EncodedImages(name="x", split="train", image_shape=(2, 2, 1), size=8, read=read, describe=str)
    list(batches(images, 8, num_steps=1, input_context=on_worker(1)))
    assert len(seen) == len(set(seen)) == 4


def test_labels_stay_with_the_images_of_a_worker(numbered):
    dataset = batches(numbered(10), 4, num_steps=5, with_labels=True, input_context=on_worker(1))
    labels = [batch.tolist() for _, batch in dataset.as_numpy_iterator()]
    assert labels == numbers(dataset.map(lambda images, _: images))
    assert len(labels) == 10


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"batch_size": 6, "input_context": on_worker(0)}, "batch_size=6 does not divide evenly among 4 replicas"),
        ({"batch_size": 11}, r"batch_size=11 must be between 1 and the 10 images of numbered \(train\)"),
        ({"batch_size": 0}, "batch_size=0 must be between"),
        ({"batch_size": 2, "first_step": -1}, "first_step=-1"),
        ({"batch_size": 2, "num_steps": -1}, "num_steps=-1"),
    ],
)
def test_refused_arguments(numbered, kwargs, message):
    with pytest.raises(InputError, match=message):
        batches(numbered(10), **kwargs)


def test_labels_where_there_are_none_are_refused(numbered):
    with pytest.raises(InputError, match="numbered has no labels"):
        batches(numbered(10, labels=None), 2, with_labels=True)
