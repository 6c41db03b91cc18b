// The page around a frame decides whether it is light or dark (JupyterLab has a theme of its own,
// whatever the system prefers); a page on its own follows the system.
"use strict";

function outerFrame() {
  try {
    return window.frameElement;
  } catch {
    return null; // a page from elsewhere around this one
  }
}

function groundIsDark(element) {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor.match(/[\d.]+/g).map(Number);
    if (colour.length < 4 || colour[3] > 0.5) {
      return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 128;
    }
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

function followTheme(onchange) {
  const frame = outerFrame();
  const system = matchMedia("(prefers-color-scheme: dark)");
  const adopt = () => {
    // The outer page may have taken its colours from the system through color-scheme alone.
    const dark = frame ? groundIsDark(frame) : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    onchange();
  };
  adopt();
  system.addEventListener("change", adopt);
  if (frame) {
    const outer = frame.ownerDocument;
    const settings = { attributes: true, attributeFilter: ["class", "style", "data-jp-theme-light"] };
    const watch = new MutationObserver(() => setTimeout(adopt, 100));
    watch.observe(outer.body, settings);
    watch.observe(outer.documentElement, settings);
  }
}
