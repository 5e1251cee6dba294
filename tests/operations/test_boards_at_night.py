"""The dashboards as somebody half asleep reads them: order, colours, what is cut, what is shown."""

from __future__ import annotations

import re

import pytest

from engine.metrics.labels import ACTORS, REFUSED_KINDS
from grafana.generator.operator_top import CAUSES
from grafana.generator.panels import NO_DATA
from tests.operations.boards import BOARDS, data_links, graphs, read_board, rules, variables

# The table of what fires, and of the causes that are about to.
ALERTS = "Alerts, causes first"
# Pixels that a whole row has on a screen of 1,280, and that a letter of a table takes.
NARROW, LETTER = 1210, 7.8


def test_whoever_is_on_call_sees_about_eighteen_panels_and_the_rest_when_asked_for() -> None:
    """And no refresh costs Prometheus more than two dozen queries."""
    for name in BOARDS:
        board = read_board(name)
        times = {"$connector": 2, "$actor": 6, None: 1}
        asked, repeated = len(board["annotations"]["list"]), 1
        opened = 0
        for panel in board["panels"]:
            if panel["type"] == "row":
                repeated = times["$connector"] if panel.get("repeat") else 1
                continue
            opened += 1
            many = times["$actor"] if panel.get("repeat") else 1
            asked += len(panel["targets"]) * repeated * many
        assert opened <= 18, name
        assert asked < 25, (name, asked)


def test_the_first_row_asks_in_the_order_in_which_somebody_half_asleep_does() -> None:
    """State, systems, fresh edits, errors, backlog, budget, and what else there is to say."""
    first = [one["title"] for one in graphs(read_board("operator"))][:9]

    assert first == [
        "Pairs, the worst first",
        "State",
        "Outreach",
        "Workbooks",
        "Fresh edits behind",
        "In error",
        "Backlog done in",
        "Requests left",
        ALERTS,
    ]


def test_the_name_of_a_pair_is_read_whole_on_a_narrow_screen() -> None:
    """Pairs are told apart by the middle of their names: host, domain and port."""
    name = "wosync-production-emea-01.internal.example.com:9464"
    tables = [one for one in graphs(read_board("operator")) if one["type"] == "table"]

    assert len(tables) == 3
    for panel in tables:
        widths = {
            override["matcher"]["options"]: one["value"]
            for override in panel["fieldConfig"]["overrides"]
            for one in override["properties"]
            if one["id"] in {"custom.width", "custom.minWidth"}
        }
        of_pair = widths.pop("Pair", 0)
        room = NARROW * panel["gridPos"]["w"] / 24 - sum(widths.values())
        assert room >= LETTER * len(name), panel["title"]
        assert of_pair >= LETTER * len(name), panel["title"]


@pytest.mark.parametrize("name", BOARDS)
def test_no_data_is_neither_good_nor_bad(name: str) -> None:
    """A service that does not run must not look well, nor every number of it like a fault."""
    for panel in graphs(read_board(name)):
        if panel["type"] != "stat":
            continue
        defaults = panel["fieldConfig"]["defaults"]
        colors = {defaults["thresholds"]["steps"][0]["color"]}
        colors |= {
            one["options"]["result"]["color"]
            for one in defaults["mappings"]
            if one["type"] == "special" and "nan" in one["options"]["match"]
        }
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                if one["id"] == "thresholds":
                    colors.add(one["value"]["steps"][0]["color"])
        assert colors == {NO_DATA}, panel["title"]
        # The last number, which of what has ended is none, and never the last that there was.
        assert panel["options"]["reduceOptions"]["calcs"] == ["last"]
        assert data_links(panel), panel["title"]


def test_what_is_nought_when_all_is_well_is_green_only_then() -> None:
    """A number that its own text calls unusual, on green, is taken for good."""
    seen = 0
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            if panel["type"] == "stat" and "\n\nNormal: 0.\n" in panel["description"]:
                steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
                assert [one["color"] for one in steps[:2]] == [NO_DATA, "green"], panel["title"]
                assert steps[-1]["color"] != "green" and steps[-1]["value"] <= 1, panel["title"]
                seen += 1
    assert seen >= 5


def test_a_pair_that_is_not_scraped_is_there_to_choose() -> None:
    """What is dead exports no metric by which it could be found."""
    for name in BOARDS:
        asked = {where: selector for where, selector, _ in variables(read_board(name))}
        # Beside `up` what each pair of a fleet has, whose process is the fleet's.
        named = '{__name__=~"up|wosync_ready", '
        assert asked[f"wosync-{name}: $instance"].startswith(named)
        assert asked[f"wosync-{name}: $job"].startswith(named)


