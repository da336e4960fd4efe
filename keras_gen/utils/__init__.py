"""Tools: sheets of images, moving pictures, files written completely or not at all, nearest neighbours."""

from keras_gen.utils.animation import save_gif
from keras_gen.utils.files import MemoryFile, naming, remove_unfinished, replacing
from keras_gen.utils.image_grid import image_grid, save_image_grid, save_png
from keras_gen.utils.neighbors import nearest_neighbors

__all__ = [
    "MemoryFile",
    "image_grid",
    "naming",
    "nearest_neighbors",
    "remove_unfinished",
    "replacing",
    "save_gif",
    "save_image_grid",
    "save_png",
]
