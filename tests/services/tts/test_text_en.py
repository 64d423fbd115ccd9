"""What English text sounds like."""

from __future__ import annotations

import pytest

from services.tts.text import normalise

SAID = {
    "at 2:30 pm": "at two thirty p m",
    "at 2:30 p.m. on Monday": "at two thirty p m on Monday",
    "2 PM": "two p m",
    "2:00 pm": "two p m",
    "2:05 am": "two oh five a m",
    "14:30": "fourteen thirty",
    "12:00": "twelve o'clock",
    "9-5 pm": "nine to five p m",
    "9:00 am - 5:30 pm": "nine a m to five thirty p m",
    "open 24/7": "open twenty-four seven",
    "$25.50": "twenty-five dollars and fifty cents",
    "$1": "one dollar",
    "$0.50": "fifty cents",
    "$1,250": "one thousand two hundred and fifty dollars",
    "$3 million": "three million dollars",
    "$1.5 million": "one point five million dollars",
    "£0.99": "ninety-nine pence",
    "25 €": "twenty-five euros",
    "Dr. Smith": "doctor Smith",
    "12 Oak Dr.": "twelve Oak drive",
    "Dr. King Dr.": "doctor King drive",
    "St. Mary": "saint Mary",
    "123 Main St. Apt. 4": "one hundred and twenty-three Main street apartment four",
    "Mr. and Mrs. Jones": "mister and missus Jones",
    "the 1st": "the first",
    "the 22nd": "the twenty-second",
    "May 12": "May twelfth",
    "May 12th, 2026": "May twelfth, twenty twenty-six",
    "Jan. 3": "January third",
    "05/12/2026": "May twelfth, twenty twenty-six",
    "2026-05-12": "May twelfth, twenty twenty-six",
    "99/99": "ninety-nine over ninety-nine",
    "in 1998": "in nineteen ninety-eight",
    "555-123-4567": "five five five, one two three, four five six seven",
    "(555) 123-4567": "five five five, one two three, four five six seven",
    "+44 20 7946 0958": "plus four four, two zero, seven nine four six, zero nine five eight",
    "555-1234": "five five five, one two three four",
    "50%": "fifty percent",
    "3.5": "three point five",
    "1,250": "one thousand two hundred and fifty",
    "version 3.5.2": "version three point five point two",
    "#5": "number five",
    "No. 5": "number five",
    "1/2": "one half",
    "10-12 days": "ten to twelve days",
    "-5 degrees": "minus five degrees",
    "70 °F": "seventy degrees",
    "60 mph": "sixty miles per hour",
    "ref 1234567": "ref one two three four five six seven",
    "007": "zero zero seven",
    "joe@example.com": "joe at example dot com",
    "Tom & Jerry": "Tom and Jerry",
    "e.g. this": "for example this",
}


@pytest.mark.parametrize(("written", "said"), SAID.items())
def test_english(written: str, said: str) -> None:
    assert normalise(written, "en") == said
