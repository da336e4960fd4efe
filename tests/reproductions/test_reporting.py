"""Tables, figures and summaries of records made by hand."""

import copy
import math

import numpy as np
import pytest
from PIL import Image

from reproductions.reporting import figures, markdown, prior_term, summary
from reproductions.reporting.classes import class_accuracy, class_dots, class_table, within_classes
from reproductions.reporting.clustering import by_clusterer, clustering_curves, clustering_table, purity
from reproductions.reporting.curves import curves
from reproductions.reporting.densities import density_curves, density_table
from reproductions.reporting.dots import dots
from reproductions.reporting.grid import grid_curves
from reproductions.reporting.quality import quality_table
from reproductions.studies import conditioning


def run(variant, seed, distances, seconds_per_step=0.01):
    evaluations = [
        {
            "step": 100 * i,
            "seconds": 5 + 100 * i * seconds_per_step,
            "frechet_distance": distance,
            "kernel_distance": distance / 10,
            "kernel_distance_std": 0.1,
            "precision": 0.5,
            "recall": 0.25,
            "density": 0.75,
            "coverage": 1.0,
            "num_real": 40,
            "num_fake": 20,
        }
        for i, distance in enumerate(distances, start=1)
    ]
    measure = {"features": {"network": "LeNet"}, "test_images": evaluations[0]}
    return {"variant": variant, "seed": seed, "evaluations": evaluations, "measure": measure}


BROKEN = {"variant": "GP: real", "seed": 0, "broke_down": "loss is nan at step 7", "evaluations": []}

RECORD = {
    "question": "Which?",
    "timed": True,
    "flags": {"dataset": "digits", "steps": 300, "batch_size": 16},
    "runs": [
        run("one", 0, [9, 2, 4]),
        run("one", 1, [9, 4, 6]),
        run("other", 0, [8, 7, 3]),
        run("other", 1, [8, 7, 3]),
    ],
}


class TestSummary:
    def test_of_runs(self):
        runs = summary.by_variant(RECORD)
        assert list(runs) == ["one", "other"]
        assert [summary.best(run) for run in runs["one"]] == [2, 4]
        assert summary.curve(runs["one"][0]) == ([100, 200, 300], [9, 2, 4])
        assert summary.curve(runs["one"][0], "kernel_distance") == ([100, 200, 300], pytest.approx([0.9, 0.2, 0.4]))
        assert summary.milliseconds_per_step(runs["one"][0]) == pytest.approx(10)
        assert summary.conditions(RECORD) == "digits, 300 steps of 16, seeds 0, 1"

    def test_where_a_run_settled_is_the_mean_of_its_last_three_evaluations(self):
        assert summary.settled(run("", 0, [100, 1, 2, 6])) == 3
        assert summary.settled(run("", 0, [4, 6])) == 5

    def test_the_area_is_that_of_numpys_trapezoids(self):
        of_run = run("", 0, [9, 2, 4])
        of_run["evaluations"][-1]["step"] = 700
        steps = [row["step"] for row in of_run["evaluations"]]
        assert summary.area(of_run) == pytest.approx(np.trapezoid([9, 2, 4], steps) / 600, rel=1e-12)
        assert summary.area(run("", 0, [5])) == 5

    def test_steps_to_a_level(self):
        of_run = run("", 0, [9, 5, 7, 1])
        assert summary.steps_to(of_run, 10) == 100 == summary.steps_to(of_run, 9)
        assert summary.steps_to(of_run, 6) == 175
        assert summary.steps_to(of_run, 4) == 350
        assert summary.steps_to(of_run, 0.5) is None
        never = {"runs": [run("a", 0, [4, 4, 4]), run("a", 1, [9, 9, 9]), run("b", 0, [1, 1, 1]), BROKEN]}
        assert summary.level(never) == 1.5
        lines = quality_table(RECORD | never).splitlines()
        assert [line.split(" | ")[4] for line in lines[4:6]] == ["never", "100"]

    def test_why_a_variant_broke_down(self):
        assert summary.broken([RECORD["runs"][0], BROKEN]) == "loss is nan at step 7"
        assert summary.broken(RECORD["runs"]) is None


