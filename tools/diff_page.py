"""The difference of two phases as one page of HTML that needs nothing else (tools/diff.py)."""

from __future__ import annotations

import re
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #8884; --in: #1a7f3722; --out: #cf222e22;
  --moved-in: #0969da22; --moved-out: #8250df22; --head: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
td, th { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th[colspan] { text-align: center; }
td:first-child, .files td { text-align: left; }
td:nth-child(7), th.lines { border-left: 1px solid var(--line); }
tr:last-child td { font-weight: 600; }
.files tr:last-child td { font-weight: inherit; }
details { border: 1px solid var(--line); border-radius: 4px; margin: .6rem 0; overflow: hidden; }
summary { padding: .3rem .6rem; background: var(--head); cursor: pointer; }
summary code { font-weight: 600; }
pre { margin: 0; overflow-x: auto; font: 12.5px/1.45 ui-monospace, monospace; }
pre span { display: inline-block; min-width: 100%; white-space: pre; }
pre span::before { content: attr(data-n); display: inline-block; width: 3.5rem; margin-right: 1rem;
  text-align: right; opacity: .5; user-select: none; }
.in { background: var(--in); } .out { background: var(--out); } .at { background: var(--head); }
.in.moved { background: var(--moved-in); } .out.moved { background: var(--moved-out); }
.key span { padding: 0 .4rem; margin-right: .6rem; }
"""
# A link into a folded part opens it.
SCRIPT = """
function show() { const part = document.getElementById(location.hash.slice(1));
  if (part && part.tagName === "DETAILS") { part.open = true; part.scrollIntoView(); } }
addEventListener("hashchange", show); show();
"""
KEY = (
    '<p class="key"><span class="in">added</span><span class="out">removed</span>'
    '<span class="in moved">came from elsewhere</span><span class="out moved">went elsewhere</span>'
)


def page(title: str, table: list[list[str]], groups: list) -> str:
    """The page: the summary's table, the files by kind, then each file's lines.  `table` and
    `groups` are as tools/diff.py makes them."""
    files = [file for _, rows in groups for _, _, file in rows if file is not None]
    marks = {id(file): f"f{number}" for number, file in enumerate(files, 1)}
    body = [f"<h1>{escape(title)}</h1>", table_of_parts(table), "<nav>"]
    for kind, rows in groups:
        body += [f"<h2>{escape(kind)} ({len(rows)})</h2>", '<table class="files">']
        for name, text, file in rows:
            label = f"<code>{escape(name)}</code>"
            if file is not None:
                label = f'<a href="#{marks[id(file)]}">{label}</a>'
            body.append(f"<tr><td>{label}</td><td>{escape(text)}</td></tr>")
        body.append("</table>")
    body += ["</nav>", "<h2>the lines</h2>", KEY + "</p>"]
    for file in sorted(files, key=lambda file: file.path):
        body.append(lines_of(file, marks[id(file)]))
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(body) +
        f"\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )  # fmt: skip


def table_of_parts(table: list[list[str]]) -> str:
    rows = ['<table>\n<tr><th></th><th colspan="5">files</th><th class="lines" colspan="4">lines'
            "</th></tr>"]  # fmt: skip
    for number, row in enumerate(table):
        tag = "td" if number else "th"
        cells = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
        rows.append(f"<tr>{cells}</tr>")
    return "\n".join(rows) + "\n</table>"


def lines_of(file, mark: str) -> str:
    """One file; folded if it has moved, because then most of it is as it was."""
    opened = "" if file.kind.startswith("moved") else " open"
    rows = []
    for hunk in file.hunks:
        rows.append(f'<span class="at" data-n="">{escape(hunk.head)}</span>')
        places = re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", hunk.head)
        old, new = map(int, places.groups())
        for line in hunk.lines:
            name = {"+": "in", "-": "out"}.get(line.sign, "")
            name += " moved" if line.moved else ""
            number = "" if line.sign == "\\" else old if line.sign == "-" else new
            row = escape(line.sign + line.text)
            rows.append(f'<span class="{name}" data-n="{number}">{row}</span>')
            old += line.sign in "- "
            new += line.sign in "+ "
    return (
        f'<details id="{mark}"{opened}>\n<summary>{escape(file.kind)} '
        f"<code>{escape(file.title)}</code></summary>\n<pre>" + "\n".join(rows) +
        "</pre>\n</details>"
    )  # fmt: skip