@pytest.mark.parametrize("name", BOARDS)
def test_exemplars_are_asked_for_once(name: str) -> None:
    """Three queries of one histogram find the same ones."""
    for panel in graphs(read_board(name)):
        assert sum(target["exemplar"] for target in panel["targets"]) <= 1, panel["title"]


def test_an_alert_opens_the_panel_that_is_about_it() -> None:
    """With the time at which it fired in view."""
    about: dict[tuple[str, str], set[str]] = {}
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            links = (*panel["links"], *data_links(panel))
            about[f"wosync-{name}", str(panel["id"])] = {link["url"] for link in links}
    opened = 0
    for rule in rules():
        address = rule.get("annotations", {}).get("dashboard", "")
        if "var-instance=" in address:
            assert "&from={{ query" in address and address.endswith("&to=now"), rule["alert"]
        if found := re.search(r"/d/(wosync-\w+)\?.*&viewPanel=(\d+)", address):
            section = f"${{runbook}}#{rule['alert'].lower()}"
            assert section in about[found[1], found[2]], rule["alert"]
            opened += 1
    assert opened > 30


def test_of_a_pair_that_died_no_last_number_is_shown() -> None:
    """A number with its course behind it is asked for over hours; the last one looks present."""
    over_time = [
        (panel["title"], target["expr"])
        for name in BOARDS
        for panel in graphs(read_board(name))
        for target in panel["targets"]
        if panel["type"] == "stat" and not target["instant"]
    ]
    assert {title for title, _ in over_time} == {"Error budget left"}
    for title, expr in over_time:
        # One that stands by is scraped, and says nothing of the pair.
        assert re.search(r"or \(instance:wosync_works:bool\{[^}]+\} == 0\) \* NaN", expr), title


