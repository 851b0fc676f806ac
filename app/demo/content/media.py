"""Draws the pictures of the demo shop, so that it needs no image files and no network.

The shape follows the product's name, its colour the product's colours, everything else a hash of the slug.
"""

import hashlib
from collections.abc import Mapping
from html import escape

from app.demo.content.catalogue import colour_of
from app.demo.content.shapes import PHRASES, SHAPES, WORDS
from app.demo.content.words import COLOURS, SKETCHES, Sketch

#: A name longer than this is cut: anybody may ask for a picture of anything.
_LONGEST_CAPTION = 60
#: What fits the line in large letters.
_LARGE_CAPTION = 34
#: Of the sum of red, green and blue: about a third of white.
_DARK_BELOW = 270

_SKETCHES: Mapping[str, Sketch] = {sketch.slug: sketch for sketch in SKETCHES}

#: Wall, table and accent of a scene.
_SCENES = (
    ("#f4ede1", "#e2d3ba", "#d9b48f"),
    ("#e8eef0", "#cfdadd", "#9fb8bf"),
    ("#eef0e4", "#d5dabf", "#aab687"),
    ("#f5e9e4", "#e6cfc5", "#d3a08c"),
    ("#efeaf2", "#d8cfe0", "#b4a3c4"),
    ("#f6f0dc", "#e9dcb0", "#d9bd68"),
)
_PATTERNS = (
    "",
    '<path d="M0 14h40" stroke="#fff" stroke-width="6" opacity=".16"/>',
    '<path d="M14 0v40" stroke="#000" stroke-width="5" opacity=".07"/>',
    '<circle cx="20" cy="20" r="5" fill="#fff" opacity=".22"/>',
    '<path d="M0 40L40 0" stroke="#fff" stroke-width="4" opacity=".16"/>',
    '<path d="M0 20h40M20 0v40" stroke="#000" stroke-width="4" opacity=".07"/>',
)


def svg(slug: str, n: int) -> str:
    """Draw the nth picture of a product: on a shelf, before hills, or close up. The same question, the same picture."""
    roll = hashlib.sha256(slug.encode()).digest()
    sketch = _SKETCHES.get(slug)
    colour = _colour(sketch, n, roll)
    shade = _shade(colour)
    # Two pictures may be written into one page, where equal ids would mix their patterns up.
    pattern = f"p{roll.hex()[:8]}"
    wall, table, accent = _SCENES[(roll[1] + n) % len(_SCENES)]
    backdrop, placing = _view(n, wall=wall, table=table, accent=accent, roll=roll)
    shape = SHAPES[_shape_name(slug)]
    caption = escape(_caption(slug, sketch))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 800" role="img">'
        f"<title>{caption}</title>"
        f'<defs><pattern id="{pattern}" width="40" height="40" patternUnits="userSpaceOnUse">'
        f"{_PATTERNS[roll[2] % len(_PATTERNS)]}</pattern></defs>"
        f"{backdrop}"
        f'<g transform="{placing}">'
        '<ellipse cx="400" cy="624" rx="250" ry="24" fill="#000" opacity=".12"/>'
        f'<g fill="{colour}" stroke="{shade}" stroke-width="3">{shape.body}</g><g fill="url(#{pattern})">{shape.body}</g>'
        f'<g fill="none" color="{shade}" stroke="currentColor" stroke-width="10" stroke-linecap="round" '
        f'stroke-linejoin="round">{shape.detail}</g></g>'
        '<rect y="716" width="800" height="84" fill="#fffdf8" opacity=".88"/>'
        '<text x="400" y="770" text-anchor="middle" font-family="Georgia, serif" '
        f'font-size="{34 if len(caption) <= _LARGE_CAPTION else 26}" fill="#3b3a36">{caption}</text>'
        "</svg>"
    )


def _colour(sketch: Sketch | None, n: int, roll: bytes) -> str:
    if sketch is not None:
        return COLOURS[colour_of(sketch, n)].hex
    palette = sorted(colour.hex for colour in COLOURS.values())
    return palette[(roll[0] + n) % len(palette)]


def _shape_name(slug: str) -> str:
    for phrase, shape in PHRASES.items():
        if phrase in slug:
            return shape
    asked = [WORDS[word] for word in slug.split("-") if word in WORDS]
    return asked[-1] if asked else "jar"


def _caption(slug: str, sketch: Sketch | None) -> str:
    return sketch.name if sketch is not None else slug.replace("-", " ").title()[:_LONGEST_CAPTION]


def _view(n: int, *, wall: str, table: str, accent: str, roll: bytes) -> tuple[str, str]:
    """Draw what stands behind, and say where the thing itself goes."""
    sky = f'<rect width="800" height="800" fill="{wall}"/>'
    ground = f'<rect y="600" width="800" height="200" fill="{table}"/>'
    x, y = 140 + roll[3] * 2, 130 + roll[4] // 3
    match n % 3:
        case 1:
            frame = f'<circle cx="400" cy="400" r="{270 + roll[5] // 8}" fill="{accent}" opacity=".28"/>'
            return sky + frame + ground, "translate(0 10)"
        case 2:
            hills = (
                f'<circle cx="{x}" cy="{y}" r="64" fill="{accent}" opacity=".55"/>'
                f'<path d="M0 520q{120 + roll[6] // 2}-160 330-40t470-60v380H0z" fill="{accent}" opacity=".35"/>'
                f'<path d="M0 600q200-{60 + roll[7] // 4} 420-10t380-30v240H0z" fill="{accent}" opacity=".5"/>'
            )
            return sky + hills + ground, "translate(80 134) scale(.8)"
        case _:
            rays = f'<path d="M0 800L{x} 0h160L0 800M800 800L{x} 0h60z" fill="{accent}" opacity=".22"/>'
            return sky + rays, f"rotate({roll[8] % 17 - 8} 400 400) translate(-140 -130) scale(1.35)"


def _shade(colour: str) -> str:
    """Darken a light colour for what is drawn over it, and lighten a dark one."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    if sum(parts) < _DARK_BELOW:
        shaded = [part + (255 - part) * 35 // 100 for part in parts]
    else:
        shaded = [part * 68 // 100 for part in parts]
    return "#" + "".join(f"{part:02x}" for part in shaded)
