"""The shape of language tags (BCP 47), with the two-letter codes of languages (ISO 639-1) and regions (ISO 3166-1).

Languages of three letters and regions of three digits are not checked: they are rare, and the lists are long.
"""

from __future__ import annotations

import re
from typing import Final

_LANGUAGES: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee "
    "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is "
    "it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms "
    "mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si "
    "sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh "
    "yi yo za zh zu"
)
LANGUAGES: Final = frozenset(_LANGUAGES.split())
_REGIONS: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
REGIONS: Final = frozenset(_REGIONS.split())
TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{4})?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
MEANT: Final = {  # codes of countries that are written for languages, and one region that ISO 3166-1 lacks
    "at": "de",
    "cn": "zh",
    "cz": "cs",
    "dk": "da",
    "gb": "en",
    "gr": "el",
    "iw": "he",
    "jp": "ja",
    "ua": "uk",
    "us": "en",
}
REGION_MEANT: Final = {"EN": "GB", "UK": "GB"}
EXAMPLE: Final = "write a language, or a language and a region, such as en or en-GB"


def suggest_locale(text: str) -> str | None:
    """Returns the hint for a text that is no language tag, or None if it is one."""
    if _is_tag(text):
        return None
    language, _, region = text.strip().partition(".")[0].replace("_", "-").partition("-")
    language = MEANT.get(language.lower(), language) if language.lower() not in LANGUAGES else language
    parts = [language, *([REGION_MEANT.get(region.upper(), region)] if region else [])]
    near = "-".join(parts)
    return f'write "{near}"' if _is_tag(near) else EXAMPLE


def suggest_languages(text: str) -> str | None:
    """Returns the hint for a text that is no list of languages, `da, en-gb;q=0.8`, as in HTTP's Accept-Language."""
    hints = [suggest_locale(part.partition(";")[0].strip()) for part in text.split(",")]
    return next((hint for hint in hints if hint is not None), None)


def _is_tag(text: str) -> bool:
    tag = TAG.fullmatch(text)
    if tag is None:
        return False
    language, region = tag["language"].lower(), (tag["region"] or "").upper()
    knows_language = len(language) > 2 or language in LANGUAGES  # noqa: PLR2004  # the letters of ISO 639-1
    return knows_language and (len(region) != 2 or region in REGIONS)  # noqa: PLR2004  # the letters of ISO 3166-1
