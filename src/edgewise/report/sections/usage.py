"""Python that loads the model and predicts a row."""

from __future__ import annotations

from ..figures import predict
from ..subject import Subject


def usage(subject: Subject, file: str) -> str:
    """A script that predicts the first row, with the numbers that come out here in a comment."""
    row = subject.fitted.X[:1]
    values = ", ".join(repr(float(v)) for v in row[0])
    result = ", ".join(f"{v:.6g}" for v in predict(subject.model, row, subject.classes)[0].tolist())
    call = "model(X).softmax(dim=1)" if subject.classes else "model(X)"
    return "\n".join(
        [
            "import torch",
            "import edgewise as ew",
            "",
            f"model = ew.load({file!r})",
            f"# columns: {', '.join(map(repr, subject.inputs))}",
            f"X = torch.tensor([[{values}]], dtype={subject.model.dtype})",
            "with torch.no_grad():",
            f"    y = {call}  # {', '.join(map(repr, subject.outputs))}: {result}",
            "",
            "ew.plot(model).savefig('kan.svg')",
            "print(ew.summary(model))",
        ]
    )
