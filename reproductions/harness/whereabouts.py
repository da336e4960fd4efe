"""What a finished run tells its user: what is where, and what to do with it."""

import shlex

from reproductions.harness.run_directory import RunDirectory


def whereabouts(directory: RunDirectory) -> str:
    """What a finished run left in its folder, how to draw more samples, and whether its loss diverged."""
    results = directory.read_results()
    endpoints = results.get("endpoints") or []
    measured = directory.evaluations.exists()
    tables = "metrics.csv and evaluations.csv all of them" if measured else "metrics.csv the loss during training"
    lines = f"""In {directory.path}:
  index.html     all of it on one page: curves, pictures, settings, results
  samples/       pictures of what it learnt: {directory.newest_sheet}
  results.json   {"the last measurements" if measured else "flags, time and how it ended"}; {tables}
  tensorboard/   the same as curves: tensorboard --logdir={shlex.quote(str(directory.tensorboard))}
  model.keras    the model, to train on or to use in Keras
  saved_model/   the model for TensorFlow alone: {", ".join(endpoints)}"""
    for path in (directory.model, directory.saved_model):
        if not path.exists():
            lines += f"\n{path} is missing; remove results.json and rerun the command to make it again"
    if "sample" in endpoints:
        saved_model = shlex.quote(str(directory.saved_model))
        of_class, words = (" --label=0", ", here of class 0") if "sample_class" in endpoints else ("", "")
        lines += f"""
Sample more{words}:
  python -m reproductions.sample --saved_model={saved_model} --num_samples=64 --seed=1{of_class} --output=grid.png"""
    measure = results.get("measure") or {}
    if "features" in measure and measure["features"] is None:
        lines += "\nSamples were not measured, for the data have no labels; --features=imagenet measures them."
    divergence = results.get("divergence")
    return lines + (f"\nwarning: {divergence['message']}" if divergence else "")
