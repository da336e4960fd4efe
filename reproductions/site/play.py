"""The page to play on: its files, the models for the browser, and the manifest that says which there are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reproductions.harness import silence
from reproductions.harness.errors import UsageError
from reproductions.keep import without_place
from reproductions.site import npm

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
FILES = HERE / "page_to_play_on"
RUNTIME = npm.Package(
    "onnxruntime-web",
    "1.30.0",
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ==",
)
RUNTIME_FILES = ("dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm")
# What the page asks of models.
ENDPOINTS = ("decode", "encode", "cluster")
# Images in which neighbours are looked for, and how many of them are in one row of their picture.
NUM_NEIGHBORS, PER_ROW = 400, 20


def write(folder: Path, models: Mapping[str, Any], data_dir: str | None = None) -> None:
    """Writes the page's files, the models and their manifest.

    Args:
        folder: The page's folder.
        models: By its name, what gives a model, and its card.
        data_dir: Where data sets are found; TFDS's own folder by default.

    Raises:
        UsageError: What runs models in the browser cannot be fetched.
    """
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    shutil.copy(HERE / "philox.js", folder)
    silence.say(f"Fetching {RUNTIME.name} {RUNTIME.version}")
    (folder / "runtime").mkdir()
    npm.fetch(RUNTIME, folder / "runtime", RUNTIME_FILES)
    manifest = {"models": [_write_model(folder, name, *of_model, data_dir) for name, of_model in models.items()]}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _write_model(folder: Path, name: str, load: Any, card: dict[str, Any], data_dir: str | None) -> dict[str, Any]:
    """Exports a model; gives its entry in the manifest."""
    silence.say(f"Exporting {name}")
    model = load()
    exported = folder / "models" / name
    names = [endpoint for endpoint in ENDPOINTS if endpoint in model.endpoints()]
    if not names:
        raise UsageError(f"{name}: it has none of {', '.join(ENDPOINTS)}, so the page cannot show it")
    model.export(exported, format="onnx", endpoints=names)
    (exported / "sampling.py").unlink()
    neighbors = "neighbors" in model.endpoints()
    return {
        "name": name,
        "folder": f"models/{name}",
        "kind": type(model).__name__,
        "bytes": {endpoint: (exported / f"{endpoint}.onnx").stat().st_size for endpoint in names},
        "data": without_place(card["data"]).removeprefix("folder:"),
        "licence": card["licence"],
        "steps": card["steps"],
        "script": card["script"],
        "neighbors": neighbors,
        "gallery": _write_gallery(exported, model, card, data_dir) if neighbors else None,
    }


def _write_gallery(folder: Path, model: Any, card: dict[str, Any], data_dir: str | None) -> dict[str, Any] | None:
    """Test images in one picture, and their codes; None where the data set is not on this machine."""
    from keras_gen import datasets
    from keras_gen.errors import InputError
    from keras_gen.utils import image_grid, save_png

    try:
        images = datasets.load(card["data"], "test", card["flags"].get("image_size"), data_dir).to_array(NUM_NEIGHBORS)
    except InputError:
        told = (
            f"no nearest neighbours by {folder.name}: {card['data']} was not found; --data_dir=FOLDER says where it is"
        )
        print(told, flush=True)
        return None
    codes = model.encode(images).numpy().astype("<f4")
    (folder / "codes.bin").write_bytes(codes.tobytes())
    save_png(folder / "gallery.png", image_grid(images, columns=PER_ROW, scale=1))
    return {"count": len(images), "per_row": PER_ROW, "side": int(images.shape[1]), "separator": 2}
