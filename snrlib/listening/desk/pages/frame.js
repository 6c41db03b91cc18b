(function () {
  // Beside the frame of the desk: tells it the theme of this page, and gives it the height it needs.
  var block = document.currentScript.parentElement, frame = block.querySelector("iframe");
  function tell() {
    var theme = document.documentElement.dataset.theme;
    if (frame.contentWindow && theme) frame.contentWindow.postMessage({ snrlibTheme: theme }, "*");
  }
  window.addEventListener("message", function (event) {
    if (event.source !== frame.contentWindow || !event.data || !event.data.snrlibDesk) return;
    frame.style.height = Math.min(6000, Number(event.data.snrlibDesk) || 1500) + "px";
    tell();
  });
  frame.addEventListener("load", tell);
  new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
