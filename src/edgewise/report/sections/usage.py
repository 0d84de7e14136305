"""Python that loads the model and predicts a row."""

from __future__ import annotations

from ...model import KAN
from ..figures import predict
from ..subject import Subject


def usage(subject: Subject, saved: KAN, file: str) -> str:
    """A script that predicts the first row by the network that is saved in a file, with the numbers that come out in a
    comment."""
    row = subject.fitted.X[:1]
    values = ", ".join(repr(float(v)) for v in row[0])
    result = ", ".join(f"{v:.6g}" for v in predict(saved, row, subject.classes)[0].tolist())
    if saved.metadata.classes:
        call = "model.predict_proba(X)"
    else:
        call = "torch.as_tensor(model.predict(X)).softmax(dim=1)" if subject.classes else "model.predict(X)"
    return "\n".join(
        [
            *(["import torch"] if "torch" in call else []),
            "import edgewise as ew",
            "",
            f"model = ew.load({file!r})",
            f"X = [[{values}]]  # {', '.join(map(repr, subject.inputs))}",
            f"y = {call}  # {', '.join(map(repr, subject.outputs))}: {result}",
            "",
            "ew.plot(model).savefig('kan.svg')",
            "print(ew.summary(model))",
        ]
    )