class TestQuality:
    def test_rows_by_hand(self):
        lines = quality_table(RECORD).splitlines()
        # Means of 15 / 3 and 19 / 3; areas of 8.5 / 2 and 11.5 / 2; the best of 2 and 4. Half as much again as the best
        # variant's, 8.5, comes 0.5 / 7 and 0.5 / 5 of the way from the first evaluation to the second.
        one = "| one | 5.67 ± 0.94 | 5 ± 1.1 | 3 ± 1.4 | 109 | 0.567 ± 0.094 | 0.50 / 0.25 | 0.75 / 1.00 | 10 |"
        assert lines[2].split(" | ")[4] == "steps to 8.5"
        assert lines[4] == one
        assert lines[5] == "| other | 6 ± 0 | 6.25 ± 0 | 3 ± 0 | 100 | 0.6 ± 0 | 0.50 / 0.25 | 0.75 / 1.00 | 10 |"
        real = "| *20 test images in the place of samples* | 9 |  |  |  | 0.9 | 0.50 / 0.25 | 0.75 / 1.00 |  |"
        assert lines[6:] == [real]
        assert "Fréchet distance on LeNet features (40 real, 20 fake)" in lines[0]

    @pytest.mark.parametrize("count", ["num_real", "num_fake"])
    def test_test_images_of_another_number_do_not_stand_beside_samples(self, count):
        record = copy.deepcopy(RECORD)
        for of_record in record["runs"]:
            of_record["measure"]["test_images"] = of_record["evaluations"][0] | {count: 30}
        assert "test images" not in quality_table(record)

    def test_groups_show_how_far_their_variants_lie_apart(self):
        runs = [run("GP: fake", 0, [9, 8, 3]), run("GP: real", 0, [9, 8, 12]), run("div: real", 0, [9, 8, 5])]
        record = RECORD | {"runs": runs}
        assert quality_table(record).splitlines()[-2:] == ["| GP | 6.67 | 9.67 | 1.45 |", "| div | 7.33 | 7.33 | 1 |"]

    def test_a_variant_that_broke_down_says_so(self):
        record = RECORD | {"runs": [BROKEN, run("GP: fake", 0, [9, 8, 3]), run("div: real", 0, [9, 8, 5])]}
        lines = quality_table(record).splitlines()
        assert lines[4] == "| GP: real | loss is nan at step 7 |  |  |  |  |  |  |  |"
        assert lines[-2:] == ["| GP | 6.67 | 6.67 | 1 |", "| div | 7.33 | 7.33 | 1 |"]


class TestFigures:
    def test_curves_are_means_over_the_seeds_beside_those_of_each(self):
        (axes,) = curves(RECORD | {"runs": [*RECORD["runs"], BROKEN]}).axes
        assert axes.get_legend_handles_labels()[1] == ["one", "other"]
        first = [line for line in axes.lines if line.get_color() == "C0"]
        assert first[0].get_xydata().tolist() == [[100, 9], [200, 3], [300, 5]]
        expected = [summary.curve(run)[1] for run in summary.by_variant(RECORD)["one"]]
        assert [line.get_ydata().tolist() for line in first[1:]] == expected and len(expected) == 2

    def test_panels_of_curves_have_the_variants_that_are_asked_for(self):
        runs = [run("one, large", 0, [9, 2, 4]), run("other, large", 0, [8, 7, 3]), run("one", 0, [7, 6, 5])]
        panels = {"small": ("one", "not recorded"), "large": ("other, large", "one, large")}
        small, large = curves(RECORD | {"runs": runs}, panels).axes
        assert [line.get_ydata().tolist() for line in small.lines] == [[7, 6, 5]]
        assert [line.get_ydata().tolist() for line in large.lines] == [[8, 7, 3], [9, 2, 4]]
        assert [text.get_text() for text in large.get_legend().get_texts()] == ["other", "one"]
        assert (small.get_title(), large.get_title()) == ("small", "large")

    def test_dots_are_the_ends_of_all_runs(self):
        (axes,) = dots(RECORD | {"runs": [*RECORD["runs"], BROKEN]}).axes
        assert [line.get_xdata().tolist() for line in axes.lines] == [[5, 19 / 3], [2, 4], [6, 6], [3, 3], [], []]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "other", "GP: real (broke down)"]

    def test_a_search_has_a_line_for_each_contestant_and_a_star_where_it_is_lowest(self):
        distances = {"A": {"slow": 3.0, "fast": 2.0}, "B": {"slow": 5.0, "fast": math.inf}, "C": {"slow": math.inf}}
        (axes,) = grid_curves(RECORD, distances, "distance over the training").axes
        lines = [line.get_xydata().tolist() for line in axes.lines]
        np.testing.assert_equal(lines, [[[0, 3], [1, 2]], [[1, 2]], [[0, 5], [1, np.nan]], [[0, 5]], [[0, np.nan]]])
        assert [label.get_text() for label in axes.get_xticklabels()] == ["slow", "fast"]
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["A", "B", "C"]

    def test_every_figure_has_its_title_and_size(self, tmp_path):
        figure = figures.of_record(RECORD, "one seed", 4, 3)
        assert figure.get_suptitle() == "Which?\none seed"
        pixels = figures.pixels(figure)
        assert pixels.shape == (3 * figures.DPI, 4 * figures.DPI, 3) and pixels.dtype == np.uint8
        assert pixels.min() < 128 and pixels[-1, -1].tolist() == [255, 255, 255]  # the title is drawn, on white
        figure.savefig(tmp_path / "file", format="png")
        np.testing.assert_array_equal(Image.open(tmp_path / "file").convert("RGB"), pixels)


