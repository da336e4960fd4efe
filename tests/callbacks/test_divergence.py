import json
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_gen.callbacks import Checkpoints, MetricsLog, StepTable, WarnOnDivergence, first_divergence
from keras_gen.errors import DivergenceError

# What ordinary runs of the scripts reported.
CURVES = json.loads((Path(__file__).parent / "curves.json").read_text())


def reports(**terms):
    """Reports of every hundred steps, from the values of each term."""
    return [
        {"step": 100 * (i + 1), "seconds": 1e9, **dict(zip(terms, row, strict=True))}
        for i, row in enumerate(zip(*terms.values(), strict=True))
    ]


@pytest.mark.parametrize("title", CURVES)
def test_ordinary_runs_do_not_diverge(title):
    assert first_divergence(CURVES[title]) is None


@pytest.mark.parametrize("title", CURVES)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_run_that_goes_on_at_a_multiple_of_its_scale_is_told_by_its_step(title, sign):
    curve = CURVES[title]
    name = list(curve[0])[-1]
    scale = max(
        1.0, *(np.median([abs(row[term]) for row in curve]) for term in curve[0] if term not in ("step", "seconds"))
    )
    last = curve[-1]["step"]
    after = [{**curve[-1], "step": last + 5, name: sign * 1.1e4 * scale}, {**curve[-1], "step": last + 10, name: 1e9}]
    found = first_divergence([*curve, *after])
    assert (found.term, found.value, found.after, found.step) == (name, sign * 1.1e4 * scale, last, last + 5)
    assert found.scale == pytest.approx(scale, rel=1e-12)
    after[0][name] = sign * 0.9e4 * scale
    assert first_divergence([*curve, after[0]]) is None


def test_a_penalty_of_wgan_div_that_exploded():
    # As on CIFAR-10 at MNIST's rates: a spike within a hundred steps, after which training goes on.
    loss, penalty = [-3.0, -5.0, 2.0, -4.0, 1e15, 1e10], [1e-9, 0.2, 3.0, 0.5, 5e15, 3e10]
    found = first_divergence(reports(discriminator_loss=loss, gradient_penalty=penalty))
    assert (found.term, found.value, found.after, found.step) == ("gradient_penalty", 5e15, 400, 500)


def test_terms_may_begin_near_zero_change_their_sign_and_spike():
    growing = [10.0**power for power in range(-12, 4)]
    assert first_divergence(reports(penalty=growing)) is None
    assert first_divergence(reports(kl=[1e-3, 0.1, 6e4], loss=[2e4, 3e4, 9e4])) is None
    # One spike in the past does not raise the scale.
    assert first_divergence(reports(loss=[1.0, -1.0, 9e3, 1.0, -1.5e4])).step == 500


def test_the_first_report_has_a_limit_of_its_own():
    assert first_divergence(reports(loss=[9e9])) is None
    found = first_divergence(reports(loss=[-2e10]))
    assert (found.after, found.step) == (0, 100)
    assert first_divergence([]) is None


class RunsAway:
    """Gradient descent on (w - 1)^2 at a rate of 1.2: each step multiplies the distance by 1.96."""

    def __init__(self, line, fit, folder):
        self.model, self.fit, self.folder = line(), fit, folder
        self.model.compile(keras.optimizers.SGD(1.2))
        self.table = StepTable(folder / "metrics.csv")

    def train(self, epochs, first_step=0, **arguments):
        checkpoints = Checkpoints(self.folder, every=5)
        warning = WarnOnDivergence(5, self.table, checkpoints, **arguments)
        self.fit(self.model, epochs, [MetricsLog(self.table, 5), warning, checkpoints], first_step=first_step)
        return warning


def test_a_run_that_diverges_warns_once_and_keeps_the_checkpoint_before_it(line, fit, tmp_path, caplog):
    run = RunsAway(line, fit, tmp_path)
    found = run.train(12).found
    rows = run.table.rows()
    # The mean of five squared distances grows by 1.96^5 from report to report, the median by the square root of that.
    means = [np.mean(1.96 ** np.arange(5.0)) * 1.96 ** (5 * i) for i in range(12)]
    np.testing.assert_allclose([row["distance"] for row in rows], means, rtol=1e-4)
    first = next(i for i in range(1, 12) if means[i] > 1e4 * max(1, np.median(means[:i])))
    assert (found.after, found.step) == (5 * first, 5 * first + 5)
    names = sorted(path.name for path in tmp_path.glob("*.h5"))
    assert names == [f"step_{step:08d}.weights.h5" for step in (5 * first, 50, 55, 60)]
    (message,) = [record.getMessage() for record in caplog.records if record.name == "absl"]
    assert message.endswith(
        f"at step {5 * first + 5}, where the terms of the loss used to be {found.scale:.3g} at most: training diverged "
        f"after step {5 * first}; the checkpoint before it is {tmp_path / names[0]}; try a smaller learning rate"
    )
    # A run that is continued knows it still, and still keeps that checkpoint.
    assert run.train(4, first_step=60).found == found
    assert (tmp_path / names[0]).exists() and len(list(tmp_path.glob("*.h5"))) == 4
    described = found.described(tmp_path)
    assert described["checkpoint"] == names[0] and described["step"] == found.step
    json.dumps(described)


def test_a_run_that_diverges_may_be_stopped(line, fit, tmp_path):
    run = RunsAway(line, fit, tmp_path)
    with pytest.raises(DivergenceError, match=r"distance is .* at step (\d+), .* the checkpoint before it is .*step_"):
        run.train(12, stop=True)
    assert first_divergence(run.table.rows()).step == run.model.step.numpy()


def test_without_checkpoints_and_table(line, fit, caplog):
    model = line()
    model.compile(keras.optimizers.SGD(1.2))
    warning = WarnOnDivergence(5)
    fit(model, 12, [warning])
    (warned,) = [record for record in caplog.records if record.name == "absl"]  # TensorFlow has notices of its own
    assert warned.getMessage().startswith(str(warning.found))
