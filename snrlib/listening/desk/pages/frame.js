(function () {
  // Beside the frame of the desk: tells it the theme of this page, gives it the height it needs, and
  // lets one thing sound at a time, the desk or a player of the page.
  var block = document.currentScript.parentElement, frame = block.querySelector("iframe");
  function tell() {
    var theme = document.documentElement.dataset.theme;
    if (frame.contentWindow && theme) frame.contentWindow.postMessage({ snrlibTheme: theme }, "*");
  }
  function stop() { frame.contentWindow.postMessage({ snrlibStop: true }, "*"); }
  document.addEventListener("play", stop, true);
  document.addEventListener("snrlib-plays", function (event) {
    if (event.detail !== frame) stop();
  });
  window.addEventListener("message", function (event) {
    if (event.source !== frame.contentWindow || !event.data) return;
    if (event.data.snrlibPlays) {
      document.querySelectorAll("audio").forEach(function (audio) { audio.pause(); });
      document.dispatchEvent(new CustomEvent("snrlib-plays", { detail: frame }));
    }
    if (!event.data.snrlibDesk) return;
    frame.style.height = Math.min(6000, Number(event.data.snrlibDesk) || 1500) + "px";
    tell();
  });
  frame.addEventListener("load", tell);
  new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