class TestDensities:
    @staticmethod
    def evaluation(step, **numbers):
        return {
            "step": step,
            "seconds": step / 10,
            "bits_per_dimension": 2.5,
            "frechet_distance": 1.25,
            "sharpness": 0.3,
            "parameters": 1234.0,
            "num_real": 40,
            "num_fake": 20,
            **numbers,
        }

    def record(self, **measure):
        return {
            "question": "Which?",
            "timed": True,
            "flags": {"dataset": "digits", "steps": 20, "batch_size": 16},
            "runs": [
                {
                    "variant": title,
                    "seed": 0,
                    "evaluations": [self.evaluation(10, **numbers), self.evaluation(20, **numbers)],
                    "measure": {
                        "features": {"network": "LeNet"},
                        "sharpness": 0.6,
                        "test_images": {"num_real": 40, "num_fake": 20, "frechet_distance": 0.5},
                        **measure,
                    },
                }
                for title, numbers in {
                    "f-VAE": {"reconstruction_error": 0.125, "least_bits_per_dimension": 1.5},
                    "Glow": {},
                }.items()
            ],
        }

    def test_rows_by_hand(self):
        lines = density_table(self.record(num_draws=1)).splitlines()
        conditions = "Fréchet distance on LeNet features (40 real, 20 fake); digits, 20 steps of 16, one seed (0)"
        assert lines[0] == f"{conditions}; bits with one draw of the latent."
        assert lines[-3:] == [
            "| f-VAE | 1,234 | 2.5 | 1.5 | 1.25 | 0.5 | 0.125 | 100 | 0.0 |",
            "| Glow | 1,234 | 2.5 |  | 1.25 | 0.5 | none | 100 | 0.0 |",
            "| *20 test images in the place of samples* |  |  |  | 0.5 | 1 |  |  |  |",
        ]

    def test_a_record_whose_models_had_other_numbers_of_draws_says_so(self):
        assert "bits of the VAE with 100 draws of the latent, of the f-VAE with one." in density_table(self.record())

    def test_the_conditions_name_the_data_set_of_the_variants(self):
        record = self.record()
        runs = [run | {"flags": {"dataset": "photo_patches"}} for run in record["runs"]]
        assert "; photo_patches, 20 steps of 16" in density_table(record | {"runs": runs})

    def test_the_figure_has_bits_above_distances(self):
        panels = density_curves(self.record()).axes
        assert [axes.lines[0].get_ydata().tolist() for axes in panels] == 2 * [[2.5, 2.5]] + 2 * [[1.25, 1.25]]
        assert panels[1].lines[0].get_xdata().tolist() == [1, 2]


def lines(axes):
    """The lines with a place in the legend by their labels, and the others."""
    of_legend, others = {}, []
    for line in axes.lines:
        values = line.get_ydata().tolist()
        if line.get_label().startswith("_"):
            others.append(values)
        else:
            of_legend[line.get_label()] = values
    return of_legend, others


