"""The simulator uses the posting tests' publications."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "posting"))
