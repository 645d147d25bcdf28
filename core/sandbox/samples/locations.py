"""LOCATIONS_595: places with a text column of dates, and the mess of a hand-kept table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from core.sandbox.samples.declare import Installer, Where, literal, table, values

NAME = "LOCATIONS_595"
ROWS = 595
_SEED = 595
_COLUMNS = (
    ("LOCATION_ID", "NUMBER(38,0)"),
    ("NAME", "VARCHAR(120)"),
    ("COUNTRY", "VARCHAR(20)"),
    ("REGION", "VARCHAR(40)"),
    ("POPULATION", "NUMBER(38,0)"),
    ("AREA_KM2", "NUMBER(12,2)"),
    ("LATITUDE", "FLOAT"),
    ("LONGITUDE", "FLOAT"),
    ("MANAGER", "VARCHAR(80)"),
    ("DOB", "VARCHAR(20)"),
    ("IS_ACTIVE", "BOOLEAN"),
    ("NOTES", "VARCHAR"),
)
_BLANK_TEXTS = (None, "", " ", "   ", "\t", "\n", " \t ")
_BLANK_ROWS = 14
_PLACES = {
    "DE": ("Europe", "München Köln Düsseldorf Görlitz Lübeck Weißenfels"),
    "FR": ("Europe", "Orléans Besançon Nîmes Saint-Étienne Évreux Le_Puy-en-Velay"),
    "PL": ("Europe", "Łódź Kraków Gdańsk Świdnica Rzeszów Białystok"),
    "IS": ("Europe", "Reykjavík Akureyri Ísafjörður Þorlákshöfn Húsavík"),
    "GR": ("Europe", "Αθήνα Θεσσαλονίκη Πάτρα Ηράκλειο"),
    "UA": ("Europe", "Київ Львів Одеса Харків"),
    "US": (
        "Americas",
        "Springfield Portland St._Paul Coeur_d'Alene Cañon_City Truth_or_Consequences",
    ),
    "BR": ("Americas", "São_Paulo Brasília Maceió Goiânia Florianópolis"),
    "CA": ("Americas", "Montréal Québec Trois-Rivières Whitehorse"),
    "EG": ("Africa", "القاهرة الإسكندرية الجيزة"),
    "NG": ("Africa", "Lagos Ìbàdàn Kano Ẹ̀kìtì"),
    "JP": ("Asia", "東京 大阪 札幌 京都 那覇"),
    "IN": ("Asia", "मुंबई दिल्ली Bengaluru கோயம்புத்தூர்"),
    "VN": ("Asia", "Hà_Nội Đà_Nẵng Huế Cần_Thơ"),
    "NZ": ("Oceania", "Whangārei Taupō Ōtautahi Dunedin"),
}
_FIRST_NAMES = [
    "Ana",
    "Bjørn",
    "Chloé",
    "Dmitri",
    "Élodie",
    "Fatima",
    "Günter",
    "Hiroko",
    "Ibrahim",
    "João",
    "Kateřina",
    "Liam",
]
_LAST_NAMES = [
    "Silva",
    "Nyström",
    "O'Neill",
    "Müller",
    "García",
    "田中",
    "Nguyễn",
    "Okafor",
    "Kowalska",
    "Иванов",
    "Smith",
]
_NOTES = (
    "moved, see file",
    'called "the old mill"',
    "line one\nline two",
    "naïve café 🙂",
    "a;b,c",
)


def _row(index: int, random: Random) -> tuple[object, ...]:
    country = random.choice(list(_PLACES))
    region, names = _PLACES[country]
    place = random.choice(names.split()).replace("_", " ")
    born = date(1938, 1, 1) + timedelta(days=random.randrange(66 * 365))
    return (
        1000 + index,
        place if random.random() < 0.4 else f"{place} {random.randrange(1, 30)}",
        country,
        region,
        random.randrange(180, 2_500_000) if random.random() < 0.96 else None,
        f"{random.randrange(12, 9_000_000) / 100:.2f}" if random.random() < 0.97 else None,
        round(random.uniform(-54, 69), 5),
        round(random.uniform(-170, 178), 5),
        f"{random.choice(_FIRST_NAMES)} {random.choice(_LAST_NAMES)}",
        f"{born:%m/%d/%Y}" if random.random() < 0.98 else None,
        random.choice((True, True, True, False, None)),
        random.choice(_NOTES) if random.random() < 0.1 else None,
    )


def _blank_row(random: Random) -> tuple[object, ...]:
    """Return a row of NULL, or one with white space in its text columns."""
    half = random.random() < 0.5
    return tuple(
        random.choice(_BLANK_TEXTS) if half and kind.startswith("VARCHAR") else None
        for _, kind in _COLUMNS
    )


def rows() -> Iterator[tuple[object, ...]]:
    """Yield the rows, the same at every call."""
    random = Random(_SEED)  # noqa: S311 - not for secrets
    blank = set(random.sample(range(ROWS), _BLANK_ROWS))
    for index in range(ROWS):
        yield _blank_row(random) if index in blank else _row(index, random)


def _select() -> str:
    return values([literal(each) for each in row] for row in rows())


def declare(target: Installer, where: Where) -> None:
    """Declare the table."""
    table(target, where, NAME, _COLUMNS, ROWS, _select, "Places and who runs them")
