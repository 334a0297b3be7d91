"""Build the wheel with whool, whatever the clone's folder is called, without dev/.

whool takes the addon's name from its folder and puts all that git knows into the wheel:
here it works on a copy. See pyproject.toml.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from whool import buildapi

ADDON = "account_partner_credit_note"
FOR_DEVELOPERS = {"dev", "CONTRIBUTING.md"}


def files(folder):
    """:return: the names of the files that git knows, or of all where git is not"""
    try:
        return subprocess.check_output(
            ["git", "ls-files"], cwd=folder, text=True, stderr=subprocess.DEVNULL
        ).splitlines()
    except (subprocess.CalledProcessError, FileNotFoundError):
        paths = (path for path in folder.rglob("*") if path.is_file())
        names = (path.relative_to(folder) for path in paths)
        return [str(name) for name in names if "__pycache__" not in name.parts]


@contextmanager
def copy_of_addon(is_left_out=lambda name: False):
    source, before = Path.cwd(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, ADDON)
        for name in files(source):
            if not is_left_out(Path(name).parts[0]):
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source / name, target / name)
        os.chdir(target)
        try:
            yield
        finally:
            os.chdir(before)


def is_for_developers(name):
    return name.startswith(".") or name in FOR_DEVELOPERS


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with copy_of_addon(is_for_developers):
        return buildapi.build_wheel(wheel_directory, config_settings)


def build_sdist(sdist_directory, config_settings=None):
    # A wheel is made from it by this very file.
    with copy_of_addon():
        return buildapi.build_sdist(Path(sdist_directory), config_settings)