class TestClustering:
    EVALUATION = {"step": 10, "purity": 0.75, "hungarian_accuracy": 0.5, "nmi": 0.25, "ari": 0.125}

    def record(self):
        """A variant that clusters, with two seeds, one whose codes are clustered, and one that broke down."""
        pixels = self.EVALUATION | {"purity": 0.5}
        shared = {"measure": {"num_train": 30, "num_test": 20, "k_means_on_pixels": pixels}, "seconds": 90}
        codes = {
            f"{prefix}_{name}": value
            for prefix in ("k_means", "gaussian_mixture")
            for name, value in self.EVALUATION.items()
        }
        codes |= {"step": 10, "gaussian_mixture_purity": 0.8}
        return {
            "question": "?",
            "flags": {"dataset": "digits", "steps": 10, "batch_size": 16},
            "runs": [
                {"variant": "one step", "seed": 0, "evaluations": [self.EVALUATION], **shared},
                {"variant": "one step", "seed": 1, "evaluations": [self.EVALUATION | {"purity": 0.85}], **shared},
                {"variant": "VAE", "seed": 0, "evaluations": [codes], **shared},
                {"variant": "too fast", "seed": 0, "broke_down": "loss is NaN", "evaluations": []},
            ],
        }

    def test_rows_by_hand(self):
        lines = clustering_table(self.record()).split("\n")
        assert lines[0].startswith("Scores after the last step on 20 test images; 30 training images; digits, 10 steps")
        assert lines[4:] == [
            "| one step | 0.800 ± 0.071 | 0.500 ± 0.000 | 0.250 ± 0.000 | 0.125 ± 0.000 | 1.5 ± 0.0 |",
            "| VAE + k-means | 0.750 | 0.500 | 0.250 | 0.125 | 1.5 |",
            "| VAE + Gaussian mixture | 0.800 | 0.500 | 0.250 | 0.125 | 1.5 |",
            "| too fast | loss is NaN |  |  |  |  |",
            "| *k-means on pixels* | 0.500 ± 0.000 | 0.500 ± 0.000 | 0.250 ± 0.000 | 0.125 ± 0.000 |  |",
        ]

    def test_runs_whose_codes_are_clustered_are_told_apart_by_clusterer(self):
        found = {(run["variant"], run["seed"]): run for run in by_clusterer(self.record(), "VAE")["runs"]}
        broken = found.pop(("too fast", 0))
        assert {title: purity(run) for title, run in found.items()} == {
            ("one step", 0): 0.75,
            ("one step", 1): 0.85,
            ("VAE + k-means", 0): 0.75,
            ("VAE + Gaussian mixture", 0): 0.8,
        }
        assert "broke_down" in broken
        both = by_clusterer(self.record(), "too fast")["runs"][-2:]
        assert [(run["variant"], "broke_down" in run) for run in both] == [
            ("too fast + k-means", True),
            ("too fast + Gaussian mixture", True),
        ]

    def test_the_figure_has_purity_beside_nmi(self):
        of_purity, of_nmi = clustering_curves(self.record()).axes
        means, of_seeds = lines(of_purity)
        assert list(means) == ["one step", "VAE + k-means", "VAE + Gaussian mixture"]
        assert [*means.values()] == [[pytest.approx(0.8)], [0.75], [0.8]]
        assert of_seeds == [[0.75], [0.85]]  # of the one variant with two
        assert [*lines(of_nmi)[0].values()] == 3 * [[0.25]]


class TestPriorTerm:
    def test_the_bound_is_read_by_its_earlier_name_too(self):
        runs = [{"marginal_kl": 1.0}, {"marginal_kl_upper_bound": 2.0}]
        assert prior_term.cell(runs, "marginal_kl_upper_bound", 1) == "1.5"
        assert prior_term.cell([{"prior_kl": 1.0}], "marginal_kl_upper_bound", 1) == ""

    def test_the_discrepancy_stands_beside_that_of_true_draws(self):
        new = {"discrepancy": 0.01234, "discrepancy_deviation": 0.0001}
        assert prior_term.discrepancy_cell([new, new]) == "0.012 (0 ± 0.0001)"
        assert prior_term.discrepancy_cell([new, {}]) == ""


