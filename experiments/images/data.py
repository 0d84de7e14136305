"""Images and their classes from a folder of idx files, as MNIST and Fashion-MNIST have them; without any, small
digits."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILES = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Images:
    """Images (n, rows, columns), of mean 0 and variance 1 over the training pixels, and their classes (n,)."""

    name: str
    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    @property
    def pixels(self) -> int:
        """Numbers in an image."""
        return self.train[0][0].numel()


def load(folder: Path | None) -> Images:
    """The images of a folder, or 1797 digits of 8 x 8 pixels that come with scikit-learn, where there is none.

    Ends the program where a file is missing or is no idx file.

    >>> load(None).train[0].shape
    torch.Size([1500, 8, 8])
    """
    if folder is None:
        from sklearn.datasets import load_digits

        pixels, target = load_digits(return_X_y=True)
        images = torch.as_tensor(np.asarray(pixels)).float().reshape(-1, 8, 8)
        classes = torch.as_tensor(np.asarray(target)).long()
        return _normal("digits of 8 x 8", (images[:1500], classes[:1500]), (images[1500:], classes[1500:]))
    parts = []
    for file in FILES.values():
        images = _idx(folder, f"{file}-images-idx3-ubyte", 3)
        classes = _idx(folder, f"{file}-labels-idx1-ubyte", 1)
        parts.append((torch.from_numpy(images).float(), torch.from_numpy(classes).long()))
    return _normal(folder.name, *parts)


def _normal(name: str, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> Images:
    mean, spread = train[0].mean(), train[0].std()
    return Images(name, *(((images - mean) / spread, classes) for images, classes in (train, test)))


def _idx(folder: Path, name: str, dimensions: int) -> np.ndarray:
    """An array of bytes from an idx file, packed by gzip or not (http://yann.lecun.com/exdb/mnist)."""
    found = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
    if not found:
        raise SystemExit(f"{folder} has no {name} or {name}.gz; --data takes a folder with the four files of MNIST")
    raw = found[0].read_bytes()
    raw = gzip.decompress(raw) if found[0].suffix == ".gz" else raw
    start = 4 + 4 * dimensions
    if raw[:4] != bytes((0, 0, 8, dimensions)) or len(raw) < start:
        raise SystemExit(f"{found[0]} is no idx file of bytes in {dimensions} dimensions")
    shape = [int(size) for size in np.frombuffer(raw, ">i4", dimensions, 4)]
    if len(raw) != start + int(np.prod(shape)):
        raise SystemExit(f"{found[0]} is not whole: it names {shape}, but has {len(raw) - start} bytes")
    return np.frombuffer(raw, np.uint8, -1, start).reshape(shape).copy()
