"""Vector plots are data: marks are counted and read back, and nothing but the drawing may hide in the file."""

from __future__ import annotations

import random

import pytest

from tests.airlock.reading.made import chart, data_link, flagged, picture, read

SEED = random.Random(7)  # noqa: S311 - numbers for tests
AGES = [SEED.gauss(60, 12) for _ in range(500)]
VALUES = [SEED.gauss(50, 10) for _ in range(500)]


def scatter(axes):
    axes.scatter(AGES, VALUES)


def dots(axes):
    axes.plot(AGES, VALUES, "o")


def logarithmic(axes):
    axes.scatter(AGES, VALUES)
    axes.set_yscale("log")
    axes.set_ylim(1, 1000)


def bars(axes):
    axes.bar(range(12), VALUES[:12])


def months(axes):
    axes.plot(range(10), VALUES[:10], "o-")


def histogram(axes):
    axes.hist(AGES, bins=20)
    axes.grid(visible=True)


def steps(axes):
    axes.step(sorted(AGES), [1 - index / 500 for index in range(500)])


@pytest.mark.parametrize("draw", [scatter, dots, logarithmic])
def test_every_point_of_a_scatter_plot_is_read_back_in_units_of_its_axes(draw):
    (points,) = read(chart(draw, "svg")).points
    found = sorted(zip(points.xs, points.ys, strict=True))
    true = sorted(zip(AGES, VALUES, strict=True))
    assert len(found) == 500
    for (x, y), (age, value) in zip(found, true, strict=True):
        assert abs(x - age) < 1e-5
        assert abs(y - value) < 1e-4


@pytest.mark.parametrize("form", ["svg", "pdf"])
@pytest.mark.parametrize(("draw", "count"), [(scatter, 500), (dots, 500)])
def test_many_marks_are_a_finding_in_every_vector_format(draw, count, form):
    content = chart(draw, form)
    assert "PLOTTED_POINTS" in flagged(content)
    assert sum(len(points.xs) for points in read(content).points) == count


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_a_line_of_many_corners_is_a_finding(form):
    assert "PLOTTED_LINE" in flagged(chart(steps, form))


@pytest.mark.parametrize("form", ["svg", "pdf"])
@pytest.mark.parametrize("draw", [bars, months, histogram])
def test_bars_few_marks_ticks_grids_and_letters_are_no_points(draw, form):
    assert flagged(chart(draw, form)) == set()


def test_ten_marks_pass_and_eleven_do_not():
    def drawing(count):
        marks = "".join(f'<circle cx="{10 + 7 * n}" cy="{20 + n * n}" r="3"/>' for n in range(count))
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">{marks}</svg>'

    assert "PLOTTED_POINTS" not in flagged(drawing(10))
    assert "PLOTTED_POINTS" in flagged(drawing(11))


def marks(one):
    spots = [(20 + 13.7 * n % 170, 15 + 31.1 * n % 150) for n in range(40)]
    inside = "".join(one.format(x=round(x, 2), y=round(y, 2), x2=round(x + 4, 2), y2=round(y + 4, 2)) for x, y in spots)
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">{inside}</svg>'


@pytest.mark.parametrize(
    "one",
    [
        '<circle cx="{x}" cy="{y}" r="2"/>',
        '<ellipse cx="{x}" cy="{y}" rx="2" ry="2"/>',
        '<path transform="translate({x},{y})" d="M2,0A2,2 0 1 1 -2,0Z"/>',
        '<path d="M {x} {y} L {x2} {y} L {x2} {y2} L {x} {y2} Z"/>',
        '<text x="{x}" y="{y}">+</text>',
        '<g><use href="#m" x="{x}" y="{y}"/></g>',
    ],
    ids=["circle", "ellipse", "moved path", "small shape", "letter", "use"],
)
def test_marks_drawn_by_other_programs_are_found(one):
    assert "PLOTTED_POINTS" in flagged(marks(one))


PLAIN = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'
HIDDEN = {
    "a script": ("<script>fetch('x')</script>", "SCRIPT"),
    "a handler": ('<rect onload="x()"/>', "SCRIPT"),
    "a link that runs": ('<a href="javascript:x()"><rect/></a>', "SCRIPT"),
    "a picture from elsewhere": ('<image href="https://example.org/x.png"/>', "EXTERNAL_LINK"),
    "a style from elsewhere": ("<style>@import 'https://example.org/x.css'</style>", "EXTERNAL_LINK"),
    "a page within": ("<foreignObject><p>rows</p></foreignObject>", "FOREIGN_CONTENT"),
    "hidden words": ('<text style="display:none">Jane Doe</text>', "HIDDEN_CONTENT"),
    "faded words": ('<text opacity="0">Jane Doe</text>', "HIDDEN_CONTENT"),
    "words outside the frame": ('<text x="-500" y="5">Jane Doe</text>', "HIDDEN_CONTENT"),
    "words too small to read": ('<text x="5" y="5" font-size="0.01">Jane Doe</text>', "HIDDEN_CONTENT"),
    "data in attributes": ('<g data-rows="61,F"/>', "DATA_ATTRIBUTES"),
    "a long comment": ("<!--" + "61,62,63;" * 60 + "-->", "MARKUP_COMMENTS"),
    "long metadata": ("<metadata>" + "61,62,63;" * 300 + "</metadata>", "DOCUMENT_METADATA"),
    "a file as a link": (f'<image href="{data_link(b"PK" + bytes([3, 4]), "application/zip")}"/>', "EMBEDDED_FILE"),
    "a picture with more in it": (f'<image href="{data_link(picture() + b"rows")}"/>', "TRAILING_BYTES"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_what_is_no_drawing_is_said(case):
    inside, rule = HIDDEN[case]
    assert rule in flagged(PLAIN.format(inside))
    assert flagged(PLAIN.format("<rect width='5' height='5'/><text>arm</text>")) == set()


@pytest.mark.parametrize("words", ["path", "none"])
def test_words_of_an_ordinary_plot_are_in_sight(words):
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": words}):
        assert flagged(chart(lambda axes: (bars(axes), axes.set_ylabel("deaths"), axes.legend(["a"])), "svg")) == set()


def test_entities_are_refused_and_never_expanded():
    bomb = '<!DOCTYPE svg [<!ENTITY a "' + "a" * 1000 + '"><!ENTITY b "&a;&a;">]>' + PLAIN.format("<text>&b;</text>")
    assert "ENTITY_DECLARATION" in flagged(bomb)
    assert read(bomb).texts == ()


def test_a_damaged_drawing_is_said_to_be_unread():
    assert "INSPECTION_INCOMPLETE" in flagged(PLAIN.format("<g>"))


def test_words_and_comments_are_read():
    found = read(chart(bars, "svg"))
    assert any("comments" in text.where for text in found.texts)
