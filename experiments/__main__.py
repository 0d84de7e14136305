"""python -m experiments NAME: repeat a table or figure of the paper. `all` runs all of them, `gallery` shows them."""

from __future__ import annotations

import difflib
import sys
from importlib import import_module

from . import gallery
from .runner import ROOT, Options, options

NAMES = {
    "toy_functions": "the paper's section 3.1: errors over grids, exponents",
    "special_functions": "the paper's Table 1: 15 special functions",
    "feynman": "the paper's Table 2: 27 Feynman equations",
    "own_functions": "functions that are in no table of the paper, by the same rules",
    "noise": "whether a fine grid overfits 1000 noisy points",
    "honesty": "whether the errors that edgewise tells of itself are those that new rows have",
    "tabular": "edgewise beside linear models, perceptrons, forests, boosting and additive models, on tables",
    "pde": "differential equations: errors against exact and spectral solutions",
    "symbolic_recovery": "how many of 185 laws `ew.discover` finds again, with noise and without",
    "teaching_examples": "pykan's teaching examples, each in one call, over seeds",
    "false_laws": "how often `ew.discover` claims a law on noise and on random deep networks",
    "theorem": "any function of two variables with 15 functions of one: errors over the grid, smoothness",
    "mechanics": "conserved quantities, a Lagrangian, an elastic law, equations of motion, as formulas",
    "hybrids": "a few KAN edges in an MLP, MLP blocks in a KAN, beside both at equal parameters",
    "continual_learning": "what is still known after a function was shown part by part, beside MLPs",
    "unsupervised": "all relations among the columns of a table, without a target (section 4.2)",
    "knots": "the signature of knots from their geometry, and its formula (section 4.3)",
    "anderson": "mobility edges of quasiperiodic chains, as formulas (section 4.4)",
    "ablations": "what each choice is worth: base, degree, number format, start, optimizer, penalty",
    "images": "KAN edges beside perceptrons and convolutions on images, at equal parameters and CPU seconds",
    "class_incremental": "digits in five tasks of two classes: a KAN with an exact memory beside perceptrons",
    "language": "KAN edges in a small transformer that reads characters, at equal parameters and CPU seconds",
    "fair_comparison": "KANs beside MLPs, from the tables above",
}


FOLDER = ROOT / "experiments"
ALL, GALLERY = "all", "gallery"


def main(arguments: list[str]) -> int:
    """Run one experiment or all; 130 after Ctrl-C, 1 when a row failed."""
    if not arguments or arguments[0] in ("-h", "--help"):
        width = max(map(len, NAMES))
        print("python -m experiments NAME [--rows a,b] [--seeds 5] [--peers] [--smoke]\n")
        print("\n".join(f"  {name:<{width}}  {what}" for name, what in NAMES.items()))
        print(f"\n  {ALL:<{width}}  all of them, one after the other")
        print(f"  {GALLERY:<{width}}  write the page that shows all results, experiments/{gallery.PAGE}")
        return 0 if arguments else 2
    name = arguments[0]
    if name == GALLERY:
        print(gallery.write(FOLDER, NAMES))
        return 0
    if name == ALL:
        return _all(arguments[1:])
    if name not in NAMES:
        near = difflib.get_close_matches(name, [*NAMES, ALL, GALLERY], n=1)
        print(
            f"there is no experiment {name!r};"
            f" {f'did you mean {near[0]!r}?' if near else 'they are ' + ', '.join(NAMES)}",
            file=sys.stderr,
        )
        return 2
    return _one(name, options(name, arguments[1:]))


def _one(name: str, chosen: Options) -> int:
    """Run an experiment; the gallery follows where its results are kept in place."""
    try:
        return import_module(f"experiments.{name}.run").run(chosen)
    except KeyboardInterrupt:
        print(f"\nstopped; the rows that were finished stand in {chosen.out / 'result.csv'}", file=sys.stderr)
        return 130
    finally:
        if chosen.out == FOLDER / name:
            gallery.write(FOLDER, NAMES)


def _all(arguments: list[str]) -> int:
    """Run all experiments with these options, and say which of them failed."""
    failed: list[str] = []
    for name in NAMES:
        print(f"\n{name}: {NAMES[name]}")
        try:
            status = _one(name, options(name, arguments))
        except SystemExit as stop:  # what an experiment needs and does not have, in words
            print(stop, file=sys.stderr)
            status = 1
        if status == 130:
            return 130
        if status:
            failed.append(name)
    print(
        f"\n{len(NAMES) - len(failed)} of {len(NAMES)} experiments ran"
        + (f"; not {', '.join(failed)}" if failed else "")
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
