import textwrap

import pytest

from components.models import user
from components.models.user import User
from schemas.config import ConfigError
from tests.components.models.rows import SHAPES, TABLE

GOOD = """
    import keras

    def build(inputs, width=4, *, depth):
        numeric = keras.Input((inputs.numeric,), name="numeric")
        x = numeric
        for _ in range(depth):
            x = keras.layers.Dense(width)(x)
        return keras.Model(numeric, keras.layers.Dense(inputs.classes)(x))
"""


def write(folder, text, name="m.py"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def problems(folder, function="m:build", **params):
    with pytest.raises(ConfigError) as raised:
        User(function=function, params=params).files(folder)
    return raised.value.problems


def test_the_form_of_the_name():
    for wrong in ("m", "m.build", "m:", ":build", "a/b.py:build", "m:a.b"):
        with pytest.raises(ValueError, match="my_models:build"):
            User(function=wrong)


def test_it_is_made_from_the_module_and_what_that_imports_from_beside_it(tmp_path):
    write(
        tmp_path,
        "from .deep import helper\nimport other, keras\ndef build(inputs):\n    import lazy.late\n",
        "pack/m.py",
    )
    for name in ("pack/__init__.py", "pack/deep.py", "other.py", "unused.py", "lazy/__init__.py", "lazy/late.py"):
        write(tmp_path, "", name)
    found = User(function="pack.m:build").files(tmp_path)
    assert [*found] == ["lazy/__init__.py", "lazy/late.py", "other.py", "pack/__init__.py", "pack/deep.py", "pack/m.py"]
    assert found["other.py"] == tmp_path / "other.py"


def test_what_the_text_tells_is_found_without_running_it(tmp_path):
    assert problems(tmp_path) == [
        f"train.model.user: there is no m.py in {tmp_path}. Put the module beside the configuration."
    ]
    write(tmp_path, "raise SystemExit\ndef biuld(inputs): pass\n")
    assert problems(tmp_path) == ["train.model.user: m does not define 'build' at its top level. Did you mean 'biuld'?"]
    write(tmp_path, "def build(:\n")
    assert "m.py line 1 is not valid Python" in problems(tmp_path)[0]
    write(tmp_path, "def build(): pass\n")
    assert problems(tmp_path) == ["train.model.user: build (line 1) must take the inputs as its first argument."]
    write(tmp_path, GOOD)
    assert problems(tmp_path, widht=3) == [
        "train.model.user.params.widht: build (line 4) has no such parameter. Did you mean 'width'?",
        "train.model.user.params.depth: build (line 4) needs it; give a value.",
    ]
    User(function="m:build", params={"depth": 1}).files(tmp_path)


def test_a_name_that_is_taken_is_refused(tmp_path):
    for name in ("json", "components"):
        write(tmp_path, "def build(inputs): pass\n", f"{name}.py")
        assert f"already a module named '{name}'" in problems(tmp_path, f"{name}:build")[0]


def test_the_folder_is_not_configured(tmp_path):
    with pytest.raises(ConfigError, match="Take the line out"):
        User(function="m:build", folder="/somewhere").files(tmp_path)


class TestBuilding:
    keras = pytest.importorskip("keras")

    def build(self, folder, module, text, inputs=TABLE, **params):
        write(folder, text, f"{module}.py")
        return User(function=f"{module}:build", params=params, folder=str(folder)).build(inputs)

    def test_inputs_without_columns_need_not_be_there(self, tmp_path):
        inputs = SHAPES["numbers"]
        model = self.build(tmp_path, "of_numbers", GOOD, inputs, depth=2)
        assert {i.name for i in model.inputs} == {"numeric", "categorical"}
        assert model.output.shape == (None, inputs.classes)

    def test_a_missing_input_is_named(self, tmp_path):
        with pytest.raises(
            ConfigError, match=r"no input 'categorical'; the data give it as int64 \[n, 2\]\. Add keras\.Input"
        ):
            self.build(tmp_path, "lacks", GOOD, depth=1)

    @pytest.mark.parametrize(
        ("ending", "message"),
        [
            ("keras.Model([a, b, x], y + x)", "the data give no input 'x'"),
            (
                "keras.Model([a, b], keras.layers.Dense(5)(y))",
                r"one output \[n, 3\], a logit for each class, got \[n, 5\]",
            ),
            ("keras.Model([a, b], [y, y])", r"got \[n, 3\], \[n, 3\]"),
            ("keras.Model([a, b], keras.layers.Dense(3, activation='softmax')(y))", "got probabilities"),
            ("'a model'", "must return a functional model, .* got str"),
        ],
    )
    def test_what_is_no_such_model_is_refused(self, tmp_path, ending, message):
        text = f"""
            import keras

            def build(inputs):
                a, b = keras.Input((3,), name="numeric"), keras.Input((2,), dtype="int64", name="categorical")
                x = keras.Input((1,), name="x")
                y = keras.layers.Dense(3)(keras.layers.Concatenate()([a, keras.ops.cast(b, "float32")]))
                return {ending}
        """
        number = sum(map(ord, ending))
        with pytest.raises(ConfigError, match=message):
            self.build(tmp_path, f"odd_{number}", text)

    def test_a_wrong_shape_is_named(self, tmp_path):
        text = GOOD.replace("inputs.numeric,", "7,")
        with pytest.raises(
            ConfigError, match=r"input 'numeric' of wide:build must have the shape \[n, 3\], got \[n, 7\]"
        ):
            self.build(tmp_path, "wide", text, SHAPES["numbers"], depth=1)

    def test_its_own_line_is_named_when_it_fails(self, tmp_path):
        text = "import keras\n\ndef helper(x):\n    return keras.layers.Dense(x / 0)\n\ndef build(inputs):\n    return helper(5)\n"
        with pytest.raises(
            ConfigError, match=r"fails:build must give a model, got ZeroDivisionError in fails\.py line 4: "
        ):
            self.build(tmp_path, "fails", text)
        with pytest.raises(ConfigError, match=r"ModuleNotFoundError in imports\.py line 1: No module named 'nowhere'"):
            self.build(tmp_path, "imports", "import nowhere\n")

    def test_it_shadows_nothing(self, tmp_path):
        write(tmp_path, "raise SystemExit", "json.py")
        self.build(tmp_path, "beside_json", "import json\n" + textwrap.dedent(GOOD), SHAPES["numbers"], depth=1)
        assert user.sys.path[-1] == str(tmp_path)
