"""Dashboards: complete, legible and about series that exist."""

from collections.abc import Mapping

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform
from suites.policy.quantities import number_of, outside, seconds

MODEL = "https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/"
#: Grafana's grid.
COLUMNS = 24
#: A stat is legible from three rows on, and a screen is about twenty rows high.
HEIGHT = (3.0, 12.0)
#: Schemas of the Grafana that is run; older ones are migrated in silence.
SCHEMA = (36.0, 60.0)
REFRESH_S = (15.0, 60.0)

Panel = Mapping[str, object]


def _maps(found: object) -> list[Panel]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, (list, tuple)) else []


def _of(node: object, *keys: str) -> object:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _place(panel: Panel) -> tuple[float, float, float, float]:
    x, y, w, h = (number_of(_of(panel, "gridPos", key)) for key in "xywh")
    return x or 0, y or 0, w or 0, h or 0


LAYOUT = Control(
    id="MET-020",
    title="The panels of a dashboard MUST be numbered in order and tile the grid without overlap or hole",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=MODEL,
    remedy="Number the panels from 1, fill each row to 24 columns, and begin the next where it ends.",
    frameworks={"soc2": "CC7.2"},
    mutants=[
        edit("Dashboard", "*mesh.json*", {"panels": [{}, {"gridPos": {"w": 20}}]}, says="a panel stands at"),
        edit("Dashboard", "*mesh.json*", {"panels": [{}, {"id": 77}]}, says="is numbered 77"),
        edit("Dashboard", "*mesh.json*", {"panels": [{}, {"gridPos": {"h": 30}}]}, says="is 30"),
    ],
)


@checks(LAYOUT)
def test_panels_tile_the_grid(platform: Platform) -> None:
    """Ids are 1..n; panels of one y share a height and fill the width; rows follow one another."""
    findings = judge(platform.all("Dashboard"), _tiles)

    assert not findings.broken, findings.table()


def _tiles(board: Item) -> list[str]:
    panels, said, bottom = board.mappings("panels"), list[str | None](), 0.0
    for position, panel in enumerate(panels, 1):
        said += [] if panel.get("id") == position else [f"panel {position} is numbered {panel.get('id')}"]
    for y in sorted({_place(one)[1] for one in panels}):
        band = sorted(_place(one) for one in panels if _place(one)[1] == y)
        edge = 0.0
        for x, _, width, height in band:
            said += [] if x == edge else [f"a panel stands at {x:g}, not at {edge:g}"]
            edge = x + width
            if width < COLUMNS or height != 1:
                said.append(outside("a panel's height", height, HEIGHT))
        said += [] if edge == COLUMNS else [f"the band at {y:g} is not filled: {edge:g} of {COLUMNS}"]
        said += [] if y == bottom else [f"a band begins at {y:g}, not at {bottom:g}"]
        bottom = y + max(one[3] for one in band)
        said += [] if len({one[3] for one in band}) == 1 else [f"the band at {y:g} is ragged"]
    return [one for one in said if one] + ([] if panels else ["shows nothing"])


CONTENT = Control(
    id="MET-021",
    title="Every panel MUST ask a data source that the reader can choose, in a unit, with thresholds that ascend",
    system="metrics",
    pillar=Pillar.OPERATIONS,
    level=Level.MUST,
    since="1.0",
    source=MODEL,
    remedy="Give panel and targets the datasource variable, a unit, an instant query in a stat and a range query in a series.",
    frameworks={"soc2": "CC7.2"},
    mutants=[
        edit("Dashboard", "*mesh.json*", {"panels": [{}, {"fieldConfig": None}]}, says="has no unit"),
        edit("Dashboard", "*mesh.json*", {"panels": [{}, {"datasource": None}]}, says="asks no data source"),
        edit("Dashboard", "*mesh.json*", {"refresh": "1s"}, says="the refresh is 1"),
    ],
)


@checks(CONTENT)
def test_panels_ask_and_explain(platform: Platform) -> None:
    """Data sources, units, thresholds, instants, and the frame around them."""
    findings = judge(platform.all("Dashboard"), _explains)

    assert not findings.broken, findings.table()


def _explains(board: Item) -> list[str]:
    said: list[str | None] = [
        outside("the refresh", seconds(board.get("refresh")), REFRESH_S),
        outside("the schema", board.number("schemaVersion"), SCHEMA),
    ]
    said += [] if board.get("editable") is False else ["is edited outside git"]
    said += [] if board.number("graphTooltip") in (1, 2) else ["does not share its cursor"]
    variables = [
        one for one in board.mappings("templating.list") if one.get("type") == "datasource" and one.get("hide") == 0
    ]
    said += [] if variables else ["offers no data source to choose"]
    marks = board.mappings("annotations.list")
    said += (
        []
        if marks and all(one.get("enable") is True and one.get("datasource") for one in marks)
        else ["does not mark pages"]
    )
    for panel in board.mappings("panels"):
        name, targets = panel.get("title"), _maps(panel.get("targets"))
        if panel.get("type") in ("row", "text"):
            said += [f"{name} is folded"] if panel.get("collapsed") is True else []
            continue
        asked = [_of(one, "datasource", "uid") for one in (panel, *targets)]
        said += (
            []
            if targets and all(isinstance(one, str) and one.startswith("${") for one in asked)
            else [f"{name} asks no data source"]
        )
        defaults = _of(panel, "fieldConfig", "defaults")
        said += [] if _of(defaults, "unit") else [f"{name} has no unit"]
        if panel.get("type") in ("stat", "gauge", "table", "bargauge"):
            said += [f"{name} asks for a range"] if any(one.get("instant") is not True for one in targets) else []
        steps = _maps(_of(defaults, "thresholds", "steps"))
        said += [f"{name} has no thresholds"] if panel.get("type") in ("stat", "gauge") and not steps else []
        values = [number_of(one.get("value")) for one in steps]
        if steps and (
            values[0] is not None or values[1:] != sorted(values[1:], key=lambda one: one or 0) or len(steps) == 1
        ):
            said.append(f"{name}'s thresholds do not ascend")
    return [one for one in said if one]
