"""The script of the charts: vl-convert's bundle of Vega, written under the hash of what it is made of."""

from __future__ import annotations

import gzip
import hashlib
import threading
from functools import lru_cache
from importlib.metadata import version

import vl_convert

SNIPPET = """
const narrow = window.matchMedia("(max-width: 42rem)");
const asked = window.matchMedia("(prefers-color-scheme: dark)");
function draw(figure) {
  const image = figure.querySelector("img, .still");
  const size = narrow.matches ? "narrow" : "wide";
  const own = figure.querySelector(`script[data-size='${size}']`);
  const address = figure.dataset.spec;
  const ready = own
    ? Promise.resolve(JSON.parse(own.textContent))
    : fetch(address + (asked.matches ? "&theme=dark" : "") + `&size=${size}`).then((answer) => {
        if (!answer.ok) { throw new Error(answer.status); }
        return answer.json();
      });
  return ready.then((spec) => {
    const place = document.createElement("div");
    place.className = "drawn";
    place.setAttribute("aria-hidden", "true");
    figure.querySelector(".chart").append(place);
    const options = {
      ast: true, actions: false, defaultStyle: false, renderer: "svg", mode: "vega-lite",
      tooltip: { disableDefaultStyle: true },
    };
    return vegaEmbed(place, spec, options).then(() => { image.classList.add("behind"); });
  }).catch(() => { figure.dataset.still = "true"; });
}
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { seen.unobserve(entry.target); draw(entry.target); }
  }
}, { rootMargin: "300px" });
for (const figure of document.querySelectorAll("figure.plot")) { seen.observe(figure); }
"""

_LOCK = threading.Lock()


def script_name() -> str:
    """Return the name of the script: it changes with the bundle and with the snippet."""
    made_of = f"{version('vl-convert-python')} {SNIPPET}"
    return f"charts-{hashlib.sha256(made_of.encode('utf-8')).hexdigest()[:20]}.js"


def script() -> bytes:
    """Return the script, compressed with gzip; the first call takes some seconds."""
    with _LOCK:
        return _written()


@lru_cache(maxsize=1)
def _written() -> bytes:
    text = vl_convert.javascript_bundle(SNIPPET)
    return gzip.compress(text.encode("utf-8"), mtime=0)


def write_script() -> threading.Thread:
    """Write the script in the background, so that the first page that wants it does not wait."""
    thread = threading.Thread(target=script, name="chart script", daemon=True)
    thread.start()
    return thread