class TestMarkdown:
    PAGE = "# Page\n<!-- table one -->\nold\n<!-- end -->\nkept\n<!-- claims -->\n<!-- end -->\n"

    def test_only_what_stands_between_the_lines_is_renewed(self, tmp_path):
        page = tmp_path / "page.md"
        text = "# Page\n<!-- table one -->\nold\n<!-- end -->\nkept\n<!-- table two -->\n<!-- end -->\n"
        page.write_text(text)
        assert markdown.renew(page, {"one": "| new |"}.get, only_check=True) and page.read_text() == text
        assert markdown.renew(page, {"one": "| new |"}.get)
        assert page.read_text() == (
            "# Page\n<!-- table one -->\n\n| new |\n\n<!-- end -->\nkept\n"
            "<!-- table two -->\n\nNot recorded yet.\n\n<!-- end -->\n"
        )
        assert not markdown.renew(page, {"one": "| new |"}.get)

    def test_a_block_is_made_from_its_name_and_its_content(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text(self.PAGE)
        seen = []

        def made(name, content):
            seen.append((name, content))
            return "new"

        assert markdown.renew_blocks(page, {"table": made})
        assert seen == [("one", "old")]
        # Claims are left as they are, since nothing makes them.
        assert page.read_text() == self.PAGE.replace("\nold\n", "\n\nnew\n\n")
        assert markdown.renew_blocks(page, {"claims": made}) and seen[-1] == ("", "")


class TestClasses:
    """Of a study in which some models are given classes."""

    @staticmethod
    def of_classes(run, shares):
        for row, share in zip(run["evaluations"], shares, strict=True):
            row |= {"class_accuracy": share, "within_class_distance": 10 * share}
        return run

    def record(self):
        given = [self.of_classes(run("one", seed, [9, 8, 4]), [0.1, 0.3, 0.5 + 0.3 * seed]) for seed in (0, 1)]
        broken = {"variant": "broken", "seed": 0, "broke_down": "loss is nan at step 7", "evaluations": []}
        return {**RECORD, "runs": [*given, run("one, no labels", 0, [9, 2, 4]), broken]}

    def test_statistics(self):
        first, second, plain, _ = self.record()["runs"]
        assert [class_accuracy(first), class_accuracy(second)] == pytest.approx([0.3, 0.4])
        assert class_accuracy(plain) is None
        assert [within_classes(first), within_classes(plain)] == [pytest.approx(3), None]

    def test_table(self):
        rows = class_table(self.record()).splitlines()[2:]
        assert rows[2].startswith("| one | 0.350 ± 0.071 | 3.5 ± 0.71 | 7 ± 0 | 7.25 ± 0 |")
        assert rows[3] == "| one, no labels |  |  | 5 | 4.25 |"
        assert rows[4].startswith("| broken | loss is nan at step 7 |")
        # The test images of a run with classes, which were measured here as its first samples were.
        assert rows[5] == "| *20 test images in the place of samples* | 0.100 | 1 | 9 |  |"

    def test_figure(self):
        figure = class_dots(self.record())
        assert [axes.has_data() for axes in figure.axes] == [True] * 3
        assert "within classes" in figure.axes[1].get_xlabel()
        assert summary.distance_title(self.record()) in figure.get_suptitle()


def test_claims_of_conditioning_compare_shares_and_a_broken_run_is_no_evidence():
    share, within = (claim.values for claim in conditioning.STUDIES["conditioning_clothes"].claims)
    runs = [
        TestClasses.of_classes(run(title, seed, [9, 8, 4]), [value + seed / 10] * 3)
        for title, value in {"SN with hinge": 0.8, "WGAN-GP": 0.5, "WGAN-GP within classes": 0.6}.items()
        for seed in (0, 1)
    ]
    assert share({"runs": runs}) == pytest.approx([0.3, 0.3]) and within({"runs": runs}) == pytest.approx([0.1, 0.1])
    runs[2] = {"variant": "WGAN-GP", "seed": 0, "broke_down": "loss is nan", "evaluations": []}
    assert share({"runs": runs}) == [float("inf"), pytest.approx(0.3)]
