"""The VAE's loss is a prior term less an information term: equations (1) to (3) of the post as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Literal

from reproductions.harness.claim import Below, Claim, paired
from reproductions.harness.options import Options, option
from reproductions.harness.study import Study
from reproductions.reporting import figures, markdown, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Settings(Options):
    """A random model."""

    family: Literal["finite", "linear_gaussian"] = option("finite", "Kind of the distributions.")
    best_decoder: bool = option(False, "Whether the decoder is the encoder's posterior p(x|z).")
    seed: int = option(0, "Seed of the model.", at_least=0)


# p~(x) p(z|x) is the encoder's joint distribution, with marginal p(z) and posterior p(x|z); q(z) q(x|z) the decoder's.
QUANTITIES = {
    "loss": "VAE loss, -ELBO",
    "entropy": "H(x), entropy of the data",
    "joint_kl": "(1): KL(p~(x) p(z\\|x) ‖ q(z) q(x\\|z))",
    "prior_term": "(2), prior term: E KL(p(z\\|x) ‖ q(z))",
    "information_term": "(2), information term: E log q(x\\|z)/p~(x)",
    "information": "I(x, z)",
    "misfit": "misfit of the decoder: E KL(p(x\\|z) ‖ q(x\\|z))",
    "marginal_kl": "KL(p(z) ‖ q(z))",
}


def perform(settings: Settings, data_dir: str | None) -> dict:
    """The quantities of one random model, in nats, and the largest error of the equations."""
    from reproductions.experiments import identity

    return identity.perform(settings, data_dir)


def table(record: dict) -> str:
    """One row per quantity, one column per model of the first seed; below, the largest error of all seeds."""
    runs = summary.by_variant(record)
    rows = [
        [title.replace("~", "\\~"), *(f"{of_model[0]['nats'][name]:.5f}" for of_model in runs.values())]
        for name, title in QUANTITIES.items()
    ]
    errors = [f"{max(run['largest_error'] for run in of_model):.0e}" for of_model in runs.values()]
    shown = record["runs"][0]["seed"]
    columns = (f"nats, models of seed {shown}", *runs)
    return markdown.table(columns, [*rows, [f"largest error of an equation, {summary.seeds(record)}", *errors]])


def figure(record: dict) -> Figure:
    """From the prior term down by the information and up by the misfit to (1)."""
    models = summary.by_variant(record)
    made = figures.of_record(record, f"models of seed {record['runs'][0]['seed']}", 13, 4.2)
    panels = made.subplots(1, len(models), squeeze=False)[0]
    for axes, (title, runs) in zip(panels, models.items(), strict=True):
        n = SimpleNamespace(**runs[0]["nats"])
        axes.bar("prior\nterm", n.prior_term, color="C0")
        axes.bar("less\nI(x, z)", -n.information, bottom=n.prior_term, color="C1")
        axes.bar("plus\nmisfit", n.misfit, bottom=n.prior_term - n.information, color="C2")
        axes.bar("is (1)", n.joint_kl, color="C3")
        axes.axhline(n.marginal_kl, color="black", linestyle=":", label="KL(p(z) ‖ q(z))")
        axes.set_title(title, fontsize=10)
        axes.set_ylim(0, 1.08 * max(n.prior_term, n.joint_kl))
        axes.grid(alpha=0.3, axis="y")
    panels[0].set_ylabel("nats")
    panels[0].legend()
    return made


VARIANTS = {
    f"{title}, {decoder}": {"family": family, "best_decoder": best}
    for title, family in (("finite", "finite"), ("linear-Gaussian", "linear_gaussian"))
    for decoder, best in (("some decoder", False), ("best decoder", True))
}

STUDY = Study(
    question="The VAE's loss, split into a prior term, the mutual information and the decoder's misfit",
    variants=VARIANTS,
    claims=(
        Claim(
            key="V1",
            topic="the equations hold to rounding",
            sentence="The VAE's loss is a prior term less mutual information, exactly: (1) to (3).",
            statistic="largest error of an equation in four random models of known distributions, in nats",
            rule=Below(1e-12),
            values=lambda record: [max(row) for row in paired(record, VARIANTS, lambda run: run["largest_error"])],
            least=0,
        ),
    ),
    perform=perform,
    presets={"smoke": Settings(), "laptop": Settings()},
    minutes=0.01,
    table=table,
    figure=figure,
)