def test_a_process_that_stands_by_looks_like_no_fault() -> None:
    """Neither red nor orange, and never the word for a pair that is down."""
    [panel] = [one for one in graphs(read_board("operator")) if one["title"] == "Processes"]
    [states] = [
        mapping["options"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "mappings"
        for mapping in one["value"]
        if mapping["type"] == "value"
    ]

    assert [one["text"] for one in states.values()] == [
        "works",
        "not ready",
        "stands by",
        "no answer",
    ]
    assert states["2"]["color"] == "blue"
    assert "red" not in {one["color"] for one in states.values()}
    [expr] = [target["expr"] for target in panel["targets"]]
    assert re.search(r"2 \+ \(wosync_leader\{[^}]+\} == 0\)", expr)


# What each process says of itself alone, and not of a pair.
SPOKEN_FOR_ITSELF = {"wosync_leader", "wosync_fleet_pairs", "wosync_fleet_register_reached"}


def test_of_two_processes_that_took_turns_no_number_is_added_up() -> None:
    """Both are seen until the one that was lost is scraped the next time."""
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            for target in panel["targets"]:
                summed = re.findall(r"sum(?: by \([^)]*\))? \((wosync_\w+)", target["expr"])
                assert set(summed) <= SPOKEN_FOR_ITSELF, panel["title"]


def test_a_number_before_its_course_is_hardly_older_than_one_by_itself() -> None:
    """Two numbers of one thing, minutes apart, contradict each other."""
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            if panel["type"] == "stat":
                over_time = any(not target["instant"] for target in panel["targets"])
                assert panel.get("maxDataPoints", 0) >= over_time * 1000, panel["title"]


def test_nothing_at_all_is_grey_and_no_failure_is_green() -> None:
    """At three in the morning a colour is read, and a legend is not."""
    seen = 0
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            painted = {
                override["matcher"]["options"]: one["value"].get("fixedColor")
                for override in panel["fieldConfig"]["overrides"]
                for one in override["properties"]
                if one["id"] == "color"
            }
            if panel["type"] != "timeseries":
                continue
            if any('"none"' in target["expr"] for target in panel["targets"]):
                [color] = [color for one, color in painted.items() if "none" in one]
                assert color == NO_DATA, panel["title"]
                seen += 1
            if re.match(r"(In error|Errors|Outages|Never expected)\b", panel["title"]):
                mode = panel["fieldConfig"]["defaults"]["color"]
                assert "green" not in str(painted), panel["title"]
                assert mode["mode"] == "shades" or "unexpected" in str(painted), panel["title"]
    assert seen >= 8


def test_an_actor_has_one_colour_whatever_else_is_drawn_and_none_is_that_of_a_fault() -> None:
    """A palette hands out colours by the order of the lines: red is whoever comes fifth."""
    seen = 0
    for panel in graphs(read_board("tuning")):
        if panel["title"] not in {"Busy, share of worker time", "Kept from work, share of time"}:
            continue
        painted = {
            override["matcher"]["options"].strip("/"): one["value"]["fixedColor"]
            for override in panel["fieldConfig"]["overrides"]
            for one in override["properties"]
            if one["id"] == "color"
        }
        assert not [color for color in painted.values() if "red" in color]
        for actor in ACTORS:
            names = (actor, f"{actor} blocked", f"{actor} throttled")
            colors = {color for one, color in painted.items() if re.fullmatch(one, names[0])}
            assert len(colors) == 1, (panel["title"], actor)
            for name in names:
                assert {painted[one] for one in painted if re.fullmatch(one, name)} == colors, name
        assert len(set(painted.values())) == len(painted) > len(ACTORS)
        seen += 1
    assert seen == 2


def test_waiting_for_others_looks_unlike_waiting_for_the_budget() -> None:
    """More workers help against the one, and gain nothing against the other."""
    [panel] = [one for one in graphs(read_board("tuning")) if one["title"].startswith("Kept from")]
    dashed = [
        override["matcher"]["options"].strip("/")
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "custom.lineStyle" and one["value"]["fill"] == "dash"
    ]

    for actor in ACTORS:
        assert [one for one in dashed if re.match(one, f"{actor} throttled")], actor
        assert not [one for one in dashed if re.match(one, f"{actor} blocked")], actor


def test_a_limit_has_the_colour_of_what_it_limits() -> None:
    """Of two lines alike nobody knows which is whose; a legend draws dots as dashes."""
    [panel] = [one for one in graphs(read_board("tuning")) if one["title"] == "Requests in flight"]
    overrides = [
        (override["matcher"]["options"].strip("/"), one["value"]["fixedColor"])
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "color"
    ]

    def painted(name: str) -> str:
        return [color for one, color in overrides if re.fullmatch(one, name)][-1]

    assert painted("outreach at most") == painted("outreach") != painted("workbooks")
    assert painted("workbooks at most") == painted("workbooks")


def test_the_actors_that_matter_are_chosen_at_first_and_all_are_there_to_choose() -> None:
    """A bulk that the budget holds waits with the dispatcher; one row has room for six."""
    board = read_board("tuning")
    [actor] = [one for one in board["templating"]["list"] if one["name"] == "actor"]
    chosen = actor["current"]["value"]

    assert "dispatcher" in chosen and set(chosen) < set(ACTORS)
    assert actor["current"]["text"] == chosen
    assert "actor=~" not in actor["definition"]
    [repeated] = [one for one in graphs(board) if one.get("repeat") == "actor"]
    assert len(chosen) == repeated["maxPerRow"]


def test_what_is_nought_draws_no_line_of_warning() -> None:
    """A red one at the foot of a graph is a fault at a glance; an actor's yellow is its name."""
    seen = 0
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            field = panel["fieldConfig"]
            custom = field["defaults"].get("custom", {})
            if panel["type"] != "timeseries" or custom["stacking"]["mode"] != "none":
                continue
            overrides = field["overrides"]
            colors = [field["defaults"]["color"].get("fixedColor", "")] + [
                one["value"]["fixedColor"]
                for override in overrides
                for one in override["properties"]
                if one["id"] == "color"
            ]
            named = any("prospect_resolver" in one["matcher"]["options"] for one in overrides)
            if not named and any(re.search("red|orange|yellow", color) for color in colors):
                exprs = [target["expr"] for target in panel["targets"]]
                assert any(re.search(r">=? 0|> 0", one) for one in exprs), panel["title"]
                seen += 1
    assert seen >= 10


@pytest.mark.parametrize("name", BOARDS)
def test_the_word_none_stands_first_where_its_grey_is_looked_for(name: str) -> None:
    """Its colour goes by the begin of the legend."""
    for panel in graphs(read_board(name)):
        for target in panel["targets"]:
            for label in re.findall(r'"(\w+)", "none"', target["expr"]):
                legend = target["legendFormat"]
                assert legend.startswith(f"{{{{{label}}}}}") or label == "alertname", panel["title"]


def test_names_that_have_no_room_below_stand_beside_the_graph() -> None:
    """Below it a legend has three lines; routes come in dozens."""
    beside = {
        panel["title"]
        for panel in graphs(read_board("apis"))
        if panel["options"].get("legend", {}).get("placement") == "right"
    }

    assert beside == {"Requests by route, per minute", "Duration by route, 95 %"}


def test_edits_that_the_fuse_only_counts_are_not_shown_as_held() -> None:
    """A bulk raises the count long before the fuse has anything to hold."""
    [panel] = [one for one in graphs(read_board("operator")) if one["title"] == "Never expected"]

    assert re.search(
        r"wosync_fuse_held_records.*? \* on \(job, instance\) .*?wosync_fuse_tripped",
        panel["targets"][0]["expr"],
    )


def test_a_name_that_is_looked_up_and_not_there_is_no_warning() -> None:
    """Every idle night asks for a few of them again."""
    [panel] = [
        one
        for one in graphs(read_board("apis"))
        if one["title"] == "Requests by status, per minute"
    ]
    painted = {
        override["matcher"]["options"].strip("/"): one["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "color"
    }

    [of_404] = [color for one, color in painted.items() if re.fullmatch(one, "404")]
    [of_422] = [color for one, color in painted.items() if re.fullmatch(one, "422")]
    assert of_404.startswith("#") and of_422 == "yellow"


def test_where_nothing_was_measured_a_graph_says_so() -> None:
    """A graph of nothing but NaN has neither lines nor a scale, as if it were broken."""
    seen = 0
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            for target in panel["targets"]:
                expr = target["expr"]
                if "histogram_quantile" in expr and " by (le, " in expr:
                    assert re.search(r">= 0 or label_replace\(.+_count\{.+ == 0, ", expr)
                    assert '"none"' in expr, panel["title"]
                    seen += 1
    assert seen >= 8


def test_requests_per_record_are_not_told_of_a_night_without_records() -> None:
    """All polls of the night over one record that there was not are a number to wonder at."""
    [panel] = [one for one in graphs(read_board("apis")) if one["title"] == "Requests per record"]

    assert re.search(r"/ \(sum.*> 0\)$", panel["targets"][0]["expr"])


def test_people_in_error_look_unlike_opportunities_in_error() -> None:
    """Shades of one blue told the kinds apart for nobody."""
    [panel] = [
        one for one in graphs(read_board("operator")) if one["title"].startswith("In error,")
    ]
    shaded = {
        override["matcher"]["options"].strip("/"): one["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["value"].get("mode") == "shades"
    }

    for kind in REFUSED_KINDS:
        assert [one for one in shaded if re.fullmatch(one, f"{kind} validation")], kind
    assert len(set(shaded.values())) == len(REFUSED_KINDS)


def test_of_a_stack_only_areas_are_drawn() -> None:
    """The line of what is nothing would lie on top of all of it, in its own colour."""
    for name in BOARDS:
        for panel in graphs(read_board(name)):
            custom = panel["fieldConfig"]["defaults"].get("custom", {})
            if custom.get("stacking", {}).get("mode") == "normal":
                assert custom["lineWidth"] == 0, panel["title"]


def test_the_causes_among_what_fires_stand_first_and_are_alerts() -> None:
    """Four rows are seen at once, and what follows from a cause has many."""
    [panel] = [one for one in graphs(read_board("operator")) if one["title"] == ALERTS]
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    causes = {one for one in alerts if re.fullmatch(CAUSES, one)}

    assert CAUSES in panel["targets"][0]["expr"]
    assert len(causes) == CAUSES.count("|") + 1
    assert {"WosyncSystemDown", "WosyncRateLimited", "WosyncDown"} <= causes
    assert "WosyncFreshEditsHeld" not in causes
    [sort] = [one for one in panel["transformations"] if one["id"] == "sortBy"]
    assert sort["options"]["sort"] == [{"field": "order"}]


def test_a_cause_is_shown_before_its_alert_fires() -> None:
    """In its first minutes an outage fires nothing: "none" beside red numbers helps nobody."""
    [panel] = [one for one in graphs(read_board("operator")) if one["title"] == ALERTS]
    expr = panel["targets"][0]["expr"]
    pending = re.findall(r'ALERTS\{[^}]*alertstate="pending"[^}]*\}', expr)

    assert pending and all(f'alertname=~"{CAUSES}"' in one for one in pending)
    [shown] = [one for one in panel["transformations"] if one["id"] == "organize"]
    assert shown["options"]["renameByName"]["alertstate"] == "State"
    # Before what follows from it, although that fires.
    assert re.search(r'"order", " ", "order", "alertstate", "severity"', expr)


def test_an_hour_that_is_used_up_says_when_it_is_over() -> None:
    """Nothing is to be done but to wait; until when is what remains to be asked."""
    [panel] = [one for one in graphs(read_board("operator")) if one["title"] == "Requests left"]

    assert [one["legendFormat"] for one in panel["targets"]] == ["left", "refills in"]
    assert "budget_reset_timestamp_seconds" in panel["targets"][1]["expr"]
