"""Tests that need the native core; it is missing where slxrd was installed without a compiler."""

import pytest

from slxrd.model.kernel.dispatch import is_native

needs_native_core = pytest.mark.skipif(not is_native(), reason="the native core is not installed")
