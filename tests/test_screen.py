"""What people see while they wait, and what files and pipes do not."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from edgewise.screen import nobody, someone_looks, tell, told_by


def test_a_notebook_shows_bars(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    for config, shown in ({"IPKernelApp": {}}, True), ({"TerminalIPythonApp": {}}, False):
        shell = SimpleNamespace(get_ipython=lambda config=config: SimpleNamespace(config=config))
        monkeypatch.setitem(sys.modules, "IPython", shell)
        assert someone_looks() is shown
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not someone_looks()
    monkeypatch.setattr(sys, "stderr", None)
    assert not someone_looks()


@pytest.mark.parametrize("looks", [True, False])
def test_a_line_is_told_only_where_someone_looks(looks, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("edgewise.screen.someone_looks", lambda: looks)
    tell("compiling")
    assert capsys.readouterr() == ("", "edgewise: compiling\n" if looks else "")


def test_the_innermost_teller_tells(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("edgewise.screen.someone_looks", lambda: True)
    outer: list[str] = []
    inner: list[str] = []
    with told_by(outer.append):
        with pytest.raises(ZeroDivisionError), told_by(inner.append):
            tell("a")
            raise ZeroDivisionError
        tell("b")
        with told_by(nobody):
            tell("c")
    assert (outer, inner) == (["b"], ["a"])
    assert capsys.readouterr().err == ""
