// SPDX-License-Identifier: BSD-3-Clause
// A target needs a source, and its precompiled headers are all that others want of this one.
