// The parts that textual.js expects of the page.
"use strict";

// A file is downloaded by a link: browsers would block a new window as a pop-up.
const openWindow = window.open.bind(window);
window.open = (url, ...rest) => {
  if (!String(url ?? "").startsWith(`${location.origin}/download/`)) return openWindow(url, ...rest);
  const link = document.createElement("a");
  // It is below the page's own address, which holds the token.
  link.href = new URL(String(url).slice(location.origin.length + 1), location.href);
  link.download = "";
  link.click();
  return null;
};

// Why the server closed the socket, such as that too many tabs are open.
const Socket = window.WebSocket;
window.WebSocket = class extends Socket {
  constructor(...rest) {
    super(...rest);
    this.addEventListener("close", ({ reason }) => {
      if (reason) document.querySelector("main p").textContent = reason;
    });
  }
};

// The size of a cell is that of a letter, so the font is loaded before the terminal is created.
const start = window.onload;
window.onload = async (event) => {
  await Promise.allSettled(
    ["", "bold ", "italic "].map((style) => document.fonts.load(`${style}16px "Roboto Mono"`)),
  );
  start(event);
};

// The app receives keys as soon as it is shown, without a click.
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver((_, watch) => {
    if (!document.body.classList.contains("-first-byte")) return;
    watch.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }).observe(document.body, { attributeFilter: ["class"] });
});
