"""The table of one run whose samples were measured."""

from reproductions.harness.numbers import significant
from reproductions.reporting import markdown, summary

# What the table says of samples, by the names of measures.
MEASURES = {
    "frechet_distance": "Fréchet distance",
    "kernel_distance": "kernel distance",
    "precision": "precision",
    "recall": "recall",
    "coverage": "coverage",
}
# Beside them, of models that are given classes.
OF_CLASSES = {"class_accuracy": "class accuracy", "within_class_distance": "distance within classes"}


def table(results: dict) -> str:
    """Samples, as means of the last three measurements, beside as many test images; and how the run was made."""
    at_end, of_images = results["evaluations"][-1], results["measure"]["test_images"]
    measures = MEASURES | {name: title for name, title in OF_CLASSES.items() if name in at_end}
    rows = [
        ["samples", *(significant(summary.settled(results, name)) for name in measures)],
        ["test images", *(significant(of_images[name]) for name in measures)],
    ]
    flags = results["flags"]
    devices = ", ".join(note["device"] for note in results.get("trained_on", [])) or "processor"
    features = results["measure"]["features"]["network"]
    made = (
        f"{results['steps']:,} steps of {flags['batch_size']} images, seed {flags['seed']}, {flags['dataset']}; "
        f"{results['seconds'] / 60:.1f} minutes ({devices}). Samples: means of the last three measurements, each of "
        f"{at_end['num_fake']:.0f} samples beside {at_end['num_real']:.0f} images on the features of {features}."
    )
    return f"{markdown.table(['', *measures.values()], rows)}\n\n{made}"
