// In a live notebook: puts the desk in place of this frame as soon as the notebook has found out
// where the server keeps it. Elsewhere the link above is all there is.
"use strict";

(function () {
  const link = window.frameElement.parentElement.querySelector("a");
  let patience = 40;
  const timer = setInterval(async () => {
    if (!link.href.includes("/files/")) {
      if (--patience < 0) clearInterval(timer);
      return;
    }
    clearInterval(timer);
    const answer = await fetch(link.href);
    if (!answer.ok) return;
    const base = document.createElement("base");
    base.href = link.href.replace(/desk\.html.*$/, "");
    const text = (await answer.text()).replace("<head>", `<head>${base.outerHTML}`);
    document.open();
    document.write(text);
    document.close();
  }, 250);
})();
