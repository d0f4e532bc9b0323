"""Bytes on disk of this interpreter, its library, and packages with all that they need: installed_size.py PACKAGE..."""

import os
import re
import sys
import sysconfig
from importlib import metadata


def size(path):
    if os.path.islink(path):
        return 0
    if os.path.isfile(path):
        return os.path.getsize(path)
    # Other packages of the machine are nobody's need here,
    # and what is there to build extensions is not used here.
    skipped = {"site-packages", "dist-packages", "test", "__pycache__"}
    return sum(size(entry.path) for entry in os.scandir(path) if entry.name not in skipped and not entry.name.startswith("config-")) if os.path.isdir(path) else 0


def needed(names):
    found, open_names = {}, list(names)
    while open_names:
        name = re.sub(r"[-_.]+", "-", open_names.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # of another system or an extra
        for requirement in found[name].requires or []:
            if "extra ==" not in requirement:
                open_names.append(re.match(r"[A-Za-z0-9._-]+", requirement).group())
    return found.values()


packages = sum(size(str(file.locate())) for distribution in needed(sys.argv[1:]) for file in distribution.files or [] if not str(file).endswith(".pyc"))
interpreter = os.path.realpath(sys.executable)
library = sysconfig.get_config_var("LDLIBRARY") or ""
shared = os.path.join(sysconfig.get_config_var("LIBDIR") or "", library)
print(packages + size(interpreter) + size(sysconfig.get_path("stdlib")) + (size(os.path.realpath(shared)) if library.endswith(".so") else 0))
