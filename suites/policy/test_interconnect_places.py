"""Where the clouds meet: each pair of links in one city, the pairs in different ones."""

from meshproof import Control, Level, Pillar, checks, edit, judge
from meshproof.declaration.platform import Item, Platform

MEETS = Control(
    id="ICN-020",
    title="The links of both clouds MUST meet in the same cities, one pair in each",
    system="interconnect",
    pillar=Pillar.RELIABILITY,
    level=Level.MUST,
    since="1.0",
    source="https://cloud.google.com/network-connectivity/docs/interconnect/concepts/choosing-colocation-facilities",
    remedy="Order the connection and the interconnect of a pair at facilities of one metropolitan area.",
    frameworks={"nist": "CP-8", "soc2": "A1.2"},
    relates=("aws_dx_connection", "google_compute_interconnect"),
    mutants=[
        edit(
            "aws_dx_connection", '*main["b"]', {"location": "EqAM3"}, says="in ams, where the other cloud has no link"
        ),
        edit("google_compute_interconnect", '*main["b"]', {"location": "lhr-zone2-47"}, says="2 links in lhr"),
        edit("google_compute_interconnect", '*main["a"]', {"location": "nowhere"}, says="no known city"),
    ],
)

#: City by what AWS's facility codes hold: the metropolitan code of Equinix. Google's begin with the airport.
CITIES = {"AM": "ams", "DB": "dub", "FA": "fra", "FR": "fra", "LD": "lhr", "MA": "mad", "PA": "cdg", "SK": "arn"}
AIRPORTS = frozenset(CITIES.values())


@checks(MEETS)
def test_links_meet_in_a_city(platform: Platform) -> None:
    """A cross-connect is a cable in one building or between neighbours."""
    near, far = platform.all("aws_dx_connection"), platform.all("google_compute_interconnect")
    cities = {side: [_city(one) for one in links] for side, links in (("near", near), ("far", far))}

    def meets(link: Item) -> list[str]:
        mine, other = ("near", "far") if link.kind == "aws_dx_connection" else ("far", "near")
        city = _city(link)
        if not city:
            return [f"is at {link.text('location')}, in no known city"]
        said = (
            [] if not cities[other] or city in cities[other] else [f"is in {city}, where the other cloud has no link"]
        )
        here = cities[mine].count(city)
        return said + ([f"is one of {here} links in {city}"] if here > 1 else [])

    findings = judge(near + far, meets)

    assert not findings.broken, findings.table()


def _city(link: Item) -> str:
    location = link.text("location")
    if link.kind == "google_compute_interconnect":
        airport = location.partition("-")[0]
        return airport if airport in AIRPORTS else ""
    return CITIES.get(location[2:4].upper(), "")
