"""Images and their classes: idx files, as MNIST and Fashion-MNIST have them, or JPEG files by class, as CIFAR-10 may
have them; without any, small digits."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

FILES = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class Images:
    """Images (n, channels, rows, columns), of mean 0 and variance 1 over the training ones, and their classes (n,)."""

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]

    @property
    def pixels(self) -> int:
        """Numbers in an image."""
        return self.train[0][0].numel()

    @property
    def channels(self) -> int:
        """1 of grey images, 3 of coloured ones."""
        return self.train[0].shape[1]


def load(path: Path | None) -> Images:
    """The images of a folder or zip file; where there is none, 1797 digits of 8 x 8 pixels of scikit-learn.

    Ends the program where a file is missing or is no such file.

    >>> load(None).train[0].shape
    torch.Size([1500, 1, 8, 8])
    """
    if path is None:
        from sklearn.datasets import load_digits

        pixels, target = load_digits(return_X_y=True)
        images = torch.as_tensor(np.asarray(pixels)).float().reshape(-1, 1, 8, 8)
        classes = torch.as_tensor(np.asarray(target)).long()
        return _normal((images[:1500], classes[:1500]), (images[1500:], classes[1500:]))
    if path.suffix == ".zip" or (path / "train").is_dir():
        return _normal(_jpeg(path, "train"), _jpeg(path, "test"))
    parts = []
    for file in FILES.values():
        images = _idx(path, f"{file}-images-idx3-ubyte", 3)
        classes = _idx(path, f"{file}-labels-idx1-ubyte", 1)
        parts.append((torch.from_numpy(images).float()[:, None], torch.from_numpy(classes).long()))
    return _normal(*parts)


def _normal(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> Images:
    mean, spread = train[0].mean((0, 2, 3), keepdim=True), train[0].std()
    return Images(*(((images - mean) / spread, classes) for images, classes in (train, test)))


def _jpeg(path: Path, part: str) -> tuple[Tensor, Tensor]:
    """Images and classes of `part/CLASS/NAME.jpg` in a folder or zip file, in the order of classes and names."""
    from PIL import Image

    images, names = [], []
    for name, content in _files(path, part):
        try:
            images.append(np.asarray(Image.open(io.BytesIO(content)).convert("RGB")))
        except OSError:
            raise SystemExit(f"{path} has a file {name} that is no JPEG image") from None
        names.append(name.split("/")[-2])
    if not images or len({image.shape for image in images}) > 1:
        raise SystemExit(f"{path} must have images of one size in {part}/CLASS/NAME.jpg, got {len(images)}")
    labels = np.searchsorted(sorted(set(names)), names)
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float(), torch.from_numpy(labels).long()


def _files(path: Path, part: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of the JPEG files of a part."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            for name in sorted(packed.namelist()):
                if name.startswith(f"{part}/") and name.endswith(".jpg"):
                    yield name, packed.read(name)
    else:
        for file in sorted((path / part).glob("*/*.jpg")):
            yield file.relative_to(path).as_posix(), file.read_bytes()


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
