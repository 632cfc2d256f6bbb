"""Records for the tests of grading's reports, and a reader of their pages."""

from html.parser import HTMLParser

from course_utils.grading.records import NOT_ATTEMPTED, RIGHT, WRONG, Record, Result, Run

LESSON = "02_convolution"
# What a name, a source line or a notebook may hold: markup, quotes, a script, controls, text turned round.
NASTY = (
    "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u202egpj.exe\x00\x1b[31m\r\n=1"
)
SECRET = "value-that-the-code-made"  # stands where the student's code may have put it
INLINE = {"a", "b", "bdi", "code"}  # no room between these and their neighbours
VOID = {"meta", "br", "img", "link", "input", "hr"}


def result(exercise="conv2d", state=RIGHT, points=None, **more):
    possible = more.pop("possible", 3.0)
    earned = points if points is not None else possible if state == RIGHT else 0.0
    return Result(exercise=exercise, points=earned, possible=possible, state=state, text=SECRET, **more)


def flipped(exercise="conv2d", **more):
    known = {
        "misconception": "kernel flipped",
        "says": "Your kernel is flipped.",
        "see": "Many channels",
        "certain": True,
        "right": 1,
        "total": 3,
        "failed_cases": ("stride 2",),
    }
    return result(exercise, WRONG, **{**known, **more})


def record(submission="ana", results=None, lesson=LESSON, **more):
    results = (
        (result(), result("output_size", NOT_ATTEMPTED, possible=2.0)) if results is None else tuple(results)
    )
    slug = more.pop("slug", "".join(letter for letter in submission if letter.isalnum()) or "x")
    return Record(submission=submission, slug=slug, lesson=lesson, results=results, printed=SECRET, **more)


def run(*records, **more):
    lessons = tuple(sorted({each.lesson for each in records if each.lesson})) or (LESSON,)
    told = {"seed": 7, "tier": "bubblewrap", "tier_why": "it works here", "lessons": lessons, **more}
    return Run(records=records, versions={"torch": "2.6"}, started="2026-03-04T05:06:07+00:00", **told)


class Page(HTMLParser):
    """What a browser would find: elements, addresses, the text; open elements that were never closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.open, self.misnested = [], "", [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag not in INLINE:
            self.text += " "

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.misnested.append(tag)

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data

    @property
    def links(self):
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]

    def having(self, tag, name):
        """The elements of one kind and one class."""
        return [
            each for kind, each in self.elements if kind == tag and name in (each.get("class") or "").split()
        ]


def assert_inert(html):
    """Nothing on the page can act, load or hide; and it is a whole document."""
    page = Page(html)
    assert not page.open and not page.misnested
    assert not {"script", "img", "iframe", "object", "embed", "link", "form", "base"} & {
        tag for tag, _ in page.elements
    }
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "action")}
    assert all(link.startswith(("feedback/", "https://", "../")) for link in page.links)
    assert "url(" not in html and "@import" not in html
    policy = [
        each["content"] for tag, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy and policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert not [
        c
        for c in html
        if c != "\n" and (ord(c) < 32 or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069)
    ]
    html.encode("utf-8")
    return page
