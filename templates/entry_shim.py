"""Entry point written by saddlebag: everything it offers is `{target}`'s own.

The Workers runtime enters a Worker through a top-level module, so `{target}` cannot be the main module itself.
"""

from {target} import *

import {target} as _saddlebag_target

if hasattr(_saddlebag_target, "__all__"):
    __all__ = list(_saddlebag_target.__all__)


def __getattr__(name):
    # Private names, names outside `__all__`, and names that the module itself makes on demand.
    return getattr(_saddlebag_target, name)


def __dir__():
    return dir(_saddlebag_target)
