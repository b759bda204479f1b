"""All metadata of the package. `make lock` reads the dependencies from here, so each is named only once.

Two sets of TFX versions, told apart by the Python version: TFX 1.21 needs Python 3.11 to 3.13 (and glibc 2.39, which no
marker can say; `make setup` looks at it), TFX 1.16 is the newest one for Python 3.10.
"""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent

TFX_1_16 = [
    "tfx==1.16.0",
    "tensorflow==2.16.2",
    # From 2.63 on, Beam's pickled transforms break TensorFlow Transform 1.16 (deep_copy.py).
    "apache-beam[gcp]==2.62.0",
    "tensorflow-data-validation>=1.16.1,<1.17",
    "numpy>=1.26,<2",
    # The messages of `retrain export --to kubeflow`; all that TFX's runner for Kubeflow needs besides TFX.
    "kfp-pipeline-spec==0.2.2",
]
TFX_1_21 = [
    "tfx==1.21.0",
    "tensorflow>=2.21,<2.22",
    "apache-beam[gcp]>=2.77,<3",
    "tensorflow-data-validation>=1.21,<1.22",
    "numpy>=2",
    # TensorFlow no longer brings it, but the TensorBoard callback of Keras needs it.
    "tensorboard>=2.21,<2.22",
    # The newest that TFX 1.21 allows.
    "kfp-pipeline-spec>=2.14,<2.17",
]
ON_EVERY_STACK = [
    # `retrain schedule`. Version 4 is another API, and not finished.
    "apscheduler>=3.10,<4",
    # Imported by tfx-bsl, which does not declare it.
    "dill",
    # Checksums of TFRecord, so that one damaged record does not end `retrain predict`.
    "google-crc32c>=1.1",
    "jinja2>=3.1",
    # TFX's Tuner imports it; its oracles draw what tuning tries.
    "keras-tuner>=1.4,<2",
    "pillow>=10",
    "pyarrow>=10",
    "pydantic>=2.8",
    "pyyaml>=6.0",
    "rich>=13.7",
    # Cross-validated classifiers of the checks domain_drift and label_noise.
    "scikit-learn>=1.5",
    "scipy>=1.12",
    # `retrain ui`: the routes, and the server.
    "starlette>=1.0",
    # Those checks run on one thread, so that sums never differ.
    "threadpoolctl>=3.1",
    "typer>=0.12",
    "uvicorn>=0.30",
]
DEVELOPMENT = [
    "hypothesis>=6.100",
    # The JSON Schemas for editors are tested with it.
    "jsonschema>=4.17",
    "mypy>=1.13",
    # The tests in a browser drive the system's Chromium with it; no browser is downloaded.
    "playwright>=1.49",
    "pytest>=8.3",
    # `make test` uses all cores.
    "pytest-xdist>=3.6",
    "ruff>=0.9",
    "types-PyYAML",
    # `make setup` builds the editable install with this one, instead of fetching another.
    "setuptools>=77",
]


def only_on(marker: str, requirements: list[str]) -> list[str]:
    return [f"{requirement}; {marker}" for requirement in requirements]


def read_version() -> str:
    # Read, not imported: importing the package needs its dependencies.
    text = (ROOT / "schemas" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__\s*(?::\s*\w+\s*)?=\s*"([^"]+)"', text, flags=re.MULTILINE)
    if found is None:
        raise RuntimeError('schemas/__init__.py has no line __version__ = "..."')
    return found.group(1)


def read_long_description() -> str:
    readme = ROOT / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


setup(
    name="retrain",
    version=read_version(),
    description="Retrains a TensorFlow model on new data, stops a bad retrain, and says why it got worse.",
    long_description=read_long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["schemas", "schemas.*", "components", "components.*", "pipeline", "pipeline.*"]),
    package_data={"": ["*.pbtxt", "*.json", "*.html", "*.j2", "*.css", "*.js", "*.svg", "*.yaml"]},
    install_requires=[
        *ON_EVERY_STACK,
        *only_on("python_version < '3.11'", TFX_1_16),
        *only_on("python_version >= '3.11'", TFX_1_21),
    ],
    extras_require={"dev": DEVELOPMENT},
    entry_points={"console_scripts": ["retrain = pipeline.cli:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
