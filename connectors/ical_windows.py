"""Time zones by the names that Windows and its programs give them, after Unicode CLDR's windowsZones (territory 001)."""

from __future__ import annotations

_TABLE = """
AUS Central=Australia/Darwin|AUS Eastern=Australia/Sydney|Afghanistan=Asia/Kabul|Alaskan=America/Anchorage|
Aleutian=America/Adak|Altai=Asia/Barnaul|Arab=Asia/Riyadh|Arabian=Asia/Dubai|Arabic=Asia/Baghdad|
Argentina=America/Argentina/Buenos_Aires|Astrakhan=Europe/Astrakhan|Atlantic=America/Halifax|
Aus Central W.=Australia/Eucla|Azerbaijan=Asia/Baku|Azores=Atlantic/Azores|Bahia=America/Bahia|Bangladesh=Asia/Dhaka|
Belarus=Europe/Minsk|Bougainville=Pacific/Bougainville|Canada Central=America/Regina|Cape Verde=Atlantic/Cape_Verde|
Caucasus=Asia/Yerevan|Cen. Australia=Australia/Adelaide|Central America=America/Guatemala|Central Asia=Asia/Bishkek|
Central Brazilian=America/Cuiaba|Central Europe=Europe/Budapest|Central European=Europe/Warsaw|
Central Pacific=Pacific/Guadalcanal|Central=America/Chicago|Central (Mexico)=America/Mexico_City|
Chatham Islands=Pacific/Chatham|China=Asia/Shanghai|Cuba=America/Havana|Dateline=Etc/GMT+12|E. Africa=Africa/Nairobi|
E. Australia=Australia/Brisbane|E. Europe=Europe/Chisinau|E. South America=America/Sao_Paulo|Easter Island=Pacific/Easter|
Eastern=America/New_York|Eastern (Mexico)=America/Cancun|Egypt=Africa/Cairo|Ekaterinburg=Asia/Yekaterinburg|
FLE=Europe/Kyiv Europe/Kiev Europe/Helsinki|Fiji=Pacific/Fiji|GMT=Europe/London|GTB=Europe/Bucharest|Georgian=Asia/Tbilisi|
Greenland=America/Nuuk America/Godthab|Greenwich=Atlantic/Reykjavik Africa/Abidjan|Haiti=America/Port-au-Prince|
Hawaiian=Pacific/Honolulu|India=Asia/Kolkata|Iran=Asia/Tehran|Israel=Asia/Jerusalem|Jordan=Asia/Amman|
Kaliningrad=Europe/Kaliningrad|Kamchatka=Asia/Kamchatka|Korea=Asia/Seoul|Libya=Africa/Tripoli|
Line Islands=Pacific/Kiritimati|Lord Howe=Australia/Lord_Howe|Magadan=Asia/Magadan|Magallanes=America/Punta_Arenas|
Marquesas=Pacific/Marquesas|Mauritius=Indian/Mauritius|Mid-Atlantic=Etc/GMT+2|Middle East=Asia/Beirut|
Montevideo=America/Montevideo|Morocco=Africa/Casablanca|Mountain=America/Denver|Mountain (Mexico)=America/Mazatlan|
Myanmar=Asia/Yangon|N. Central Asia=Asia/Novosibirsk|Namibia=Africa/Windhoek|Nepal=Asia/Kathmandu|
New Zealand=Pacific/Auckland|Newfoundland=America/St_Johns|Norfolk=Pacific/Norfolk|North Asia East=Asia/Irkutsk|
North Asia=Asia/Krasnoyarsk|North Korea=Asia/Pyongyang|Omsk=Asia/Omsk|Pacific SA=America/Santiago|
Pacific=America/Los_Angeles|Pacific (Mexico)=America/Tijuana|Pakistan=Asia/Karachi|Paraguay=America/Asuncion|
Qyzylorda=Asia/Qyzylorda|Romance=Europe/Paris|Russian=Europe/Moscow|SA Eastern=America/Cayenne|SA Pacific=America/Bogota|
SA Western=America/La_Paz|SE Asia=Asia/Bangkok|Saint Pierre=America/Miquelon|Sakhalin=Asia/Sakhalin|Samoa=Pacific/Apia|
Sao Tome=Africa/Sao_Tome|Saratov=Europe/Saratov|Singapore=Asia/Singapore|South Africa=Africa/Johannesburg|
South Sudan=Africa/Juba|Sri Lanka=Asia/Colombo|Sudan=Africa/Khartoum|Syria=Asia/Damascus|Taipei=Asia/Taipei|
Tasmania=Australia/Hobart|Tocantins=America/Araguaina|Tokyo=Asia/Tokyo|Tomsk=Asia/Tomsk|Tonga=Pacific/Tongatapu|
Transbaikal=Asia/Chita|Turkey=Europe/Istanbul|Turks And Caicos=America/Grand_Turk|
US Eastern=America/Indiana/Indianapolis|US Mountain=America/Phoenix|Ulaanbaatar=Asia/Ulaanbaatar|
Venezuela=America/Caracas|Vladivostok=Asia/Vladivostok|Volgograd=Europe/Volgograd|W. Australia=Australia/Perth|
W. Central Africa=Africa/Lagos|W. Europe=Europe/Berlin|W. Mongolia=Asia/Hovd|West Asia=Asia/Tashkent|
West Bank=Asia/Hebron|West Pacific=Pacific/Port_Moresby|Yakutsk=Asia/Yakutsk|Yukon=America/Whitehorse
"""
_OTHERS = """
Russia Time Zone 3=Europe/Samara|Russia Time Zone 10=Asia/Srednekolymsk|Russia Time Zone 11=Asia/Kamchatka|
Coordinated Universal Time=UTC|UTC-11=Etc/GMT+11|UTC-09=Etc/GMT+9|UTC-08=Etc/GMT+8|UTC-02=Etc/GMT+2|UTC+12=Etc/GMT-12|
UTC+13=Etc/GMT-13|Z=UTC|BST=Europe/London|CEST=Europe/Berlin|EEST=Europe/Bucharest|EDT=America/New_York|
CDT=America/Chicago|MDT=America/Denver|PST=America/Los_Angeles|PDT=America/Los_Angeles|JST=Asia/Tokyo|AEST=Australia/Sydney|
AEDT=Australia/Sydney|NZST=Pacific/Auckland|NZDT=Pacific/Auckland
"""
"""Names that do not end in "Standard Time", and what clocks are called in everyday life where that is not ambiguous."""


def _read(table: str) -> dict[str, tuple[str, ...]]:
    pairs = (entry.partition("=") for entry in table.replace("\n", "").split("|"))
    return {name.lower(): tuple(zones.split()) for name, _, zones in pairs}


_STANDARD = _read(_TABLE)
_NAMES = _read(_OTHERS)


def names(name: str) -> tuple[str, ...]:
    """The IANA zones that this name may stand for, the best first; none if it is no such name.

    Known are "W. Europe Standard Time", its summer name "W. Europe Daylight Time", and "Eastern Standard Time (Mexico)".
    """
    key = " ".join(name.lower().split())
    found = _NAMES.get(key)
    if found is None:
        key = key.replace(" daylight time", " standard time").replace(" summer time", " standard time")
        if " standard time" in key:
            found = _STANDARD.get(key.replace(" standard time", ""))
    return found or ()


def like(words: str) -> tuple[str, ...]:
    """The IANA zones of all names that begin as ``words`` do: "Eastern Time (US & Canada)" or "Hawaii"."""
    start = words.lower().partition("(")[0].replace(" time", "").strip()
    return tuple(zone for name, zones in _STANDARD.items() if start and name.startswith(start) for zone in zones)
