"""Properties that are calculated once."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functools import cached_property as cached_property
else:

    class cached_property(functools.cached_property):
        """That of functools without the lock that it has before Python 3.12.

        A process that is forked while another thread calculates a property would wait for that lock forever.
        Two threads may calculate the same value twice, which does no harm.
        """

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            values = instance.__dict__
            if self.attrname not in values:
                values[self.attrname] = self.func(instance)
            return values[self.attrname]
