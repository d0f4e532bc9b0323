"""Counts words, line by line: a handler of bytes that answers part by part, the same as in the other languages beside it.

The classes named here are what the component exports.
"""

from .handler import Metadata, StreamHandler

__all__ = ["Metadata", "StreamHandler"]
