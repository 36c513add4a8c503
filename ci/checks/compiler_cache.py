# SPDX-License-Identifier: BSD-3-Clause
"""What lets ccache know a source again that lies in another copy of the tree."""
import os


def environment(folder):
    """For builds of the copy below this folder."""
    return {**os.environ, "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}
