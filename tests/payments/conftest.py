"""One practice for all files here."""

from tests import served

globals().update(served.fixtures("package"))
