"""Tests of `keras_gen/models/endpoints.py`, on a small model with endpoints of each kind."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_gen.errors import InputError
from keras_gen.models import ReproducibleModel
from keras_gen.models.endpoints import Number, Rows, WholeNumber, endpoint, endpoints_of


class Line(ReproducibleModel):
    """Multiples of a weight [2]."""

    row_shape = (2,)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.slope = self.add_weight(name="slope", shape=(2,), initializer="ones")
        self.built = True

    def term_names(self):
        return ()

    @endpoint(compiled=True, count=WholeNumber(at_least=1), first=WholeNumber())
    def points(self, count, first=0):
        """Rows first, first + 1 ...; compiled."""
        numbers = tf.range(first, first + count)
        return tf.cast(numbers, tf.float32)[:, tf.newaxis] * self.slope

    @endpoint(rows=Rows("row_shape"))
    def scaled(self, rows, factor=2.0):
        """A default that is no part of the exported function."""
        return factor * self.slope * rows

    @endpoint(rows=Rows("row_shape"), amount=Number(at_least=0.5))
    def moved(self, rows, amount):
        return rows + amount


@pytest.fixture(scope="module")
def line():
    return Line()


@pytest.fixture(scope="module")
def exported(line, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "saved_model"
    line.export(path)
    return tf.saved_model.load(path)


class TestCalls:
    def test_what_fits_is_converted(self, line):
        np.testing.assert_array_equal(line.points(3), [[0, 0], [1, 1], [2, 2]])
        np.testing.assert_array_equal(line.points(np.int64(2), first=tf.constant(5)), [[5, 5], [6, 6]])
        np.testing.assert_array_equal(line.points(np.uint8(1), first=tf.constant(5, tf.int64)), [[5, 5]])
        np.testing.assert_array_equal(line.scaled([[1.0, 2.0]]), [[2, 4]])
        np.testing.assert_array_equal(line.scaled(np.ones((1, 2)), 3.0), [[3, 3]])
        np.testing.assert_array_equal(line.moved(rows=[[1.0, 2.0]], amount=1), [[2, 3]])

    @pytest.mark.parametrize(
        "call, message",
        [
            (lambda line: line.points(0), "count=0: must be at least 1"),
            (lambda line: line.points(-3), "count=-3: must be at least 1"),
            (lambda line: line.points(1.5), "count=1.5: give a whole number"),
            (lambda line: line.points("two"), "count=two: give a whole number"),
            (lambda line: line.points(1, None), "first=None: give a whole number"),
            (lambda line: line.points(np.float32(1.7)), "count=1.7: give a whole number"),
            (lambda line: line.points(tf.constant(1.7)), "count=1.7: give a whole number"),
            (lambda line: line.points([1, 2]), r"count=\[1, 2\]: give a whole number"),
            (lambda line: line.points(2**32 + 1), "count=4294967297: must fit into 32 bits"),
            (lambda line: line.points(np.int64(2**32 + 1)), "count=4294967297: must fit into 32 bits"),
            (lambda line: line.points(tf.constant(2**32 + 1, tf.int64)), "count=4294967297: must fit into 32 bits"),
            (lambda line: line.points(2**70), "count=1180591620717411303424: must fit into 32 bits"),
            (lambda line: line.points(1, -(2**31) - 1), "first=-2147483649: must fit into 32 bits"),
            (lambda line: line.scaled([1.0, 2.0]), r"rows: shape \(2,\); give \[n, 2\]"),
            (lambda line: line.scaled(np.ones((4, 3))), r"rows: shape \(4, 3\); give \[n, 2\]"),
            (lambda line: line.scaled([[1, 2]]), "rows: dtype int32; give float32"),
            (lambda line: line.moved([[1.0, 2.0]], 0.25), "amount=0.25: must be a finite number of at least 0.5"),
            (lambda line: line.moved([[1.0, 2.0]], [1, 2]), r"amount=\[1, 2\]: give a number"),
            (lambda line: line.moved([[1.0, 2.0]], "much"), "amount=much: give a number"),
            (lambda line: line.moved([[1.0, 2.0]], np.nan), "amount=nan: must be a finite number of at least 0.5"),
            (lambda line: line.moved([[1.0, 2.0]], np.inf), "amount=inf: must be a finite number of at least 0.5"),
        ],
    )
    def test_what_does_not_fit_is_named(self, line, call, message):
        with pytest.raises(InputError, match=f"^{message}$"):
            call(line)

    def test_in_a_graph_the_same_words(self, line):
        @tf.function
        def points(count):
            return line.points(count)

        np.testing.assert_array_equal(points(tf.constant(2)), [[0, 0], [1, 1]])
        with pytest.raises(tf.errors.InvalidArgumentError, match="InputError: count: must be at least 1, got"):
            points(tf.constant(0))

    def test_a_network_can_be_built_of_it(self, line):
        x = keras.Input((2,))
        network = keras.Model(x, keras.layers.Lambda(line.scaled, output_shape=(2,))(x))
        np.testing.assert_array_equal(network(tf.ones([1, 2])), [[2, 2]])


class TestExport:
    def test_it_has_all_of_them_with_their_types(self, line, exported):
        assert list(line.endpoints()) == ["points", "scaled", "moved"]
        types = {name: [(spec.name, spec.dtype) for spec in specs] for name, (_, specs) in line.endpoints().items()}
        assert types == {
            "points": [("count", tf.int32), ("first", tf.int32)],
            "scaled": [("rows", tf.float32)],
            "moved": [("rows", tf.float32), ("amount", tf.float32)],
        }
        assert set(line.endpoints()) <= set(exported.signatures)

    def test_it_gives_what_the_model_gives(self, line, exported):
        rows = tf.constant([[1.0, 2.0], [3.0, -4.0]])
        np.testing.assert_array_equal(exported.points(3, 1), line.points(3, 1))
        np.testing.assert_array_equal(exported.scaled(rows), line.scaled(rows))  # by the default factor
        np.testing.assert_array_equal(exported.moved(rows, 0.75), line.moved(rows, 0.75))

    def test_it_checks_too(self, exported):
        with pytest.raises(tf.errors.InvalidArgumentError, match="InputError: count: must be at least 1, got"):
            exported.points(0, 0)
        with pytest.raises(tf.errors.InvalidArgumentError, match="InputError: amount: must be a finite number"):
            exported.moved(tf.ones([1, 2]), 0.25)


class TestOverriding:
    def test_a_plain_method_keeps_the_types(self):
        class Double(Line):
            def scaled(self, rows, factor=2.0):
                return 2 * super().scaled(rows, factor)

        model = Double()
        function, (spec,) = endpoints_of(model)["scaled"]
        np.testing.assert_array_equal(function(tf.ones([1, 2])), [[4, 4]])
        assert spec.name == "rows" and spec.shape == [None, 2]
        assert list(endpoints_of(model)) == list(endpoints_of(Line()))

    def test_another_endpoint_replaces_them(self):
        class Third(Line):
            @endpoint(count=WholeNumber(at_least=3))
            def points(self, count):
                return count

        _, (spec,) = endpoints_of(Third())["points"]
        assert spec.name == "count"
        with pytest.raises(InputError, match="^count=2: must be at least 3$"):
            Third().points(2)


class TestGraphs:
    def test_one_for_every_number(self):
        traces = []

        class Counted(Line):
            @endpoint(compiled=True, count=WholeNumber(at_least=1))
            def points(self, count):
                traces.append(count)
                return tf.range(count)

        model = Counted()
        for count in (1, 2, 5):
            assert len(model.points(count)) == count
        assert len(traces) == 1

    def test_it_reads_the_weights_of_now(self):
        model = Line()
        model.points(2)
        model.slope.assign([2.0, 3.0])
        np.testing.assert_array_equal(model.points(2), [[0, 0], [2, 3]])

    def test_it_dies_with_its_model(self):
        model = Line()
        model.points(2)
        alive = weakref.ref(model.slope)
        other = Line()
        other.points(2)
        del model
        for _ in range(3):  # what a finaliser lets go of, the next collection finds
            gc.collect()
        assert alive() is None
        np.testing.assert_array_equal(other.points(2), [[0, 0], [1, 1]])
