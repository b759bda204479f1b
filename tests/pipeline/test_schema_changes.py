"""Differences of two schemas in sentences, and edits of schema files that leave everything else as it is."""

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from pipeline.schema_changes import changes, taken_over
from pipeline.schema_text import as_text, blocks, edited, header_of

OLD = """\
# Curated. A brace in a comment: { and a quote: "
feature { name: "fare" type: FLOAT float_domain { min: 0 } } # euros
feature {
  name: "pay"  # a comment inside
  type: BYTES
  domain: "ways"
}

# Not a quantity.
feature: < name: "day" type: INT int_domain { min: 1 max: 7 is_categorical: true } >
feature { name: 'odd { "name' type: BYTES string_domain { value: "}" } }
string_domain { name: "ways" value: "cash" value: "card" }
default_environment: "TRAINING"
"""


def parse(text):
    return text_format.Parse(text, schema_pb2.Schema())


def sentences(before, after):
    return [c.sentence for c in changes(parse(before), parse(after))]


F = 'feature {{ name: "x" type: {} {} }}'.format


@pytest.mark.parametrize(
    ("before", "after", "kind", "said"),
    [
        ("", F("FLOAT", ""), "new_column", "new column x: float"),
        (F("INT", ""), "", "lost_column", "x: taken out of the schema"),
        (
            F("INT", "presence { min_count: 1 }"),
            F("INT", "presence { min_count: 1 } lifecycle_stage: DEPRECATED"),
            "lost_column",
            "x: lost; required -> deprecated (no input any more)",
        ),
        (F("INT", "deprecated: true"), F("INT", ""), "other", "x: deprecated -> in use"),
        (F("FLOAT", ""), F("BYTES", ""), "type", "x: float -> string"),
        (
            F("BYTES", 'string_domain { value: "a" }'),
            F("BYTES", 'string_domain { value: "b" value: "a" value: "c" }'),
            "values",
            "x: 2 new values (b, c)",
        ),
        (
            F("BYTES", 'string_domain { value: "a" value: "b" }'),
            F("BYTES", 'string_domain { value: "a" }'),
            "values",
            "x: 1 lost value (b)",
        ),
        (F("BYTES", 'string_domain { value: "a" }'), F("BYTES", ""), "domain", "x: 1 value (a) -> any value"),
        (
            F("INT", "int_domain { min: 1 max: 7 }"),
            F("INT", "int_domain { min: 0 max: 9 }"),
            "range",
            "x: 1 to 7 -> 0 to 9",
        ),
        (
            F("FLOAT", "float_domain { min: 0 }"),
            F("FLOAT", "float_domain { min: -4 }"),
            "range",
            "x: from 0 -> from -4",
        ),
        (F("INT", "bool_domain { }"), F("INT", ""), "domain", "x: two values -> any value"),
        (
            F("INT", "presence { min_fraction: 1 min_count: 1 }"),
            F("INT", "presence { min_count: 1 }"),
            "presence",
            "x: in every row -> may be missing in rows",
        ),
        (
            F("INT", "presence { min_fraction: 0.9 }"),
            F("INT", ""),
            "presence",
            "x: in at least 90 % of rows -> optional",
        ),
        (
            F("INT", "value_count { min: 1 max: 1 }"),
            F("INT", "value_count { min: 1 max: 3 }"),
            "shape",
            "x: 1 value a row -> 1 to 3 values a row",
        ),
        (
            F("BYTES", "distribution_constraints { min_domain_mass: 1 }"),
            F("BYTES", "distribution_constraints { min_domain_mass: 0.5 }"),
            "other",
            "x: changed in distribution_constraints",
        ),
    ],
)
def test_every_kind_of_change_has_a_sentence(before, after, kind, said):
    (change,) = changes(parse(before), parse(after))
    assert (change.kind, change.feature, change.sentence) == (kind, "x", said)


def test_the_same_schema_has_no_changes():
    assert sentences(OLD, OLD) == []
    assert sentences("", "") == []


def test_many_values_are_counted():
    more = " ".join(f'value: "v{i}"' for i in range(9))
    (said,) = sentences(F("BYTES", 'string_domain { value: "v0" }'), F("BYTES", f"string_domain {{ {more} }}"))
    assert said == "x: 8 new values (v1, v2, v3, v4, v5 and 3 more)"


def proposed():
    new = parse(OLD)
    new.feature[0].float_domain.min = -4
    new.string_domain[0].value.append("app")
    new.feature.add(name="wait", type=schema_pb2.FLOAT)
    return new


def test_only_what_is_chosen_is_taken_over():
    old, new = parse(OLD), proposed()
    assert [c.sentence for c in changes(old, taken_over(old, new, ["pay"]))] == ["pay: 1 new value (app)"]
    assert [c.sentence for c in changes(old, taken_over(old, new, ["wait"]))] == ["new column wait: float"]
    assert taken_over(old, new, ["fare", "pay", "wait"]) == new
    assert taken_over(old, new, []) == old


def test_an_edit_leaves_comments_and_other_columns_as_they_are():
    text = edited(OLD, proposed())
    assert parse(text) == proposed()
    kept = [line for line in OLD.splitlines() if "fare" not in line and not line.startswith("string_domain")]
    assert [line for line in kept if line not in text.splitlines()] == []
    assert "} # euros\n" in text
    assert text.splitlines()[-1] == 'feature { name: "wait" type: FLOAT }'


def test_an_edit_that_changes_nothing():
    assert edited(OLD, parse(OLD)) == OLD


def test_what_cannot_be_edited_is_written_anew_below_its_header():
    twice = "# Mine.\n" + F("INT", "") + "\n" + F("FLOAT", "") + "\n"
    new = parse(F("BYTES", ""))
    text = edited(twice, new)
    assert text == '# Mine.\nfeature { name: "x" type: BYTES }\n'


def test_blocks_are_found_whatever_is_in_texts_and_comments():
    assert [(b.field, b.name) for b in blocks(OLD)] == [
        ("feature", "fare"),
        ("feature", "pay"),
        ("feature", "day"),
        ("feature", 'odd { "name'),
        ("string_domain", "ways"),
    ]


def test_text_reads_back_and_long_entries_take_several_lines():
    new = proposed()
    new.feature[1].string_domain.value.extend([f"a long value, number {i}, ü" for i in range(20)])
    text = as_text(new)
    assert parse(text) == new
    assert max(map(len, text.splitlines())) <= 160
    assert "ü" in text
    assert header_of(text) == ""
