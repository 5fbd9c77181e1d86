"""What the house rules share."""

from __future__ import annotations

import re

import pytest

from tests.house import ROOT


@pytest.fixture(scope="session")
def example_connector() -> str:
    """The connector that the README shows, as it stands there."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    return str(found)
